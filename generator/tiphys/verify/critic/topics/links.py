"""Objects of one answer that should meet and do not: never used, or used as another kind."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tiphys.verify.critic.model import Field, Remark, Requirement, contradicted
from tiphys.verify.critic.wording import Words
from tiphys.verify.critic.world import World, at, dig, name_of, namespace_of, text

_QUOTE = "parts that belong together"
_BUILT_IN = frozenset({"view", "edit", "admin", "cluster-admin"})
# The last step of a reference, with the kind of what it names.
_KINDS = {
    "configMapRef.name": "ConfigMap",
    "configMapKeyRef.name": "ConfigMap",
    "configMap.name": "ConfigMap",
    "secretRef.name": "Secret",
    "secretKeyRef.name": "Secret",
    "secret.secretName": "Secret",
    "persistentVolumeClaim.claimName": "PersistentVolumeClaim",
}
_EVERYWHERE = {"kube-root-ca.crt"}
_USES = re.compile(
    r"\b(?:mount\w*|env\w*|variables?|reads?|reached|pods?\s+(?:get|gets|use|have|has)|gets?|uses?|used|takes?|from\s+there|with\s+(?:it|the\s+claim))\b",
    re.IGNORECASE,
)
_LATER = re.compile(
    r"\b(?:by\s+hand|later|separately|themselves|other\s+pods|nobody)\b", re.IGNORECASE
)


def rule(words: Words, world: World) -> Iterator[Remark]:
    """One contradiction for each that is sure."""
    for part in (_unused, _other_kind, _unknown, _roles, _volumes, _scalers):
        for field in part(words, world):
            yield contradicted(Requirement("wiring", "", _QUOTE), field)


def _references(world: World) -> list[tuple[str, str, Field]]:
    """(kind, namespace, the field) of each reference of a workload."""
    found = []
    for obj in world.workloads:
        own = World((obj,))
        for _, field in own.leaves:
            step = ".".join(field.path.rpartition(":")[2].split(".")[-2:])
            if (kind := _KINDS.get(re.sub(r"\[\d+\]", "", step))) and isinstance(field.value, str):
                found.append((kind, namespace_of(obj), field))
    return found


def _unused(words: Words, world: World) -> Iterator[Field]:
    """A class, map, Secret or claim beside workloads of its namespace, and none of them has it."""
    strings = {str(f.value) for k, f in world.leaves if not f.path.endswith(":metadata.name") and k}
    for obj in world.kinds("PriorityClass", "ConfigMap", "PersistentVolumeClaim"):
        kind, name = text(obj, "kind"), name_of(obj)
        near = [
            o
            for o in world.workloads
            if kind == "PriorityClass" or namespace_of(o) == namespace_of(obj)
        ]
        alike = [o for o in world.kinds(kind) if o is not obj]
        if kind == "ConfigMap" and world.kinds("Role", "ClusterRole"):
            continue  # it may be read by its name, over the API
        if not near or alike or name in strings or not words.has(_USES) or words.has(_LATER):
            continue
        yield Field(at(near[0], "spec"), f"without {kind} {name}")


def _other_kind(_words: Words, world: World) -> Iterator[Field]:
    """Looked up as a Secret, and among the objects it is a ConfigMap; or the other way round."""
    names = {k: {name_of(o) for o in world.kinds(k)} for k in ("ConfigMap", "Secret")}
    for kind, _, field in _references(world):
        other = {"ConfigMap": "Secret", "Secret": "ConfigMap"}.get(kind)
        if other and field.value in names[other] - names[kind]:
            yield Field(field.path, f"{field.value}, which is a {other}")


def _unknown(words: Words, world: World) -> Iterator[Field]:
    """A name that neither an object nor the request has, beside the one object that would fit."""
    for kind, _, field in _references(world):
        own = {name_of(o) for o in world.kinds(kind)}
        if (
            len(own) == 1
            and field.value not in own | _EVERYWHERE
            and not said(str(field.value), words.raw)
        ):
            yield field


def _roles(_words: Words, world: World) -> Iterator[Field]:
    roles = {name_of(o) for o in world.kinds("Role")}
    for obj in world.kinds("RoleBinding"):
        name = text(obj, "roleRef", "name")
        if text(obj, "roleRef", "kind") == "Role" and name in _BUILT_IN - roles:
            yield Field(at(obj, "roleRef.kind"), f"Role, and {name} is a ClusterRole")


def _volumes(_words: Words, world: World) -> Iterator[Field]:
    """A claim and the volume that it names, of different classes, never meet."""
    volumes = {name_of(o): o for o in world.kinds("PersistentVolume")}
    for obj in world.kinds("PersistentVolumeClaim"):
        volume = volumes.get(text(obj, "spec", "volumeName"))
        if volume is None and len(volumes) == 1 == len(world.kinds("PersistentVolumeClaim")):
            volume = next(iter(volumes.values()))
        own = dig(obj, "spec", "storageClassName")
        if volume is not None and own is not None:
            other = dig(volume, "spec", "storageClassName") or ""
            if other != own:
                yield Field(at(volume, "spec.storageClassName"), other or "not set")


def _scalers(words: Words, world: World) -> Iterator[Field]:
    """What is scaled stands in the request, where it is not among the objects."""
    for obj in world.kinds("HorizontalPodAutoscaler") if not world.workloads else ():
        target = text(obj, "spec", "scaleTargetRef", "name")
        if target and not said(target, words.raw):
            yield Field(at(obj, "spec.scaleTargetRef.name"), target)


def said(name: str, raw: str) -> bool:
    """Whether the request has a name, however it is joined or spaced."""
    plain = re.sub(r"[-_.\s]", "", name).lower()
    return plain in re.sub(r"[-_.\s]", "", raw).lower()
