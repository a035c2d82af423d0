"""What a person should fix in a well-formed skill before asking for a review."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tiphys.domain.errors import InvalidInput
from tiphys.domain.skill import Skill, Values
from tiphys.library import strict_yaml
from tiphys.library.skill_files import render

_MIN_EXAMPLES = 2
_MIN_DESCRIPTION = 40
_SECTIONS = ("When to use", "When not to use", "Pitfalls")


def lint_skill(skill: Skill) -> tuple[str, ...]:
    """Warnings, one line each, in reading order; empty when there is nothing to say."""
    return (*_card(skill), *_properties(skill), *_examples(skill), *_waivers(skill))


def _card(skill: Skill) -> Iterator[str]:
    if len(skill.description.strip()) < _MIN_DESCRIPTION:
        yield (
            f"SKILL.md: the description is shorter than {_MIN_DESCRIPTION} characters; "
            "say what the skill does and when to use it, in the words users use"
        )
    headings = {
        line.lstrip("#").strip().lower() for line in skill.body.splitlines() if line.startswith("#")
    }
    for section in _SECTIONS:
        if section.lower() not in headings:
            yield f"SKILL.md: has no section `## {section}`"


def _properties(skill: Skill) -> Iterator[str]:
    from jinja2 import Environment, nodes

    used = {
        node.name
        for source in skill.templates.values()
        for node in Environment(autoescape=True).parse(source).find_all(nodes.Name)
    }
    owners: dict[str, str] = {}
    for name, definition in skill.schema["properties"].items():
        if name not in used:
            yield f"values.schema.json: {name} is used by no template"
        hints: Mapping[str, Any] = definition.get("x-tiphys", {})
        if "question" in hints and name not in skill.schema.get("required", ()):
            yield f"values.schema.json: {name} is not required, so its question is never asked"
        for word in hints.get("words", ()):
            owner = owners.setdefault(word.lower(), name)
            if owner != name:
                yield f"values.schema.json: {name} and {owner} both claim the word {word!r}"


def _examples(skill: Skill) -> Iterator[str]:
    if len(skill.examples) < _MIN_EXAMPLES:
        yield f"examples: has {len(skill.examples)}, needs at least {_MIN_EXAMPLES} cases"
    for case, values in skill.examples.items():
        try:
            files = render(skill, values)
        except InvalidInput as refusal:
            yield f"examples/{case}: does not render: {refusal}"
            continue
        objects = [
            document
            for data in files.values()
            for document in strict_yaml.load_documents(data, source=f"examples/{case}")
        ]
        for warning in _objects(skill, values, objects):
            yield f"examples/{case}: {warning}"


def _waivers(skill: Skill) -> Iterator[str]:
    sources = "\n".join(skill.templates.values())
    for waiver in skill.waivers:
        kind = waiver.mutant.partition("/")[0]
        if "*" not in kind and f"kind: {kind}" not in sources:
            yield f"tests/waivers.yaml: {waiver.mutant} is of a kind that no template makes"


def _objects(skill: Skill, values: Values, objects: list[dict[str, Any]]) -> Iterator[str]:
    seen: set[tuple[str, str, str]] = set()
    for document in objects:
        metadata = document["metadata"]
        what = f"{document['kind']} {metadata['name']}"
        group = document["apiVersion"].rpartition("/")[0]
        key = (group, document["kind"], metadata["name"])
        if key in seen:
            yield f"renders {what} twice"
        seen.add(key)
        if skill.scope == "cluster":
            continue
        if "namespace" not in metadata:
            yield f"{what} has no namespace; write `namespace: {{{{ namespace }}}}`"
        elif metadata["namespace"] != values["namespace"]:
            yield f"{what} is in namespace {metadata['namespace']}, not in the value's"
