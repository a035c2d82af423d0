"""Values that words choose, and words that choose none."""

from __future__ import annotations

import pytest

from tiphys.propose.author.words.choices import choose


def chosen(request, field, *values):
    made = {"spec": [{field: each} for each in values]}
    list(choose(made, request))
    return [each[field] for each in made["spec"]]


@pytest.mark.parametrize(
    ("request_", "value"),
    [
        ("If the last run is still stuck, kill it and let the new one take its place.", "Replace"),
        ("Should the previous job be running, skip the new one.", "Forbid"),
        ("Two runs never overlap.", "Forbid"),
        ("A late run is skipped. The new run replaces the old one.", "Allow"),
        ("Never change the image.", "Allow"),
        ("The job must not run as root, and there are no other changes.", "Allow"),
    ],
)
def test_runs_that_meet(request_, value):
    assert chosen(request_, "concurrencyPolicy", "Allow") == [value]


@pytest.mark.parametrize(
    ("request_", "value"),
    [
        ("A pod that would break this has to wait rather than go somewhere anyway.",
         "DoNotSchedule"),
        ("We'd rather see a pod pending than uneven zones.", "DoNotSchedule"),
        ("Spread the pods evenly if possible.", "ScheduleAnyway"),
        ("Spread the pods evenly.", "as it was"),
    ],
)  # fmt: skip
def test_pods_that_find_no_place(request_, value):
    assert chosen(request_, "whenUnsatisfiable", "as it was") == [value]


def test_of_two_such_fields_nobody_knows_which_is_meant():
    both = ["ScheduleAnyway", "DoNotSchedule"]
    assert chosen("Pods stay pending otherwise.", "whenUnsatisfiable", *both) == both


@pytest.mark.parametrize(
    ("request_", "policy"),
    [
        ("Containers are to be started again when they fail, and only then.", "OnFailure"),
        ("When the program crashes, restart it inside the same pod.", "OnFailure"),
        ("Restart on failure.", "OnFailure"),
        ("It isn't restarted.", "Never"),
        ("No restarts.", "Never"),
        ("At most one retry, in a new pod so we keep the logs.", "Never"),
        ("Restart policy: Never", "Never"),
        ("If the health check fails, restart it.", "Always"),
        ("Restart it on failure. Never restart the node.", "Always"),
        ("Changing memory has to restart the container.", "Always"),
    ],
)
def test_when_containers_start_again(request_, policy):
    spec = {"restartPolicy": "Always", "containers": [{"name": "a"}]}
    assert bool([*choose({"kind": "Pod", "spec": spec}, request_)]) == (policy != "Always")
    assert spec["restartPolicy"] == policy
