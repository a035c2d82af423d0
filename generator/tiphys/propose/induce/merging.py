"""Anti-unification: the objects of several cases laid over each other, equal beside equal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tiphys.propose.induce.model import ABSENT, Branch, Leaf, Node, Path, Piece, Row, Variables
from tiphys.propose.induce.reading import Case, Source

_IDENTITY = ("name", "key", "mountPath", "containerPort", "port", "host", "path", "type", "kind")
_WHOLE = frozenset({"command", "args"})
_MARK = "\0"


def merge_cases(cases: Sequence[Case]) -> tuple[Piece, ...]:
    """One piece for each object that any case has; those of case 0 first, in its order."""
    rows = _align_objects(cases)
    pieces = []
    for row in rows:
        source = next(each for each in row if each is not None)
        objects = tuple(ABSENT if each is None else each.object for each in row)
        tree = _merge(objects, (), tuple(case.name for case in cases), source.kind)
        named = tuple(ABSENT if each is None else each.name for each in row)
        version = str(source.object["apiVersion"])
        if isinstance(tree, Branch):  # objects are maps; mypy does not know
            pieces.append(Piece(source.file, source.kind, version, tree, named))
    return tuple(_distinct(pieces))


def likeness(one: Case, other: Case) -> float:
    """The share of objects with a partner of their kind, 0..1; 0 where the main ones differ."""
    if one.sources[one.primary].kind != other.sources[other.primary].kind:
        return 0.0
    rows = _align_objects([one, other])
    return sum(None not in row for row in rows) / len(rows)


def _distinct(pieces: Sequence[Piece]) -> list[Piece]:
    found: list[Piece] = []
    for piece in pieces:
        file, number = piece.file, 2
        while file in {each.file for each in found}:
            file, number = f"{piece.file}-{number}", number + 1
        found.append(replace(piece, file=file))
    return found


def _align_objects(cases: Sequence[Case]) -> list[list[Source | None]]:
    keyed = []
    for case in cases:
        kinds: dict[tuple[str, str], list[Source]] = {}
        for source in case.sources:
            kinds.setdefault((str(source.object["apiVersion"]), source.kind), []).append(source)
        keys: dict[tuple[Any, ...], Source] = {}
        for kind, sources in kinds.items():
            for source in sources:
                # The only one of its kind plays its part under any name.
                part = "" if len(sources) == 1 else _marked(source.name, case.name)
                keys[*kind, part] = source
        keyed.append(keys)
    return _rows(keyed)


def _rows(keyed: Sequence[Mapping[Any, Any]]) -> list[list[Any]]:
    """Aligned by key; what is left of one case takes the free places of its kind, in order."""
    order: list[Any] = []
    table: dict[Any, list[Any]] = {}
    for number, keys in enumerate(keyed):
        left = []
        before: Any = None
        for key, value in keys.items():
            if key in table:
                table[key][number] = value
                before = key
            else:
                left.append((before, key, value))
        free = [k for k in order if table[k][number] is None and k not in keys]
        for before, key, value in left:
            partner = next((k for k in free if _same_sort(k, key)), None)
            if partner is not None:
                free.remove(partner)
                table[partner][number] = value
                continue
            at = order.index(before) + 1 if before in order else len(order)
            order.insert(at, key)
            table[key] = [None] * len(keyed)
            table[key][number] = value
    return [table[key] for key in order]


def _same_sort(one: Any, other: Any) -> bool:
    """Whether only the part differs: names of the same kind, or values of the same field."""
    return bool(one[:-1] == other[:-1])


def _marked(text: Any, name: str) -> Any:
    return text.replace(name, _MARK) if isinstance(text, str) and name else text


def _merge(values: tuple[Any, ...], path: Path, names: tuple[str, ...], kind: str) -> Node:
    there = [value for value in values if value is not ABSENT]
    present = tuple(value is not ABSENT for value in values)
    key = path[-1] if path else ""
    if key in _WHOLE and all(_texts(value) for value in there):
        return Leaf(values)
    if path == ("data",) and kind == "ConfigMap" and all(_settings(value) for value in there):
        return Leaf(values)
    if key == "env" and all(_variables(value) for value in there):
        return Variables(
            tuple(v if v is ABSENT else {e["name"]: e["value"] for e in v} for v in values)
        )
    if all(isinstance(value, dict) for value in there):
        keys = _ordered([list(value) for value in there])
        items = {
            k: _merge(
                tuple(ABSENT if v is ABSENT else v.get(k, ABSENT) for v in values),
                (*path, k), names, kind,
            )
            for k in keys
        }  # fmt: skip
        return Branch(items, present)
    if all(isinstance(value, list) for value in there):
        rows = _align_items(values, names)
        if rows is not None:
            parts = tuple(_merge(tuple(r), (*path, i), names, kind) for i, r in enumerate(rows))
            return Row(parts, present)
    return Leaf(values)


def _align_items(values: Sequence[Any], names: Sequence[str]) -> list[list[Any]] | None:
    """Items of lists, a column for each case; None where the list is better taken as a whole."""
    there = [value for value in values if value is not ABSENT]
    if all(value == there[0] for value in there):
        return [[ABSENT if v is ABSENT else item for v in values] for item in there[0]]
    if not all(isinstance(item, dict) for value in there for item in value):
        same = len({len(value) for value in there}) == 1
        if same and not any(isinstance(item, dict | list) for value in there for item in value):
            return [[ABSENT if v is ABSENT else v[i] for v in values] for i in range(len(there[0]))]
        return None
    keyed = []
    for value, name in zip(values, names, strict=True):
        keys: dict[Any, Any] = {}
        for number, item in enumerate([] if value is ABSENT else value):
            field = next((f for f in _IDENTITY if isinstance(item.get(f), str | int)), "")
            key = (field, _marked(item.get(field), name) if field else number)
            keys[key if key not in keys else (field, number, _MARK)] = item
        keyed.append(keys)
    return [[ABSENT if each is None else each for each in row] for row in _rows(keyed)]


def _ordered(lists: Sequence[Sequence[str]]) -> list[str]:
    """Every key once, in the first list's order; others follow what stands before them."""
    order: list[str] = []
    for keys in lists:
        before = 0
        for key in keys:
            if key in order:
                before = order.index(key) + 1
            else:
                order.insert(before, key)
                before += 1
    return order


def _texts(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(v, str) for v in value)


def _settings(value: Any) -> bool:
    """Whether a map is one of KEY=VALUE settings, and not of files."""
    return isinstance(value, dict) and bool(value) and all(
        isinstance(v, str) and "\n" not in v and len(v) <= 1024 and "." not in k
        for k, v in value.items()
    )  # fmt: skip


def _variables(value: Any) -> bool:
    if not isinstance(value, list) or not value:
        return False
    plain = all(
        isinstance(each, dict)
        and set(each) == {"name", "value"}
        and isinstance(each["name"], str)
        and isinstance(each["value"], str)
        for each in value
    )
    return plain and len({each["name"] for each in value}) == len(value)
