"""The check reads a real API server's audit log of real tokens."""

from __future__ import annotations

import base64
import json
import shutil
from dataclasses import replace

import pytest
import urllib3

from tests.cluster_fixtures import eventually
from tiphys.adapters.folder_reader import FolderReader
from tiphys.adapters.kube_api import KubeApi
from tiphys.domain.errors import ApiRefusal
from tiphys.domain.policy import Policy
from tiphys.testing.memory_cluster import MemoryClusters
from tiphys.testing.scripted_runner import ScriptedRunner
from tiphys.verify.check import Sandbox
from tiphys.verify.checks.privilege import CHECK, surplus
from tiphys.verify.rights import Account, Grant, Right, Use, balance
from tiphys.verify.subject import loose_subject

MANIFEST = """
apiVersion: v1
kind: ServiceAccount
metadata: {{name: reader, namespace: {namespace}}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {{name: reader, namespace: {namespace}}}
rules: {rules}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {{name: reader, namespace: {namespace}}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}}
subjects: [{{kind: ServiceAccount, name: reader, namespace: {namespace}}}]
"""
RULES = [
    {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "delete"]},
    {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get"]},
]


def subject_of(folder, text):
    (folder / "access.yaml").write_text(text)
    return loose_subject(FolderReader(folder))


def access(folder, namespace, rules=None):
    return subject_of(
        folder, MANIFEST.format(namespace=namespace, rules=json.dumps(rules or RULES))
    )


@pytest.fixture
def sandbox(control_plane, api):
    return Sandbox(control_plane, api, ScriptedRunner(), lambda _api: ScriptedRunner())


@pytest.fixture
def reader(control_plane, api, namespace, tmp_path):
    """Make what a subject holds, and return the API as its ServiceAccount `reader` sees it."""
    opened = []

    def start(subject):
        for _, each in subject.objects:
            api.apply(each)
        kubeconfig = json.loads(control_plane.kubeconfig.read_text())
        authority = kubeconfig["clusters"][0]["cluster"]["certificate-authority-data"]
        admin = kubeconfig["users"][0]["user"]["token"]
        pool = urllib3.PoolManager(cert_reqs="CERT_REQUIRED", ca_cert_data=decoded(authority))
        answer = pool.request(
            "POST",
            f"{control_plane.server}/api/v1/namespaces/{namespace}/serviceaccounts/reader/token",
            json={"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}},
            headers={"Authorization": f"Bearer {admin}"},
        )
        kubeconfig["users"][0]["user"] = {"token": answer.json()["status"]["token"]}
        path = tmp_path / "reader.kubeconfig"
        path.write_text(json.dumps(kubeconfig))
        opened.append(KubeApi(path))
        return opened[-1]

    yield start
    for each in opened:
        each.close()


def decoded(data):
    return base64.b64decode(data).decode()


def allowed(call):
    """A binding takes a moment until the authorizer sees it."""
    try:
        call()
    except ApiRefusal as refusal:
        if refusal.status != 403:
            raise
        return False
    return True


@pytest.mark.cluster
def test_what_was_used_and_what_never(sandbox, reader, namespace, tmp_path):
    subject = access(tmp_path, namespace)
    as_reader = reader(subject)
    eventually(lambda: allowed(lambda: as_reader.list("v1", "ConfigMap", namespace)))

    def run():
        return CHECK.run(subject, Policy(), sandbox)

    found = eventually(lambda: (f := run()).summary.startswith("1 of") and f)
    assert found.outcome == "pass"
    assert found.summary.startswith("1 of 4 rights used; no container ran on simulated nodes")
    assert found.details == (
        f"{namespace}/reader: may delete configmaps in {namespace}, never did",
        f"{namespace}/reader: may get configmaps in {namespace}, never did",
        f"{namespace}/reader: may get deployments.apps in {namespace}, never did",
    )

    really = replace(sandbox, lease=replace(sandbox.lease, tier="real"))
    assert CHECK.run(subject, Policy(), really).summary == "1 of 4 rights used"


@pytest.mark.cluster
def test_a_denied_request_fails_though_nothing_is_granted(sandbox, reader, namespace, tmp_path):
    account = {"name": "reader", "namespace": namespace}
    text = json.dumps({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": account})
    subject = subject_of(tmp_path, text)
    assert CHECK.run(subject, Policy(), sandbox).outcome == "skipped"
    as_reader = reader(subject)
    assert not allowed(lambda: as_reader.delete("v1", "Secret", "keys", namespace))
    found = eventually(lambda: (f := CHECK.run(subject, Policy(), sandbox)).outcome == "fail" and f)
    assert f"{namespace}/reader was denied to delete secrets keys in {namespace}" in found.summary


@pytest.mark.cluster
def test_a_denied_request_fails(sandbox, reader, namespace, tmp_path):
    subject = access(tmp_path, namespace)
    as_reader = reader(subject)
    assert not allowed(lambda: as_reader.list("v1", "Secret", namespace))
    found = eventually(lambda: (f := CHECK.run(subject, Policy(), sandbox)).outcome == "fail" and f)
    account = f"{namespace}/reader was denied to list secrets in {namespace}"
    assert found.summary == f"{account}: it lacks a right that it needs"
    assert found.details == (account,)


@pytest.mark.cluster
def test_a_request_that_admission_refuses_used_its_right(sandbox, reader, namespace, tmp_path):
    rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["create"]}]
    subject = access(tmp_path, namespace, rules)
    as_reader = reader(subject)
    label = {"pod-security.kubernetes.io/enforce": "restricted"}
    sandbox.api.patch(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": label}}
    )
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "bad", "namespace": namespace},
        "spec": {"containers": [{"name": "a", "image": "registry.example/a:1"}]},
    }

    def used():
        assert not allowed(lambda: as_reader.create(pod))
        found = CHECK.run(subject, Policy(), sandbox)
        return found.outcome == "pass" and found.summary.startswith("1 of 1")

    eventually(used)


@pytest.mark.cluster
def test_wildcards_and_idle_roles_are_named_first(sandbox, namespace, tmp_path):
    rules = [*RULES, {"apiGroups": ["batch"], "resources": ["*"], "verbs": ["*"]}]
    found = CHECK.run(access(tmp_path, namespace, rules), Policy(), sandbox)
    assert found.outcome == "pass"
    assert found.details == (
        f"{namespace}/reader: may do anything to everything of batch in {namespace}, never did",
        f"{namespace}/reader: Role/{namespace}/reader gives 5 rights, never used",
    )


@pytest.mark.cluster
def test_a_role_that_every_cluster_brings_counts_when_the_change_binds_it(
    sandbox, namespace, tmp_path
):
    text = MANIFEST.format(namespace=namespace, rules="[]")
    bound = text.replace("kind: Role, name: reader", "kind: ClusterRole, name: view")
    found = CHECK.run(subject_of(tmp_path, bound), Policy(), sandbox)
    assert found.outcome == "pass"
    assert found.summary.startswith("0 of ")
    assert "ClusterRole/view gives" in found.details[0]


@pytest.mark.cluster
def test_only_service_accounts_are_logged(control_plane, sandbox, reader, namespace, tmp_path):
    as_reader = reader(access(tmp_path, namespace))
    allowed(lambda: as_reader.list("v1", "Secret", namespace))

    def events():
        return [json.loads(line) for line in control_plane.audit.read_text().splitlines()]

    eventually(lambda: any(namespace in e["user"]["username"] for e in events()))
    assert {e["user"]["username"].split(":")[1] for e in events()} == {"serviceaccount"}
    assert not any("requestObject" in event for event in events())


@pytest.mark.cluster
def test_a_log_may_be_rotated_broken_or_missing(sandbox, reader, namespace, tmp_path):
    subject = access(tmp_path, namespace)
    as_reader = reader(subject)
    eventually(lambda: allowed(lambda: as_reader.list("v1", "ConfigMap", namespace)))
    eventually(lambda: CHECK.run(subject, Policy(), sandbox).summary.startswith("1 of 4"))
    copied = tmp_path / "copy"
    copied.mkdir()
    shutil.copy(sandbox.lease.audit, copied / "audit-2026-01-01T00-00-00.000.jsonl")
    (copied / "audit.jsonl").write_bytes(b'{"half a li\n[1]\n\xff\n')
    moved = replace(sandbox, lease=replace(sandbox.lease, audit=copied / "audit.jsonl"))
    assert CHECK.run(subject, Policy(), moved).summary.startswith("1 of 4")
    without = replace(sandbox, lease=replace(sandbox.lease, audit=None))
    found = CHECK.run(subject, Policy(), without)
    assert (found.outcome, found.summary) == (
        "skipped",
        "4 rights granted; no audit log is kept here",
    )


def test_a_wildcard_that_was_used_is_named_with_what_it_was_used_for():
    account = Account("shop", "reader")
    grant = Grant(account, "Role/shop/reader", Right("*", "*", "*", "*", namespace="shop"))
    done = tuple(
        Use(account, Right("get", "", kind, namespace="shop"))
        for kind in ("pods", "nodes", "services", "secrets")
    )
    [line] = surplus(balance([grant], done), done)
    assert line == (
        "shop/reader: may do anything to everything in shop, only did: "
        "get pods in shop, get nodes in shop, get services in shop and 1 more"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: b}}", "no service"),
        ("{apiVersion: v1, kind: ServiceAccount, metadata: {name: a, namespace: b}}", "granted"),
    ],
)
def test_it_is_skipped_where_nothing_is_granted(tmp_path, text, said):
    clusters = MemoryClusters()
    with clusters.lease() as lease:
        runner = ScriptedRunner()
        sandbox = Sandbox(lease, clusters.api(lease), runner, lambda _api: runner)
        found = CHECK.run(subject_of(tmp_path, text), Policy(), sandbox)
    assert found.outcome == "skipped"
    assert said in found.summary
