"""A kind that no card shows is described by the server's own document."""

from __future__ import annotations

from tiphys.library.openapi import Schemas
from tiphys.ports import Kind
from tiphys.propose.author.outline import custom_kinds, outlines

TANK = {
    "type": "object",
    "x-kubernetes-group-version-kind": [{"group": "zoo.example", "version": "v1", "kind": "Tank"}],
    "properties": {
        "kind": {"type": "string"},
        "metadata": {"type": "object"},
        "status": {"type": "object"},
        "spec": {
            "type": "object",
            "required": ["water"],
            "properties": {
                "fish": {"type": "array", "items": {"type": "string"}},
                "pumps": {
                    "type": "array",
                    "items": {"type": "object", "properties": {"watts": {"type": "integer"}}},
                },
                "water": {"type": "string", "enum": ["salt", "sweet"]},
            },
        },
    },
}
KINDS = [Kind("zoo.example/v1", "Tank", namespaced=True), Kind("v1", "Secret", namespaced=True)]


def shown(request):
    schemas = Schemas(lambda _version: {"components": {"schemas": {"Tank": TANK}}})
    return outlines(request, KINDS, schemas)


def test_its_fields_are_shown_with_what_they_hold_and_the_needed_ones_first():
    [found] = shown("Add the Tank lagoon.")
    assert found.about == "The fields of a Tank"
    assert found.text == (
        "apiVersion: zoo.example/v1\nkind: Tank\n"
        "metadata:\n  name: <string>\n  namespace: <string>\n"
        "spec:\n  water: <salt | sweet>\n  fish: [<string>]\n"
        "  pumps:  # a list of these\n    watts: <integer>"
    )


def test_a_kind_with_a_card_or_that_nobody_names_is_not_described():
    assert shown("Add a Secret, and a tank.") == ()


def test_kinds_that_crds_have_brought_are_known_by_their_groups():
    groups = ("v1", "apps/v1", "networking.k8s.io/v1", "coast.example/v1alpha2")
    kinds = [Kind(group, f"Kind{n}", True) for n, group in enumerate(groups)]

    assert custom_kinds(kinds) == {"Kind3"}
