"""Disks: size, class, access mode, where they are mounted; or none at all."""

# ruff: noqa: E501 -- a list of alternatives reads better unbroken
from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from decimal import Decimal

from tiphys.verify.critic.language import SMALL_WORDS
from tiphys.verify.critic.model import (
    Field,
    Remark,
    Requirement,
    by_fields,
    contradicted,
    undecided,
)
from tiphys.verify.critic.quantities import parse_quantity, sizes
from tiphys.verify.critic.topics.resources import SIZE, is_storage
from tiphys.verify.critic.wording import Words, number
from tiphys.verify.critic.world import World, at, dig, many

_CLASS = re.compile(
    r"\bstorage\s?class(?!es)(?:\s?name)?(?:\s+(?:is|called|named|of))?\s*[:=]?\s*[`'\"]?(?P<a>[a-z0-9][a-z0-9.-]{0,100})"
    r"|\b(?:of\s+)?class\s+[`'\"](?P<c>[a-z0-9][a-z0-9.-]{0,100})[`'\"]"
    r"|[`'\"]?\b(?!(?:from|of|in|with|the|an?|our|to|on|by|via|as|for|its|that|this|is|and|or)\s)"
    r"(?P<b>[a-z0-9][a-z0-9.-]{0,100})[`'\"]?\s+storage\s?class\b",
    re.IGNORECASE,
)
_CLASS_STOP = frozenset("the a an and with of for default its our any same that this in on to is cluster's "
                        "cluster right proper no which what each whose where when so will must should can be as by has have "
                        "called named existing exists should via called from".split())  # fmt: skip
_OTHER_CLASS = re.compile(
    r"\b(?:ingress|priority|runtime|gateway|snapshot|device|resource)[\s-]*\Z", re.IGNORECASE
)
_MODE = re.compile(
    r"\bReadWriteMany\b|\bReadWriteOnce(?:Pod)?\b|\bReadOnlyMany\b|\bRWX\b|\bRWO\b|\bROX\b|\bRWOP\b",
    re.I,
)
_MODES = {
    "rwx": "ReadWriteMany",
    "rwo": "ReadWriteOnce",
    "rox": "ReadOnlyMany",
    "rwop": "ReadWriteOncePod",
}
_MOUNT = re.compile(
    r"\bmount(?:ed|s|ing)?(?:\s+(?:it|them|that|this|path))?(?:\s+(?!at\b|under\b|on\b|to\b|is\b)[\w-]+){0,5}?\s*(?:at|under|on|to|in|is|:|=)?\s*[`'\"]?(?P<a>/[\w./-]{1,200})"
    r"|\b(?:claim|volume|disk|[KMGT]i?B?|directory|class|storage|pvc|emptydir)\b[^.;\n/]{0,60}?\s(?:at|under|to|in|into|on)\s+[`'\"]?(?P<c>/[\w./-]{1,200})"
    r"|\b(?:data|files|disk|volume|storage)\s+(?:at|in|under|goes?\s+(?:in)?to)\s+[`'\"]?(?P<b>/[\w./-]{1,200})",
    re.IGNORECASE,
)
_NO_DISK = re.compile(
    r"\b(?:no|without(?:\s+an?y?)?|needs\s+no|not\s+need(?:\s+an?y?)?)\s+(?:persistent\s+)?"
    r"(?:disks?|storage|volumes?|pvc|persistence|volume\s+claims?|persistent\s+volume\s+claims?)\b",
    re.IGNORECASE,
)
_SCRATCH = re.compile(
    r"\b(?:scratch|temporary|temp|ephemeral|emptydir|in-memory|cache|local\s+disk)\b", re.IGNORECASE
)
_CLAIM = "PersistentVolumeClaim"


def rule(words: Words, world: World) -> Iterator[Remark]:
    """Everything about disks."""
    for match in words.find(SIZE):
        if is_storage(words, match, world):
            sure, maybe = sizes(number(match[1]), match[2])
            start, end = words.sentence(match.start())
            scratch = bool(
                _SCRATCH.search(
                    words.raw, max(start, match.start() - 60), min(end, match.end() + 30)
                )
            )
            yield words.rule("storage", match[0], match.span(), _size(sure, maybe, scratch=scratch))
    for match in words.find(_CLASS):
        name = (match["a"] or match["b"] or match["c"]).rstrip(".-").lower()
        other = _OTHER_CLASS.search(words.before(match.start(), 12))
        if name not in _CLASS_STOP | SMALL_WORDS and not other and not words.negated(match.start()):
            yield words.rule("storage", f"class {name}", match.span(), _class(name))
    for match in words.find(_MODE):
        mode = _MODES.get(match[0].lower(), match[0])
        if not words.negated(match.start()):
            yield words.rule("storage", mode, match.span(), _mode(mode))
    for match in words.find(_MOUNT):
        path = (match["a"] or match["b"] or match["c"]).rstrip("./") or "/"
        if not words.negated(match.start()):
            yield words.rule("storage", f"mounted at {path}", match.span(), _mounted(path))
    for match in words.find(_NO_DISK):
        yield words.rule("none", "storage", match.span(), _nothing)


def _claims(world: World, *path: str | int) -> list[Field]:
    found = world.fields((_CLAIM,), "spec", *path)
    for obj in world.kinds("StatefulSet"):
        for i, claim in enumerate(many(obj, "spec", "volumeClaimTemplates")):
            if (value := dig(claim, "spec", *path)) is not None:
                shown = ".".join(str(p) for p in path)
                found.append(Field(at(obj, f"spec.volumeClaimTemplates[{i}].spec.{shown}"), value))
    for place, i, volume in _volumes(world):
        if (value := dig(volume, "ephemeral", "volumeClaimTemplate", "spec", *path)) is not None:
            found.append(Field(f"{place}[{i}].ephemeral", value))
    return found


def _volumes(world: World) -> list[tuple[str, int, object]]:
    return [
        (field.path, i, volume)
        for field in world.pod_fields("volumes")
        if isinstance(field.value, list)
        for i, volume in enumerate(field.value)
    ]


def _foreign(world: World) -> bool:
    """Whether a pod uses a claim that is not among the objects."""
    own = {dig(o, "metadata", "name") for o in world.kinds(_CLAIM)}
    used = {dig(v, "persistentVolumeClaim", "claimName") for _, _, v in _volumes(world)} - {None}
    return bool(used - own)


def _missing(requirement: Requirement, world: World) -> Remark:
    if _foreign(world):
        return undecided(requirement, "the claim is not among the objects")
    if world.kinds("Deployment", "StatefulSet", "Pod"):
        return Remark(requirement, "contradicted", "", "nothing claims storage")
    return undecided(requirement, "no object claims storage")


def _size(
    sure: tuple[Decimal, ...], maybe: tuple[Decimal, ...], *, scratch: bool
) -> Callable[[Requirement, World], Remark]:
    def same(value: object) -> bool | None:
        found = parse_quantity(value)
        if found is None or found in sure:
            return found is not None or None
        return None if found in maybe else False

    def ruling(requirement: Requirement, world: World) -> Remark:
        fields = _claims(world, "resources", "requests", "storage")
        fields += world.fields(("PersistentVolume",), "spec", "capacity", "storage")
        fields += world.fields(("ResourceQuota",), "spec", "hard", "requests.storage")
        empty = [
            Field(f"{path}[{i}].emptyDir.sizeLimit", size)
            for path, i, volume in _volumes(world)
            if (size := dig(volume, "emptyDir", "sizeLimit")) is not None
        ]
        empty += world.container_fields("resources", "limits", "ephemeral-storage")
        if scratch:
            nothing = undecided(requirement, "no volume has a size")
            return by_fields(requirement, [*fields, *empty], same, nothing)
        return by_fields(requirement, fields, same, _missing(requirement, world))

    return ruling


def _class(name: str) -> Callable[[Requirement, World], Remark]:
    def ruling(requirement: Requirement, world: World) -> Remark:
        fields = _claims(world, "storageClassName")
        fields += world.fields(("StorageClass",), "metadata", "name")
        nothing = _missing(requirement, world)
        if sizes_ := _claims(world, "resources", "requests", "storage"):
            path = sizes_[0].path.replace("resources.requests.storage", "storageClassName")
            nothing = contradicted(requirement, Field(path, "not set"))
        return by_fields(requirement, fields, lambda value: value == name, nothing)

    return ruling


def _mode(mode: str) -> Callable[[Requirement, World], Remark]:
    def ruling(requirement: Requirement, world: World) -> Remark:
        return by_fields(
            requirement,
            _claims(world, "accessModes"),
            lambda value: (
                isinstance(value, list) and mode.lower() in [str(v).lower() for v in value]
            ),
            _missing(requirement, world),
        )

    return ruling


def _mounted(path: str) -> Callable[[Requirement, World], Remark]:
    def ruling(requirement: Requirement, world: World) -> Remark:
        fields = [
            Field(f"{c.path}.volumeMounts[{i}].mountPath", dig(mount, "mountPath"))
            for c in world.containers
            for i, mount in enumerate(many(c.spec, "volumeMounts"))
        ]
        nothing = undecided(requirement, "no object runs a container")
        if world.containers:
            nothing = contradicted(
                requirement, Field(f"{world.containers[0].path}.volumeMounts", "not set")
            )
        return by_fields(requirement, fields, lambda v: _there(str(v), path), nothing)

    return ruling


def _there(found: str, path: str) -> bool | None:
    """None for a file or folder within: files of a folder may be put there one by one."""
    found, path = found.rstrip("/"), path.rstrip("/")
    return True if found == path else None if found.startswith(f"{path}/") else False


def _nothing(requirement: Requirement, world: World) -> Remark:
    if fields := _claims(world, "accessModes") or _claims(world, "resources"):
        return contradicted(requirement, fields[0])
    if not world.objects:
        return undecided(requirement, "there is no object")
    return Remark(requirement, "covered", "", "nothing claims storage")
