"""Prompts: YAML files of the package with a version and Jinja texts, one file for each use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import jinja2

from tiphys.library import strict_yaml


@dataclass(frozen=True, slots=True)
class Prompt:
    """`id` is its name and version ("critic@1"), which a trailer or a trace can pin."""

    id: str
    _parts: Mapping[str, jinja2.Template]

    def render(self, part: str, /, **values: Any) -> str:
        """One of its texts, filled in; a value that is missing is an error."""
        return self._parts[part].render(values).strip()


def load_folder(name: str) -> tuple[Any, ...]:
    """What each YAML file of that folder of prompts holds, by file name."""
    held = resources.files("tiphys").joinpath(f"prompts/{name}").iterdir()
    files = sorted((each for each in held if each.name.endswith(".yaml")), key=lambda e: e.name)
    texts = ((f"prompts/{name}/{each.name}", each.read_text("utf-8")) for each in files)
    return tuple(strict_yaml.load(text, source=source) for source, text in texts)


@cache
def load_prompt(name: str) -> Prompt:
    """The prompt of that name."""
    source = resources.files("tiphys").joinpath(f"prompts/{name}.yaml").read_text("utf-8")
    loaded = strict_yaml.load(source, source=f"prompts/{name}.yaml")
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701  # plain text; what is untrusted is marked as data
        trim_blocks=True,
        lstrip_blocks=True,
    )
    texts = {part: text for part, text in loaded.items() if part != "version"}
    parts = {part: environment.from_string(text) for part, text in texts.items()}
    return Prompt(f"{name}@{loaded['version']}", parts)
