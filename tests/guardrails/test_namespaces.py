"""Which services and namespaces are kept out, and who is exempt, asked of a real API server."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest

from tests.cluster_fixtures import eventually
from tests.guardrails.conftest import Whoever, denial
from tests.guardrails.objects import (
    EXEMPT,
    KINDS,
    NAMESPACE,
    RBAC,
    Object,
    binding,
    good_pod,
    named,
    put,
    role,
    service,
)
from tiphys.adapters.kube_api import KubeApi
from tiphys.domain.errors import ApiRefusal
from tiphys.ports import Lease

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("guardrails")]


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"type": "LoadBalancer"}, "ClusterIP"),
        ({"type": "NodePort"}, "ClusterIP instead of NodePort"),
        ({"type": "ExternalName", "externalName": "evil.example"}, "ExternalName"),
        ({"externalIPs": ["10.1.2.3"]}, "externalIPs"),
        ({}, ""),
        ({"clusterIP": "None"}, ""),
    ],
)
def test_services_open_no_way_in(guarded: KubeApi, spec: dict[str, Any], words: str) -> None:
    said = denial(guarded, service(**spec))
    assert (words in said) if words else said == ""


SYSTEM = ["default", "kube-node-lease", "kube-public", "kube-system"]


@pytest.mark.parametrize("namespace", SYSTEM)
def test_nothing_is_put_where_everybody_looks(guarded: KubeApi, namespace: str) -> None:
    for found in (named("v1", "ConfigMap"), KINDS["Deployment"](good_pod()), role(), binding()):
        found["metadata"]["namespace"] = namespace
        assert f"instead of {namespace}" in denial(guarded, found)


@pytest.mark.parametrize(
    ("user", "let_in"),
    [
        ("system:kube-controller-manager", True),
        ("system:node:worker-1", True),
        ("system:serviceaccount:kube-system:deployment-controller", True),
        ("system:serviceaccount:kube-system:argocd-manager", False),
        ("system:serviceaccount:argocd:argocd-application-controller", False),
        ("kubernetes-admin", False),
        ("system:nodes", False),
    ],
)
def test_only_the_cluster_itself_is_exempt(
    guarded_lease: Lease, guarded: KubeApi, user: str, let_in: bool
) -> None:
    """Whoever delivers what people merged is not part of the cluster, wherever it runs."""
    leases = named("coordination.k8s.io/v1", "Lease", spec={"holderIdentity": "me"})
    leases["metadata"]["namespace"] = "kube-system"
    everything = [service(type="NodePort"), binding("cluster-admin"), role(verbs=["*"])]
    for namespace in SYSTEM:
        found = named("v1", "ConfigMap")
        found["metadata"]["namespace"] = namespace
        everything.append(found)
    with closing(Whoever(guarded_lease.kubeconfig, user)) as api:
        assert [denial(api, found) == "" for found in everything] == [let_in] * len(everything)
        assert denial(api, leases) == ""  # what components tell each other
        assert denial(api, KINDS["Pod"](good_pod() | {"hostNetwork": True}))  # a pod is a pod


def test_who_keeps_the_cluster_installs_in_kube_system_only(
    guarded: KubeApi, guarded_lease: Lease
) -> None:
    keepers = "kubeadm:cluster-admins"
    rights = role("ClusterRole", verbs=["get", "create", "patch"])
    given = binding(ref="web", kind="Group", name=keepers) | {"kind": "ClusterRoleBinding"}
    del given["metadata"]["namespace"]
    guarded.apply(rights)
    guarded.apply(given)
    found = named("v1", "ConfigMap")
    with closing(Whoever(guarded_lease.kubeconfig, "kubernetes-admin", keepers)) as api:

        def said(namespace: str) -> str:
            found["metadata"]["namespace"] = namespace
            return denial(api, found)

        eventually(lambda: said("kube-system") == "", 10)
        assert "instead of default" in said("default")
    for made in (given, rights):
        guarded.delete(RBAC, made["kind"], "web")


def test_what_every_namespace_gets_can_be_made_again(guarded: KubeApi) -> None:
    made = named("v1", "ConfigMap")
    made["metadata"] = {"name": "kube-root-ca.crt", "namespace": "kube-public"}
    assert denial(guarded, made) == ""


def space(name: str = "new", **labels: str) -> Object:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


ENFORCE = "pod-security.kubernetes.io/enforce"


def test_namespaces_do_not_lower_the_standard(guarded: KubeApi) -> None:
    assert denial(guarded, space()) == denial(guarded, space(**{ENFORCE: "restricted"})) == ""
    for level in ("baseline", "privileged"):
        assert ENFORCE in denial(guarded, space(**{ENFORCE: level}))
    assert ENFORCE in denial(guarded, space(**{f"{ENFORCE}-version": "v1.20"}))


@pytest.mark.parametrize("value", ["true", "false", ""])
def test_no_namespace_exempts_itself(guarded: KubeApi, administrator: Whoever, value: str) -> None:
    label = {"tiphys.guardrails/exempt": value}
    assert "is not on the list" in denial(guarded, space(**label))
    assert "is not on the list" in denial(guarded, space(NAMESPACE, **label))  # an update
    live = guarded.get("v1", "Namespace", NAMESPACE)
    assert live
    live["metadata"]["labels"] |= label
    for subresource in ("", "/status", "/finalize"):
        with pytest.raises(ApiRefusal, match="is not on the list"):
            administrator.put(f"/api/v1/namespaces/{NAMESPACE}{subresource}", live)
    assert denial(guarded, space(EXEMPT, **label)) == ""


def test_no_namespace_passes_for_kube_system(guarded: KubeApi) -> None:
    """The rules tell it by a label, which the server itself keeps to the name."""
    label = "kubernetes.io/metadata.name"
    made = guarded.apply(space("posing", **{label: "kube-system"}))
    assert made["metadata"]["labels"][label] == "posing"
    guarded.delete("v1", "Namespace", "posing")


def test_exempt_namespaces_are_left_alone(guarded: KubeApi) -> None:
    spec = good_pod()
    put(spec, "containers.0.image", "evil.example/x")
    for found in (KINDS["DaemonSet"](spec), service(type="LoadBalancer"), role(verbs=["*"])):
        found["metadata"]["namespace"] = EXEMPT
        assert denial(guarded, found) == ""


def test_what_runs_in_kube_system_can_be_kept_up(guarded: KubeApi, guarded_lease: Lease) -> None:
    spec = good_pod() | {"hostNetwork": True}
    put(spec, "containers.0.securityContext", {"privileged": True})
    network = KINDS["DaemonSet"](spec)
    network["metadata"]["namespace"] = "kube-system"
    with closing(Whoever(guarded_lease.kubeconfig, "system:serviceaccount:kube-system:a")) as api:
        api.apply(network)
        put(network, "spec.template.metadata.annotations", {"restarted": "now"})
        assert denial(guarded, network) == ""
        assert api.delete("apps/v1", "DaemonSet", "web", "kube-system")
