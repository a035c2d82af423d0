"""The check on a real API server with its controllers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cluster_fixtures import eventually
from tiphys.adapters.folder_reader import FolderReader
from tiphys.domain.errors import Unavailable
from tiphys.domain.policy import Policy
from tiphys.testing.memory_repository import MemoryRepository
from tiphys.testing.scripted_runner import ScriptedRunner
from tiphys.verify.check import Sandbox
from tiphys.verify.checks import idempotence
from tiphys.verify.subject import Subject, loose_subject

pytestmark = pytest.mark.cluster

ROOT = Path(__file__).parents[2]
POD_SPEC = {"containers": [{"name": "a", "image": "registry.example/a:1"}]}


@pytest.fixture
def sandbox(control_plane, api):
    return Sandbox(control_plane, api, ScriptedRunner(), lambda _api: ScriptedRunner())


@pytest.fixture
def try_out(sandbox, tmp_path):
    """Run the check over loose objects."""

    def run(*objects, on=sandbox):
        text = "\n---\n".join(json.dumps(each) for each in objects)
        (tmp_path / "all.yaml").write_text(text)
        return idempotence.CHECK.run(loose_subject(FolderReader(tmp_path)), Policy(), on)

    return run


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(idempotence, "_PATIENCE", 0.5)


def made(kind, namespace, name="one", api_version="v1", **fields):
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    metadata |= fields.pop("metadata", {})
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **fields}


def deployment(namespace, **metadata):
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": POD_SPEC}
    spec = {"selector": {"matchLabels": labels}, "template": template}
    return made("Deployment", namespace, "web", "apps/v1", metadata=metadata, spec=spec)


def skill_subject(*names):
    repository = MemoryRepository()
    files = {
        path.relative_to(ROOT).as_posix(): path.read_bytes()
        for name in names
        for path in (ROOT / "skills" / name).rglob("*")
        if path.is_file()
    }
    sha = repository.commit("main", None, files, "Add skills")
    changes = tuple(repository.changes("", sha))
    return Subject(repository, sha, sha, repository.tree_id(sha), changes)


def test_starter_skills_pass_and_claims_of_sets_are_cleared_away(sandbox, api):
    names = ("stateful-store", "priority-class", "service-account")
    found = idempotence.CHECK.run(skill_subject(*names), Policy(), sandbox)
    assert found.outcome == "pass", found
    assert found.summary.endswith("nothing left, but for 2 things by design")
    assert found.details == (
        "stays after removal by design: the claims that StatefulSet/shop/cache made",
        "stays after removal by design: the claims that StatefulSet/shop/orders-db made",
    )
    assert api.list("v1", "PersistentVolumeClaim", "shop") == []
    assert api.list("v1", "Pod", "shop") == []


def test_a_namespace_of_the_change_goes_with_all_that_is_in_it(try_out, api, namespace):
    own = f"{namespace}-own"
    found = try_out(made("Pod", own, spec=POD_SPEC), made("Namespace", None, own))
    assert (found.outcome, found.details) == ("pass", ())
    assert api.get("v1", "Namespace", own) is None


def test_a_field_that_a_controller_writes_too_is_drift(try_out, api, namespace):
    found = try_out(
        deployment(namespace, annotations={"deployment.kubernetes.io/revision": "7"}),
        made("ConfigMap", namespace),
    )
    assert found.outcome == "fail"
    words = "a second apply changes metadata.annotations[deployment.kubernetes.io/revision]"
    by = "which kube-controller-manager may write too"
    assert found.details == (f"Deployment/{namespace}/web: {words}, {by}",)
    assert api.get("v1", "ConfigMap", "one", namespace) is None
    assert api.get("apps/v1", "Deployment", "web", namespace) is None


def test_an_object_that_the_cluster_keeps_itself_is_drift(try_out, namespace):
    mine = made("ConfigMap", namespace, "kube-root-ca.crt", data={"ca.crt": "ours"})
    # Its keeper may be slower than the check's own wait on a busy machine.
    found = eventually(lambda: (f := try_out(mine)).outcome == "fail" and f)
    assert "kube-root-ca.crt: a second apply changes data[ca.crt]" in found.summary


@pytest.mark.parametrize(
    "obj",
    [
        {"kind": "Secret", "stringData": {"key": "text"}, "data": {"other": "dGV4dA=="}},
        {"kind": "Service", "spec": {"ports": [{"port": 80, "name": "a"},
            {"port": 80, "protocol": "UDP", "name": "b"}]}},
        {"kind": "PersistentVolumeClaim", "spec": {"accessModes": ["ReadWriteMany"],
            "storageClassName": "missing", "resources": {"requests": {"storage": "0.5Gi"}}}},
    ],
)  # fmt: skip
def test_what_the_server_only_writes_differently_is_no_drift(try_out, namespace, obj):
    fields = {key: value for key, value in obj.items() if key != "kind"}
    found = try_out(made(obj["kind"], namespace, **fields))
    assert (found.outcome, found.details) == ("pass", ())


def stateful_set(namespace, **policy):
    labels = {"app": "db"}
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    spec = {
        "serviceName": "db",
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": POD_SPEC},
        "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": claim}],
        **policy,
    }
    return made("StatefulSet", namespace, "db", "apps/v1", spec=spec)


def test_claims_that_go_with_their_set_leave_no_trace(try_out, api, namespace):
    policy = {"persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete"}}
    found = try_out(stateful_set(namespace, **policy))
    assert (found.outcome, found.details) == ("pass", ())
    assert api.list("v1", "PersistentVolumeClaim", namespace) == []


def test_a_claim_that_the_behaviour_test_left_is_cleared_away_too(try_out, api, namespace):
    claim = stateful_set(namespace)["spec"]["volumeClaimTemplates"][0]["spec"]
    api.create(made("PersistentVolumeClaim", namespace, "data-db-0", spec=claim))
    api.create(made("PersistentVolumeClaim", namespace, "another", spec=claim))
    found = try_out(stateful_set(namespace))
    stays = f"stays after removal by design: the claims that StatefulSet/{namespace}/db made"
    assert (found.outcome, found.details) == ("pass", (stays,))
    [other] = api.list("v1", "PersistentVolumeClaim", namespace)
    assert other["metadata"]["name"] == "another"


def test_a_job_that_goes_away_by_design_is_no_drift(try_out, namespace):
    template = {"spec": POD_SPEC | {"restartPolicy": "Never"}}
    spec = {"ttlSecondsAfterFinished": 0, "template": template}
    found = try_out(made("Job", namespace, "once", "batch/v1", spec=spec))
    assert found.outcome == "pass"


def test_a_finalizer_that_never_ends_is_named_and_forced_away(try_out, api, namespace, impatient):
    held = {"finalizers": ["example.org/hold"]}
    found = try_out(made("ConfigMap", namespace, "held", metadata=held))
    assert found.outcome == "fail"
    assert found.details == (
        f"ConfigMap/{namespace}/held is left after removal: held by finalizer example.org/hold",
    )
    assert eventually(lambda: api.get("v1", "ConfigMap", "held", namespace) is None)


def test_a_namespace_held_by_a_finalizer_is_named(try_out, api, namespace, monkeypatch, impatient):
    monkeypatch.setattr(idempotence, "_NAMESPACE_PATIENCE", 0.5)
    own = f"{namespace}-held"
    found = try_out(made("Namespace", None, own, metadata={"finalizers": ["example.org/hold"]}))
    assert found.outcome == "fail"
    assert f"Namespace/{own} is left after removal: held by finalizer" in found.summary
    live = api.get("v1", "Namespace", own)
    assert live is None or not live["metadata"].get("finalizers")


def test_what_every_cluster_has_is_neither_overwritten_nor_removed(try_out, api, impatient):
    before = api.get("rbac.authorization.k8s.io/v1", "ClusterRole", "view")
    mine = made("ClusterRole", None, "view", "rbac.authorization.k8s.io/v1", rules=[])
    found = try_out(mine)
    assert found.outcome == "fail"
    assert "ClusterRole/view is on the cluster before the change" in found.summary
    assert api.get("rbac.authorization.k8s.io/v1", "ClusterRole", "view") == before


def test_a_refused_object_fails_and_the_others_are_taken_away(try_out, api, namespace):
    bad = made("ConfigMap", namespace, "bad", dada={})
    found = try_out(made("ConfigMap", namespace, "good"), bad)
    assert found.outcome == "fail"
    assert f"ConfigMap/{namespace}/bad is refused" in found.summary
    assert api.get("v1", "ConfigMap", "good", namespace) is None


def test_kinds_that_the_change_brings_are_counted_too(try_out, api, namespace):
    group = f"{namespace}.example.org"
    names = {"plural": "things", "singular": "thing", "kind": "Thing"}
    schema = {"openAPIV3Schema": {"type": "object"}}
    version = {"name": "v1", "served": True, "storage": True, "schema": schema}
    spec = {"group": group, "names": names, "scope": "Namespaced", "versions": [version]}
    crd = ("CustomResourceDefinition", None, f"things.{group}", "apiextensions.k8s.io/v1")
    found = try_out(made(*crd, spec=spec), made("ConfigMap", namespace))
    assert (found.outcome, found.details) == ("pass", ())
    assert api.get(crd[3], crd[0], crd[2]) is None


def test_the_guardrails_in_force_are_left_alone(sandbox, tmp_path):
    folder = tmp_path / "manifests" / "guardrails"
    folder.mkdir(parents=True)
    (folder / "a.yaml").write_text(json.dumps(made("ConfigMap", "default")))
    found = idempotence.CHECK.run(loose_subject(FolderReader(tmp_path)), Policy(), sandbox)
    assert (found.outcome, found.summary) == ("skipped", "nothing to apply")


def test_a_server_that_goes_away_is_no_fault_of_the_change(try_out, sandbox, namespace):
    class Broken:
        """Serves until something is applied."""

        def __getattr__(self, name):
            return getattr(sandbox.api, name)

        def apply(self, obj, **options):
            raise Unavailable("the API server does not answer")

    broken = Sandbox(sandbox.lease, Broken(), sandbox.runner, sandbox.rehearse)
    with pytest.raises(Unavailable):
        try_out(made("ConfigMap", namespace), on=broken)
