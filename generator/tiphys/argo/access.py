"""Who may do what in the namespace: accounts, rights, network and admission, as plain objects."""

from __future__ import annotations

from typing import Any

from tiphys.argo import names

Object = dict[str, Any]

# What the executor's container must reach, and the only thing that a check's pod can. Policies are
# written against addresses behind Services, which differ from cluster to cluster: this one leads
# nowhere (RFC 5737), so that nothing runs until an overlay names the real one.
API_SERVER = "192.0.2.1/32"
API_PORT = 6443
_METADATA = "169.254.0.0/16"  # where clouds hand out credentials


def namespace() -> Object:
    """Pods here are held to the strictest of the pod security standards."""
    found = _object("v1", "Namespace", names.NAMESPACE, labels={
        "pod-security.kubernetes.io/enforce": "restricted",
        "pod-security.kubernetes.io/warn": "restricted",
    })  # fmt: skip
    del found["metadata"]["namespace"]
    return found


def accounts() -> list[Object]:
    """An account for each zone without any right, and the executor's with the least that it needs.

    Kubernetes makes no lasting tokens by itself any more, and the executor's containers mount one
    by the name of this Secret. The engine's role is bound to nobody: it is for whoever submits, and
    what may be submitted is up to `admission`.
    """
    found = [
        _object("v1", "ServiceAccount", name) | {"automountServiceAccountToken": False}
        for name in (*names.ACCOUNTS.values(), names.EXECUTOR)
    ]
    token = _object("v1", "Secret", f"{names.EXECUTOR}.service-account-token")
    token["metadata"]["annotations"] = {"kubernetes.io/service-account.name": names.EXECUTOR}
    token["type"] = "kubernetes.io/service-account-token"
    role = _role(names.EXECUTOR, ("argoproj.io", ["workflowtaskresults"], ["create", "patch"]))
    engine = _role(
        names.ENGINE,
        (
            "argoproj.io",
            ["workflows"],
            ["create", "get", "list", "watch", "patch", "delete"],
        ),
        ("", ["pods", "pods/log"], ["get", "list"]),
    )
    binding = _object("rbac.authorization.k8s.io/v1", "RoleBinding", names.EXECUTOR) | {
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "Role",
            "name": names.EXECUTOR,
        },
        "subjects": [
            {"kind": "ServiceAccount", "name": names.EXECUTOR, "namespace": names.NAMESPACE}
        ],
    }
    return [*found, token, role, binding, engine]


def network() -> list[Object]:
    """Nobody calls in; out goes the executor to the API server, and who talks to a forge or model.

    A policy is for a pod, not for a container, and the executor shares a check's pod. So a check
    could open a connection to the API server, as nobody: it has no token. Nothing else answers it,
    not even DNS.
    """
    pods = {"matchExpressions": [{"key": names.WORKFLOW_LABEL, "operator": "Exists"}]}
    outside = {"matchLabels": {names.EGRESS_LABEL: "outside"}, **pods}
    dns = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
        "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
    }
    return [
        _policy("nothing", pods, ["Ingress", "Egress"]),
        _policy("executor-to-api-server", pods, ["Egress"], [
            {
                "to": [{"ipBlock": {"cidr": API_SERVER}}],
                "ports": [{"port": API_PORT, "protocol": "TCP"}],
            },
        ]),
        _policy("outside", outside, ["Egress"], [
            {
                "to": [dns],
                "ports": [{"port": 53, "protocol": p} for p in ("UDP", "TCP")],
            },
            {
                "to": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": [_METADATA]}}],
                "ports": [{"port": 443, "protocol": "TCP"}],
            },
        ]),
    ]  # fmt: skip


def admission() -> list[Object]:
    """A workflow here is one of ours with commits and numbers, or it is refused at the door.

    Argo puts parameters into pod specs by replacing text and has no patterns for them, and whoever
    may create a workflow could override any field of the template. Both end here.
    """
    known = " || ".join(
        f"(p.name == '{name}' && p.value.matches('{pattern}'))"
        for name, pattern in names.PARAMETERS.items()
    )
    templates = ", ".join(f"'{name}'" for name in names.WORKFLOWS)
    policy = _object(
        "admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy", "tiphys-workflows"
    ) | {
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": {
                "namespaceSelector": {
                    "matchLabels": {"kubernetes.io/metadata.name": names.NAMESPACE}
                },
                "resourceRules": [
                    {
                        "apiGroups": ["argoproj.io"],
                        "apiVersions": ["*"],
                        "operations": ["CREATE", "UPDATE"],
                        "resources": ["workflows"],
                    }
                ],
            },
            "variables": [
                # dyn: fields are looked at by name, whichever there are.
                {"name": "spec", "expression": "dyn(object.spec)"},
                {
                    "name": "arguments",
                    "expression": "has(object.spec.arguments) ? dyn(object.spec.arguments) : {}",
                },
            ],
            "validations": [
                _rule(
                    "variables.spec.all(field, field in "
                    "['workflowTemplateRef', 'arguments', 'shutdown', 'suspend', 'priority'])",
                    "a workflow names a template and its parameters, nothing else",
                ),
                _rule(
                    "has(object.spec.workflowTemplateRef) "
                    "&& has(object.spec.workflowTemplateRef.name) "
                    f"&& object.spec.workflowTemplateRef.name in [{templates}] "
                    "&& !(has(object.spec.workflowTemplateRef.clusterScope) "
                    "&& object.spec.workflowTemplateRef.clusterScope)",
                    "only the templates that Tiphys installs run here",
                ),
                _rule(
                    "variables.arguments.all(field, field == 'parameters')",
                    "a workflow takes parameters, no artifacts",
                ),
                _rule(
                    "!('parameters' in variables.arguments) || "
                    "variables.arguments.parameters.all(p, "
                    "p.all(field, field in ['name', 'value']) && has(p.value) && "
                    f"({known}))",
                    "a parameter is a commit or a number; anything else travels as a file",
                ),
            ],
        }
    }
    binding = _object(
        "admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding", "tiphys-workflows"
    ) | {"spec": {"policyName": "tiphys-workflows", "validationActions": ["Deny"]}}
    for each in (policy, binding):
        del each["metadata"]["namespace"]
    return [policy, binding]


def storage() -> list[Object]:
    """Where the search index is kept; deleting it loses nothing."""
    return [
        _object("v1", "PersistentVolumeClaim", names.INDEX_CLAIM)
        | {
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": "2Gi"}},
            }
        }
    ]


def _object(
    api_version: str, kind: str, name: str, *, labels: dict[str, str] | None = None
) -> Object:
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {
            "name": name,
            "namespace": names.NAMESPACE,
            "labels": {"app.kubernetes.io/part-of": "tiphys", **(labels or {})},
        },
    }


def _policy(
    name: str, pods: Object, types: list[str], egress: list[Object] | None = None
) -> Object:
    spec = {"podSelector": pods, "policyTypes": types}
    return _object("networking.k8s.io/v1", "NetworkPolicy", name) | {
        "spec": spec | ({"egress": egress} if egress else {})
    }


def _role(name: str, *rules: tuple[str, list[str], list[str]]) -> Object:
    """`rules` are (API group, resources, verbs)."""
    return _object("rbac.authorization.k8s.io/v1", "Role", name) | {
        "rules": [
            {"apiGroups": [group], "resources": resources, "verbs": verbs}
            for group, resources, verbs in rules
        ]
    }


def _rule(expression: str, message: str) -> Object:
    return {"expression": expression, "message": message}
