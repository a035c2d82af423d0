"""What is told of an attempt, to the model and in traces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from tiphys.domain.rehearsal import Problem
from tiphys.library.openapi import Schemas
from tiphys.ports import Object
from tiphys.propose.author.fields import name_of, parse_path
from tiphys.propose.author.types import Attempt

_MOST_FIELDS = 3


def told(problems: Sequence[Problem]) -> tuple[str, ...]:
    """Problems in words, those that nobody can settle left out."""
    found = (
        f"{each.object}: {each.words}"
        if each.object and each.stage != "contradicted"
        else each.words
        for each in problems
        if each.stage != "open"
    )
    return tuple(dict.fromkeys(found))


def dump(objects: Sequence[Mapping[str, Any]]) -> str:
    """As YAML for people and models, in the order of the fields."""
    return yaml.safe_dump_all(objects, sort_keys=False, width=100).strip()


def described(attempt: Attempt, schemas: Schemas) -> list[str]:
    """What the server says about the places that it refuses."""
    found = []
    for each in attempt.rehearsal.of("refused", "contradicted"):
        obj = next((o for o in attempt.objects if name_of(o) == each.object), None)
        if obj is not None and each.path:
            found.append(_note(obj, each.path, schemas))
    return [each for each in dict.fromkeys(found) if each][:_MOST_FIELDS]


def _note(obj: Object, text: str, schemas: Schemas) -> str:
    root = schemas.of(obj["apiVersion"], obj["kind"])
    path = parse_path(text, obj, root)
    here = root.at(path) if root is not None and path else None
    if here is None:
        return ""
    said = " ".join(here.description.split())[:160]
    takes = ", ".join(list(here.fields)[:20])
    return f"{text}: {here.type}. {said}" + (f" Fields: {takes}." if takes else "")
