"""Values that stand nowhere find the one field that they are about."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiphys.propose.author.unplaced import put_in_place


def quota(**hard):
    return {"kind": "ResourceQuota", "metadata": {"name": "cap"}, "spec": {"hard": hard}}


def deployment(**spec):
    return {"kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}


def probe(**fields):
    return deployment(template={"spec": {"containers": [{"readinessProbe": fields}]}})


@pytest.mark.parametrize(
    ("request_", "obj", "expected"),
    [
        (
            "quota cap\nvolume claims: 5\nJobs (batch) that may exist: 10",
            quota(**{"persistentvolumeclaims": "5", "count/jobs.batch": "5"}),
            quota(**{"persistentvolumeclaims": "5", "count/jobs.batch": "10"}),
        ),
        ("web with seven replicas", deployment(replicas=3), deployment(replicas=7)),
        (
            "Ten minutes after it has finished it cleans itself up.",
            deployment(activeDeadlineSeconds=3600, ttlSecondsAfterFinished=3600),
            deployment(activeDeadlineSeconds=3600, ttlSecondsAfterFinished=600),
        ),
        ("web in four copies, on 80", deployment(replicas=3), deployment(replicas=4)),
        (
            "The probe's period is 20 seconds and its timeout 4.",
            probe(periodSeconds=10, timeoutSeconds=1),
            probe(periodSeconds=20, timeoutSeconds=4),
        ),
        (
            "ready by the path /alive",
            probe(httpGet={"path": "/"}),
            probe(httpGet={"path": "/alive"}),
        ),
        (
            "a limit of 1Gi memory",
            quota(**{"limits.memory": "512Mi"}),
            quota(**{"limits.memory": "1Gi"}),
        ),
        # nothing that the request accounts for gives way
        ("replicas 3, and 7 of another", deployment(replicas=3), None),
        # no word names the field
        ("web, about 7", deployment(replicas=3), None),
        # two fields are as good
        ("its seconds are 9", probe(periodSeconds=10, timeoutSeconds=1), None),
        # another shape
        ("memory 2Gi for replicas", deployment(replicas=3), None),
    ],
)  # fmt: skip
def test_a_value_goes_where_the_words_around_it_lead(request_, obj, expected):
    before = copy.deepcopy(obj)

    notes = put_in_place(request_, [obj])

    assert obj == (before if expected is None else expected)
    assert bool(notes) == (expected is not None)


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=12,
)  # fmt: skip


@given(st.text(), st.dictionaries(st.text(max_size=5), junk))
def test_any_request_and_any_object_are_taken(request_, obj):
    put_in_place(request_, [obj])
    before = copy.deepcopy(obj)
    assert put_in_place("", [obj]) == ()
    assert obj == before


@pytest.mark.parametrize(
    ("request_", "image"),
    [
        ("Run registry.example/web:2 as Deployment web", "registry.example/web:2"),
        ("Run registry.example/web:2 beside registry.example/log:1", None),
        ("Run web", None),
    ],
)
def test_a_workload_without_containers_runs_the_only_image(request_, image):
    made = deployment(template={"spec": {"nodeSelector": {"disk": "ssd"}}})
    put_in_place(request_, [made])
    containers = made["spec"]["template"]["spec"].get("containers")
    assert containers == ([{"name": "web", "image": image}] if image else None)


@pytest.mark.parametrize(
    ("request_", "name"),
    [
        ('Each pod looks up the name "swarm", the gossip needs it.', "swarm"),
        ('A gossip service called "swarm".', "swarm"),
        ('"gossip" it is. The container is called "swarm".', "gossip"),
        ('The gossip, with a port called "swarm".', "gossip"),
        ('"gossip", beside what is called "swarm".', "gossip"),
    ],
)
def test_the_only_object_is_called_as_the_request_says_in_quotes(request_, name):
    service = {"kind": "Service", "metadata": {"name": "gossip"}}
    put_in_place(request_, [service])
    assert service["metadata"]["name"] == name


@pytest.mark.parametrize(
    ("request_", "path"),
    [
        ("It sees the file as /etc/kiln/ramp.toml, beside others.", "/etc/kiln/ramp.toml"),
        ("Mount ramp.toml into /etc/kiln.", "/etc/kiln"),
        ("Not /etc/kiln/ramp.toml.d, please.", "/etc/kiln"),
    ],
)
def test_a_single_file_is_mounted_where_the_request_has_it(request_, path):
    mount = {"name": "ramp", "mountPath": "/etc/kiln", "subPath": "ramp.toml"}
    obj = deployment(template={"spec": {"containers": [{"volumeMounts": [mount]}]}})
    put_in_place(request_, [obj])
    assert mount["mountPath"] == path
