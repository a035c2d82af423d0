"""Which roles, bindings, services and namespaces are kept out, asked of a real API server."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.guardrails.conftest import Whoever, denial
from tests.guardrails.objects import EXEMPT, KINDS, NAMESPACE, Object, good_pod, named, put
from tiphys.adapters.kube_api import KubeApi
from tiphys.domain.errors import ApiRefusal
from tiphys.ports import Lease

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("guardrails")]
RBAC = "rbac.authorization.k8s.io/v1"


def role(kind: str = "Role", **rule: Any) -> Object:
    rule = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]} | rule
    made = named(RBAC, kind, rules=[{k: v for k, v in rule.items() if v is not None}])
    if kind == "ClusterRole":
        del made["metadata"]["namespace"]
    return made


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"verbs": ["*"]}, "verbs instead of *"),
        ({"resources": ["*"]}, "resources instead of *"),
        ({"resources": ["*/scale"]}, "resources instead of *"),
        ({"apiGroups": ["*"]}, "apiGroups instead of *"),
        ({"verbs": ["escalate"], "apiGroups": [RBAC[:-3]], "resources": ["roles"]}, "escalate"),
        ({"verbs": ["bind"], "apiGroups": [RBAC[:-3]], "resources": ["roles"]}, "bind"),
        ({"verbs": ["impersonate"], "resources": ["users"]}, "impersonate"),
        ({"resources": ["pods/*"]}, "resources instead of *"),
        ({"resources": ["pods/exec"], "verbs": ["create"]}, "pods/exec"),
        ({"resources": ["pods/exec"], "verbs": ["get"]}, "pods/exec"),  # a WebSocket is a GET
        ({"resources": ["pods", "pods/attach"], "verbs": ["create"]}, "pods/attach"),
        ({"resources": ["nodes/proxy"]}, "nodes/proxy"),
        ({"resources": ["serviceaccounts/token"], "verbs": ["create"]}, "serviceaccounts/token"),
        ({"resources": ["secrets"], "verbs": ["list"]}, "secrets"),
        ({"resources": ["secrets"]}, "secrets"),
        ({"resources": ["secrets"], "verbs": ["create"], "resourceNames": ["a"]}, "secrets"),
        ({"resources": ["namespaces"], "verbs": ["patch"]}, "writing to nodes, namespaces"),
        ({"resources": ["namespaces/status"], "verbs": ["patch"]}, "writing to nodes, namespaces"),
        ({"resources": ["persistentvolumes"], "verbs": ["create"]}, "persistentvolumes"),
        (
            {"apiGroups": ["certificates.k8s.io"], "verbs": ["update"],
             "resources": ["certificatesigningrequests/approval"]},
            "certificatesigningrequests/approval",
        ),
        (
            {"apiGroups": ["certificates.k8s.io"], "resources": ["signers"], "verbs": ["approve"]},
            "writing to certificates.k8s.io",
        ),
        (
            {"apiGroups": [RBAC[:-3]], "resources": ["rolebindings"], "verbs": ["create"]},
            "writing to rbac.authorization.k8s.io",
        ),
        (
            {"apiGroups": ["admissionregistration.k8s.io"],
             "resources": ["validatingadmissionpolicies"], "verbs": ["delete"]},
            "writing to admission",
        ),
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["Role", "ClusterRole"])
def test_roles_that_hand_out_too_much_are_kept_out(
    guarded: KubeApi, kind: str, rule: dict[str, Any], words: str
) -> None:
    assert words in denial(guarded, role(kind, **rule))


def test_roles_that_say_what_they_need_are_let_in(guarded: KubeApi) -> None:
    assert denial(guarded, role()) == ""
    assert denial(guarded, role(resources=["secrets"], resourceNames=["one"])) == ""
    assert (
        denial(guarded, role(resources=["deployments"], apiGroups=["apps"], verbs=["patch"])) == ""
    )
    assert (
        denial(guarded, named(RBAC, "Role")) == denial(guarded, named(RBAC, "Role", rules=[])) == ""
    )
    assert denial(guarded, role("ClusterRole", resources=["nodes"], verbs=["get", "list"])) == ""


def test_a_cluster_role_stands_by_itself(guarded: KubeApi) -> None:
    assert "secrets" in denial(guarded, role("ClusterRole", resources=["secrets"]))
    urls = {"apiGroups": None, "resources": None, "nonResourceURLs": ["/metrics*"]}
    assert "nonResourceURLs" in denial(guarded, role("ClusterRole", **urls))
    selectors = [{"matchLabels": {"a": "b"}}]
    aggregate = role("ClusterRole") | {"aggregationRule": {"clusterRoleSelectors": selectors}}
    assert "aggregationRule" in denial(guarded, aggregate)
    labelled = role("ClusterRole")
    labelled["metadata"]["labels"] = {"rbac.authorization.k8s.io/aggregate-to-view": "true"}
    assert "aggregate-to-" in denial(guarded, labelled)


def test_the_second_rule_of_a_role_counts_too(guarded: KubeApi) -> None:
    made = role()
    made["rules"].append({"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]})
    assert "instead of *" in denial(guarded, made)


def binding(
    ref: str = "reader",
    kind: str = "ServiceAccount",
    name: str = "web",
    namespace: str = NAMESPACE,
) -> Object:
    subject = {"kind": kind, "name": name}
    subject |= {"namespace": namespace} if kind == "ServiceAccount" else {
        "apiGroup": "rbac.authorization.k8s.io"
    }  # fmt: skip
    role_ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": ref}
    return named(RBAC, "RoleBinding", roleRef=role_ref, subjects=[subject])


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (binding("cluster-admin"), "cluster-admin"),
        (binding("admin"), "instead of admin"),
        (binding("edit"), "instead of edit"),
        (binding("system:node"), "instead of system:node"),
        (binding(kind="Group", name="system:authenticated"), "groups: system:authenticated"),
        (binding(kind="Group", name="system:unauthenticated"), "system:unauthenticated"),
        (binding(kind="Group", name="system:masters"), "system:masters"),
        (binding(kind="Group", name="system:serviceaccounts"), "system:serviceaccounts"),
        (binding(kind="Group", name="system:serviceaccounts:shop"), "system:serviceaccounts:shop"),
        (binding(kind="User", name="system:anonymous"), "system:anonymous"),
        (binding(namespace="kube-system"), "instead of: kube-system/web"),
    ],
)
@pytest.mark.parametrize("everywhere", [False, True])
def test_bindings_of_the_clusters_own_are_kept_out(
    guarded: KubeApi, made: Object, words: str, everywhere: bool
) -> None:
    assert denial(guarded, binding()) == ""
    made = copy.deepcopy(made)
    if everywhere:
        made["kind"] = "ClusterRoleBinding"
        del made["metadata"]["namespace"]
    assert words in denial(guarded, made)


def test_an_odd_name_does_not_hide_who_refused(guarded: KubeApi) -> None:
    made = role(verbs=["*"])
    for name in ("a b", 'a" is forbidden: no "b', "ValidatingAdmissionPolicy 'x' denied"):
        made["metadata"]["name"] = name
        assert "verbs instead of *" in denial(guarded, made), name


def test_a_role_of_ones_own_may_have_any_name(guarded: KubeApi) -> None:
    made = binding("admin")
    made["roleRef"]["kind"] = "Role"
    assert denial(guarded, made) == ""


def service(**spec: Any) -> Object:
    return named("v1", "Service", spec={"ports": [{"port": 80}], **spec})


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
    api = Whoever(guarded_lease.kubeconfig, user)
    assert [denial(api, found) == "" for found in everything] == [let_in] * len(everything)
    assert denial(api, leases) == ""  # what components tell each other
    assert denial(api, KINDS["Pod"](good_pod() | {"hostNetwork": True}))  # a pod is a pod
    api.close()


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
    api = Whoever(guarded_lease.kubeconfig, "system:serviceaccount:kube-system:helper")
    api.apply(network)
    put(network, "spec.template.metadata.annotations", {"restarted": "now"})
    assert denial(guarded, network) == ""
    assert api.delete("apps/v1", "DaemonSet", "web", "kube-system")
    api.close()
