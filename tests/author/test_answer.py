"""What a model says is read for what it is: prose, fences, cut off, or hostile."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiphys.domain.errors import InvalidInput, LimitExceeded
from tiphys.propose.author.answer import read_answer

ONE = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: one\n"
TWO = ONE.replace("one", "two")


def names(text):
    return [each["metadata"]["name"] for each in read_answer(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (ONE, ["one"]),
        (f"{ONE}---\n{TWO}", ["one", "two"]),
        (f"{ONE}{TWO}", ["one", "two"]),
        (f"Here you are:\n\n```yaml\n{ONE}```\nIt makes a ConfigMap.", ["one"]),
        (f"```yaml\n{ONE}```\nand\n```yaml\n{TWO}```\n", ["one", "two"]),
        (f"```\n{ONE}", ["one"]),
        (f"Sure!\n{ONE}", ["one"]),
        ('{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one"}}', ["one"]),
        (f"apiVersion: v1\nkind: List\nitems:\n- kind: ConfigMap\n  metadata: {{name: one}}\n{TWO}",
         ["two", "one"]),
        (f"{ONE}data:\n  a: b\n  cut: \"off", ["one"]),
    ],
)  # fmt: skip
def test_objects_are_found_in_whatever_surrounds_them(text, expected):
    assert names(text) == expected


@pytest.mark.parametrize(
    "text", ["", "I can't do that.", "```yaml\n- a\n- b\n```", "a: [", "kind:", "\x00", "{" * 5000]
)
def test_what_holds_no_object_is_told_in_words(text):
    with pytest.raises(InvalidInput):
        read_answer(text)


def test_ten_megabytes_are_not_read():
    with pytest.raises(LimitExceeded):
        read_answer(ONE + "# x" * 4_000_000)


def test_aliases_are_refused_before_they_unfold():
    bomb = "kind: A\na: &a [x]\nb: &b [*a, *a]\nc: [*b, *b]\n"
    with pytest.raises(InvalidInput, match="aliases"):
        read_answer(bomb)


@given(st.text(max_size=400))
def test_nothing_else_is_raised_for_any_text(text):
    try:
        found = read_answer(text)
    except InvalidInput:
        return
    assert all(isinstance(each, dict) and "kind" in each for each in found)


@given(st.text(alphabet="abk:- \n\"'[]{}|>&*#!%@`\tind", max_size=200))
def test_nothing_else_is_raised_for_what_looks_like_yaml(text):
    try:
        read_answer(f"apiVersion: v1\nkind: A\n{text}")
    except InvalidInput:
        return


def test_a_map_that_repeats_one_before_it_counts_once_and_texts_may_repeat():
    text = "kind: Pod\napiVersion: v1\nspec:\n  items:\n" + "  - key: a\n    path: a\n" * 9
    text += "  args: [-v, -v]\n"

    [found] = read_answer(text)

    assert found["spec"] == {"items": [{"key": "a", "path": "a"}], "args": ["-v", "-v"]}
