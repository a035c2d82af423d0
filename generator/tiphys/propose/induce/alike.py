"""Whether a skill in the making is one that is merged already, by its structure alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tiphys.domain.errors import InvalidInput
from tiphys.domain.skill import Skill
from tiphys.library import parse_skill, render, strict_yaml

_KINDS = 0.5  # share of kinds that both must make
_NEAR = 0.75  # likeness from which on two skills are one


@dataclass(frozen=True, slots=True)
class Profile:
    """What a skill makes in its examples: kinds, fields with their kind, names of its values."""

    kinds: frozenset[str]
    fields: frozenset[str]
    values: frozenset[str]


def near_duplicate(files: Mapping[str, bytes], merged: Sequence[Skill]) -> str | None:
    """The name of the merged skill that these files are almost the same as, or None. InvalidInput.

    `files` are a skill's, relative to its folder. Texts and values play no part.
    """
    card = strict_yaml.load(files["SKILL.md"].split(b"---\n")[1], source="SKILL.md")
    own = profile(parse_skill(str(card["name"]), files))
    scored = [(likeness(own, profile(skill)), skill.name) for skill in merged]
    best = max(scored, default=(0.0, ""))
    return best[1] if best[0] >= _NEAR else None


def profile(skill: Skill) -> Profile:
    """The structure of a skill over all of its examples; what does not render is left out."""
    kinds: set[str] = set()
    fields: set[str] = set()
    for values in skill.examples.values():
        try:
            rendered = render(skill, values)
        except InvalidInput:
            continue
        for name, data in rendered.items():
            for found in strict_yaml.load_documents(data, source=name):
                kinds.add(found["kind"])
                fields.update(f"{found['kind']}{path}" for path in _paths(found))
    return Profile(frozenset(kinds), frozenset(fields), frozenset(skill.schema["properties"]))


def likeness(one: Profile, other: Profile) -> float:
    """0..1: mostly how many of the first one's fields the other makes, with its values' names."""
    if _share(one.kinds & other.kinds, one.kinds | other.kinds) < _KINDS:
        return 0.0
    kinds = _share(one.kinds & other.kinds, one.kinds | other.kinds)
    fields = _share(one.fields & other.fields, one.fields)
    back = _share(one.fields & other.fields, other.fields)
    values = _share(one.values & other.values, one.values)
    return 0.2 * kinds + 0.4 * fields + 0.2 * back + 0.2 * values


def _share(part: frozenset[str], whole: frozenset[str]) -> float:
    return len(part) / len(whole) if whole else 0.0


def _paths(value: Any, path: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for key, child in value.items():
            # Labels, settings and the like hold names of people's own.
            free = path.endswith((".labels", ".annotations", ".matchLabels", ".data", ".selector"))
            yield from _paths(child, f"{path}.*" if free else f"{path}.{key}")
    elif isinstance(value, list):
        for child in value:
            yield from _paths(child, f"{path}[]")
    else:
        yield path
