"""Objects that every guardrail lets in, and how each kind wraps a pod."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

Object = dict[str, Any]
NAMESPACE = "guarded"
LAX = "lax"  # another namespace under the rules
EXEMPT = "argocd"  # left alone by the rules, and held to the standard by the server itself

CONTAINER: Object = {
    "name": "main",
    "image": "registry.example/web:1.4",
    "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "16Mi"}},
    "securityContext": {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    },
}
_LABELS = {"app": "web"}


def good_pod() -> Object:
    """A pod's spec that keeps every rule."""
    return {"containers": [copy.deepcopy(CONTAINER)]}


def named(api_version: str, kind: str, **fields: Any) -> Object:
    """An object in the guarded namespace."""
    metadata = {"name": "web", "namespace": NAMESPACE}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **fields}


def _template(spec: Object, **more: Any) -> Object:
    return {"metadata": {"labels": _LABELS, **more}, "spec": spec}


def _controller(api_version: str, kind: str, **more: Any) -> Callable[..., Object]:
    def make(spec: Object, **metadata: Any) -> Object:
        selector = {"matchLabels": _LABELS}
        inner = {"selector": selector, "template": _template(spec, **metadata), **more}
        return named(api_version, kind, spec=inner)

    return make


def _once(spec: Object) -> Object:
    return {"restartPolicy": "Never", **spec}


def _pod(spec: Object, **metadata: Any) -> Object:
    made = named("v1", "Pod", spec=spec)
    made["metadata"] |= metadata
    return made


def _job(spec: Object, **metadata: Any) -> Object:
    return named("batch/v1", "Job", spec={"template": _template(_once(spec), **metadata)})


def _cron_job(spec: Object, **metadata: Any) -> Object:
    job = {"spec": {"template": _template(_once(spec), **metadata)}}
    return named("batch/v1", "CronJob", spec={"schedule": "0 2 * * *", "jobTemplate": job})


def _pod_template(spec: Object, **metadata: Any) -> Object:
    return named("v1", "PodTemplate", template=_template(spec, **metadata))


def _replication_controller(spec: Object, **metadata: Any) -> Object:
    inner = {"selector": _LABELS, "template": _template(spec, **metadata)}
    return named("v1", "ReplicationController", spec=inner)


KINDS: dict[str, Callable[..., Object]] = {
    "Pod": _pod,
    "PodTemplate": _pod_template,
    "ReplicationController": _replication_controller,
    "Deployment": _controller("apps/v1", "Deployment"),
    "ReplicaSet": _controller("apps/v1", "ReplicaSet"),
    "DaemonSet": _controller("apps/v1", "DaemonSet"),
    "StatefulSet": _controller("apps/v1", "StatefulSet", serviceName="web"),
    "Job": _job,
    "CronJob": _cron_job,
}


def put(found: Any, path: str, value: Any) -> None:
    """Set a dotted path, making mappings on the way; None removes. Numbers are list indices."""
    *steps, last = path.split(".")
    for step in steps:
        found = found[int(step)] if isinstance(found, list) else found.setdefault(step, {})
    if value is None:
        found.pop(last, None)
    else:
        found[last] = value


RBAC = "rbac.authorization.k8s.io/v1"


def role(kind: str = "Role", **rule: Any) -> Object:
    """A role with one rule; None leaves a field out."""
    rule = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]} | rule
    made = named(RBAC, kind, rules=[{k: v for k, v in rule.items() if v is not None}])
    if kind == "ClusterRole":
        del made["metadata"]["namespace"]
    return made


def binding(
    ref: str = "reader",
    kind: str = "ServiceAccount",
    name: str = "web",
    namespace: str = NAMESPACE,
) -> Object:
    """A RoleBinding of the ClusterRole `ref` to one subject."""
    subject = {"kind": kind, "name": name}
    subject |= {"namespace": namespace} if kind == "ServiceAccount" else {
        "apiGroup": "rbac.authorization.k8s.io"
    }  # fmt: skip
    role_ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": ref}
    return named(RBAC, "RoleBinding", roleRef=role_ref, subjects=[subject])


def service(**spec: Any) -> Object:
    """A Service of port 80."""
    return named("v1", "Service", spec={"ports": [{"port": 80}], **spec})
