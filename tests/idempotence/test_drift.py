"""What counts as a difference, and what is by design."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiphys.verify.drift import claim_of_set, differences, same_but_for_version, scaled_elsewhere

KEYS = st.sampled_from(["a", "b-c", "d.e/f", "status"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(KEYS, VALUES, max_size=4).map(
    lambda fields: {"kind": "Any", "metadata": {"name": "one"}, "spec": fields}
)


@given(OBJECTS, OBJECTS)
def test_paths_are_named_exactly_when_something_differs(one, other):
    assert differences(one, one) == []
    found = differences(one, other)
    assert bool(found) == (one != other)
    assert found == differences(other, one)
    assert len(found) <= 6


@given(OBJECTS, st.text(max_size=4))
def test_status_and_the_servers_records_are_no_difference(one, version):
    records = {"resourceVersion": version, "generation": 7, "managedFields": [version]}
    other = {**one, "status": {"phase": version}, "metadata": one["metadata"] | records}
    assert differences(one, other) == []


def test_a_path_shows_where():
    one = {"metadata": {"annotations": {"x/y": "1"}}, "spec": {"ports": [{"port": 1}, {"port": 2}]}}
    other = {"metadata": {"annotations": {}}, "spec": {"ports": [{"port": 1}, {"port": 3}]}}
    assert differences(one, other) == ["metadata.annotations[x/y]", "spec.ports[1].port"]


def test_a_rewrite_with_the_same_fields_is_told_from_a_change():
    one = {"metadata": {"resourceVersion": "1", "managedFields": []}, "status": {}}
    assert same_but_for_version(one, one | {"metadata": one["metadata"] | {"resourceVersion": "2"}})
    assert not same_but_for_version(one, one | {"status": {"phase": "Bound"}})
    assert not same_but_for_version(one, one | {"metadata": {"managedFields": [1]}})


def scaler(**target):
    ref = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"} | target
    metadata = {"name": "more", "namespace": "shop"}
    spec = {"scaleTargetRef": ref}
    kind = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler"}
    return {**kind, "metadata": metadata, "spec": spec}


def test_replicas_under_an_autoscaler_are_a_problem():
    metadata = {"name": "web", "namespace": "shop"}
    fixed = {"kind": "Deployment", "metadata": metadata, "spec": {"replicas": 2}}
    free = {"kind": "Deployment", "metadata": metadata, "spec": {}}
    [problem] = scaled_elsewhere([fixed, scaler()])
    assert problem.startswith("Deployment/web: each apply undoes")
    for objects in ([free, scaler()], [fixed], [scaler()], [fixed, scaler(name="other")]):
        assert scaled_elsewhere(objects) == []


@pytest.mark.parametrize(
    ("name", "policy", "mine"),
    [
        ("data-db-0", None, True),
        ("data-db-12", {"whenScaled": "Delete"}, True),
        ("data-db-0", {"whenDeleted": "Retain"}, True),
        ("data-db-0", {"whenDeleted": "Delete"}, False),
        ("data-db-x", None, False),
        ("data-other-0", None, False),
        ("logs-db-0", None, False),
    ],
)
def test_claims_of_a_set_stay_unless_its_policy_says_delete(name, policy, mine):
    spec = {"volumeClaimTemplates": [{"metadata": {"name": "data"}}]}
    if policy:
        spec["persistentVolumeClaimRetentionPolicy"] = policy
    stateful = {"metadata": {"name": "db", "namespace": "shop"}, "spec": spec}
    claim = {"kind": "PersistentVolumeClaim", "metadata": {"name": name, "namespace": "shop"}}
    volume = {"kind": "PersistentVolume", "metadata": {"name": "v"},
              "spec": {"claimRef": claim["metadata"]}}  # fmt: skip
    assert claim_of_set(claim, stateful) is mine
    assert claim_of_set(volume, stateful) is mine
    claim["metadata"] = claim["metadata"] | {"namespace": "bank"}
    assert not claim_of_set(claim, stateful)
    assert not claim_of_set({"kind": "Secret", "metadata": claim["metadata"]}, stateful)
