"""A skill: a cached computation from values to manifests, with its signature and its test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Values = Mapping[str, Any]  # JSON values, validated by the skill's schema
Scope = Literal["namespaced", "cluster"]


@dataclass(frozen=True, slots=True)
class Waiver:
    """A fault that the skill's test need not notice, and why; `mutant` is an id, `*` any text."""

    mutant: str
    reason: str


@dataclass(frozen=True, slots=True)
class Skill:
    """A loaded, well-formed skill.

    `digest` is the git tree id of its folder ("" when loaded from loose files). `templates` maps
    file names to Jinja source, `examples` case names to values, `test` is the Chainsaw document's
    source. `scope` says whether its releases live in a namespace. `waivers` are for the negative
    control and shown to the person who reviews.
    """

    name: str
    description: str
    body: str
    scope: Scope
    schema: Mapping[str, Any]
    templates: Mapping[str, str]
    examples: Mapping[str, Values]
    test: str
    digest: str = ""
    license: str = ""
    compatibility: str = ""
    waivers: tuple[Waiver, ...] = ()

    @property
    def path(self) -> str:
        """The skill's folder inside a repository."""
        return f"skills/{self.name}"
