"""A small, sound skill to break in tests."""

from __future__ import annotations

import json
from typing import Any

from tiphys.domain.skill import Skill
from tiphys.library import parse_skill

CARD = """---
name: settings
description: Keeps settings of an application in a ConfigMap for its pods to read.
license: Apache-2.0
metadata: {tiphys.scope: namespaced}
---
## When to use
Settings.
## When not to use
Secrets.
## Pitfalls
Size.
"""
TEMPLATE = """apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ name }}
  namespace: {{ namespace }}
data: {{ data }}
"""
EXAMPLE = "name: a\nnamespace: b\ndata: {K: v}\n"


def schema(*, drop: str = "", **changes: Any) -> dict[str, Any]:
    """The skill's schema; `changes` replace or add properties."""
    text = {"type": "string", "format": "dns-label", "description": "A name."}
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [name for name in ("name", "namespace") if name != drop],
        "properties": {
            "name": text,
            "namespace": text,
            "data": {
                "type": "object",
                "additionalProperties": {"type": "string"},
                "default": {},
                "description": "Settings.",
            },
            **changes,
        },
    }


def files(**changes: bytes | str | None) -> dict[str, bytes]:
    """The skill's files; a change of None leaves a file out."""
    found: dict[str, bytes | str | None] = {
        "SKILL.md": CARD,
        "values.schema.json": json.dumps(schema()),
        "templates/configmap.yaml.j2": TEMPLATE,
        "examples/one/values.yaml": EXAMPLE,
        "examples/two/values.yaml": "name: c\nnamespace: d\n",
        "tests/chainsaw-test.yaml": "kind: Test\n",
        **changes,
    }
    return {
        path: data.encode() if isinstance(data, str) else data
        for path, data in found.items()
        if data is not None
    }


def skill(**changes: bytes | str | None) -> Skill:
    """The skill, parsed."""
    return parse_skill("settings", files(**changes))
