"""How many pods a change asks for: an ephemeral cluster is small, and thousands would drown it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from tiphys.ports import Object

_COUNTS = {
    "CronJob": ("spec", "jobTemplate", "spec", "parallelism"),
    "Deployment": ("spec", "replicas"),
    "HorizontalPodAutoscaler": ("spec", "minReplicas"),
    "Job": ("spec", "parallelism"),
    "ReplicaSet": ("spec", "replicas"),
    "ReplicationController": ("spec", "replicas"),
    "StatefulSet": ("spec", "replicas"),
}


def too_many_pods(objects: Iterable[Object], most: int) -> tuple[Object, str] | None:
    """Who asks for the most, and a line about it, where all together want more than `most` pods."""
    wishes = sorted(_wishes(objects), key=lambda wish: -wish[0])
    total = sum(count for count, _, _ in wishes)
    if total <= most:
        return None
    count, path, obj = wishes[0]
    all_of_it = f" of {total} in all" if total > count else ""
    return obj, f"{path}: asks for {count} pods{all_of_it}, at most {most} are tried out"


def _wishes(objects: Iterable[Object]) -> Iterator[tuple[int, str, Object]]:
    for each in objects:
        path = _COUNTS.get(str(each.get("kind")), ())
        value: Any = each if path else None
        for part in path:
            value = value.get(part) if isinstance(value, dict) else None
        if isinstance(value, int) and value > 0:
            yield value, ".".join(path), each
