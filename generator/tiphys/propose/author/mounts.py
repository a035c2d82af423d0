"""Volumes that are described and that no container mounts, and whose their files are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tiphys.ports import Object
from tiphys.propose.author.fields import containers_of, dicts, items, map_at, pod_specs
from tiphys.propose.author.literals import leaves_of

_PATH = re.compile(r"(?<![\w:.*/-])/[a-z][\w.-]*(?:/[\w.-]*\w)*(?![\w/*-])")
_GROUP = re.compile(
    r"\bfsGroup\b\W{0,3}(?:(?:to|of|is)\s+)?(\d{1,6})\b|\bgroup\s+(\d{1,6})\s*\([^)]{0,20}\bfsGroup\b"
    r"|\b(?:files?|volumes?|data|disk)\b[^.;]{0,40}?\b(?:belong|owned|pertenec|gehör|appart)\w*"
    r"[^.;\d]{0,12}\bgr(?:oup|upo|uppe|oupe)\s+(\d{1,6})\b",
    re.IGNORECASE,
)


def own_files(objects: Sequence[Object], request: str) -> Iterator[str]:
    """Set the group of the files in place, where only one pod can be meant."""
    pods = [pod for each in objects for pod in pod_specs(each)]
    groups = {int(next(filter(None, match.groups()))) for match in _GROUP.finditer(request)}
    if len(pods) == len(groups) == 1:
        group, context = groups.pop(), map_at(pods[0], "securityContext")
        if context.get("fsGroup") != group:
            context["fsGroup"] = group
            yield f"fsGroup is {group}, as the request says"


def mount_loose(obj: Object, request: str) -> Iterator[str]:
    """Mount in place the only loose one at the only path of the request that stands nowhere yet."""
    for pod in pod_specs(obj):
        boxes = containers_of(pod)
        used = [box.get(key) for box in boxes for key in ("volumeMounts", "volumeDevices")]
        mounted = {str(each.get("name")) for each in dicts(used)}
        volumes = [each for each in items(pod.get("volumes")) if isinstance(each, dict)]
        loose = [name for each in volumes if (name := str(each.get("name"))) not in mounted]
        places = [*volumes, *({**box, "workingDir": ""} for box in boxes)]
        held = {str(leaf) for each in places for leaf in leaves_of(each)}
        paths = {each for each in _PATH.findall(request) if each not in held}
        if len(boxes) == len(loose) == len(paths) == 1:
            [box], path = boxes, paths.pop()
            box["volumeMounts"] = [*items(box.get("volumeMounts")),
                                   {"name": loose[0], "mountPath": path}]  # fmt: skip
            if box.get("workingDir") == path:
                del box["workingDir"]
            yield f"{loose[0]} is mounted at {path}, as the request says"
