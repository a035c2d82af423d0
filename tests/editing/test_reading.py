"""Requests in plain words, and the patches that they come to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.library.strategies import texts
from tiphys.library import strict_yaml
from tiphys.library.patching import FieldPatch, patched_value
from tiphys.propose.editing import Edit, read_edit

HERE = Path(__file__).parent
OBJECTS = strict_yaml.load_documents((HERE / "objects.yaml").read_text(), source="objects")
CASES = strict_yaml.load((HERE / "cases.yaml").read_text(), source="cases")


def shown(patch: FieldPatch) -> str:
    """`Kind/name:path`; C is the only container, C[x] the one named x, + appends and - removes."""
    parts = [str(part) for part in patch.path]
    text = ".".join(f"[{p.removeprefix('name=')}]" if p.startswith("name=") else p for p in parts)
    text = text.replace(".[", "[")
    for head in ("spec.template.spec.containers", "spec.jobTemplate.spec.template.spec.containers"):
        for own in ("web", "api", "backup"):
            text = text.replace(f"{head}[{own}]", "C")
        text = text.replace(f"{head}[", "C[")
    return f"{patch.kind}/{patch.name}:{text}{ {'append': '+', 'remove': '-'}.get(patch.op, '') }"


def said(edit: Edit) -> Any:
    if edit.unplaced:
        assert not edit.patches
        return "none"
    if edit.questions:
        assert not edit.patches
        return "?"
    return {shown(patch): patch.value for patch in edit.patches}


@pytest.mark.parametrize("case", CASES, ids=[case["ask"][:60] for case in CASES])
def test_a_request_is_read_whole_or_not_at_all(case):
    edit = read_edit(case["ask"], OBJECTS)
    expected = "none" if not case["ask"] else case["get"]
    assert (said(edit) if edit != Edit(unplaced=("",)) else "none") == expected


def test_what_was_not_understood_is_told():
    edit = read_edit("Scale the api to 6. Paint it blue.", OBJECTS)
    assert edit.unplaced == ("Paint it blue",)


def test_two_objects_that_fit_are_asked_about():
    other = {"kind": "StatefulSet", "metadata": {"name": "api"}, "spec": {"replicas": 1}}
    [question] = read_edit("scale the api to 6", [*OBJECTS, other]).questions
    assert "Deployment/api or StatefulSet/api" in question
    assert read_edit("scale the api deployment to 6", [*OBJECTS, other]).understood


def test_a_namespace_tells_them_apart():
    twin = {**OBJECTS[1], "metadata": {"name": "api", "namespace": "test"}}
    [patch] = read_edit("scale the api in the test namespace to 6", [*OBJECTS, twin]).patches
    assert patch.namespace == "test"
    assert read_edit("scale the api to 6", [*OBJECTS, twin]).questions


@given(
    st.lists(texts(6) | st.sampled_from("scale api to 6 set the of and , =".split()), max_size=14)
)
def test_any_text_is_an_edit_that_fits_or_none(words):
    edit = read_edit(" ".join(words), OBJECTS)
    assert bool(edit.patches) + bool(edit.questions) + bool(edit.unplaced) == 1
    for patch in edit.patches:
        assert patch.op == "append" or any(_fits(each, patch) for each in OBJECTS)


def _fits(obj: Any, patch: FieldPatch) -> bool:
    same = (obj["kind"], obj["metadata"]["name"]) == (patch.kind, patch.name)
    return same and patched_value(obj, patch) != {}


def test_a_long_text_is_no_edit_and_costs_nothing():
    assert read_edit("scale the api to 6 and " * 40_000, OBJECTS).unplaced
    assert read_edit("set " * 900 + "x", OBJECTS).unplaced
    assert read_edit("scale api to 5, " * 20, OBJECTS).unplaced
