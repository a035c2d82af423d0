"""Values read out of a request in plain words, guided by a skill's signature; no model involved.

Every value must stand in the text in a form that its definition accepts, and each is returned with
the words that it was read from, so that a person can check it at a glance. What is stated twice
with different values is reported, not chosen; what would have to be guessed is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tiphys.propose.reading.amounts import read_amounts
from tiphys.propose.reading.coerce import coerce
from tiphys.propose.reading.figures import read_figures
from tiphys.propose.reading.flags import read_flags
from tiphys.propose.reading.forms import read_forms
from tiphys.propose.reading.last import read_last, read_like_its_image
from tiphys.propose.reading.model import Reading, merge_readings
from tiphys.propose.reading.names import read_acted_on, read_given_names, read_owned
from tiphys.propose.reading.namespaces import read_callers, read_namespace
from tiphys.propose.reading.ranges import read_ranges
from tiphys.propose.reading.sheet import Sheet
from tiphys.propose.reading.tokens import (
    read_choices,
    read_hosts,
    read_images,
    read_pairs,
    read_schedules,
)
from tiphys.propose.reading.words import read_words

__all__ = ["TEXT_LIMIT", "Reading", "merge_readings", "read_answer", "read_values"]

TEXT_LIMIT = 16 * 1024  # characters of one request or answer that are read

# The most telling forms come first: words that one step claims are closed to those after it.
_STEPS = (
    read_forms,
    read_callers,
    read_namespace,
    read_images,
    read_schedules,
    read_given_names,
    read_ranges,
    read_words,
    read_pairs,
    read_amounts,
    read_figures,
    read_choices,
    read_hosts,
    read_like_its_image,
    read_acted_on,
    read_owned,
    read_flags,
    read_last,
)


def read_values(text: str, schema: Mapping[str, Any], *, namespaces: Iterable[str] = ()) -> Reading:
    """Read `text` against a skill's schema.

    `namespaces` are names that exist already: "in shop" means a namespace only for one of them.
    """
    sheet = Sheet(text[:TEXT_LIMIT], schema, frozenset(namespaces))
    for step in _STEPS:
        step(sheet)
    return sheet.reading()


def read_answer(
    text: str, schema: Mapping[str, Any], asked: tuple[str, ...], *, namespaces: Iterable[str] = ()
) -> Reading:
    """Read an answer to questions about `asked`: a bare value answers a single question."""
    reading = read_values(text, schema, namespaces=namespaces)
    open_questions = [name for name in asked if name not in reading.values]
    if len(open_questions) != 1:
        return reading
    name = open_questions[0]
    bare = text.strip(" \t\r\n.\"'`")
    value = coerce(bare, name, schema["properties"][name])
    if value is None:
        return reading
    return Reading(
        {**reading.values, name: value}, {**reading.sources, name: bare}, reading.contradictions
    )
