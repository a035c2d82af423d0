"""Values that stand at the wrong one of several like things: ports, containers, volumes, backends.

No grammar of fields is needed: where the objects hold several named things side by side and a value
at only one of them, the words around that value in the request must not speak of another.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from tiphys.verify.critic.model import Field, Remark, Requirement, contradicted, covered
from tiphys.verify.critic.wording import Words
from tiphys.verify.critic.world import World, at, dig, many, name_of, pod_path, text, walk

_GROUPS = 60
_MEMBERS = 24
_VALUES = 40
_MENTIONS = 20
_CUT = re.compile(r"[,;()\n]|\.(?=\s|\Z)|\s-\s|\b(?:and|while|whereas|but|plus|then)\b")
_ASIDE = re.compile(r"[`'\"]?\s*\([^()\n]{1,40}\)")
_LISTED = re.compile(r"\band\s+[`'\"]?\Z")
_SMALL = "zero one two three four five six seven eight nine ten eleven twelve".split()
_UNIT = re.compile(r"(\d+)([KMGT])i\Z")
# Fields that say how, not what: their values are spoken of near anything.
_DULL = frozenset(
    "protocol apiVersion kind group apiGroup pathType imagePullPolicy operator effect type "
    "readOnly namespace".split()
)
_COMMON = frozenset({"true", "false", "tcp", "udp", "0", "1", "prefix", "always", "none", "name"})


@dataclass(frozen=True, slots=True)
class _Member:
    """One of several: what it goes by, and each value with its path."""

    ids: tuple[str, ...]
    values: Mapping[str, str]


def rule(words: Words, world: World) -> Iterator[Remark]:
    """One remark for each value that two members are told apart by."""
    for members in islice(_groups(world), _GROUPS):
        if 1 < len(members) <= _MEMBERS and len({m.ids for m in members}) > 1:
            yield from _told_apart(words, members)


def _told_apart(words: Words, members: list[_Member]) -> Iterator[Remark]:
    spans = [
        (start, end, n)
        for n, member in enumerate(members)
        for each in member.ids
        for start, end in _mentions(words, each)
    ]
    if len({n for _, _, n in spans}) < 2:
        return
    for n, member in enumerate(members):
        for value, path in islice(member.values.items(), _VALUES):
            if any(value in other.values for m, other in enumerate(members) if m != n):
                continue
            if any(value in m.ids or any(value in i for i in m.ids) for m in members):
                continue
            found = [
                (near, sure, span)
                for span in _mentions(words, value)
                for near, sure in [_near(words, span, spans)]
                if near
            ]
            if not found:
                continue
            start, end = found[0][2]
            requirement = Requirement("place", value, words.quote(max(0, start - 24), end))
            if any(n in near for near, _, _ in found):
                yield covered(requirement, Field(path, value))
            elif all(sure and len(near) == 1 for near, sure, _ in found):
                other = members[min(found[0][0])].ids[0]
                yield contradicted(requirement, Field(path, f"{value}, which belongs to {other}"))


def _near(
    words: Words, span: tuple[int, int], spans: list[tuple[int, int, int]]
) -> tuple[frozenset[int], bool]:
    """Which members the words around a value speak of, and whether that is sure.

    It is where both stand in one clause that is no part of a list, as "user and pass into A and B"
    is, or where the sentence has spoken of one member only so far.
    """
    first, last = words.sentence(span[0])
    begin = max((m.end() for m in _CUT.finditer(words.raw, first, span[0])), default=first)
    stop = next((m.start() for m in _CUT.finditer(words.raw, span[1], last)), last)
    inside = frozenset(n for s, e, n in spans if begin <= s and e <= stop and s != span[0])
    if aside := _ASIDE.match(words.raw, span[1], last):
        spoken = frozenset(n for s, e, n in spans if aside.start() < s and e <= aside.end())
        if spoken:
            return spoken, True  # "8080 (http)"
    if inside:
        return inside, not _LISTED.search(words.raw, max(first, begin - 5), span[0])
    before = [(s, n) for s, _, n in spans if first <= s < begin]
    if not before:
        return frozenset(), False
    latest = max(before)[0]
    later = any(span[1] <= s < min(last, span[1] + 60) for s, _, _ in spans)
    return frozenset(n for s, n in before if s == latest), len(
        {n for _, n in before}
    ) == 1 and not later


def _mentions(words: Words, value: str) -> list[tuple[int, int]]:
    raw = words.raw
    forms = [re.escape(value)]
    if found := _UNIT.match(value):
        forms = [rf"{found[1]}\s?{found[2]}(?:i|iB|B)?"]
    elif value.isdigit() and int(value) < len(_SMALL):
        forms.append(_SMALL[int(value)])
    elif value not in raw:
        return []
    regex = re.compile(rf"(?<![\w./:@=-])(?:{'|'.join(forms)})(?![\w/@-]|[.:]\w)")
    return [match.span() for match in islice(regex.finditer(raw), _MENTIONS)]


def _groups(world: World) -> Iterator[list[_Member]]:
    """Objects of one kind, and elements of one list, as far as they have names."""
    for kind in dict.fromkeys(text(obj, "kind") for obj in world.objects):
        alike = [obj for obj in world.kinds(kind) if name_of(obj)]
        if kind not in ("", "Secret") and len(alike) > 1:
            yield [_whole(obj) for obj in alike]
    for obj in world.objects:
        stack: list[tuple[str, Any]] = [("", obj)]
        while stack:
            path, inner = stack.pop()
            if isinstance(inner, Mapping):
                stack += [(f"{path}.{k}".lstrip("."), v) for k, v in inner.items()]
            elif isinstance(inner, list):
                stack += [(f"{path}[{i}]", v) for i, v in enumerate(inner)]
                key = path.rpartition(".")[2]
                members = [
                    _member(obj, key, f"{path}[{i}]", each)
                    for i, each in enumerate(inner)
                    if isinstance(each, Mapping)
                ]
                if len(members) > 1 and all(m.ids for m in members):
                    yield members


def _whole(obj: Mapping[str, Any]) -> _Member:
    values = {
        str(value): at(obj, path)
        for path, value in walk(obj)
        if isinstance(value, str | int)
        and not isinstance(value, bool)
        and path.rpartition(".")[2].partition("[")[0] not in _DULL - {"namespace"}
        and path != "metadata.name"
        and str(value).lower() not in _COMMON
    }
    return _Member((name_of(obj),), values)


def _member(obj: Mapping[str, Any], key: str, path: str, each: Mapping[str, Any]) -> _Member:
    names = {
        "paths": ("path",), "volumeMounts": ("mountPath",), "rules": ("host",), "hosts": (),
    }.get(key, ("name",))  # fmt: skip
    ids = [text(each, name) for name in names] + [text(each, "metadata", "name")]
    values: dict[str, str] = {}
    for inner, value in walk(each):
        last = inner.rpartition(".")[2].partition("[")[0]
        if inner in names or inner == "metadata.name" or last in _DULL:
            continue
        if isinstance(value, str | int) and not isinstance(value, bool):
            plain = str(value)
            if plain.lower() not in _COMMON and 0 < len(plain) <= 100:
                values.setdefault(plain, at(obj, f"{path}.{inner}"))
    if key == "volumeMounts":
        values = {v: p for v, p in values.items() if not p.endswith(".name")}
        for index, volume in enumerate(many(obj, *pod_path(obj), "volumes")):
            if dig(volume, "name") == each.get("name"):
                place = at(obj, f"{'.'.join(pod_path(obj))}.volumes[{index}]")
                for inner, value in walk(volume):
                    if isinstance(value, str) and inner.endswith(("claimName", "Name", ".name")):
                        values.setdefault(value, f"{place}.{inner}")
    return _Member(tuple(i for i in ids if i), values)
