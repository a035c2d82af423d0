"""Settle single fields by evidence: try what the request says, keep what the cluster bears out.

A model that can't fix a wrong number when told can be spared the attempt: the critic has named the
field and the words, and there are few values in a request. Nothing is kept on anybody's word.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import chain, filterfalse
from typing import Any

from tiphys.domain.rehearsal import Problem, Rehearsal
from tiphys.library.openapi import Field, Schemas
from tiphys.ports import Object
from tiphys.propose.author.fields import (
    Path,
    metadata_of,
    name_of,
    parse_path,
    value_at,
    with_value,
    without,
)
from tiphys.propose.author.literals import unused
from tiphys.propose.author.mend import scalar
from tiphys.propose.schedule import cron_from_words

_Change = tuple[Object, str]  # the object with it, and what was changed
_TRIES = 40
_TYPE = ("apiVersion", "kind")
_IDENTITY = ("metadata.name", "metadata.namespace")
_EACH = 8  # values for one field
_WORD = re.compile(r"[^\s,;()\"'`]+")
_QUOTED = re.compile(r"[\"'`]([^\"'`\n]{1,200})[\"'`]")
# As the server tells what it would take.
_ALLOWED = re.compile(r"(?:supported values: |must be (?:either|one of) )(.{1,300})")
_CHOICE = re.compile(r"\b(?!or\b)[A-Za-z][\w-]*")
_SIBLING = re.compile(r"([a-z][A-Za-z]+) ([\w.%]+)")
_REFERENCE = re.compile(
    r"(?:secret|claim|serviceAccount|class|service|policy)Name\Z", re.IGNORECASE
)
_PACE = (("initialDelaySeconds", 0), ("periodSeconds", 10))
_OPENING = re.compile(r"[A-Z][a-z]*[.:]?")  # of a sentence, as "The"
_QUANTITY = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGTPE]i?B?|m|k|millicores?|cores?)?\b")
_CRON = re.compile(r"(?<!\S)(?:[\d*/,-]+\s+){4}[\w*/,-]+")


def settle(
    request: str,
    objects: Sequence[Object],
    first: Rehearsal,
    *,
    schemas: Schemas,
    rehearse: Callable[[Sequence[Object]], Rehearsal],
    existing: Collection[tuple[str, str]] = (),
) -> tuple[list[Object], Rehearsal, tuple[str, ...]]:
    """The objects with fields changed for the better, what became of them, and what was changed.

    Those that are `existing`, by kind and name, keep their names; none becomes of another kind.
    """
    best, found = list(objects), first
    notes: list[str] = []
    unsaid = {*unused(request, best)}
    tries = _TRIES
    done: set[tuple[str, str]] = set()
    kept = {name_of(o) for o in best if (o["kind"], metadata_of(o).get("name")) in existing}
    while problem := _next(found, done):
        done.add((problem.object, problem.path))
        if problem.path in _TYPE or (problem.object in kept and problem.path.startswith(_IDENTITY)):
            continue
        for changed, words in _changes(request, best, problem, found, schemas, kept):
            if tries == 0:
                return best, found, tuple(notes)
            tries -= 1
            if (left := {*unused(request, changed)}) - unsaid:
                continue  # what the request says stood there: the requirement was misread
            seen = rehearse(changed)
            if seen.rank < found.rank:
                best, found, unsaid = changed, seen, left
                notes.append(words)
                done.clear()  # what did not help before may help now
                break
    return best, found, tuple(notes)


def _next(found: Rehearsal, done: set[tuple[str, str]]) -> Problem | None:
    for each in found.of("refused", "contradicted"):
        if each.object and each.path and (each.object, each.path) not in done:
            return each
    return None


def _changes(
    request: str,
    objects: Sequence[Object],
    problem: Problem,
    found: Rehearsal,
    schemas: Schemas,
    kept: Collection[str],
) -> Iterator[tuple[list[Object], str]]:
    number = next((n for n, o in enumerate(objects) if name_of(o) == problem.object), None)
    if number is None:
        return
    obj = objects[number]
    root = schemas.of(obj["apiVersion"], obj["kind"])
    path = parse_path(problem.path, obj, root)
    field = root.at(path) if root is not None and path else None
    if not path or root is None or field is None:
        return
    names = [str(metadata_of(each).get("name")) for each in objects if each is not obj]
    values = _values(request, problem, field, path)
    if str(value_at(obj, path)).startswith("/"):
        values = [each for each in values if str(each).startswith("/")]  # no word is a path
    values = values[:_EACH]
    grows = problem.object in kept and path[-2:-1] == ("hosts",)
    fitting = (*_times(obj, path, problem.wanted), *_called(names, path), *values)
    for made, words in chain(
        _contrary(obj, path, problem, root),
        _grown(obj, path, values) if grows else (),
        _set(obj, path, problem, fitting),
        _swapped(obj, path, problem, _beside(problem, found, obj, root)),
    ):
        yield _replaced(objects, number, made), words
    refused = problem.stage == "refused" or not problem.wanted
    if refused and (bare := without(obj, path)):
        yield _replaced(objects, number, bare), f"{problem.path} left out: {problem.words[:120]}"


def _contrary(obj: Object, path: Path, problem: Problem, root: Field) -> Iterator[_Change]:
    """The number is right and the field is its contrary: at least 2 may not be at most 2."""
    said = _SIBLING.fullmatch(problem.wanted)
    if said and said[1] != path[-1]:
        other = (*path[:-1], said[1])
        beside, bare = root.at(other), without(obj, path)
        value = scalar(said[2], beside) if beside is not None else None
        if bare and value is not None and (made := with_value(bare, other, value)):
            yield made, f"{said[1]} is {said[2]}, as asked for"


def _grown(obj: Object, path: Path, values: Sequence[Any]) -> Iterator[_Change]:
    """A further word in a set of what exists, whose words are in use."""
    end = len(value_at(obj, path[:-1]))
    for value in values:
        if made := with_value(obj, (*path[:-1], end), value):
            yield made, f"{value} is one more of {path[-2]}"


def _set(obj: Object, path: Path, problem: Problem, values: Sequence[Any]) -> Iterator[_Change]:
    for value in values:
        if value != value_at(obj, path) and (made := with_value(obj, path, value)):
            yield made, f"{problem.path} is {value!r}, as asked for"


def _swapped(
    obj: Object, path: Path, problem: Problem, places: Iterable[Path]
) -> Iterator[_Change]:
    for there in places:
        one, other = value_at(obj, path), value_at(obj, there)
        plain = not any(isinstance(each, dict | list) for each in (one, other))
        first = with_value(obj, path, other) if plain and one != other else None
        if first and (made := with_value(first, there, one)):
            yield made, f"{problem.path} changes places with another"


def _times(obj: Object, path: Path, wanted: str) -> Iterator[int]:
    """How often a probe may fail within the seconds that are wanted."""
    if path[-1] != "failureThreshold" or not wanted.isdecimal():
        return
    probe = value_at(obj, path[:-1])
    delay, period = (probe.get(key, usual) for key, usual in _PACE)
    if isinstance(delay, int) and isinstance(period, int) and period > 0:
        yield max(1, -((delay - int(wanted)) // period))


def _beside(problem: Problem, found: Rehearsal, obj: Object, root: Field) -> Iterator[Path]:
    """Where else the object is contradicted: two values may each stand in the other's place."""
    for each in found.of("contradicted"):
        same = each.object == problem.object and each.path != problem.path
        apart = not each.path.startswith(problem.path) and not problem.path.startswith(each.path)
        if same and apart and each.path and (path := parse_path(each.path, obj, root)):
            yield path


def _called(names: Sequence[str], path: Path) -> Sequence[str]:
    """What a reference may hold: the names of the other objects."""
    return names if _REFERENCE.search(str(path[-1])) or str(path[-2:-1]).count("Ref") else ()


def _replaced(objects: Sequence[Object], number: int, made: Object) -> list[Object]:
    return [made if n == number else each for n, each in enumerate(objects)]


def _values(request: str, problem: Problem, field: Field, path: Path) -> list[Any]:
    """Values that the field could hold, from the words of the requirement, then of the request."""
    found: list[Any] = []
    if allowed := _ALLOWED.search(problem.words):
        found += [scalar(each, field) for each in _CHOICE.findall(allowed[1])]
    found += [scalar(problem.wanted, field)] if field.type in ("string", "port") else []
    for text in (problem.wanted, request) if problem.wanted else (request,):
        found += [scalar(each, field) for each in _texts(text, field, path)]
    fitting = dict.fromkeys(each for each in found if _fits(each, field))
    # "500m" as it stands in the request, before 0.5 as the critic counts.
    word = field.type == "string"
    return sorted(
        fitting, key=lambda each: (word and each != problem.wanted, str(each) not in request)
    )


def _texts(text: str, field: Field, path: Path) -> Iterator[str]:
    if field.enum:
        low = text.lower()
        yield from (str(each) for each in field.enum if str(each).lower() in low)
        return
    if path[-1] == "schedule":
        yield from (" ".join(each.split()) for each in _CRON.findall(text))
        yield from (cron for _, _, cron in cron_from_words(text))
        return
    if field.type in ("quantity", "integer", "port", "number"):
        for number, unit in _QUANTITY.findall(text):
            yield f"{number}{unit.removesuffix('B')}" if field.type == "quantity" else number
    if field.type == "boolean":
        yield from ("true", "false")
    if field.type in ("string", "port"):
        yield from _QUOTED.findall(text)
        for word in filterfalse(_OPENING.fullmatch, _WORD.findall(text)):
            yield word.rstrip(".:")
            yield from (part for part in re.split(r"[=:]", word) if part != word)


def _fits(value: Any, field: Field) -> bool:
    if field.enum:
        return value in field.enum
    if field.type == "boolean":
        return isinstance(value, bool)
    if field.type == "integer":
        return isinstance(value, int)
    return value not in ("", None)
