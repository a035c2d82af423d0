"""What a field means: which parameter it becomes, and of what sort it is.

A place is known by the last keys of its path; places in lists are left out.
"""

from __future__ import annotations

from typing import Any

from tiphys.propose.induce.model import ABSENT, Path, Vector
from tiphys.propose.induce.place_table import NAME, NAMESPACE, TABLE, Place, quantity, reference

NAME_LABELS = frozenset(
    "app app.kubernetes.io/name app.kubernetes.io/instance k8s-app name run service "
    "application".split()
)
NAMESPACE_LABEL = "kubernetes.io/metadata.name"
# Names that live within one object: what they are called is nobody else's business.
_LOCAL = ("volumes.name", "volumeMounts.name", "ports.name", "env.name", "metrics.name")
_HARD = {
    "requests.cpu": ("cpuRequests", "cpu requests, cpu quota, cpu, cores"),
    "requests.memory": ("memoryRequests", "memory requests, memory quota, memory, ram"),
    "limits.cpu": ("cpuLimits", "cpu limits"),
    "limits.memory": ("memoryLimits", "memory limits"),
    "cpu": ("cpuRequests", "cpu requests, cpu quota, cpu, cores"),
    "memory": ("memoryRequests", "memory requests, memory quota, memory, ram"),
    "requests.storage": ("storageRequests", "storage requests, storage quota, storage"),
    "pods": ("maxPods", "pods"),
}
_LIMITS = {
    "default": ("Limit", "default limit"),
    "defaultRequest": ("Request", "default request"),
    "max": ("Max", "maximum"),
    "min": ("Min", "minimum"),
}


def keys_of(path: Path) -> tuple[str, ...]:
    """The path's keys without the places in lists."""
    return tuple(part for part in path if isinstance(part, str))


def place_of(kind: str, path: Path) -> Place | None:
    """What is known about a field, or None."""
    keys = keys_of(path)
    if kind == "ResourceQuota" and keys[:2] == ("spec", "hard") and len(keys) == 3:
        return _hard(keys[2])
    if kind == "LimitRange" and len(keys) == 4 and keys[2] in _LIMITS:
        suffix, words = _LIMITS[keys[2]]
        known = f"{words} {keys[3]}, {keys[3]} {words}"
        title = f"{words[0].upper()}{words[1:]} of {keys[3]} for each container."
        return quantity(f"{_plain(keys[3])}{suffix}", title, known)
    if kind == "NetworkPolicy" and (found := _peer(keys)):
        return found
    for length in range(len(keys), 0, -1):
        tail = ".".join(keys[-length:])
        for key in (f"{kind}:{tail}", tail):
            if key in TABLE:
                return TABLE[key]
    return None


def is_local(path: Path) -> bool:
    """Whether it is a name that only its own object uses."""
    keys = keys_of(path)
    inner = len(keys) > 2 and keys[-2:] == ("metadata", "name")
    return inner or ".".join(keys[-2:]) in (*_LOCAL, "containers.name", "initContainers.name")


def is_label(path: Path) -> bool:
    """Whether it is the value of a label, in metadata or in a selector."""
    keys = keys_of(path)
    return len(keys) > 1 and keys[-2] in ("labels", "matchLabels", "selector")


def is_quantity(kind: str, path: Path) -> bool:
    """Whether the API server stores it as a quantity, in its own way of writing."""
    place = place_of(kind, path)
    if place is not None and place.format == "quantity":
        return True
    keys = keys_of(path)
    above = keys[-2] if len(keys) > 1 else ""
    if above in ("requests", "limits", "hard", "capacity", "default", "defaultRequest", "overhead"):
        return True
    return keys[-1:] in (("sizeLimit",), ("averageValue",), ("divisor",)) or (
        kind == "LimitRange" and above in _LIMITS
    )


def _plain(key: str) -> str:
    return {"ephemeral-storage": "scratch"}.get(key, key.replace("-", ""))


def _hard(key: str) -> Place:
    known = _HARD.get(key)
    what = key.removeprefix("count/").split(".")[0]
    parameter, words = known or (f"max{what[:1].upper()}{what[1:]}", what)
    return quantity(parameter, f"Most {key} that may be used in all.", words)


def _peer(keys: tuple[str, ...]) -> Place | None:
    """Which pods or namespaces a network policy speaks of."""
    if len(keys) < 2 or keys[-2] != "matchLabels":
        return None
    ways = {"from": "from", "to": "to"}
    side = next((ways[key] for key in keys if key in ways), "")
    who = "Namespace" if "namespaceSelector" in keys else "App"
    if not side:
        return reference("app", "the app that is protected", "app, to app, for app")
    words = f"{side} {who.lower()}, {side}"
    what = f"the {who.lower()} {'that may call' if side == 'from' else 'that may be called'}"
    return reference(f"{side}{who}", what, words)


def fits(place: Place, vector: Vector) -> bool:
    """Whether the values are such as belong there: a port's name is no number."""
    values: list[Any] = [value for value in vector if value is not ABSENT]
    if place.sort == "port":
        return all(isinstance(value, int) for value in values)
    if place.sort == "name":
        return all(isinstance(value, str) for value in values)
    return not any(value is None or (isinstance(value, dict) and not value) for value in values)


__all__ = [
    "NAME",
    "NAMESPACE",
    "NAMESPACE_LABEL",
    "NAME_LABELS",
    "Place",
    "fits",
    "is_label",
    "is_local",
    "is_quantity",
    "keys_of",
    "place_of",
]
