"""What differs between two looks at an object, and what is known to differ sooner or later."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tiphys.ports import Object

_MANAGER = "tiphys"
_SHOWN = 5
_ABSENT = object()
_RECORDS = frozenset({"resourceVersion", "generation", "managedFields"})


def without_status(obj: Object) -> Object:
    """What apply is about: no status, and none of the server's records of writes."""
    metadata = {k: v for k, v in obj["metadata"].items() if k not in _RECORDS}
    return {k: v for k, v in obj.items() if k != "status"} | {"metadata": metadata}


def differences(one: Object, other: Object) -> list[str]:
    """Paths of fields that differ, status and the server's own records aside; the first few."""
    found = list(_paths(without_status(one), without_status(other), ""))
    more = [f"{len(found) - _SHOWN} more fields"] if len(found) > _SHOWN else []
    return found[:_SHOWN] + more


def same_but_for_version(one: Object, other: Object) -> bool:
    """Whether two looks differ in nothing, or in the resourceVersion alone."""
    version = {"resourceVersion": ""}
    return {**one, "metadata": one["metadata"] | version} == {
        **other,
        "metadata": other["metadata"] | version,
    }


def _paths(one: Any, other: Any, path: str) -> Iterator[str]:
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for key in sorted({*one, *other}):
            step = f".{key}" if key.isidentifier() else f"[{key}]"
            left, right = one.get(key, _ABSENT), other.get(key, _ABSENT)
            yield from _paths(left, right, (path + step).lstrip("."))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, (left, right) in enumerate(zip(one, other, strict=True)):
            yield from _paths(left, right, f"{path}[{number}]")
    elif one != other:
        yield path


def other_managers(live: Object) -> list[str]:
    """Who else has written the object; a controller may write more than status with its status."""
    entries = live["metadata"].get("managedFields") or ()
    return sorted({each["manager"] for each in entries} - {_MANAGER})


def scaled_elsewhere(objects: Sequence[Object]) -> list[str]:
    """Workloads whose replicas the manifest sets, though an autoscaler of the change sets them too.

    An autoscaler acts every fifteen seconds, so this is told from the manifests.
    """
    problems = []
    scalers = [o for o in objects if o["kind"] == "HorizontalPodAutoscaler"]
    for scaler in (o for o in scalers if o["apiVersion"].startswith("autoscaling/")):
        target = scaler["spec"]["scaleTargetRef"]
        for each in objects:
            if (
                (each["kind"], each["metadata"]["name"]) == (target["kind"], target["name"])
                and each["metadata"].get("namespace") == scaler["metadata"].get("namespace")
                and "replicas" in (each.get("spec") or {})
            ):
                name = f"{each['kind']}/{each['metadata']['name']}"
                by = f"HorizontalPodAutoscaler/{scaler['metadata']['name']}"
                problems.append(f"{name}: each apply undoes what {by} does: leave out replicas")
    return problems


def claim_of_set(obj: Object, stateful: Object) -> bool:
    """Whether a StatefulSet made this claim and, by its own policy, leaves it when it goes."""
    return made_by_set(obj, stateful) and not takes_claims_along(stateful)


def takes_claims_along(stateful: Object) -> bool:
    """Whether a StatefulSet's own policy deletes its claims with it."""
    policy = stateful["spec"].get("persistentVolumeClaimRetentionPolicy") or {}
    return bool(policy.get("whenDeleted") == "Delete")


def made_by_set(obj: Object, stateful: Object) -> bool:
    """Whether this is a claim of a StatefulSet's template, or the volume behind one."""
    if obj["kind"] == "PersistentVolume":  # simulated or not, a volume goes with its claim
        claim = (obj.get("spec") or {}).get("claimRef") or {}
    elif obj["kind"] == "PersistentVolumeClaim":
        claim = obj["metadata"]
    else:
        return False
    templates = stateful["spec"].get("volumeClaimTemplates") or ()
    names = [each["metadata"]["name"] for each in templates]
    starts = tuple(f"{name}-{stateful['metadata']['name']}-" for name in names)
    start, _, ordinal = str(claim.get("name")).rpartition("-")
    place = stateful["metadata"].get("namespace")
    return f"{start}-" in starts and ordinal.isdigit() and claim.get("namespace") == place
