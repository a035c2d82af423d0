"""Whatever stands in the manifests comes out again, and never becomes structure."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.induce.world import field_schema, objects_of, skill_of
from tests.skills.test_starter_skills import HOSTILE
from tiphys.adapters.runner_embedded.assertion import mismatches
from tiphys.adapters.runner_embedded.gotypes import as_written
from tiphys.adapters.runner_embedded.reading import read_test
from tiphys.domain.errors import InvalidInput
from tiphys.library import complete, render, strict_yaml
from tiphys.propose.induce import induce

ODD = [
    *HOSTILE,
    "(a)", "(", "\\x\\", "a->b", "~.x", "x\ny -> z", "$values.name", "($values.name)", "{#", "%}",
    "{{ name }}", "{% raw %}", "#}", "`x`", "'", '"', "\U0001f600", "é", "\r\n", "a\r", "-", "?",
    "", " lead", "trail ", "tab\t", "a\n\n b\n", "\n", "|", ">", "@x", "%x", "{", "[", "true", "12",
    "{{", "}}", "\x00", "\x7f", "\x85",
]  # fmt: skip
texts = st.one_of(st.sampled_from(ODD), st.text(max_size=12))
scalars = st.one_of(
    texts, st.booleans(), st.integers(-(2**31), 2**31), st.none(),
    st.floats(-1000, 1000, allow_nan=False).map(lambda x: round(x, 3)),
)  # fmt: skip
keys = texts.filter(str.isprintable)  # others are refused
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=3)),
    max_leaves=8,
)
names = st.from_regex(r"[a-z][a-z0-9]{0,8}(-[a-z]{1,4})?", fullmatch=True)


@st.composite
def objects(draw: Any) -> list[dict[str, Any]]:
    name = draw(names)
    kinds = draw(
        st.lists(
            st.sampled_from(["Deployment", "ConfigMap", "Widget", "Service", "NetworkPolicy"]),
            min_size=1, max_size=3, unique=True,
        )
    )  # fmt: skip
    return [
        {
            "apiVersion": "v1",
            "kind": kind,
            "metadata": {
                "name": draw(st.sampled_from([name, f"{name}-x"])),
                "namespace": "space",
                "labels": draw(st.dictionaries(keys, texts, max_size=2)),
            },
            draw(st.sampled_from(["spec", "data"])): draw(values),
        }
        for kind in kinds
    ]


def manifests_of(found: list[dict[str, Any]]) -> dict[str, bytes]:
    return {"all.yaml": strict_yaml.dump_all(found).encode()}


def requests(found: Any) -> list[str]:
    """Every text and number of some objects."""
    if isinstance(found, dict):
        return [word for pair in found.items() for part in pair for word in requests(part)]
    if isinstance(found, list):
        return [word for part in found for word in requests(part)]
    return [str(found)]


@given(objects(), st.booleans())
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
def test_any_object_comes_out_as_it_went_in(found: list[dict[str, Any]], told: bool) -> None:
    request = " ".join(requests(found)) if told else "make it"
    made = induce(request, manifests_of(found), field_schema=field_schema)
    skill = skill_of(made)
    again = objects_of(render(skill, made.values))
    wanted = {(o["kind"], o["metadata"]["name"]): o for o in found}
    assert again == wanted
    # The test reads, and holds each object for what was promised.
    read_test(made.files["tests/chainsaw-test.yaml"], source="test")
    test = strict_yaml.load(made.files["tests/chainsaw-test.yaml"], source="test")
    bindings = {"values": as_written(complete(skill.schema, made.values, source="values"))}
    trees = [
        operation["assert"]["resource"]
        for step in test["spec"]["steps"][1:]
        for operation in step["try"]
    ]
    for tree, obj in zip(trees, found, strict=False):
        if tree["kind"] == obj["kind"]:
            tree.pop("status", None)
            assert not mismatches(tree, obj, bindings), (tree, obj)


def test_a_key_that_can_not_be_printed_is_refused() -> None:
    odd = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "b"}}
    for data in ({"\x00": ""}, {"a": [{"b\x07": 1}]}):
        with pytest.raises(InvalidInput, match="key"):
            induce("make it", manifests_of([{**odd, "data": data}]), field_schema=field_schema)


@pytest.mark.parametrize("text", ODD)
def test_hostile_text_stays_text_in_every_place(text: str) -> None:
    found = {
        "apiVersion": "v1",
        "kind": "Widget",
        "metadata": {"name": "w", "namespace": "space", "annotations": {"note": text}},
        "spec": {"command": ["run", text], "env": [{"name": "A", "value": text}], "list": [text]},
    }
    made = induce(f"run {text}", manifests_of([found]), field_schema=field_schema)
    assert objects_of(render(skill_of(made), made.values)) == {("Widget", "w"): found}
    again = {**made.values, "name": "other"}
    other = objects_of(render(skill_of(made), again))
    assert other == {
        ("Widget", "other"): {**found, "metadata": {**found["metadata"], "name": "other"}}
    }
