"""The text of a small skill that is in order: what an attack changes one file of."""

from __future__ import annotations

from textwrap import indent

PLACES = {
    "card": "SKILL.md",
    "schema": "values.schema.json",
    "template": "templates/object.yaml.j2",
    "second": "templates/second.yaml.j2",
    "test": "tests/chainsaw-test.yaml",
    "waivers": "tests/waivers.yaml",
    "example": "examples/one/values.yaml",
}
CARD = """\
---
name: {name}
description: Keep a thing for an app, with settings that its pods read from a ConfigMap.
license: Apache-2.0
metadata:
  tiphys.scope: {scope}
---
## When to use
A thing is wanted.
"""
CLUSTER_SCHEMA = """\
{"type": "object", "additionalProperties": false, "required": ["name"], "properties": {
  "name": {"type": "string", "format": "dns-label", "description": "Its name."}}}
"""
SCHEMA = """\
{"type": "object", "additionalProperties": false, "required": ["name", "namespace"], "properties": {
  "name": {"type": "string", "format": "dns-label", "description": "Its name."},
  "namespace": {"type": "string", "format": "dns-label", "description": "Where it lives."}}}
"""
TEMPLATE = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ name }}, namespace: {{ namespace }}}
data: {LEVEL: info}
"""
HEAD = """\
apiVersion: chainsaw.kyverno.io/v1alpha1
kind: Test
metadata:
  name: %s
spec:
  steps:
  - try:
    - apply: {file: manifests/*.yaml}
"""


def test_of(name: str, template: str) -> str:
    """A test that asserts every field of what a template makes; one that is as good as can be."""
    plain = template.replace("{{ name }}", "($values.name)")
    plain = plain.replace("{{ namespace }}", "($values.namespace)")
    found = "".join(
        "    - assert:\n        resource:\n" + indent(each, " " * 10) + "\n"
        for each in plain.split("---\n")
        if each.strip()
    )
    return HEAD % name + found
