"""What small models put at the wrong place in pods, where its own place is beyond doubt.

A volume is described where it is mounted, or not at all; flags stand where the program belongs.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from tiphys.ports import Object
from tiphys.propose.author.fields import (
    containers_of,
    dicts,
    items,
    map_at,
    metadata_of,
    pod_specs,
    value_at,
)
from tiphys.propose.author.sentences import sentences
from tiphys.propose.author.types import Meant
from tiphys.propose.editing.targets import TEMPLATES

_VOLUMES = frozenset(
    "configMap csi downwardAPI emptyDir ephemeral hostPath nfs persistentVolumeClaim projected"
    " secret".split()
)
_DOCKER = (("entrypoint", "command"), ("cmd", "args"))
_HELD = re.compile(
    r"\b(?:(?P<map>config ?map)|(?P<secret>secret)|(?P<claim>(?:persistent ?volume ?)?claim|pvc))"
    r"\s+(?:called\s+|named\s+)?(?!(?:called|named|that|which|must|should|with|and|for|is|at|in|of|to)\b)"
    r"[\"'`]?(?P<name>[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)(?![\w-])",
    re.IGNORECASE,
)
_OWN = {
    "status.podIP": re.compile(
        r"\bpod'?s?(?: own)? ip\b|\b(?:its|own) (?:own )?ip\b", re.IGNORECASE
    ),
    "status.hostIP": re.compile(r"\b(?:host|node)'?s?(?: own)? ip\b", re.IGNORECASE),
    "spec.nodeName": re.compile(
        r"\bnode'?s? (?:\w+ )?name\b|\bname of (?:the|its) (?:node|host)\b", re.I
    ),
    "metadata.namespace": re.compile(r"\bnamespace\b", re.IGNORECASE),
    "metadata.name": re.compile(
        r"\bpod'?s?(?: own)? name\b|\bname of (?:the|its) (?:own )?pod\b|\bits own name\b", re.I
    ),
    "metadata.uid": re.compile(r"\bpod'?s? uid\b", re.IGNORECASE),
    "spec.serviceAccountName": re.compile(r"\bservice ?account\b", re.IGNORECASE),
}
_SCRATCH = re.compile(
    r"\b(?:scratch|te?mp|temporary|emptydir|cache|shared?|sharing|between|ram|ephemeral)\b", re.I
)
_SHARED = re.compile(
    r"\b(?:both|shar(?:e|es|ed|ing)|(?:the )?same (?:[\w-]+ )?(?:volume|director\w+|folder|disk"
    r"|scratch|place|emptydir|mount))\b",
    re.IGNORECASE,
)
_NODE = "kubernetes.io/hostname"
_WHERE = re.compile(
    r"nod(?:e|o|es|i)\b|n\u0153ud|noeud|knoten|nós?\b|machine|m[aá]quina|macchin|rechner|ma[sc]hine|hosts?\b"
    r"|h\u00f4te|server|serveur|servidor|hardware|box",
    re.IGNORECASE,
)
_RATHER = re.compile(
    r"\b(?:prefer\w*|if (?:at all )?possible|ideally|best effort|try|rather|where it can)\b",
    re.IGNORECASE,
)
_FIELDS = {
    "map": ("configMap", "name"),
    "secret": ("secret", "secretName"),
    "claim": ("persistentVolumeClaim", "claimName"),
}


def run_once(objects: Sequence[Object], asked: Collection[str]) -> Iterator[Object]:
    """The objects; where a Job was asked for, a CronJob that was not is the Job that it makes."""
    wrong = "Job" in asked and "CronJob" not in asked
    wrong = wrong and not any(each["kind"] == "Job" for each in objects)
    for each in objects:
        job = value_at(each, ("spec", "jobTemplate", "spec"))
        if wrong and each["kind"] == "CronJob" and isinstance(job, dict):
            yield {**each, "kind": "Job", "spec": job}
        else:
            yield each


def fill_environment(obj: Object, request: str) -> Iterator[str]:
    """What a variable says of its own pod is what the request says after the variable's name.

    Of a source that is there with a prefix too, that one was meant.
    """
    for box in (box for pod in pod_specs(obj) for box in containers_of(pod)):
        for each in dicts(box.get("env")):
            ref = value_at(each, ("valueFrom", "fieldRef"))
            said = _after(str(each.get("name")), request) if isinstance(ref, dict) else ""
            paths = [path for path, words in _OWN.items() if words.search(said)]
            if len(paths) == 1 and ref.get("fieldPath") != paths[0]:
                ref["fieldPath"] = paths[0]
                yield f"{each['name']} is {paths[0]}, as the request says"
        sources = items(box.get("envFrom"))
        prefixed = [{**each, "prefix": ""} for each in dicts(sources) if each.get("prefix")]
        kept = [
            each
            for each in sources
            if not (
                isinstance(each, dict)
                and {**each, "prefix": ""} in prefixed
                and not each.get("prefix")
            )
        ]
        if len(kept) < len(sources):
            box["envFrom"] = kept
            yield "envFrom: once, with its prefix"


def _after(name: str, request: str) -> str:
    """The rest of the clause that follows a variable's name."""
    found = re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])([^\n;,.]*)", request)
    return found[1] if found else ""


def keep_apart(obj: Object, fields: Sequence[Meant]) -> Iterator[str]:
    """Pods that must not meet on a node are those of its own labels."""
    path = TEMPLATES.get(str(obj.get("kind")))
    pod = value_at(obj, (*path, "spec")) if path else None
    labels = value_at(obj, (*path, "metadata", "labels")) if path else None
    if not isinstance(pod, dict) or not isinstance(labels, dict) or not labels:
        return
    affinity = pod.get("affinity")
    apart = affinity.get("podAntiAffinity") if isinstance(affinity, dict) else None
    near = [each for each in fields if each.sure and "podAntiAffinity" in each.keys]
    meant = [each for each in near if _WHERE.search(each.said)]
    spread = "topologySpreadConstraints" in pod
    if (meant and not apart and not spread) or (apart is not None and not any(dicts(apart))):
        said = " ".join(each.said for each in meant)
        term = {"labelSelector": {"matchLabels": {**labels}}, "topologyKey": _NODE}
        rule: dict[str, Any] = {"requiredDuringSchedulingIgnoredDuringExecution": [term]}
        if _RATHER.search(said):
            wish = {"weight": 100, "podAffinityTerm": term}
            rule = {"preferredDuringSchedulingIgnoredDuringExecution": [wish]}
        map_at(pod, "affinity")["podAntiAffinity"] = rule
        yield (
            f"podAntiAffinity: the request says {said!r}"
            if said
            else "podAntiAffinity: of its own pods"
        )


def share_scratch(obj: Object, request: str) -> Iterator[str]:
    """Scratch space that containers share is mounted by all that mount nothing else.

    They share it where the request says so, or where their own command speaks of its path.
    """
    for pod in pod_specs(obj):
        boxes = containers_of(pod)
        for volume in dicts(pod.get("volumes")):
            held = [m for box in boxes for m in _mounts(box) if m["name"] == volume.get("name")]
            if "emptyDir" not in volume or len(held) != 1:
                continue
            path = str(held[0].get("mountPath"))
            for box in (each for each in boxes if not _mounts(each)):
                if _SHARED.search(request) or path in str([box.get("command"), box.get("args")]):
                    box["volumeMounts"] = [{"name": held[0]["name"], "mountPath": path}]
                    yield f"{box.get('name')} mounts {path} too"


def straighten(obj: Any) -> None:
    """Move such fields in place, as they were written and before any schema is asked."""
    for pod in [*dicts(obj)]:
        for box in items(pod.get("initContainers")):  # it ends before anybody could connect
            if isinstance(box, dict) and box.get("restartPolicy") != "Always":
                box.pop("ports", None)
        for box in items(pod.get("containers")):  # of its own it has one seldom, and never alone
            if isinstance(box, dict) and "restartPolicy" in box and "restartPolicy" not in pod:
                pod["restartPolicy"] = box.pop("restartPolicy")
        for box in containers_of(pod):
            _flags(box)
            for mount in _mounts(box):
                _hoist(pod, mount)


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
    for mount in [mount for box in containers_of(pod) for mount in _mounts(box)]:
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


def _hoist(pod: dict[str, Any], mount: dict[str, Any]) -> None:
    described = {key: mount.pop(key) for key in _VOLUMES & mount.keys()}
    volumes = pod.setdefault("volumes", []) if described else None
    if isinstance(volumes, list):
        known = [each.get("name") for each in volumes if isinstance(each, dict)]
        if mount["name"] not in known:
            volumes.append({"name": mount["name"], **described})


def _flags(box: dict[str, Any]) -> None:
    """Docker's words for them; and what begins with a flag is no program."""
    for said, name in _DOCKER:
        if said in box and name not in box:
            box[name] = box.pop(said)
    words = box.get("command")
    if isinstance(words, list) and words and "args" not in box and str(words[0]).startswith("-"):
        box["args"] = box.pop("command")


def _mounts(box: dict[str, Any]) -> list[dict[str, Any]]:
    held = items(box.get("volumeMounts"))
    return [m for m in held if isinstance(m, dict) and isinstance(m.get("name"), str)]
