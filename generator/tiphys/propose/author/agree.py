"""Several answers to one request: the one that comes nearest to the others.

What a small model makes up it makes up another way when it is shown something else; what it has
understood stays.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tiphys.ports import Object
from tiphys.propose.author.types import Attempt

_KEYS = ("name", "containerPort", "port", "mountPath", "key", "ip")


def agreed(attempts: Sequence[Attempt]) -> Attempt:
    """The first of those without a known fault that the others, faulty ones too, are most like."""
    good = [each for each in attempts if each.rehearsal.good and not each.unsaid] or attempts[:1]
    return max(good, key=lambda each: sum(alike(each, other) for other in attempts))


def alike(one: Attempt, other: Attempt) -> float:
    """The share of fields with the same values, 1 where they say the same."""
    here, there = (
        {leaf for obj in each.objects for leaf in _leaves(obj, _id(obj))} for each in (one, other)
    )
    return len(here & there) / len(here | there) if here | there else 1.0


def _id(obj: Object) -> tuple[Any, ...]:
    return (obj.get("kind"), obj["metadata"].get("name"), obj["metadata"].get("namespace"))


def _leaves(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict) and value:
        for key, child in value.items():
            yield from _leaves(child, (*path, key))
    elif isinstance(value, list) and value:
        for number, child in enumerate(value):
            yield from _leaves(child, (*path, _place(child, number)))
    else:
        yield (*path, str(value))


def _place(item: Any, number: int) -> Any:
    """An item is known by its name, a word by itself: their order says little."""
    if isinstance(item, dict):
        return next((str(item[key]) for key in _KEYS if key in item), number)
    return number if isinstance(item, list) else str(item)
