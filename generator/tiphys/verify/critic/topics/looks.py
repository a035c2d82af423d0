"""What speaks against a wish in the objects: a field, nothing (True), or there is no say (None)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tiphys.verify.critic.model import Field
from tiphys.verify.critic.world import World, at, dig, many, pod_path, text

Granted = Callable[[World], Field | bool | None]


def each(kinds: tuple[str, ...], path: tuple[str, ...], right: Callable[[Any], bool]) -> Granted:
    """Every object of the kinds has a right value at the path."""

    def held(world: World) -> Field | bool | None:
        found = world.kinds(*kinds)
        for obj in found:
            value = dig(obj, *path)
            if not right(value):
                shown = "not set" if value is None else value
                return Field(at(obj, ".".join(path)), shown)
        return True if found else None

    return held


def pods(key: str, right: Callable[[Any], bool]) -> Granted:
    """Every workload has a right value below its pods' spec."""

    def held(world: World) -> Field | bool | None:
        for obj in world.workloads:
            value = dig(obj, *pod_path(obj), key)
            if not right(value):
                shown = "not set" if value is None else value
                return Field(at(obj, ".".join((*pod_path(obj), key))), shown)
        return True if world.workloads else None

    return held


def probe(key: str) -> Granted:
    """Some container has this check."""

    def held(world: World) -> Field | bool | None:
        boxes = world.main_containers
        if not boxes:
            return None
        if any(dig(box.spec, key) is not None for box in boxes):
            return True
        return Field(f"{boxes[0].path}.{key}", "not set")

    return held


def ready(world: World) -> Field | bool | None:
    """Sure where something else is looked at only: a program may need no check at all."""
    for box in world.main_containers:
        if dig(box.spec, "readinessProbe") is not None:
            return True
    for box in world.main_containers:
        if dig(box.spec, "livenessProbe") is not None and len(world.main_containers) == 1:
            return Field(f"{box.path}.readinessProbe", "not set")
    return None


def connects(world: World) -> Field | bool | None:
    """Of the checks that there are, one connects to a port and no more."""
    probes = [
        (f"{box.path}.{key}", dig(box.spec, key))
        for box in world.main_containers
        for key in ("readinessProbe", "livenessProbe", "startupProbe")
        if dig(box.spec, key) is not None
    ]
    if not probes or any(dig(probe, "tcpSocket") is not None for _, probe in probes):
        return bool(probes) or None
    return Field(f"{probes[0][0]}.tcpSocket", "not set")


def hard(world: World) -> Field | bool | None:
    """Of the constraints that spread pods, one is no mere preference."""
    found = [
        Field(
            at(obj, f"{'.'.join(pod_path(obj))}.topologySpreadConstraints[{i}].whenUnsatisfiable"),
            way,
        )
        for obj in world.workloads
        for i, each in enumerate(many(obj, *pod_path(obj), "topologySpreadConstraints"))
        if (way := text(each, "whenUnsatisfiable"))
    ]
    if not found or any(field.value == "DoNotSchedule" for field in found):
        return bool(found) or None
    return found[0]


def both_ways(world: World) -> Field | bool | None:
    """Every policy closes both directions."""
    for obj in world.kinds("NetworkPolicy"):
        types = many(obj, "spec", "policyTypes")
        egress = "Egress" in types or dig(obj, "spec", "egress") is not None
        ingress = "Ingress" in types or not types
        if not (egress and ingress):
            return Field(at(obj, "spec.policyTypes"), types or "not set")
    return True if world.kinds("NetworkPolicy") else None


def reads_only(world: World) -> Field | bool | None:
    """No role lets anything be changed."""
    roles = world.kinds("Role", "ClusterRole")
    for obj in roles:
        for index, rule_ in enumerate(many(obj, "rules")):
            for verb in many(rule_, "verbs"):
                if verb not in ("get", "list", "watch"):
                    return Field(at(obj, f"rules[{index}].verbs"), verb)
    return True if roles else None


def many_writers(world: World) -> Field | bool | None:
    """Every claim can be written to from many nodes."""
    claims = world.kinds("PersistentVolumeClaim")
    for obj in claims:
        modes = many(obj, "spec", "accessModes")
        if "ReadWriteMany" not in modes:
            return Field(at(obj, "spec.accessModes"), modes)
    return True if claims else None


def scales_on(resource: str) -> Granted:
    """Every autoscaler looks at this resource."""

    def held(world: World) -> Field | bool | None:
        scalers = world.kinds("HorizontalPodAutoscaler")
        for obj in scalers:
            names = [text(m, "resource", "name") for m in many(obj, "spec", "metrics")]
            if names and resource not in names:
                return Field(at(obj, "spec.metrics"), ", ".join(names))
        return True if scalers else None

    return held


def alone(world: World) -> Field | bool | None:
    """No workload has a second container."""
    for obj in world.workloads:
        boxes = many(obj, *pod_path(obj), "containers")
        if len(boxes) > 1:
            return Field(
                at(obj, ".".join((*pod_path(obj), "containers"))), f"{len(boxes)} containers"
            )
    return True if world.workloads else None


def protocol(name: str) -> Granted:
    """Some port has this protocol."""

    def held(world: World) -> Field | bool | None:
        ports = [f for key, f in world.leaves if key in ("port", "containerPort")]
        if not ports:
            return None
        if any(key == "protocol" and field.value == name for key, field in world.leaves):
            return True
        return Field(ports[0].path.rpartition(".")[0] + ".protocol", "not set, which is TCP")

    return held


def equal(value: object) -> Callable[[Any], bool]:
    """The value itself."""
    return lambda found: found == value


def other_than(value: object) -> Callable[[Any], bool]:
    """Any value but this one."""
    return lambda found: found != value
