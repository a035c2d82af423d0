"""That a widened skill keeps what it made, and makes what it was widened for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tiphys.domain.errors import InvalidInput
from tiphys.domain.skill import Skill
from tiphys.library import render
from tiphys.propose.induce.compose import plain, same
from tiphys.propose.induce.fitting import objects_of
from tiphys.propose.induce.model import Else, Expression, Joined, Ref


@dataclass
class Widened:
    """Files that change, and the values of the new example."""

    files: dict[str, bytes] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)


def check(skill: Skill, widened: Widened, target: Mapping[str, bytes]) -> None:
    """Old examples render the same bytes, the new one what is wanted. InvalidInput."""
    schema = json.loads(widened.files["values.schema.json"])
    changed = {
        path.removeprefix("templates/").removesuffix(".j2"): data.decode()
        for path, data in widened.files.items()
        if path.startswith("templates/")
    }
    after = replace(
        skill, schema=schema, templates=dict(sorted({**skill.templates, **changed}.items()))
    )
    for case, values in skill.examples.items():
        if render(after, values) != render(skill, values):
            raise InvalidInput(f"{skill.path} can't be widened: its example {case} would change")
    made, wanted = objects_of(render(after, widened.values)), objects_of(target)
    for key in {**made, **wanted}:
        one, other = (plain(found.get(key), key[0]) for found in (made, wanted))
        if not same(one, other):
            raise InvalidInput(f"{skill.path} can't be widened: {key[0]} would not come out right")


def with_names(expression: Expression, new: Mapping[str, str]) -> Expression:
    """The expression with parameters renamed."""
    match expression:
        case Ref(name):
            return Ref(new.get(name, name))
        case Else(name, other):
            return Else(new.get(name, name), Ref(new.get(other.name, other.name)))
        case Joined(parts):
            return Joined(
                tuple(p if isinstance(p, str) else Ref(new.get(p.name, p.name)) for p in parts)
            )
    return expression


def free_name(name: str, taken: Any) -> str:
    """The name, or one like it that is not taken."""
    free, number = name, 2
    while free in taken:
        free, number = f"{name}-{number}" if "-" in name else f"{name}{number}", number + 1
    return free
