"""The places of an object where a fault can be put, each with its operator."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tiphys.verify.control.values import another, other_image

Path = tuple[str | int, ...]
_DEPTH = 60
_MOST = 4000  # places of one object that are looked at
_OF_KIND = {
    "NetworkPolicy": "network",
    "Ingress": "ingress",
    "HorizontalPodAutoscaler": "autoscaling",
    "PodDisruptionBudget": "budget",
    "Role": "rbac",
    "ClusterRole": "rbac",
    "RoleBinding": "rbac",
    "ClusterRoleBinding": "rbac",
}
# The first operator of which a path names a field; a field of a container before one of a pod.
_OF_FIELD: tuple[tuple[str, frozenset[str]], ...] = tuple(
    (operator, frozenset(fields.split()))
    for operator, fields in (
        ("labels", "labels"),
        ("annotations", "annotations"),
        ("security", "securityContext hostNetwork hostPID hostIPC"),
        ("probe", "livenessProbe readinessProbe startupProbe"),
        ("selector", "selector matchLabels matchExpressions labelSelector podSelector"),
        ("mount", "volumeMounts"),
        ("storage", "volumeClaimTemplates accessModes storageClassName storage volumeMode"),
        ("volume", "volumes"),
        ("env", "env envFrom"),
        ("resources", "resources limits requests hard default defaultRequest"),
        ("image", "image imagePullPolicy"),
        ("port", "ports port"),
        ("data", "data stringData binaryData immutable"),
        ("account", "serviceAccountName automountServiceAccountToken"),
        ("count", "replicas parallelism completions"),
        ("schedule", "schedule timeZone suspend concurrencyPolicy startingDeadlineSeconds"),
        ("strategy", "strategy updateStrategy podManagementPolicy"),
        ("retry", "restartPolicy backoffLimit activeDeadlineSeconds podFailurePolicy"),
    )
)
# Where leaving a single value out is a fault of its own, beside changing it.
_LEFT_OUT = frozenset({"labels", "security", "data", "resources", "account", "selector"})
_LOOSER = frozenset(
    "runAsNonRoot allowPrivilegeEscalation readOnlyRootFilesystem automountServiceAccountToken"
    " drop type".split()
)
_ROOT = frozenset({"runAsUser", "runAsGroup", "fsGroup"})


@dataclass(frozen=True, slots=True)
class Site:
    """One fault: at `path` comes `make(old)`, or nothing where `make` is None.

    `verb` is changed, dropped, weakened, renamed, retagged, added.
    """

    operator: str
    path: Path
    verb: str
    make: Callable[[Any], Any] | None


def sites(obj: Any) -> Iterator[Site]:
    """Every fault for one object, in the order of its fields; its identity is left alone."""
    kind = obj.get("kind") if isinstance(obj, dict) else None
    walker = _Walker(_OF_KIND.get(kind, "other") if isinstance(kind, str) else "other")
    for count, site in enumerate(walker.walk(obj, ())):
        if count >= _MOST:
            return
        yield site


def _identity(path: Path) -> bool:
    return path in (("apiVersion",), ("kind",), ("status",), ("metadata",)) or (
        path[0] == "metadata" and path[1:] in (("name",), ("namespace",), ("generateName",))
    )


class _Walker:
    def __init__(self, operator: str) -> None:
        self._operator = operator

    def operator_of(self, path: Path) -> str:
        named = {part for part in path if isinstance(part, str)}
        for operator, fields in _OF_FIELD:
            if self._operator != "other" and operator not in ("labels", "annotations"):
                return self._operator
            if not fields.isdisjoint(named):
                return operator
        return self._operator

    def walk(self, value: Any, path: Path) -> Iterator[Site]:
        if len(path) > _DEPTH:
            return
        if isinstance(value, dict):
            yield from self._added(value, path)
            for key, child in value.items():
                here = (*path, key)
                if here != ("metadata",) and _identity(here):
                    continue
                yield from self._member(key, child, here)
        elif isinstance(value, list):
            if path[-1:] in (("verbs",), ("resources",)) and self._operator == "rbac":
                yield Site("rbac", path, "weakened", lambda old: [*old, "*"])
            for index, child in enumerate(value):
                key = path[-1] if path else ""
                # Leaving out a list's only member is much the same as leaving out the list.
                yield from self._member(key, child, (*path, index), sole=len(value) == 1)

    def _member(self, key: Any, child: Any, here: Path, *, sole: bool = False) -> Iterator[Site]:
        operator = self.operator_of(here)
        if isinstance(child, dict | list):
            if here != ("metadata",) and not sole:
                yield Site(operator, here, "dropped", None)
            if operator == "strategy" and isinstance(child, dict) and "type" in child:
                simple = {"strategy": "Recreate"}.get(str(key), "OnDelete")
                yield Site(operator, here, "changed", lambda _old: {"type": simple})
            yield from self.walk(child, here)
            return
        if child is None:
            return
        yield _changed(operator, str(key), here)
        if operator == "image" and key == "image" and isinstance(child, str):
            yield Site("image", here, "retagged", other_image)
        if (isinstance(here[-1], int) or operator in _LEFT_OUT) and not sole:
            yield Site(operator, here, "dropped", None)
        if operator == "data" and isinstance(here[-1], str) and len(here) > 1:
            yield Site("data", here[:-1], f"renamed {here[-1]}", _renamer(here[-1]))

    def _added(self, value: dict[Any, Any], path: Path) -> Iterator[Site]:
        if isinstance(value.get("containers"), list) and "hostNetwork" not in value:
            yield Site("security", (*path, "hostNetwork"), "added", lambda _old: True)
        if path[-1:] == ("capabilities",) and "add" not in value:
            yield Site("security", (*path, "add"), "added", lambda _old: ["SYS_ADMIN"])


def _changed(operator: str, key: str, path: Path) -> Site:
    if operator == "security" and key in _ROOT:
        return Site(operator, path, "weakened", lambda old: 0 if old != 0 else 1)
    if operator == "image" and key == "image":
        return Site(operator, path, "changed", _other_repository)
    if operator == "env" and key == "name":
        return Site(operator, path, "changed", lambda old: f"{old}_X")
    weaker = operator in ("security", "account") and key in _LOOSER
    plain = operator in ("data", "labels", "annotations") and "pod-security" not in key
    verb = "weakened" if weaker else "changed"
    return Site(operator, path, verb, lambda old: another(key, old, plain=plain))


def _other_repository(reference: Any) -> Any:
    if not isinstance(reference, str):
        return another("image", reference)
    head, slash, tail = reference.rpartition("/")
    return f"{head}{slash}x{tail}"


def _renamer(name: str) -> Callable[[Any], Any]:
    new = f"{name}-x"
    return lambda old: {new if key == name else key: value for key, value in old.items()}
