"""The ground for an answer, where the cluster has not forgotten the last one yet."""

from __future__ import annotations

import pytest

from tiphys.domain.errors import ApiRefusal
from tiphys.learn.grounds import Grounds
from tiphys.testing.memory_cluster import MemoryCluster

ROLE = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRole",
    "metadata": {"name": "wanted"},
    "rules": [],
}


class Remembering(MemoryCluster):
    """Refuses a few times in the name of a policy, as an API server's cache does."""

    times = 3
    policy = None

    def get(self, api_version, kind, name, namespace=None):
        if kind == "ValidatingAdmissionPolicy":
            assert name == "old"
            return self.policy
        return super().get(api_version, kind, name, namespace)

    def apply(self, obj, *, dry_run=False, manager="tiphys"):
        if obj["kind"] == "ClusterRole" and self.times:
            self.times -= 1
            words = "forbidden: ValidatingAdmissionPolicy 'old' with binding 'old' denied request"
            raise ApiRefusal(words, status=422, reason="Invalid")
        return super().apply(obj, dry_run=dry_run, manager=manager)


def test_a_policy_that_is_gone_refuses_nothing():
    api = Remembering()

    Grounds(api, "home", "", frozenset()).lay([ROLE])

    assert api.get("rbac.authorization.k8s.io/v1", "ClusterRole", "wanted") is not None


def test_one_that_is_there_does():
    api = Remembering()
    api.policy = {"metadata": {"name": "old"}}

    with pytest.raises(ApiRefusal, match="denied request"):
        Grounds(api, "home", "", frozenset()).lay([ROLE])


def test_a_claim_that_came_after_its_set_had_gone_makes_room():
    derived = (
        ("apps/v1", "ReplicaSet"),
        ("batch/v1", "Job"),
        ("discovery.k8s.io/v1", "EndpointSlice"),
    )
    api = MemoryCluster({kind: (kind[1].lower(), True) for kind in derived})
    mark = {"name": "home", "annotations": {"tiphys.test/ground": ""}}
    api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": mark})
    for kind, name in (("ServiceAccount", "default"), ("PersistentVolumeClaim", "data-db-0")):
        named = {"name": name, "namespace": "home"}
        api.create({"apiVersion": "v1", "kind": kind, "metadata": named})

    with Grounds(api, "home", "", frozenset()):
        assert api.list("v1", "PersistentVolumeClaim", "home") == []
