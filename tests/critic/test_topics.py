"""What the critic says about rights, policies, sources, places and patience."""

# ruff: noqa: E501 -- one case a line
from __future__ import annotations

from typing import Any

import pytest

from tests.critic.things import against, scaler, service, thing, workload
from tiphys.verify.critic import Remark


def policy(own: dict[str, str], *peers: dict[str, str], way: str = "ingress") -> Any:
    side = "from" if way == "ingress" else "to"
    rules = [{side: [{"podSelector": {"matchLabels": each}} for each in peers]}]
    spec = {"podSelector": {"matchLabels": own}, "policyTypes": [way.capitalize()], way: rules}
    return thing("NetworkPolicy", "p", spec=spec)


def role(verbs: str, resources: str, group: str = "") -> Any:
    rules = [{"apiGroups": [group], "resources": resources.split(), "verbs": verbs.split()}]
    return thing("Role", "reader", rules=rules)


def binding(kind: str, name: str, **subject: str) -> Any:
    return thing("RoleBinding", "b", roleRef={"kind": "ClusterRole", "name": "view"},
                 subjects=[{"kind": kind, "name": name, **subject}])  # fmt: skip


def variable(**source: Any) -> Any:
    return workload(env=[{"name": "DB_PASSWORD", "valueFrom": source}])


def claim(**spec: Any) -> Any:
    return thing("StorageClass", "keep", None, provisioner="disk.csi.example", **spec)


API, DB = {"app": "api"}, {"app": "postgres"}
TWO_BOXES = workload(pod={"containers": [
    {"name": "app", "resources": {"limits": {"memory": "1Gi"}}},
    {"name": "proxy", "resources": {"limits": {"memory": "64Mi"}}},
]})  # fmt: skip
REACH = "Only pods labelled app=api may reach the pods labelled app=postgres."


@pytest.mark.parametrize(
    ("request_", "right", "wrong", "path"),
    [
        (REACH, policy(DB, API), policy(API, DB), "NetworkPolicy/shop/p:spec.podSelector"),
        ("Pods app=api may only call pods app=postgres.", policy(API, DB, way="egress"), policy(API, DB),
         "NetworkPolicy/shop/p:spec.policyTypes"),
        ("Role: get and list on pods", role("get list", "pods"), role("get list delete", "pods"),
         "Role/shop/reader:rules[0].verbs"),
        ("Role: get and patch on deployments", role("get patch", "deployments", "apps"),
         role("get patch", "deployments"), "Role/shop/reader:rules[0].apiGroups"),
        ("give the group devs the view role", binding("Group", "devs"), binding("User", "devs"),
         "RoleBinding/shop/b:subjects[0].kind"),
        ("bind view to ServiceAccount \"bot\" of namespace ci", binding("ServiceAccount", "bot", namespace="ci"),
         binding("ServiceAccount", "bot", namespace="shop"), "RoleBinding/shop/b:subjects[0].namespace"),
        ("DB_PASSWORD comes from the Secret \"db\", key \"pass\"",
         variable(secretKeyRef={"name": "db", "key": "pass"}), variable(secretKeyRef={"name": "db", "key": "user"}),
         "Deployment/shop/web:spec.template.spec.containers[0].env[0].valueFrom.secretKeyRef.key"),
        ("storage class whose volumes outlive their claims", claim(reclaimPolicy="Retain"), claim(),
         "StorageClass/keep:reclaimPolicy"),
        ("HPA: add at most four pods per minute",
         {**scaler(1, 9), "spec": {"behavior": {"scaleUp": {"policies": [{"value": 4, "periodSeconds": 60}]}}}},
         {**scaler(1, 9), "spec": {"behavior": {"scaleUp": {"policies": [{"value": 4, "periodSeconds": 15}]}}}},
         "HorizontalPodAutoscaler/shop/web:spec.behavior.scaleUp.policies[0].periodSeconds"),
        ("Up to 9 replicas of web may run.", scaler(1, 9), scaler(1, 5),
         "HorizontalPodAutoscaler/shop/web:spec.maxReplicas"),
        ("Let web have 9 replicas at most, autoscaled.", scaler(1, 9), scaler(1, 12),
         "HorizontalPodAutoscaler/shop/web:spec.maxReplicas"),
        ("pods labelled app=web and role=replica only",
         service(selector={"app": "web", "role": "replica"}), service(), "Service/shop/web:spec.selector"),
        ("quota: at most 5 claims", thing("ResourceQuota", "q", spec={"hard": {"persistentvolumeclaims": "5"}}),
         thing("ResourceQuota", "q", spec={"hard": {"persistentvolumeclaims": "50"}}),
         "ResourceQuota/shop/q:spec.hard.persistentvolumeclaims"),
    ],
)  # fmt: skip
def test_the_right_one_passes_and_the_wrong_field_is_named(
    request_: str, right: Any, wrong: Any, path: str
) -> None:
    assert not against(request_, right)
    assert path in {each.path for each in against(request_, wrong)}


def places(request: str) -> list[Remark]:
    return [r for r in against(request, TWO_BOXES) if r.requirement.kind == "place"]


def test_a_value_at_the_wrong_neighbour_is_noticed() -> None:
    assert not places("Container app gets 1Gi, container proxy gets 64Mi of memory")
    wrong = places("Container app gets 64Mi, container proxy gets 1Gi of memory")
    assert {r.requirement.value for r in wrong} == {"1Gi", "64Mi"}


def test_the_value_of_a_secret_is_compared_and_never_said() -> None:
    secret = thing("Secret", "db", data={"word": "aHVudGVyMi1hYmM="})
    assert not against('Secret db, key word = "hunter2-abc"', secret)
    (found,) = against('Secret db, key word = "hunter3-xyz"', secret)
    assert found.path == "Secret/shop/db:data.word"
    assert "hunter" not in repr(found)
