"""A workbench without a cluster, for what an author does with evidence."""

from __future__ import annotations

from tiphys.domain.rehearsal import Problem, Rehearsal
from tiphys.ports import Kind
from tiphys.propose.author import cards

CARDS = {card.kind: card.example for card in cards.known()}
COMPONENTS = {
    "ConfigMap": {
        "type": "object",
        "x-kubernetes-group-version-kind": [{"group": "", "version": "v1", "kind": "ConfigMap"}],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {
                "type": "object",
                "properties": {"name": {"type": "string"}, "namespace": {"type": "string"}},
            },
            "data": {"type": "object", "additionalProperties": {"type": "string"}},
            "size": {"type": "integer", "description": "How many."},
            "failureThreshold": {"type": "integer"},
            "hosts": {"type": "array", "items": {"type": "string"}},
            "mode": {"type": "string", "enum": ["Fast", "Slow"]},
        },
    }
}


class Board:
    """Finds wrong what `judge` (objects -> problems) finds wrong."""

    def __init__(self, judge=lambda _objects: ()):
        self.judge = judge
        self.seen = []

    def kinds(self):
        return [Kind("v1", "ConfigMap", namespaced=True)]

    def openapi(self, api_version):
        return {"components": {"schemas": COMPONENTS if api_version == "v1" else {}}}

    def rehearse(self, request, objects, before=()):
        self.seen.append(list(objects))
        problems = tuple(self.judge(objects))
        return Rehearsal(problems, covered=0, live=tuple(objects))


def wants(field, value, stage="contradicted"):
    """A judge that wants one value in one field of the first object."""

    def judge(objects):
        obj = objects[0]
        if obj.get(field) == value:
            return ()
        metadata = obj["metadata"]
        name = f"{obj['kind']}/{metadata.get('namespace')}/{metadata['name']}"
        return [Problem(stage, f"{field} is {obj.get(field)}", name, field, str(value))]

    return judge
