"""What is left is told apart from what others have made meanwhile."""

from __future__ import annotations

import json

import pytest

from tiphys.adapters.folder_reader import FolderReader
from tiphys.domain.policy import Policy
from tiphys.testing.memory_cluster import MemoryCluster, MemoryClusters
from tiphys.testing.scripted_runner import ScriptedRunner
from tiphys.verify.check import Sandbox
from tiphys.verify.checks import idempotence
from tiphys.verify.inventory import Inventory, force_away, reference, uid_of, why_left
from tiphys.verify.subject import loose_subject

PLACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}


def made(kind="ConfigMap", name="one", namespace="shop", api_version="v1", **metadata):
    place = {"namespace": namespace} if namespace else {}
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": name, **place, **metadata},
    }


def cluster_role(name="one", **metadata):
    return made("ClusterRole", name, None, "rbac.authorization.k8s.io/v1", **metadata)


@pytest.fixture
def api():
    api = MemoryCluster({("v1", "PersistentVolume"): ("persistentvolumes", False)})
    api.create(PLACE)
    return api


@pytest.fixture
def inventory(api):
    api.create(made(name="before"))
    return begun(api)


def begun(api):
    """An inventory whose first object is gone already."""
    inventory = Inventory(api, frozenset(["shop"]))
    inventory.add(api.create(made(name="first")))
    api.delete("v1", "ConfigMap", "first", "shop")
    return inventory


def names(objects):
    return sorted(map(reference, objects))


def test_in_its_namespaces_everything_new_is_left(api, inventory):
    assert inventory.left() == []
    api.create(made(name="new"))
    api.create(made("Secret", "new"))
    api.create(made(name="new", namespace="default"))
    assert names(inventory.left()) == ["ConfigMap/shop/new", "Secret/shop/new"]


def test_what_the_cluster_makes_for_every_namespace_is_not_left(api, inventory):
    own = api.create(made(name="kube-root-ca.crt"))
    api.create(made("ServiceAccount", "default"))
    assert inventory.left() == []
    inventory.ours.add(uid_of(own))
    assert names(inventory.left()) == ["ConfigMap/shop/kube-root-ca.crt"]


def test_outside_namespaces_only_what_leads_back_counts(api, inventory):
    own = api.create(cluster_role("own"))
    inventory.ours.add(uid_of(own))
    api.create(cluster_role("another's"))
    api.create(cluster_role("derived", ownerReferences=[{"uid": uid_of(own)}]))
    for name, namespace in (("for-us", "shop"), ("for-others", "bank")):
        volume = made("PersistentVolume", name, None)
        api.create(volume | {"spec": {"claimRef": {"namespace": namespace, "name": "data"}}})
    assert names(inventory.left()) == [
        "ClusterRole/derived",
        "ClusterRole/own",
        "PersistentVolume/for-us",
    ]


def test_what_was_there_before_counts_once_it_is_ours(api, inventory):
    inventory.ours.add(uid_of(api.get("v1", "ConfigMap", "before", "shop")))
    assert names(inventory.left()) == ["ConfigMap/shop/before"]


def test_what_others_change_meanwhile_is_as_old_as_it_was(api):
    inventory = Inventory(api, frozenset(["shop"]))
    inventory.add(made(uid="u", resourceVersion="1", creationTimestamp="2000-01-01T00:00:01Z"))
    api.create(made(name="before"))
    assert inventory.left() == []


def test_where_nothing_of_ours_was_made_nothing_is_left(api):
    api.create(made(name="before"))
    assert Inventory(api, frozenset(["shop"])).left() == []


def test_waiting_ends_with_what_does_not_go(api, inventory):
    api.create(made(name="new"))
    api.create(made(name="spared"))
    left, spared = inventory.wait_until_gone(0.1, lambda o: o["metadata"]["name"] == "spared")
    assert (names(left), names(spared)) == (["ConfigMap/shop/new"], ["ConfigMap/shop/spared"])
    force_away(api, left)
    left, spared = inventory.wait_until_gone(0.1, lambda o: o["metadata"]["name"] == "spared")
    assert (left, names(spared)) == ([], ["ConfigMap/shop/spared"])


class Late(MemoryCluster):
    """Its protection controller lets an object go only when it was looked at often enough."""

    looks = 0

    def get(self, api_version, kind, name, namespace=None):
        self.looks += name == "held"
        if self.looks == 5:
            self.delete(api_version, kind, name, namespace)
        return super().get(api_version, kind, name, namespace)


@pytest.mark.parametrize(
    ("finalizers", "goes"),
    [
        (["kubernetes.io/pvc-protection"], True),
        (["kubernetes.io/pvc-protection", "foregroundDeletion"], True),
        (["kubernetes.io/pvc-protection", "example.org/hold"], False),
        ([], False),
    ],
)
def test_the_cluster_gets_time_for_what_it_holds_itself(finalizers, goes):
    api = Late()
    api.create(PLACE)
    inventory = begun(api)
    api.create(made(name="held", finalizers=finalizers, deletionTimestamp="now"))
    left, _ = inventory.wait_until_gone(0.0, lambda _left: False)
    assert (left == []) is goes


def test_the_reason_is_named():
    said = {
        "held by finalizer a/b": {"finalizers": ["a/b"], "deletionTimestamp": "now"},
        "its deletion has begun and does not end": {"deletionTimestamp": "now"},
        "owned by Job/x": {"ownerReferences": [{"kind": "Job", "name": "x"}]},
        "nothing owns it, so nothing removes it": {"finalizers": ["a/b"]},
    }
    for words, metadata in said.items():
        assert why_left(made(**metadata)) == words


def test_where_no_controller_acts_the_check_waits_for_none(tmp_path, monkeypatch):
    monkeypatch.setattr(idempotence, "_PATIENCE", 0.0)
    clusters = MemoryClusters()
    objects = (made(name="new"), made("Deployment", "new", api_version="apps/v1"), cluster_role())
    for number, each in enumerate(objects):
        (tmp_path / f"{number}.yaml").write_text(json.dumps(each))
    with clusters.lease() as lease:
        api, runner = clusters.api(lease), ScriptedRunner()
        sandbox = Sandbox(lease, api, runner, lambda _api: runner)
        found = idempotence.CHECK.run(loose_subject(FolderReader(tmp_path)), Policy(), sandbox)
        assert found.summary == "3 objects applied twice: no change; removed: nothing left"
        assert api.list("v1", "ConfigMap", "shop") == []


class SlowSets(MemoryCluster):
    """Its controller makes a set's claim at once, and owns it only at the third look."""

    looks = 0

    def apply(self, obj):
        live = super().apply(obj)
        claim = made("PersistentVolumeClaim", "data-db-0")
        if obj["kind"] == "StatefulSet" and not self.get("v1", claim["kind"], "data-db-0", "shop"):
            super().apply(claim)
        return live

    def list(self, api_version, kind, namespace=None, labels=None):
        owner = self.get("apps/v1", "StatefulSet", "db", "shop")
        if kind == "PersistentVolumeClaim" and owner:
            self.looks += 1
            if self.looks == 3:
                owners = [{"kind": "StatefulSet", "name": "db", "uid": uid_of(owner)}]
                self.patch(made(kind, "data-db-0", ownerReferences=owners))
        return super().list(api_version, kind, namespace, labels)

    def delete(self, api_version, kind, name, namespace=None):
        if kind == "StatefulSet":
            for claim in self.list("v1", "PersistentVolumeClaim", namespace):
                if claim["metadata"].get("ownerReferences"):
                    super().delete("v1", claim["kind"], claim["metadata"]["name"], namespace)
        return super().delete(api_version, kind, name, namespace)


def test_a_set_has_time_to_own_the_claims_that_go_with_it(tmp_path, monkeypatch):
    monkeypatch.setattr(idempotence, "_PATIENCE", 0.0)
    stateful = made("StatefulSet", "db", api_version="apps/v1")
    stateful["spec"] = {
        "volumeClaimTemplates": [{"metadata": {"name": "data"}}],
        "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete"},
    }
    (tmp_path / "set.yaml").write_text(json.dumps(stateful))
    api, runner = SlowSets(), ScriptedRunner()
    with MemoryClusters().lease() as lease:
        sandbox = Sandbox(lease, api, runner, lambda _api: runner)
        found = idempotence.CHECK.run(loose_subject(FolderReader(tmp_path)), Policy(), sandbox)
    assert (found.outcome, found.details) == ("pass", ())
