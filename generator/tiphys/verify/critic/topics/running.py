"""How a pod runs: as whom, with what it may write to, and on which nodes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from tiphys.verify.critic.model import (
    Field,
    Remark,
    Requirement,
    by_fields,
    contradicted,
    undecided,
)
from tiphys.verify.critic.wording import Words
from tiphys.verify.critic.world import World, at, dig, many, text, walk_maps

_RUN_AS = re.compile(
    r"\b(?:run(?:s|ning)?\s+as\s+(?:user|uid)|uid|user\s+id|runAsUser)\s*[:=]?\s*(?P<id>\d{1,10})\b",
    re.I,
)
_NON_ROOT = re.compile(
    r"\b(?:no|not|never|without|non)[\s-]+(?:[a-z]+\s+){0,2}?root\b(?!\s*file)|\brunAsNonRoot\b|\bunprivileged\b|"
    r"\broot\s+(?:is\s+|ist\s+)?(?:forbidden|verboten|not\s+allowed|prohibited|banned)\b",
    re.IGNORECASE,
)
_NODES = re.compile(
    r"\b(?P<lead>(?:[\w']+\s+){0,5}?)nodes?\s+(?:that\s+are\s+)?(?:labell?ed|with(?:\s+the)?\s+labels?|with|carrying|where|having|that\s+have)\s+"
    r"(?:the\s+label\s+)?[`'\"]?(?P<key>[A-Za-z][\w./-]{0,120})(?:=|\s+is\s+|:\s?)[`'\"]?(?P<value>[\w.-]{1,63})",
    re.IGNORECASE,
)
_AWAY = re.compile(r"\b(?:away|not|never|avoid|except|off|no)\b", re.IGNORECASE)
_READ_ONLY = re.compile(r"\bread-?only\s+(?:root\s*)?(?:file\s?system|fs)\b", re.IGNORECASE)


def rule(words: Words, _world: World) -> Iterator[Remark]:
    """Users, the root file system, then the labels of nodes."""
    yield from _security(words)
    for match in words.find(_NODES):
        key, value = match["key"], match["value"].rstrip(".-")
        away = bool(_AWAY.search(match["lead"]))
        said = f"{'not ' if away else ''}{key}={value}"
        yield words.rule("placement", said, match.span(), _placed(key, value, away=away))


def _security(words: Words) -> Iterator[Remark]:
    for match in words.find(_RUN_AS):
        yield words.rule(
            "security",
            f"user {match['id']}",
            match.span(),
            _pod_says(("runAsUser",), int(match["id"])),
        )
    if found := _NON_ROOT.search(words.raw):
        yield words.rule("security", "not root", found.span(), _not_root)
    if found := _READ_ONLY.search(words.raw):
        yield words.rule(
            "security", "read-only root", found.span(), _pod_says(("readOnlyRootFilesystem",), True)
        )


def _pod_says(path: tuple[str, ...], wanted: object) -> Callable[[Requirement, World], Remark]:
    def ruling(requirement: Requirement, world: World) -> Remark:
        own = world.container_fields("securityContext", *path)
        if path == ("readOnlyRootFilesystem",) and world.main_containers:  # a pod has no such field
            if len(own) < len(world.main_containers) and not own:
                place = f"{world.main_containers[0].path}.securityContext.{path[0]}"
                return contradicted(requirement, Field(place, "not set"))
            return by_fields(requirement, own, lambda v: v == wanted, undecided(requirement, ""))
        fields = (
            own
            if len(own) == len(world.main_containers)
            else [*own, *world.pod_fields("securityContext", *path)]
        )
        nothing = undecided(requirement, "no object runs a container")
        if world.main_containers:
            nothing = contradicted(
                requirement,
                Field(f"{world.main_containers[0].path}.securityContext.{path[0]}", "not set"),
            )
        for field in fields:
            if field.value != wanted:
                return contradicted(requirement, field)
        return by_fields(requirement, fields, lambda v: v == wanted, nothing)

    return ruling


def _not_root(requirement: Requirement, world: World) -> Remark:
    users = world.container_fields("securityContext", "runAsUser")
    users += world.pod_fields("securityContext", "runAsUser")
    for field in users:
        if field.value == 0:
            return contradicted(requirement, field)
    said = _pod_says(("runAsNonRoot",), True)(requirement, world)
    if said.ruling == "contradicted" and users and said.found == "not set":
        return by_fields(requirement, users, lambda v: v != 0, said)
    return said


def _placed(key: str, value: str, *, away: bool) -> Callable[[Requirement, World], Remark]:
    """By node selector or required affinity; `away`: kept off such nodes."""

    def ruling(requirement: Requirement, world: World) -> Remark:
        for field in world.pod_fields("nodeSelector", key):
            if (field.value == value) is away:
                return contradicted(requirement, field)
            return Remark(requirement, "covered", field.path, value)
        for field in world.pod_fields("affinity", "nodeAffinity"):
            for path, inner in walk_maps(field.value):
                if dig(inner, "key") != key or not isinstance(dig(inner, "operator"), str):
                    continue
                among = value in [str(v) for v in many(inner, "values")]
                inside = {"In": among, "NotIn": not among, "Exists": True, "DoesNotExist": False}
                if (allowed := inside.get(text(inner, "operator"))) is not None:
                    place = Field(f"{field.path}{path}.operator", text(inner, "operator"))
                    if not allowed if away else allowed:
                        return Remark(requirement, "covered", place.path, place.value)
                    return contradicted(requirement, place)
        if world.workloads:
            place = Field(at(world.workloads[0], "nodeSelector"), f"without {key}")
            return contradicted(requirement, place)
        return undecided(requirement, "no object runs pods")

    return ruling
