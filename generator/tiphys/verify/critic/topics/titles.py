"""Objects by kind and quoted name, whatever the kind: called exactly that, and in their place."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tiphys.verify.critic.model import Field, Remark, Requirement, contradicted, covered
from tiphys.verify.critic.wording import Words
from tiphys.verify.critic.world import CLUSTER_KINDS, Obj, World, at, name_of, namespace_of, text

_NAME = r"[`'\"](?P<name>[a-z0-9][a-z0-9.-]{0,200})[`'\"]"
_PLACE = re.compile(
    r"\s*,?\s*\(?(?:in|into|of|for)?\s*(?:the\s+)?(?:namespace|ns)\s*[:=]?\s*[`'\"]?(?P<name>[a-z0-9][a-z0-9-]*)(?![\w.-]*/)",
)
_IN_TEAM = re.compile(
    r"\b[Ii]n\s+(?:(?:namespace|ns)\s+)?[`'\"]?(?P<name>[a-z0-9]+(?:-[a-z0-9]+)+)[`'\"]?\s*:\s*\Z"
)
_THERE = re.compile(
    r"\b(?:exist\w*|already|is\s+there|are\s+there|there\s+already|built[\s-]?in|managed\s+by|current)\b",
    re.IGNORECASE,
)
_EXISTING = re.compile(
    r"\b(?:existing|current|old|behind|to|from|via|through|like|using|uses?|under|runs?\s+as|of|for|by|with)\s+(?:the\s+|our\s+|its\s+|a\s+)*(?:\w+\s+)?\Z",
    re.IGNORECASE,
)
_STOP = frozenset("is for of the and with name selector label labels".split())


def rule(words: Words, world: World) -> Iterator[Remark]:
    """Each kind that is among the objects, followed by a name in quotes."""
    for kind in dict.fromkeys(text(o, "kind") for o in world.objects):
        if not kind:
            continue
        spoken = re.sub(r"(?<=[a-z])(?=[A-Z])", r"[\\s-]?", kind)
        regex = re.compile(rf"\b(?i:{spoken})\s*(?:called\s+|named\s+|:\s*)?{_NAME}")
        for match in words.find(regex):
            yield from _object(words, world, kind, match)
    for obj in world.objects:  # "In team-b: "that" is such a line
        regex = re.compile(rf"[`'\"]{re.escape(name_of(obj)[:253])}[`'\"]")
        for match in words.find(regex) if name_of(obj) and namespace_of(obj) else ():
            place = _IN_TEAM.search(words.raw[max(0, match.start() - 60) : match.start()])
            if place and [name_of(o) for o in world.objects].count(name_of(obj)) == 1:
                yield from _placed(words, obj, place["name"], match)


def _object(words: Words, world: World, kind: str, match: re.Match[str]) -> Iterator[Remark]:
    own, name = world.kinds(kind), match["name"]
    found = [o for o in own if name_of(o) == name]
    sentence = words.raw[slice(*words.sentence(match.start()))]
    asked = Requirement("name", name, words.quote(*match.span()), kind)
    if not found:
        before = words.before(match.start(), 24)
        elsewhere = any(field.value == name for field in world.strings)
        aside = elsewhere or _THERE.search(sentence) or _EXISTING.search(before)
        if not aside and not words.negated(match.start()) and len(own) == 1:
            yield contradicted(asked, Field(at(own[0], "metadata.name"), name_of(own[0])))
        return
    yield covered(asked, Field(at(found[0], "metadata.name"), name))
    if kind in CLUSTER_KINDS or len(found) > 1:
        return
    place = _PLACE.match(words.after(match.end(), 60))
    place = place or _IN_TEAM.search(words.raw[max(0, match.start() - 60) : match.start()])
    if place and place["name"] not in _STOP:
        yield from _placed(words, found[0], place["name"], match)


def _placed(words: Words, obj: Obj, place: str, match: re.Match[str]) -> Iterator[Remark]:
    asked = Requirement("namespace", place, words.quote(*match.span()), name_of(obj))
    field = Field(at(obj, "metadata.namespace"), namespace_of(obj) or "not set")
    if namespace_of(obj) == place:
        yield covered(asked, field)
    elif namespace_of(obj):
        yield contradicted(asked, field)
