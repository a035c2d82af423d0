"""Properties of edits, over files of every layout: comments, indents, line endings, brackets."""

from __future__ import annotations

import difflib
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.library.strategies import refusal, texts
from tiphys.library import strict_yaml
from tiphys.library.patching import FieldPatch, apply_patches, patched_value
from tiphys.library.yaml_layout import Style, flow

_KEYS = st.sampled_from(["a", "image", "on", "1", "a b", "x/y.z", "name", "-", "é"])
_LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-99, 99)
    | st.sampled_from(["", "a\nb\n", "a\n\n b", "x # y", "'", '"', "{a", "registry.example/a:1"])
    | texts(4).filter(lambda text: "{{" not in text)
)
_VALUES = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3),
    max_leaves=8,
)
_MAPS = st.dictionaries(_KEYS, _VALUES, min_size=1, max_size=3)


class _Loose(Style):
    """Writes some maps and lists in brackets, and comments between entries."""

    draw: Any = None

    def entry(self, key: str, value: Any) -> list[str]:
        lines = super().entry(key, value)
        if isinstance(value, dict | list) and value and _draw(st.integers(0, 3)) == 0:
            lines = [f"{flow(key)}: {flow(value)}"]
        if any(line.lstrip("- ").endswith(("|", "|-", "|+")) for line in lines):
            return lines  # what follows a block of text may become part of it
        comment = _draw(st.sampled_from([[], [], [], ["# a: note"], [""], ["", "  # - deep"]]))
        if lines[0][-1:] not in "|>-+" and len(lines) == 1 and _draw(st.integers(0, 4)) == 0:
            lines = [f"{lines[0]}  # said"]
        return [*lines, *comment]


_DRAW: list[Any] = []


def _draw(strategy: st.SearchStrategy[Any]) -> Any:
    return _DRAW[-1](strategy)


@st.composite
def files(draw: Any) -> tuple[list[dict[str, Any]], bytes]:
    """Objects and a text that says them."""
    _DRAW[:] = [draw]
    names = draw(st.lists(st.sampled_from("pqr"), min_size=1, max_size=2, unique=True))
    objects = [{"kind": "K", "metadata": {"name": n}, "spec": draw(_MAPS)} for n in names]
    parts = []
    for each in objects:
        style = _Loose(draw(st.sampled_from([2, 4, 3])), draw(st.sampled_from([0, 2])))
        parts.append("".join(f"{line}\n" for line in style.lines(each)))
    text = draw(st.sampled_from(["", "# top\n", "---\n"])) + "---\n".join(parts)
    if draw(st.booleans()):
        shorter = text.removesuffix("\n")  # which the last text of a block would lose too
        text = shorter if _said(shorter.encode()) == _said(text.encode()) else text
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    return objects, text.encode()


def _said(text: bytes) -> str:
    return json.dumps(strict_yaml.load_documents(text, source="t"))


def _paths(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    found = [path]
    if isinstance(value, dict):
        found += [p for k, v in value.items() for p in _paths(v, (*path, k))]
    if isinstance(value, list):
        found += [p for n, v in enumerate(value) for p in _paths(v, (*path, n))]
    return found


def _lines_that_moved(before: bytes, after: bytes) -> tuple[list[str], list[str]]:
    diff = list(difflib.ndiff(before.decode().split("\n"), after.decode().split("\n")))
    gone = [line for line in diff if line.startswith("- ")]
    return gone, [line for line in diff if line.startswith("+ ")]


@settings(max_examples=40)
@given(files())
def test_the_layouts_say_what_they_should(made):
    objects, text = made
    assert _said(text) == json.dumps(objects)


@settings(max_examples=40)
@given(files(), st.data(), _VALUES)
def test_an_edit_says_what_was_meant_or_is_refused(made, data, value):
    objects, text = made
    index = data.draw(st.integers(0, len(objects) - 1))
    chosen = objects[index]
    path = data.draw(st.sampled_from(_paths(chosen["spec"], ("spec",))))
    if data.draw(st.booleans()):
        path = (*path, data.draw(_KEYS))
    op = data.draw(st.sampled_from(["set", "remove", "append"]))
    patch = FieldPatch("K", chosen["metadata"]["name"], path, value, op)
    after: list[bytes] = []
    if refusal(lambda: after.append(apply_patches(text, [patch]))) is not None:
        return
    objects[index] = patched_value(chosen, patch)
    assert _said(after[0]) == json.dumps(objects)
    assert op == "remove" or apply_patches(after[0], [patch]) == after[0]


@settings(max_examples=40)
@given(files(), st.data(), st.integers(100, 999) | st.sampled_from(["new", "a: b", "on"]))
def test_a_scalar_takes_one_line(made, data, value):
    objects, text = made
    chosen = data.draw(st.sampled_from(objects))
    scalars = [
        path
        for path in _paths(chosen["spec"], ("spec",))
        if isinstance(_at(chosen, path), bool | int)
    ]
    if not scalars:
        return
    patch = FieldPatch("K", chosen["metadata"]["name"], data.draw(st.sampled_from(scalars)), value)
    before, after = text.split(b"\n"), apply_patches(text, [patch]).split(b"\n")
    assert len(before) == len(after)
    assert sum(one != other for one, other in zip(before, after, strict=True)) == 1


@settings(max_examples=40)
@given(files(), st.data(), _VALUES)
def test_a_new_field_only_adds_lines_and_leaves_no_trace_when_it_goes(made, data, value):
    objects, text = made
    chosen = data.draw(st.sampled_from(objects))
    name = chosen["metadata"]["name"]
    maps = [p for p in _paths(chosen["spec"], ("spec",)) if isinstance(_at(chosen, p), dict)]
    path = (*data.draw(st.sampled_from(maps)), "brand-new")
    set_ = FieldPatch("K", name, path, value)
    made_: list[bytes] = []
    if refusal(lambda: made_.append(apply_patches(text, [set_]))) is not None:
        return
    gone = apply_patches(made_[0], [FieldPatch("K", name, path, op="remove")])
    assert gone == text


def _at(value: Any, path: tuple[str | int, ...]) -> Any:
    for part in path:
        value = value[part]
    return value
