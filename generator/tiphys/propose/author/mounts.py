"""Volumes that are described and that no container mounts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tiphys.ports import Object
from tiphys.propose.author.fields import containers_of, dicts, items, pod_specs
from tiphys.propose.author.literals import leaves_of

_PATH = re.compile(r"(?<![\w:.*/-])/[a-z][\w.-]*(?:/[\w.-]*\w)*(?![\w/*-])")


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
