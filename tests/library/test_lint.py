"""Lint says what a person should fix; a sound skill hears nothing."""

from __future__ import annotations

import json

import pytest

from tests.library.skills import CARD, TEMPLATE, schema, skill
from tiphys.library import lint_skill


def test_a_sound_skill_is_clean() -> None:
    assert lint_skill(skill()) == ()


TEXT = {"type": "string", "description": "x", "default": ""}
CONFIGMAP = "templates/configmap.yaml.j2"
CASES = [
    ({"examples/two/values.yaml": None}, "examples: has 1, needs at least 2"),
    ({"examples/two/values.yaml": "name: c\n"}, "examples/two: does not render: values of"),
    ({"SKILL.md": CARD.replace("Keeps settings of an application in a", "A")}, "description is sh"),
    ({"SKILL.md": CARD.replace("## Pitfalls", "")}, "no section `## Pitfalls`"),
    ({"SKILL.md": CARD.replace("## When not", "## not")}, "no section `## When not to use`"),
    ({CONFIGMAP: TEMPLATE.replace("  namespace: {{ namespace }}\n", "")}, "has no namespace"),
    ({CONFIGMAP: TEMPLATE.replace("{{ namespace }}", "other")}, "in namespace other"),
    ({"templates/zz.yaml.j2": TEMPLATE}, "renders ConfigMap a twice"),
    ({CONFIGMAP: TEMPLATE.replace("{{ data }}", "{}")}, "data is used by no template"),
    (
        {"values.schema.json": json.dumps(schema(data={**TEXT, "x-tiphys": {"question": "?"}}))},
        "its question is never asked",
    ),
    (
        {
            "values.schema.json": json.dumps(
                schema(
                    data={**TEXT, "x-tiphys": {"words": ["with"]}},
                    more={**TEXT, "x-tiphys": {"words": ["With"]}},
                )
            )
        },
        "more and data both claim the word 'With'",
    ),
]


@pytest.mark.parametrize(("changes", "says"), CASES, ids=[says for _, says in CASES])
def test_each_warning(changes: dict[str, str | None], says: str) -> None:
    warnings = lint_skill(skill(**changes))
    assert any(says in warning for warning in warnings)
    assert all("\n" not in warning for warning in warnings)
