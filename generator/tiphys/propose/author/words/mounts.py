"""Volumes: what mounts them, what they hold, who shares them, and whose their files are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from tiphys.ports import Object
from tiphys.propose.author.fields import (
    containers_of,
    dicts,
    items,
    map_at,
    metadata_of,
    mounts_of,
    pod_specs,
    pods_of,
)
from tiphys.propose.author.literals import leaves_of
from tiphys.propose.author.sentences import matched, sentences

_PATH = re.compile(r"(?<![\w:.*/-])/[a-z][\w.-]*(?:/[\w.-]*\w)*(?![\w/*-])")
_GROUP = re.compile(
    r"\bfsGroup\b\W{0,3}(?:(?:to|of|is)\s+)?(\d{1,6})\b|\bgroup\s+(\d{1,6})\s*\([^)]{0,20}\bfsGroup\b"
    r"|\b(?:files?|volumes?|data|disk)\b[^.;]{0,40}?\b(?:belong|owned|pertenec|gehör|appart)\w*"
    r"[^.;\d]{0,12}\bgr(?:oup|upo|uppe|oupe)\s+(\d{1,6})\b",
    re.IGNORECASE,
)

_HELD = re.compile(
    r"\b(?:(?P<map>config ?map)|(?P<secret>secret)|(?P<claim>(?:persistent ?volume ?)?claim|pvc))"
    r"\s+(?:called\s+|named\s+)?(?!(?:called|named|that|which|must|should|with|and|for|is|at|in|of|to)\b)"
    r"[\"'`]?(?P<name>[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)(?![\w-])",
    re.IGNORECASE,
)
_SCRATCH = re.compile(
    r"\b(?:scratch|te?mp|temporary|emptydir|cache|shared?|sharing|between|ram|ephemeral)\b", re.I
)
_SHARED = re.compile(
    r"\b(?:both|shar(?:e|es|ed|ing)|(?:the )?same (?:[\w-]+ )?(?:volume|director\w+|folder|disk"
    r"|scratch|place|emptydir|mount))\b",
    re.IGNORECASE,
)
_FIELDS = {
    "map": ("configMap", "name"),
    "secret": ("secret", "secretName"),
    "claim": ("persistentVolumeClaim", "claimName"),
}


def own_files(objects: Sequence[Object], request: str) -> Iterator[str]:
    """Set the group of the files in place, where only one pod can be meant."""
    pods = pods_of(objects)
    groups = {int(matched(match)) for match in _GROUP.finditer(request)}
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


def share_scratch(obj: Object, request: str) -> Iterator[str]:
    """Scratch space that containers share is mounted by all that mount nothing else.

    They share it where the request says so, or where their own command speaks of its path.
    """
    for pod in pod_specs(obj):
        boxes = containers_of(pod)
        for volume in dicts(pod.get("volumes")):
            held = [m for box in boxes for m in mounts_of(box) if m["name"] == volume.get("name")]
            if "emptyDir" not in volume or len(held) != 1:
                continue
            path = str(held[0].get("mountPath"))
            for box in (each for each in boxes if not mounts_of(each)):
                if _SHARED.search(request) or path in str([box.get("command"), box.get("args")]):
                    box["volumeMounts"] = [{"name": held[0]["name"], "mountPath": path}]
                    yield f"{box.get('name')} mounts {path} too"


def hold_mounts(obj: Object, request: str) -> Iterator[str]:
    """Give what is mounted and described nowhere a volume: what the request names, or scratch."""
    claims = {
        metadata_of(each).get("name")
        for found in dicts(obj)
        for each in dicts(found.get("volumeClaimTemplates"))
        if "metadata" in each
    }
    for pod in pod_specs(obj):
        yield from _hold(pod, claims, request)


def _hold(pod: dict[str, Any], claims: set[Any], request: str) -> Iterator[str]:
    volumes = pod.get("volumes", [])
    if not isinstance(volumes, list):
        return
    known = claims | {each.get("name") for each in volumes if isinstance(each, dict)}
    for mount in [mount for box in containers_of(pod) for mount in mounts_of(box)]:
        name = mount["name"]
        if name not in known:
            known.add(name)
            source = _source(name, str(mount.get("mountPath")), request)
            if source is None:
                continue
            pod["volumes"] = [*volumes, {"name": name, **source}]
            volumes = pod["volumes"]
            yield f"volumes: {name}, which is mounted"


def _source(name: str, path: str, request: str) -> dict[str, Any] | None:
    """The object that the request calls like the volume, or the only one beside the path.

    Data that must last are not put where they are lost.
    """
    near = [each for each in sentences(request) if path in each]
    held = [each for text in near for each in _HELD.finditer(text)]
    same = [each for each in _HELD.finditer(request) if each["name"] == name]
    for match in same[:1] or (held if len(held) == 1 else ()):
        field, key = next(field for group, field in _FIELDS.items() if match[group])
        return {field: {key: match["name"]}}
    return {"emptyDir": {}} if _SCRATCH.search(request) else None
