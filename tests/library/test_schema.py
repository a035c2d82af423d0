"""Signatures of skills: what they may say, and what values they accept."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.library.skills import schema
from tests.library.strategies import json_values, refusal, texts
from tiphys.domain.errors import InvalidInput, LimitExceeded
from tiphys.library.formats import matches
from tiphys.library.schema import _KEYWORDS, check_schema, complete, missing, refuses


def checked(**properties: Any) -> Any:
    return check_schema(schema(**properties), source="s.json")


@pytest.mark.parametrize(
    "keyword",
    "$ref $id $defs $anchor $dynamicRef pattern patternProperties allOf anyOf oneOf not if "
    "unevaluatedProperties dependentSchemas contains prefixItems contentSchema".split(),
)
def test_keywords_are_refused_by_name(keyword: str) -> None:
    said = refusal(lambda: checked(x={"type": "string", "description": "x", keyword: "a"}))
    assert said == f"s.json: x: keyword {keyword} is not supported"


@pytest.mark.parametrize(
    ("definition", "says"),
    [
        ({"type": "string", "default": ""}, "x: needs a description"),
        ({"type": "string", "description": "x"}, "x: needs a default"),
        ({"type": "integer", "description": "x", "default": "a"}, "x: 'a' is not of type"),
        ({"format": "port", "description": "x", "default": 0}, "0 is not a 'port'"),
        ({"format": "date", "description": "x"}, "format 'date' is unknown"),
        ({"format": ["port"], "description": "x"}, "s.json"),
        ({"x-tiphys": {"word": []}, "description": "x"}, "x-tiphys knows only"),
        ({"x-tiphys": {"words": "a"}, "description": "x"}, "x-tiphys words must be"),
        ({"x-tiphys": {"question": 1}, "description": "x"}, "question must be text"),
        ({"type": "strin", "description": "x"}, "not a valid JSON Schema"),
        ([], "must be a JSON object"),
    ],
)
def test_definitions_that_are_refused(definition: Any, says: str) -> None:
    said = refusal(lambda: checked(x=definition))
    assert said
    assert says in said


KEYWORDS = st.sampled_from(sorted(_KEYWORDS))
HOSTILE = st.recursive(
    json_values(), lambda inner: st.dictionaries(KEYWORDS, inner, max_size=4), max_leaves=8
)


@given(HOSTILE, st.dictionaries(KEYWORDS, HOSTILE, max_size=3), json_values())
def test_any_json_is_a_schema_or_refused(
    definition: Any, extra: dict[str, Any], value: Any
) -> None:
    def use() -> None:
        signature = check_schema({**schema(x=definition), **extra}, source="s")
        complete(signature, {"name": "a", "namespace": "b", "x": value}, source="v")

    refusal(use)
    if isinstance(definition, dict):
        definition = {"description": "x", "default": None, **definition}
        refusal(use)
    refusal(lambda: check_schema(definition, source="s"))


def test_large_schemas_are_refused() -> None:
    deep: dict[str, Any] = {"type": "string", "description": "x", "default": []}
    for _ in range(2000):
        deep = {"items": deep, "description": "x", "default": []}
    assert refusal(lambda: checked(x=deep))
    many = {f"p{i}": {"type": "string", "description": "x", "default": ""} for i in range(65)}
    with pytest.raises(LimitExceeded):
        checked(**many)


def test_values_are_completed_in_the_schema_s_order_and_named_when_wrong() -> None:
    signature = checked(
        port={"type": "integer", "format": "port", "description": "x", "default": 1}
    )
    full = complete(signature, {"namespace": "b", "name": "a"}, source="v")
    assert list(full.items()) == [("name", "a"), ("namespace", "b"), ("data", {}), ("port", 1)]
    good = {"name": "a", "namespace": "b"}
    for value in (True, 0, 65536, "80", 1.5, None):
        said = refusal(lambda value=value: complete(signature, {**good, "port": value}, source="v"))
        assert said
        assert said.startswith("v: port: ")
    said = refusal(lambda: complete(signature, {**good, "prot": 1}, source="v"))
    assert said
    assert "'prot'" in said
    assert missing(signature, {"name": "a"}) == ("namespace",)
    assert refuses({"type": "integer", "maximum": 3}, 4) == "4 is greater than the maximum of 3"
    assert refuses({"type": "integer", "maximum": 3}, 3) is None


@pytest.mark.parametrize(
    "value",
    ["x" * 70_000, ["x"] * 300, {f"k{i}": "" for i in range(300)}, [[[[[[[[[[1]]]]]]]]]],
     ["x" * 60_000] * 5, "\ud800", {"\udfff": ""}],
)  # fmt: skip
def test_oversized_values_are_refused(value: Any) -> None:
    with pytest.raises(InvalidInput):
        complete(checked(), {"name": "a", "namespace": "b", "data": value}, source="v")


DIGEST = "sha256:" + "0a" * 32
ACCEPTED = {
    "image": f"""nginx:1.27 registry.example/a/b:v1 registry.example:5000/a:1 localhost:5000/a:1
        a@{DIGEST} registry.example:5000/a/b:1@{DIGEST} a_b-c.d/e__f:X_y.z-1""".split(),
    "quantity": "0 1 250m 64Mi 1.5Gi 10k 1E 0.5".split(),
    "cron": ["* * * * *", "*/5 2 * * 1-5", "0 0 1,15 * MON-FRI", "@daily", "0-30/5 * * JAN *"],
    "dns-label": ["a", "a-b", "0a", "a" * 63],
    "dns-subdomain": ["a", "a.b", "a-b.c0.example"],
    "port": [1, 80, 65535],
}
REFUSED = {
    "image": [
        *f"""nginx nginx:latest registry.example:5000/a registry.example/a:latest A:1 a: a@
        a@sha256:00 /a:1 a//b:1 a:1:2 a:-1 a/:1 https://a/b:1 a@{DIGEST}@{DIGEST}""".split(),
        "",
        "a:1 ",
        "a:1\n",
        "\u0430:1",
    ],
    "quantity": ["", "-1", "1 Gi", "1gi", "Gi", "1e3", ".5", "1.", "1Mi\n", "\uff11"],
    "cron": ["", "* * * *", "* * * * * *", "@reboot", "*  * * * *", "* * * * *\n", "a * * * *"],
    "dns-label": ["", "A", "a.b", "-a", "a-", "a_b", "a" * 64, "a\n", "é"],
    "dns-subdomain": ["", ".", "a.", ".a", "a..b", "A.b", "a." * 130 + "a", "a\n"],
    "port": [0, -1, 65536],
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_formats(name: str) -> None:
    assert [value for value in ACCEPTED[name] if not matches(name, value)] == []
    assert [value for value in REFUSED[name] if matches(name, value)] == []


@given(st.sampled_from(sorted(ACCEPTED)), json_values() | texts(60))
def test_formats_take_any_value(name: str, value: Any) -> None:
    assert matches(name, value) in (True, False)
