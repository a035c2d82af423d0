"""What was read, and what several texts say together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text says about one signature.

    `values` maps properties to JSON values, `sources` to the words they were read from;
    `contradictions` maps properties to two or more readings, in the order of the text; `unused`
    holds figures that no property took.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    contradictions: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    unused: tuple[str, ...] = ()


def merge_readings(readings: Iterable[Reading]) -> Reading:
    """Later texts win over earlier ones, as in a conversation."""
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    contradictions: dict[str, tuple[Any, ...]] = {}
    unused: list[str] = []
    for reading in readings:
        for name in reading.values:
            contradictions.pop(name, None)
        values |= reading.values
        sources |= reading.sources
        contradictions |= reading.contradictions
        unused += reading.unused
    taken = {str(value) for value in values.values()}
    left = tuple(dict.fromkeys(word for word in unused if word not in taken))
    return Reading(values, sources, contradictions, left)
