"""Objects that the tests of the critic are about."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tiphys.verify.critic import Remark, remarks

Object = dict[str, Any]


def workload(
    name: str = "web", kind: str = "Deployment", namespace: str = "shop", **spec: Any
) -> Object:
    """A workload of one container; `spec` may give replicas, image, port, resources and more."""
    container: Object = {"name": name, "image": spec.pop("image", f"registry.example/{name}:1.0")}
    if port := spec.pop("port", 8080):
        container["ports"] = [{"name": "http", "containerPort": port}]
    for key in ("resources", "env", "args", "readinessProbe", "livenessProbe", "securityContext",
                "volumeMounts", "imagePullPolicy"):  # fmt: skip
        if key in spec:
            container[key] = spec.pop(key)
    pod: Object = {"containers": [container], **spec.pop("pod", {})}
    template = {"metadata": {"labels": {"app": name}}, "spec": pod}
    if kind == "CronJob":
        job = {"template": template, **spec.pop("job", {})}
        spec = {"jobTemplate": {"spec": job}, **spec}
    else:
        spec = {"template": template, **spec}
    if kind not in ("Job", "CronJob"):
        spec["selector"] = {"matchLabels": {"app": name}}
    return thing(kind, name, namespace, spec=spec)


def thing(kind: str, name: str, namespace: str | None = "shop", **rest: Any) -> Object:
    """Any object."""
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": _VERSIONS.get(kind, "v1"), "kind": kind, "metadata": metadata, **rest}


def service(name: str = "web", port: int = 80, target: Any = "http", **spec: Any) -> Object:
    """A Service in front of the workload of the same name."""
    ports = [{"port": port, "targetPort": target}]
    return thing("Service", name, spec={"selector": {"app": name}, "ports": ports, **spec})


def scaler(low: int, high: int, target: str = "web") -> Object:
    """A HorizontalPodAutoscaler."""
    metric = {"type": "Resource", "resource": {"name": "cpu", "target": {"averageUtilization": 70}}}
    spec = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": target},
        "minReplicas": low, "maxReplicas": high, "metrics": [metric],
    }  # fmt: skip
    return thing("HorizontalPodAutoscaler", target, spec=spec)


def ingress(host: str, name: str = "web") -> Object:
    """An Ingress to the Service of the same name."""
    backend = {"service": {"name": name, "port": {"number": 80}}}
    paths = [{"path": "/", "pathType": "Prefix", "backend": backend}]
    return thing("Ingress", name, spec={"rules": [{"host": host, "http": {"paths": paths}}]})


def rulings(request: str, *objects: Any, kind: str = "") -> set[str]:
    """The rulings of one kind of requirement (of all)."""
    return {r.ruling for r in remarks(request, objects) if kind in ("", r.requirement.kind)}


def against(request: str, *objects: Any) -> list[Remark]:
    """Only the contradictions."""
    return [r for r in remarks(request, objects) if r.ruling == "contradicted"]


def lines(found: Iterable[Remark]) -> str:
    """What is said, as one text."""
    return "\n".join(each.line for each in found)


_VERSIONS = {
    "Deployment": "apps/v1", "StatefulSet": "apps/v1", "DaemonSet": "apps/v1", "Job": "batch/v1",
    "CronJob": "batch/v1", "Ingress": "networking.k8s.io/v1",
    "NetworkPolicy": "networking.k8s.io/v1", "HorizontalPodAutoscaler": "autoscaling/v2",
    "PodDisruptionBudget": "policy/v1", "RoleBinding": "rbac.authorization.k8s.io/v1",
}  # fmt: skip
