"""Schemas of custom resources as they were asked for."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tiphys.propose.author.words.by_words import by_words


def definition(schema):
    version = {"name": "v1", "schema": {"openAPIV3Schema": schema}}
    return {"kind": "CustomResourceDefinition", "metadata": {}, "spec": {"versions": [version]}}


def shaped(schema, request):
    made = definition(schema)
    by_words(made, request)
    return made["spec"]["versions"][0]["schema"]["openAPIV3Schema"]


def test_what_a_spec_has_stands_within_it():
    schema = {"type": "object", "required": ["room"], "properties": {"room": {"type": "string"}}}
    inner = {"type": "object", "properties": schema["properties"], "required": ["room"]}
    assert shaped({**schema}, "Its spec has a room.") == {
        "type": "object",
        "properties": {"spec": inner},
    }
    assert shaped({**schema}, "It has a room, as lamps.spec.example says.") == schema
    right = {"type": "object", "properties": {"spec": inner, "status": {"type": "object"}}}
    assert shaped({**right}, "Its spec has a room.") == right


@pytest.mark.parametrize(("request_", "moved"), [
    ("In the spec one gives a size and how damp it is.", True),
    ("The spec has a size; its status tells how damp it is.", False),
])  # fmt: skip
def test_without_a_word_of_a_status_there_is_none(request_, moved):
    size, damp = {"size": {"type": "string"}}, {"damp": {"type": "integer"}}
    seen = {"phase": {"type": "string"}}  # of which nobody speaks
    given = {"spec": {"properties": size}, "status": {"properties": damp | seen}}
    found = shaped({"properties": given}, request_)["properties"]
    assert found == ({"spec": {"properties": damp | size}} if moved else given)


def test_a_property_that_is_required_is_required_by_what_holds_it():
    room, light = {"type": "string", "required": ["true"]}, {"type": "integer", "required": False}
    made = shaped({"properties": {"room": room, "light": light}}, "")
    assert made["required"] == ["room"]
    assert made["properties"] == {"room": {"type": "string"}, "light": {"type": "integer"}}


JSON = st.recursive(st.none() | st.booleans() | st.text(max_size=3), lambda inner: (
    st.lists(inner, max_size=2)
    | st.dictionaries(st.sampled_from(["properties", "required", "spec", "a"]), inner)
))  # fmt: skip


@example({"properties": {"a": {"required": True}}, "required": [[]]})
@given(st.dictionaries(st.sampled_from(["properties", "required", "type"]), JSON))
def test_any_schema_is_shaped_or_left_and_once_is_enough(schema):
    once = shaped(schema, "its spec has a room")
    assert shaped(once, "its spec has a room") == once


@pytest.mark.parametrize(
    "request_", ["Kurzname fy, bitte.", "El nombre corto es fy.", "fy for short", "short name fy"]
)
def test_a_short_name_in_some_languages(request_):
    made = definition({"type": "object"})
    by_words(made, request_)
    assert made["spec"]["names"]["shortNames"] == ["fy"]
