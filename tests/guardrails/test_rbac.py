"""Which roles and bindings are kept out, asked of a real API server."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.guardrails.conftest import denial
from tests.guardrails.objects import RBAC, Object, binding, named, role
from tiphys.adapters.kube_api import KubeApi

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("guardrails")]


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
