"""An answer is read as kubectl reads it: forgiving where only YAML's dialects differ."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiphys.domain.errors import InvalidInput
from tiphys.learn.answers import read_answer
from tiphys.library import strict_yaml

HEAD = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("0644", 420),
        ("0o644", 420),
        ("0x1F", 31),
        ("1e3", 1000),
        ("1.5e1", 15),
        (".5", 0.5),
        ("yes", True),
        ("Off", False),
        ("oN", "oN"),
        ("2024-05-06", "2024-05-06"),
        ("2024-05-06T07:08:09Z", "2024-05-06T07:08:09Z"),
        ("12:30", "12:30"),
        ("80:8080", "80:8080"),
        ("'yes'", "yes"),
        ('"0644"', "0644"),
        ("3", 3),
        ("text", "text"),
        ("0789", 789),
    ],
)
def test_what_readers_disagree_about_is_read_as_kubectl_does(written, read):
    # The first value alone would send every text down the strict road.
    (found,) = read_answer(f"{HEAD}data:\n  other: on\n  value: {written}\n")
    assert found["data"]["value"] == read
    assert type(found["data"]["value"]) is type(read)


def test_documents_and_lists_are_taken_apart():
    listed = (
        "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod, metadata: {name: b}}\n"
    )
    found = read_answer(f"---\n{HEAD}---\n# nothing\n---\n{listed}")
    assert [each["kind"] for each in found] == ["ConfigMap", "Pod"]


@pytest.mark.parametrize(
    "text",
    [
        "Here it is.\n\n" + HEAD,
        "just words",
        HEAD + "kind: Pod\n",
        HEAD + "data: &a {b: c}\nmore: *a\n",
        HEAD + "data: [1, 2\n",
        "kind: Pod\nmetadata: {name: a}\n",
        "apiVersion: v1\nkind: Pod\n",
        "apiVersion: v1\nkind: Pod\nmetadata: {generateName: a-}\n",
        "- 1\n",
        HEAD + "data: " + "[" * 5000,
    ],
)
def test_what_kubectl_would_not_apply_is_refused(text):
    with pytest.raises(InvalidInput):
        read_answer(text)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text):
    try:
        read_answer(text)
    except InvalidInput:
        return


@given(st.dictionaries(st.text(max_size=8), st.text(max_size=12) | st.integers(-9, 9) | st.none()))
def test_what_the_strict_reader_takes_is_what_it_says(data):
    written = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": data}
    assert read_answer(strict_yaml.dump(written)) == [written]
