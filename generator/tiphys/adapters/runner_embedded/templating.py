"""Expressions inside what is sent to the cluster, and in the single texts of an operation."""

from __future__ import annotations

from typing import Any

from tiphys.adapters.runner_embedded.assertion import child_path, show
from tiphys.adapters.runner_embedded.expressions import parse_text
from tiphys.adapters.runner_embedded.functions import EvaluationError
from tiphys.adapters.runner_embedded.interpreter import Bindings
from tiphys.domain.errors import InvalidInput


def render(
    template: Any,
    value: Any,
    bindings: Bindings,
    path: str = "",
    *,
    mapping: type[dict[str, Any]] = dict,
) -> Any:
    """A copy of `template` with every expression among its leaves replaced by its value.

    `value` is what stands at the same place in the input, the `@` of the expression. Keys and
    escapes stay as they are; mappings are made as `mapping`. EvaluationError.
    """
    if isinstance(template, dict):
        known = value if isinstance(value, dict) else {}
        return mapping(
            (key, render(each, known.get(key), bindings, child_path(path, key), mapping=mapping))
            for key, each in template.items()
        )
    if isinstance(template, list):
        if value is not None and not isinstance(value, list):
            raise EvaluationError(f"{path}: expected a list, got {show(value)}")
        items = [*(value or []), *([None] * len(template))]
        return [
            render(each, items[i], bindings, f"{path}[{i}]", mapping=mapping)
            for i, each in enumerate(template)
        ]
    if not (isinstance(template, str) and template.startswith("(")):
        return template
    try:
        program = parse_text(template).program
        return program.evaluate(value, bindings) if program else template
    except InvalidInput as error:
        raise EvaluationError(f"{path}: {error}") from None


def check_template(template: Any, path: str = "") -> None:
    """Compile every expression of a template. InvalidInput names what is not supported."""
    if isinstance(template, str):
        try:
            parse_text(template)
        except InvalidInput as error:
            raise InvalidInput(f"{path}: {error}") from None
    elif isinstance(template, dict):
        for key, child in template.items():
            check_template(child, child_path(path, key))
    elif isinstance(template, list):
        for index, child in enumerate(template):
            check_template(child, f"{path}[{index}]")


def text_of(text: str, bindings: Bindings) -> str:
    """A field that may be an expression (a file, a name), as text. EvaluationError."""
    form = parse_text(text)
    value = form.program.evaluate(None, bindings) if form.program else form.statement
    if not isinstance(value, str):
        raise EvaluationError(f"{text!r} did not come to text but to {show(value)}")
    return value
