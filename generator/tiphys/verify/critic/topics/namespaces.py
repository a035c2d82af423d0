"""Where it lives: every object with a namespace is in one that was asked for."""

# ruff: noqa: E501 -- a list of alternatives reads better unbroken
from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from tiphys.verify.critic.language import SMALL_WORDS
from tiphys.verify.critic.model import Field, Remark, Requirement, contradicted, covered, undecided
from tiphys.verify.critic.wording import Words
from tiphys.verify.critic.world import CLUSTER_KINDS, World, at, name_of, namespace_of, text

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_FIRST = re.compile(
    rf"(?:\bnamespaces?|\bns(?![a-z0-9])|\bnamensraum|\bespace\s+de\s+noms|\bespacio\s+de\s+nombres|\bnaamruimte|(?<!\S)-n|--namespace)"
    rf"(?:\s+(?:is|named|called|should\s+be|must\s+be|name|ist|heißt|heisst|namens|est|nommé|appelé|es|llamado|é|chamado|è|chiamato|genaamd)\b)?"
    rf"\s*[:=]?\s*(?P<q>[`'\"*]*)"
    rf"(?P<name>{_LABEL})(?![\w])(?!\.\w)",
    re.IGNORECASE,
)
_LAST = re.compile(rf"(?P<q>[`'\"]?)(?<![\w.-])(?P<name>{_LABEL})[`'\"]?\s+namespace\b")
# "in the shop namespace using ..." has had its name.
_HAD = re.compile(rf"\b(?:in|into|to|from|inside|within)\s+the\s+[`'\"]?{_LABEL}[`'\"]?\s+\Z", re.I)
_LIST = re.compile(rf"\s*(?:,|and|or|und|&)\s+[`'\"]?({_LABEL})[`'\"]?(?![\w.-])")
_STOP = frozenset(
    "le la les el un une dans en im der die das und et y mit avec con il a an the own its it this that these those same new separate dedicated with and or of for to in on at is "
    "are be has have should must which where whose only called named per quota quotas each every one our "
    "their his her my your other another existing target right correct default-deny so as from by any "
    "all no not scoped level wide such some kubernetes current given proper k8s but if when we i you will "
    "whole entire complete full shared unchanged already exists too then please selector isolation label labels labelled labeled boundary "
    "policy policies name object objects admin admins itself themselves du lui um uma o os novo nova novos nouveau "
    "nouvelle nouveaux neu neue neuen neuer ein eine einen einem unser unserem nuevo nueva un una mismo misma même "
    "run runs deploy create make add install start launch put set give there "
    "propre eigen eigener eigenen próprio propio ce cet cette este esta seul only inside within too into onto".split()
)
_PEER = re.compile(
    r"\b(?:from|out\s+of|other|between|to\s+pods\s+in|clients?\s+in|callers?\s+in|pods\s+in|"
    r"reach(?:es)?|reached\s+by|talks?\s+to|connects?\s+to|access\s+to|lives?\s+in|traffic\s+(?:to|in)|only|scrape\w*)\s+"
    r"(?:the\s+|our\s+|pods\s+in\s+|of\s+|everything\s+in\s+|anything\s+in\s+|a\s+pod\s+in\s+)*[`'\"]?\Z",
    re.IGNORECASE,
)  # fmt: skip
_WITHIN = re.compile(r"\bin(?:to)?\s+(?:the\s+)?[`'\"]?\Z", re.IGNORECASE)
_LIVES = re.compile(r"\blives?\s+in\s+(?:the\s+)?[`'\"]?\Z", re.IGNORECASE)
_NOT = re.compile(r"\b(?:not|never|except|leave|don't\s+touch|unlike|instead\s+of|rather\s+than)\s+"
                  r"(?:in(?:to)?\s+|touch\s+)?(?:the\s+)?[`'\"]?\Z", re.IGNORECASE)  # fmt: skip


def rule(words: Words, world: World) -> Iterator[Remark]:
    """One remark a namespace named as a home, one a peer."""
    homes: dict[str, tuple[int, int]] = {}
    policies = bool(world.kinds("NetworkPolicy"))
    named = {name for name, _, _ in _named(words)}
    places = {namespace_of(o) for o in world.kinds("NetworkPolicy")}
    between = policies and len(named) > 1 and places <= named and len(places) == 1
    peers = {f.value for _, f in world.leaves if "namespaceSelector" in f.path}
    elsewhere: set[str] = set()  # "the account ci, which lives in x": that one may stand there
    for name, start, end in _named(words):
        before = words.before(start, 40)
        if _NOT.search(before):
            continue
        if _of_subject(world, name):
            continue  # where an account lives, which is looked at beside the account
        # A policy speaks of both its sides: what is not its own place is the other side.
        other = not _WITHIN.search(before) and name in peers - places
        if name not in places if between else other or _PEER.search(before):
            requirement = Requirement("namespace", name, words.quote(start, end))
            yield _peer(requirement, world)
            if _LIVES.search(before):
                elsewhere.add(name)
        else:
            homes.setdefault(name, (start, end))
    for name, span in homes.items():
        if len(homes) == 1:
            requirement = Requirement("namespace", name, words.quote(*span))
            yield _home(name, frozenset(elsewhere | _spoken(words, world) - named))(
                requirement, world
            )
        else:
            yield words.rule("namespace", name, span, _one_of(name, frozenset(homes)))


def _spoken(words: Words, world: World) -> set[str]:
    """Places of objects that the request says without calling them a namespace."""
    names = {name_of(o) for o in world.objects}
    places = {namespace_of(o) for o in world.objects} - names - {"", "default"}
    said = {p: re.compile(rf"(?<![\w./:-]){re.escape(p)}(?![\w/:-]|\.\w)") for p in places}
    return {p for p in said if any(not words.negated(m.start()) for m in words.find(said[p]))}


def _of_subject(world: World, name: str) -> bool:
    inside = {namespace_of(o) for o in world.objects}
    return name not in inside and any(
        key == "namespace" and ":subjects[" in field.path and field.value == name
        for key, field in world.leaves
    )


def _named(words: Words) -> Iterator[tuple[str, int, int]]:
    seen: set[int] = set()
    for regex in (_FIRST, _LAST):
        for match in words.find(regex):
            name = match["name"].lower()
            if name in _STOP | SMALL_WORDS and not match["q"].strip("*"):
                continue
            if regex is _LAST and words.foreign(match.start()) and not (match["q"] or "-" in name):
                continue  # other languages put the name behind the word
            if match["name"] != name or match.start("name") in seen:
                continue
            if regex is _FIRST and re.match(
                r"\s+namespace\b", words.raw[match.end() : match.end() + 12]
            ):
                continue
            if regex is _FIRST and _HAD.search(words.before(match.start(), 80)):
                continue
            seen.add(match.start("name"))
            yield name, match.start(), match.end()
            if match[0].lower().startswith("namespaces"):
                end = match.end()
                while more := _LIST.match(words.raw[end : end + 80]):
                    yield more[1], end + more.start(1), end + more.end(1)
                    end += more.end()


def _home(
    name: str, elsewhere: frozenset[str] = frozenset()
) -> Callable[[Requirement, World], Remark]:
    def ruling(requirement: Requirement, world: World) -> Remark:
        inside: list[Field] = []
        for obj in world.objects:
            kind = text(obj, "kind")
            if kind == "Namespace":
                if name_of(obj) == name:
                    inside.append(Field(at(obj, "metadata.name"), name))
                continue
            if kind in CLUSTER_KINDS or not kind:
                continue
            place = namespace_of(obj)
            field = Field(at(obj, "metadata.namespace"), place or "not set")
            if place == name:
                inside.append(field)
            elif place in elsewhere:
                continue
            elif place or "/" not in text(obj, "apiVersion") or kind in _KNOWN:
                return contradicted(requirement, field)
        if inside:
            return covered(requirement, inside[0])
        return undecided(requirement, "no object lives there, nor in a namespace that nobody named")

    return ruling


_KNOWN = frozenset(
    "Deployment StatefulSet DaemonSet ReplicaSet Job CronJob Ingress NetworkPolicy Role RoleBinding "
    "HorizontalPodAutoscaler PodDisruptionBudget".split()
)


def _one_of(name: str, homes: frozenset[str]) -> Callable[[Requirement, World], Remark]:
    """With several homes: what the words are about is in this one, anything else in some home."""

    def ruling(requirement: Requirement, world: World) -> Remark:
        if requirement.of:
            return _home(name)(requirement, World(world.workloads))
        found = None
        for obj in world.objects:
            own = name_of(obj) if text(obj, "kind") == "Namespace" else namespace_of(obj)
            where = "metadata.name" if text(obj, "kind") == "Namespace" else "metadata.namespace"
            if own == name:
                found = found or Field(at(obj, where), own)
            elif own and own not in homes and text(obj, "kind") != "Namespace":
                return contradicted(requirement, Field(at(obj, where), own))
        if found:
            return covered(requirement, found)
        others = {str(f.value) for k, f in world.leaves if k == "namespace"} - homes
        if (
            len(world.objects) == 1
            and name not in {f.value for f in world.strings}
            and len(homes) == 2
        ):
            inner = [f for k, f in world.leaves if k == "namespace" and ":spec" in f.path]
            if inner and others:
                return contradicted(requirement, inner[0])
        return _peer(requirement, world)

    return ruling


def _peer(requirement: Requirement, world: World) -> Remark:
    for field in world.strings:
        if field.value == requirement.value:
            return covered(requirement, field)
    return undecided(requirement, "no field names it")
