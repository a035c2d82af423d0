"""Assertion trees: what an object must look like, leaf by leaf.

A tree is checked against a value in three ways: a mapping projects each of its keys, a list must
have as many items, a leaf must match. Two outcomes are told apart, as Chainsaw does: a mismatch,
which later polls may cure, and an `EvaluationError` (a text against a number, a field of a list),
which ends the operation.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tiphys.adapters.runner_embedded.expressions import Form, Program, parse_form
from tiphys.adapters.runner_embedded.functions import EvaluationError
from tiphys.adapters.runner_embedded.gotypes import is_number
from tiphys.adapters.runner_embedded.interpreter import Bindings
from tiphys.domain.errors import InvalidInput

_SAID = 5  # mismatches in a message
_SHOWN = 200  # characters of a value in a message


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One place where the value is not what the tree expects."""

    path: str
    problem: str

    def __str__(self) -> str:
        return f"{self.path or '(root)'}: {self.problem}"


def mismatches(tree: Any, value: Any, bindings: Bindings, path: str = "") -> list[Mismatch]:
    """Every place where `value` departs from `tree`; empty when it matches. EvaluationError."""
    if isinstance(tree, dict):
        return _mapping(tree, value, bindings, path)
    if isinstance(tree, list):
        return _sequence(tree, value, bindings, path)
    expected = _leaf(tree, value, bindings, path)
    if _matches(expected, value, path):
        return []
    return [Mismatch(path, f"expected {show(expected)}, got {show(value)}")]


def say(wrong: Sequence[Mismatch]) -> str:
    """The first few mismatches in one line."""
    more = f" and {len(wrong) - _SAID} more" if len(wrong) > _SAID else ""
    return "; ".join(map(str, wrong[:_SAID])) + more


def check_tree(tree: Any, path: str = "") -> None:
    """Compile every expression of a tree. InvalidInput names the one that is not supported."""
    try:
        if isinstance(tree, str):
            _leaf_form(tree)
        elif isinstance(tree, dict):
            for key in tree:
                parse_form(key)
    except InvalidInput as error:
        raise InvalidInput(f"{path}: {error}") from None
    if isinstance(tree, dict):
        for key, child in tree.items():
            check_tree(child, child_path(path, key))
    elif isinstance(tree, list):
        for index, child in enumerate(tree):
            check_tree(child, f"{path}[{index}]")


def show(value: Any) -> str:
    """A value as short JSON-like text for a message."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = {None: "null", True: "true", False: "false"}.get(value) if _plain(value) else None
    text = text or repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _plain(value: Any) -> bool:
    return value is None or isinstance(value, bool)


def child_path(path: str, key: str) -> str:
    """The path of a mapping's field."""
    return f"{path}.{key}" if path else key


def _leaf_form(text: str) -> Form:
    form = parse_form(text)
    if form.foreach or form.binding:
        raise InvalidInput(f"{text!r}: `~` and `->` belong into keys; escape plain text as \\...\\")
    return form


def _leaf(tree: Any, value: Any, bindings: Bindings, path: str) -> Any:
    if not isinstance(tree, str):
        return tree
    try:
        form = _leaf_form(tree)
        return form.program.evaluate(value, bindings) if form.program else form.statement
    except InvalidInput as error:
        raise EvaluationError(f"{path}: {error}") from None


def _sequence(tree: list[Any], value: Any, bindings: Bindings, path: str) -> list[Mismatch]:
    if value is None:
        return [Mismatch(path, f"expected {len(tree)} items, got null")]
    if not isinstance(value, list):
        raise EvaluationError(f"{path}: expected a list, got {show(value)}")
    if len(value) != len(tree):
        return [Mismatch(path, f"expected {len(tree)} items, got {len(value)}: {show(value)}")]
    return [
        found
        for index, (expected, actual) in enumerate(zip(tree, value, strict=True))
        for found in mismatches(expected, actual, bindings, f"{path}[{index}]")
    ]


def _mapping(tree: dict[str, Any], value: Any, bindings: Bindings, path: str) -> list[Mismatch]:
    if not tree:
        return [Mismatch(path, "expected an object, got null")] if value is None else []
    found: list[Mismatch] = []
    for key, subtree in tree.items():
        at = child_path(path, key)
        form = parse_form(key)
        if form.program is not None:
            projected = _located(form.program, value, bindings, at)
        elif value is None or (isinstance(value, dict) and form.statement not in value):
            found.append(Mismatch(at, f"expected {show(subtree)}, but the field is missing"))
            continue
        elif isinstance(value, dict):
            projected = value[form.statement]
        else:
            raise EvaluationError(f"{at}: {show(value)} has no fields")
        # Chainsaw visits keys in random order, so only what stands below can rely on a binding.
        inner = {**bindings, form.binding: projected} if form.binding else bindings
        if not form.foreach:
            found += mismatches(subtree, projected, inner, at)
            continue
        for index, item in _items(projected, at):
            bound = {**inner, form.index: index} if form.index else inner
            found += mismatches(subtree, item, bound, f"{at}[{show(index)}]")
    return found


def _located(program: Program, value: Any, bindings: Bindings, path: str) -> Any:
    try:
        return program.evaluate(value, bindings)
    except EvaluationError as error:
        raise EvaluationError(f"{path}: {error}") from None


def _items(value: Any, path: str) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, list):
        return iter(enumerate(value))
    if isinstance(value, dict):
        return iter(value.items())
    raise EvaluationError(f"{path}: `~` needs a list or an object, got {show(value)}")


def _matches(expected: Any, actual: Any, path: str) -> bool:
    """Whether a leaf's value (which an expression may have made a list or mapping) matches."""
    if isinstance(expected, list):
        if not isinstance(actual, list):
            raise EvaluationError(f"{path}: expected a list, got {show(actual)}")
        return len(expected) == len(actual) and all(
            _matches(one, other, path) for one, other in zip(expected, actual, strict=True)
        )
    if isinstance(expected, dict):
        if not isinstance(actual, dict):
            raise EvaluationError(f"{path}: expected an object, got {show(actual)}")
        return all(
            key in actual and _matches(each, actual[key], path) for key, each in expected.items()
        )
    if expected is None or actual is None:
        return expected is actual
    if type(expected) is type(actual):
        return bool(expected == actual)
    if is_number(expected) and is_number(actual):
        return float(expected) == float(actual)
    raise EvaluationError(f"{path}: {show(expected)} cannot be compared with {show(actual)}")
