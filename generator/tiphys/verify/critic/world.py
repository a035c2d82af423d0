"""The objects under judgement, read without trusting their shape."""

# ruff: noqa: E501 -- a list of alternatives reads better unbroken
from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tiphys.verify.critic.masking import masked
from tiphys.verify.critic.model import Field

Obj = Mapping[str, Any]

WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob", "Pod")
SCALED = ("Deployment", "StatefulSet", "ReplicaSet")
CLUSTER_KINDS = frozenset(
    "Namespace Node PersistentVolume ClusterRole ClusterRoleBinding StorageClass PriorityClass "
    "IngressClass CustomResourceDefinition ValidatingWebhookConfiguration RuntimeClass "
    "MutatingWebhookConfiguration ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding "
    "APIService CSIDriver CSINode VolumeAttachment CertificateSigningRequest FlowSchema "
    "PriorityLevelConfiguration GatewayClass VolumeSnapshotClass ClusterIssuer".split()
)
_LABELS = ("app.kubernetes.io/name", "app.kubernetes.io/instance", "app", "k8s-app", "name")
_TEMPLATE = {
    "Pod": ("spec",),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
}


def dig(value: Any, *path: str | int) -> Any:
    """What lies at a path, or None."""
    for step in path:
        if isinstance(value, Mapping) and isinstance(step, str):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value


def many(value: Any, *path: str | int) -> list[Any]:
    """The list at a path, or an empty one."""
    found = dig(value, *path)
    return found if isinstance(found, list) else []


def table(value: Any, *path: str | int) -> Mapping[str, Any]:
    """The map at a path, or an empty one."""
    found = dig(value, *path)
    return found if isinstance(found, Mapping) else {}


def text(value: Any, *path: str | int) -> str:
    """The text at a path, or ""."""
    found = dig(value, *path)
    return found if isinstance(found, str) else ""


def name_of(obj: Obj) -> str:
    """metadata.name."""
    return text(obj, "metadata", "name")


def namespace_of(obj: Obj) -> str:
    """metadata.namespace."""
    return text(obj, "metadata", "namespace")


def reference(obj: Obj) -> str:
    """`Deployment/shop/web`."""
    place = [namespace_of(obj)] if namespace_of(obj) else []
    return "/".join([text(obj, "kind") or "?", *place, name_of(obj) or "?"])


def at(obj: Obj, path: str) -> str:
    """`Deployment/shop/web:spec.replicas`."""
    return f"{reference(obj)}:{path}"


def pod_path(obj: Obj) -> tuple[str, ...]:
    """Where the pod's spec stands in a workload."""
    return _TEMPLATE.get(text(obj, "kind"), ("spec", "template", "spec"))


def pod_labels(obj: Obj) -> Mapping[str, Any]:
    """Labels of the pods that a workload makes."""
    return table(obj, *pod_path(obj)[:-1], "metadata", "labels")


@dataclass(frozen=True)
class Container:
    """One container with its place: `path` is like `Job/shop/x:spec.template.spec.containers[0]`."""

    owner: Obj
    path: str
    spec: Obj
    init: bool

    @property
    def name(self) -> str:
        """Its name."""
        return text(self.spec, "name")


@dataclass(frozen=True)
class World:
    """Objects in a fixed order; `only` narrows the containers to those of one name."""

    objects: tuple[Obj, ...]
    only: str = ""

    @classmethod
    def of(cls, objects: Iterable[Any]) -> World:
        """Masked copies of whatever is an object among `objects`."""
        found = [masked(each) for each in objects if isinstance(each, Mapping)]
        flat = [
            inner
            for each in found
            for inner in (many(each, "items") if text(each, "kind") == "List" else [each])
            if isinstance(inner, Mapping)
        ]
        return cls(tuple(sorted(flat, key=lambda o: (reference(o), repr(o)))))

    def kinds(self, *kinds: str) -> tuple[Obj, ...]:
        """The objects of these kinds."""
        return tuple(each for each in self.objects if text(each, "kind") in kinds)

    @cached_property
    def workloads(self) -> tuple[Obj, ...]:
        """What makes pods."""
        return self.kinds(*WORKLOADS)

    @cached_property
    def containers(self) -> tuple[Container, ...]:
        """Every container of every workload."""
        found = [inner for each in self.workloads for inner in _containers(each)]
        return tuple(each for each in found if not self.only or each.name == self.only)

    @cached_property
    def main_containers(self) -> tuple[Container, ...]:
        """Without those that only run before the others."""
        return tuple(each for each in self.containers if not each.init)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of workloads and of containers called otherwise, longest first."""
        found = {name_of(each) for each in self.workloads}
        found |= {each.name for each in self.containers}
        return tuple(sorted(found - {""}, key=lambda n: (-len(n), n)))

    @cached_property
    def leaves(self) -> tuple[tuple[str, Field], ...]:
        """Every leaf of every object by the key that it stands below."""
        return tuple(
            (key, Field(at(obj, path), value))
            for obj in self.objects
            for key, path, value in leaves(obj)
        )

    @cached_property
    def strings(self) -> tuple[Field, ...]:
        """Every text in every object (no labels, no annotations) with its path."""
        return tuple(
            Field(at(obj, path), value)
            for obj in self.objects
            for path, value in walk(obj)
            if isinstance(value, str)
            and not path.startswith(("metadata.labels", "metadata.annotations"))
        )

    def fields(self, kinds: Sequence[str], *path: str | int) -> list[Field]:
        """The field at `path` of every object of `kinds` that has it."""
        shown = _dotted(path)
        return [
            Field(at(obj, shown), value)
            for obj in self.kinds(*kinds)
            if (value := dig(obj, *path)) is not None
        ]

    def pod_fields(self, *path: str | int) -> list[Field]:
        """The field at `path` below the pod's spec of every workload that has it."""
        return [
            Field(at(obj, _dotted((*pod_path(obj), *path))), value)
            for obj in self.workloads
            if (value := dig(obj, *pod_path(obj), *path)) is not None
        ]

    def container_fields(self, *path: str | int) -> list[Field]:
        """The field at `path` of every container that has it."""
        return [
            Field(f"{each.path}.{_dotted(path)}", value)
            for each in self.main_containers
            if (value := dig(each.spec, *path)) is not None
        ]

    def about(self, name: str) -> World:
        """What belongs to the workload (or is in the container) of that name."""
        if not any(name_of(each) == name for each in self.workloads):
            owners = [c.owner for c in self.containers if c.name == name]
            found = self._around(owners, name)
            return World(found, only=name if owners else "")
        own = [each for each in self.workloads if name_of(each) == name]
        return World(self._around(own, name))

    def _around(self, own: Sequence[Obj], name: str) -> tuple[Obj, ...]:
        kept = [o for o in self.objects if any(o is each for each in own) or _belongs(o, own, name)]
        services = {name_of(o) for o in kept if text(o, "kind") == "Service"}
        for obj in self.kinds("Ingress"):
            if obj not in kept and services & set(_backends(obj)):
                kept.append(obj)
        return tuple(kept)


def walk(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every leaf of a JSON value with its dotted path."""
    stack = [(path, value)]
    while stack:
        here, inner = stack.pop()
        if isinstance(inner, Mapping):
            stack += [(f"{here}.{k}" if here else k, v) for k, v in reversed(list(inner.items()))]
        elif isinstance(inner, list):
            stack += [(f"{here}[{i}]", inner[i]) for i in reversed(range(len(inner)))]
        else:
            yield here, inner


def leaves(obj: Any) -> Iterator[tuple[str, str, Any]]:
    """Every leaf below a key: (the key, the dotted path, the value); lists keep their key."""
    stack: list[tuple[str, str, Any]] = [("", "", obj)]
    while stack:
        key, here, inner = stack.pop()
        if isinstance(inner, Mapping):
            stack += [
                (k, f"{here}.{k}" if here else k, v) for k, v in reversed(list(inner.items()))
            ]
        elif isinstance(inner, list):
            stack += [(key, f"{here}[{i}]", inner[i]) for i in reversed(range(len(inner)))]
        else:
            yield key, here, inner


def walk_maps(value: Any, path: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every map inside a JSON value with its path, `value` itself first."""
    stack = [(path, value)]
    while stack:
        here, inner = stack.pop()
        if isinstance(inner, Mapping):
            yield here, inner
            stack += [(f"{here}.{k}", v) for k, v in reversed(list(inner.items()))]
        elif isinstance(inner, list):
            stack += [(f"{here}[{i}]", inner[i]) for i in reversed(range(len(inner)))]


def selects(selector: Mapping[str, Any], labels: Mapping[str, Any]) -> bool:
    """Whether equal labels are all that a non-empty selector asks for."""
    return bool(selector) and all(labels.get(k) == v for k, v in selector.items())


def _dotted(path: Sequence[str | int]) -> str:
    return "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path).lstrip(".")


def _containers(obj: Obj) -> Iterator[Container]:
    path = pod_path(obj)
    for key in ("containers", "initContainers"):
        for index, spec in enumerate(many(obj, *path, key)):
            if isinstance(spec, Mapping):
                where = at(obj, f"{'.'.join(path)}.{key}[{index}]")
                # A sidecar is an init container that keeps running.
                init = key == "initContainers" and spec.get("restartPolicy") != "Always"
                yield Container(obj, where, spec, init)


def _belongs(obj: Obj, own: Sequence[Obj], name: str) -> bool:
    """Whether an object serves the workloads `own`, which go by `name`."""
    kind = text(obj, "kind")
    if kind in WORKLOADS:
        return False
    owners = {name_of(each) for each in own}
    if kind == "HorizontalPodAutoscaler":
        return text(obj, "spec", "scaleTargetRef", "name") in owners
    labels = [pod_labels(each) for each in own]
    selector = table(obj, "spec", "selector") if kind == "Service" else table(
        obj, "spec", "podSelector" if kind == "NetworkPolicy" else "selector", "matchLabels"
    )  # fmt: skip
    if kind in ("Service", "NetworkPolicy", "PodDisruptionBudget") and selector:
        return any(selects(selector, each) for each in labels)
    if name_of(obj) in owners | {name} or any(
        table(obj, "metadata", "labels").get(label) in owners for label in _LABELS
    ):
        return True
    return any(name_of(obj) == leaf for each in own for _, leaf in walk(dig(each, *pod_path(each)))
               if isinstance(leaf, str))  # fmt: skip


def _backends(obj: Obj) -> Iterator[str]:
    yield text(obj, "spec", "defaultBackend", "service", "name")
    for rule in many(obj, "spec", "rules"):
        for path in many(rule, "http", "paths"):
            yield text(path, "backend", "service", "name")
