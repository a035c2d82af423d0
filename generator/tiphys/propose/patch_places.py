"""The fields of an object that a model may choose from, and values that fit them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tiphys.domain.errors import InvalidInput
from tiphys.library.patch_steps import Path, shown_path
from tiphys.ports import Object

_SHOWN = 60
_DEPTH = 16
_LONGEST = 4000
_SERVERS_OWN = ("status", "apiVersion", "kind")
_NUMBERS_OR_TEXT = ("port", "targetPort", "maxSurge", "maxUnavailable", "minAvailable")


@dataclass(frozen=True, slots=True)
class Place:
    """A field that may change; `item` is a list that may get one more."""

    path: Path
    now: Any = None
    present: bool = True
    item: bool = False

    def line(self, *, hidden: bool) -> str:
        """As the model sees it."""
        if self.item:
            return f"{shown_path(self.path)}[] (add an item)"
        if not self.present:
            return f"{shown_path(self.path)} (not there yet)"
        return f"{shown_path(self.path)} = {'(hidden)' if hidden else short(self.now)}"


def fitting(value: Any, place: Place) -> Any:
    """The value in the type that stands there; InvalidInput for none, or one of another shape."""
    if value is None or len(json.dumps(value)) > _LONGEST:
        raise InvalidInput("a value is needed, and a short one")
    now = place.now
    if place.item or not place.present or now is None or type(value) is type(now):
        return value
    if isinstance(now, str) and isinstance(value, int | float):
        return json.dumps(value)  # also of true: text stays text
    number = isinstance(now, int) and not isinstance(now, bool)
    if number and isinstance(value, str):
        if re.fullmatch(r"-?\d{1,12}", value):
            return int(value)
        if place.path[-1] in _NUMBERS_OR_TEXT:
            return value
    if isinstance(now, float) and isinstance(value, int) and not isinstance(value, bool):
        return value
    raise InvalidInput(f"{shown_path(place.path)} holds {short(now)}: give the same type")


def places(obj: Object, further: Sequence[Path]) -> list[Place]:
    """What is there, leaf by leaf and list by list, and what may be."""
    found: list[Place] = []
    for key, value in obj.items():
        if key not in _SERVERS_OWN:
            found += _inside(value, (key,))
    there = {place.path for place in found}
    frozen = {("metadata", "name"), ("metadata", "namespace")}
    found = [place for place in found if place.path not in frozen]
    return found + [Place(path, present=False) for path in further if path not in there]


def _inside(value: Any, path: Path) -> Iterator[Place]:
    if isinstance(value, dict) and value and len(path) < _DEPTH:
        if "=" in str(path[-1]):
            yield Place(path, value)
        for key, each in value.items():
            yield from _inside(each, (*path, str(key)))
    elif isinstance(value, list) and len(path) < _DEPTH:
        names = [each.get("name") if isinstance(each, dict) else None for each in value]
        for n, each in enumerate(value):
            named = names[n] is not None and names.count(names[n]) == 1
            yield from _inside(each, (*path, f"name={names[n]}" if named else n))
        yield Place(path, value, item=True)
    else:
        yield Place(path, value)


def short(value: Any, most: int = _SHOWN) -> str:
    """A value as JSON, cut where it is long."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= most else f"{text[:most]}..."
