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
    mounts_of,
    pod_specs,
    value_at,
)
from tiphys.propose.author.types import Meant
from tiphys.propose.editing.targets import SCALABLE, TEMPLATES, WORKLOADS

_VOLUMES = frozenset(
    "configMap csi downwardAPI emptyDir ephemeral hostPath nfs persistentVolumeClaim projected"
    " secret".split()
)
_VERSIONS = {"Job": "batch/v1", "Pod": "v1"}  # of workloads; the others are apps/v1
_OF_PODS = ("labels", "annotations")
_DOCKER = (("entrypoint", "command"), ("cmd", "args"))
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


def as_asked(objects: Sequence[Object], asked: Collection[str]) -> list[Object]:
    """The objects; where one workload was asked for and another one made, it is what was asked."""
    made = [each for each in objects if each["kind"] in WORKLOADS]
    wanted = sorted(WORKLOADS.intersection(asked))
    if len(made) != 1 or len(wanted) != 1 or made[0]["kind"] in wanted or "CronJob" in wanted:
        return [*objects]
    return [_as(wanted[0], each) if each in made else each for each in objects]


def _as(kind: str, obj: Object) -> Object:
    """The same pods, run the way that the kind runs them."""
    spec = map_at(obj, "spec")
    if (obj["kind"], kind) == ("CronJob", "Job"):
        return {**obj, "kind": kind, "spec": map_at(spec, "jobTemplate", "spec")}
    path = TEMPLATES[obj["kind"]]
    template = value_at(obj, path) if path else obj
    inner = template if isinstance(template, dict) else {}
    metadata = {key: value for key, value in metadata_of(inner).items() if key in _OF_PODS}
    pod = {key: value for key, value in map_at(inner, "spec").items() if key != "restartPolicy"}
    made = {**obj, "apiVersion": _VERSIONS.get(kind, "apps/v1"), "kind": kind}
    if kind == "Pod":
        return {**made, "metadata": {**metadata, **metadata_of(obj)}, "spec": pod}
    kept = (*(("replicas",) if kind in SCALABLE else ()), "selector")
    own = {key: spec[key] for key in kept if key in spec and kind != "Job"}
    return {**made, "spec": {**own, "template": {"metadata": metadata, "spec": pod}}}


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
            for mount in mounts_of(box):
                _hoist(pod, mount)


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


def as_templates(objects: Sequence[Object]) -> list[Object]:
    """The objects; a claim that a StatefulSet mounts and describes nowhere is its template."""
    kept = [*objects]
    for each in (obj for obj in objects if obj["kind"] == "StatefulSet"):
        loose = _mounted_only(each)
        for claim in [o for o in kept if o["kind"] == "PersistentVolumeClaim"]:
            if (name := metadata_of(claim).get("name")) in loose:
                made = {"metadata": {"name": name}, "spec": claim.get("spec")}
                spec = map_at(each, "spec")
                spec["volumeClaimTemplates"] = [*items(spec.get("volumeClaimTemplates")), made]
                kept.remove(claim)
    return kept


def _mounted_only(stateful: Object) -> set[str]:
    """Names of volumes that it mounts and that neither it nor its pods describe."""
    templates = dicts(map_at(stateful, "spec").get("volumeClaimTemplates"))
    known = {str(found.get("name")) for found in templates}
    mounted = set()
    for pod in pod_specs(stateful):
        known |= {str(each.get("name")) for each in dicts(pod.get("volumes"))}
        mounted |= {m["name"] for box in containers_of(pod) for m in mounts_of(box)}
    return mounted - known
