"""Whether programs may be root."""

from __future__ import annotations

import pytest

from tiphys.propose.author.words.users import not_root


@pytest.mark.parametrize(
    ("request_", "is_set"),
    [
        ("Run as non-root user 1000.", True),
        ("It must not run as root.", True),
        ("The root file system is read-only, and it is never rooted.", False),
        ("It runs as user 1000.", False),
    ],
)
def test_who_may_not_be_root_is_not(request_, is_set):
    box = {"name": "a", "securityContext": {"runAsUser": 1000}}
    pod = {"kind": "Pod", "spec": {"containers": [box]}}
    assert bool([*not_root([pod], request_)]) is is_set
    assert box["securityContext"].get("runAsNonRoot", False) is is_set


def test_without_a_user_it_is_said_of_the_pod_and_only_once():
    pod = {"kind": "Pod", "spec": {"containers": [{"name": "a"}]}}
    assert [*not_root([pod], "non-root")]
    assert pod["spec"]["securityContext"] == {"runAsNonRoot": True}
    assert not [*not_root([pod], "non-root")]


def test_of_two_pods_nobody_knows_which_is_meant():
    pods = [{"kind": "Pod", "spec": {"containers": []}} for _ in range(2)]
    assert not [*not_root(pods, "non-root")]
