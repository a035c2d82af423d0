"""What each node of a parsed expression comes to.

Chainsaw's interpreter differs from the `jmespath` package's in numbers, in ordering and in what is
an error, so the rules are our own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tiphys.adapters.runner_embedded.functions import EvaluationError, call
from tiphys.adapters.runner_embedded.gotypes import LooseMap, as_written, identical, is_number
from tiphys.adapters.runner_embedded.meter import measure

Bindings = Mapping[str, Any]
Node = dict[str, Any]

# Nodes that make something new; the others point into what is there.
_MAKING = frozenset(
    "filter_projection flatten function_expression multi_select_dict multi_select_list projection "
    "value_projection".split()
)
VARIABLE = "\x00"  # starts the name of a field that stands for a binding


def _false(value: Any) -> bool:
    return value is None or value is False or (isinstance(value, str | list | dict) and not value)


def evaluate(node: Node, value: Any, bindings: Bindings) -> Any:
    """The value of a node on `value`. EvaluationError, TooMuch."""
    found = _RULES[node["type"]](node, value, bindings)
    return measure(found) if node["type"] in _MAKING else found


def _field(node: Node, value: Any, bindings: Bindings) -> Any:
    name: str = node["value"]
    if name.startswith(VARIABLE):
        if name[1:] not in bindings:
            raise EvaluationError(f"nothing is bound to ${name[1:]}")
        return bindings[name[1:]]
    return value.get(name) if isinstance(value, dict) else None


def _chain(node: Node, value: Any, bindings: Bindings) -> Any:
    for index, child in enumerate(node["children"]):
        if index and value is None:
            return None
        value = evaluate(child, value, bindings)
    return value


def _pipe(node: Node, value: Any, bindings: Bindings) -> Any:
    for child in node["children"]:
        value = evaluate(child, value, bindings)
    return value


def _index(node: Node, value: Any, bindings: Bindings) -> Any:  # noqa: ARG001  # one signature for every rule
    at = node["value"]
    if not isinstance(value, list) or not -len(value) <= at < len(value):
        return None
    return value[at]


def _slice(node: Node, value: Any, bindings: Bindings) -> Any:  # noqa: ARG001  # one signature for every rule
    start, stop, step = node["children"]
    if step == 0:
        raise EvaluationError("a slice's step cannot be 0")
    return value[start:stop:step] if isinstance(value, list | str) else None


def _project(items: list[Any], right: Node, bindings: Bindings) -> list[Any]:
    found = (evaluate(right, each, bindings) for each in items)
    return [each for each in found if each is not None]


def _projection(node: Node, value: Any, bindings: Bindings) -> Any:
    left, right = node["children"]
    base = evaluate(left, value, bindings)
    if isinstance(base, list):
        return _project(base, right, bindings)
    sliced = left["type"] == "index_expression" and left["children"][-1]["type"] == "slice"
    return base if sliced and isinstance(base, str) else None


def _or_null(node: Node, value: Any, bindings: Bindings) -> Any:
    """Some projections take an input that cannot be evaluated for no input."""
    try:
        return evaluate(node, value, bindings)
    except EvaluationError:
        return None


def _value_projection(node: Node, value: Any, bindings: Bindings) -> Any:
    left, right = node["children"]
    base = _or_null(left, value, bindings)
    if not isinstance(base, dict) or isinstance(base, LooseMap):
        return None
    return _project(list(base.values()), right, bindings)


def _filter_projection(node: Node, value: Any, bindings: Bindings) -> Any:
    left, right, condition = node["children"]
    base = _or_null(left, value, bindings)
    if not isinstance(base, list):
        return None
    kept = [each for each in base if not _false(evaluate(condition, each, bindings))]
    return _project(kept, right, bindings)


def _flatten(node: Node, value: Any, bindings: Bindings) -> Any:
    base = _or_null(node["children"][0], value, bindings)
    if not isinstance(base, list):
        return None
    return [x for each in base for x in (each if isinstance(each, list) else [each])]


def _compare(node: Node, value: Any, bindings: Bindings) -> Any:
    left, right = (evaluate(child, value, bindings) for child in node["children"])
    if node["value"] in ("eq", "ne"):
        return identical(left, right) == (node["value"] == "eq")
    if not (is_number(left) and is_number(right)):
        return None
    order: dict[str, bool] = {
        "lt": left < right, "lte": left <= right, "gt": left > right, "gte": left >= right,
    }  # fmt: skip
    return order[node["value"]]


def _and_or(node: Node, value: Any, bindings: Bindings) -> Any:
    left = evaluate(node["children"][0], value, bindings)
    if _false(left) == (node["type"] == "or_expression"):
        return evaluate(node["children"][1], value, bindings)
    return left


def _function(node: Node, value: Any, bindings: Bindings) -> Any:
    return call(node["value"], [evaluate(each, value, bindings) for each in node["children"]])


_RULES: Mapping[str, Callable[[Node, Any, Bindings], Any]] = {
    "and_expression": _and_or,
    "comparator": _compare,
    "current": lambda _node, value, _bindings: value,
    "expref": lambda node, _value, bindings: (
        lambda item: evaluate(node["children"][0], item, bindings)
    ),
    "field": _field,
    "filter_projection": _filter_projection,
    "flatten": _flatten,
    "function_expression": _function,
    "identity": lambda _node, value, _bindings: value,
    "index": _index,
    "index_expression": _chain,
    "key_val_pair": lambda node, value, bindings: evaluate(node["children"][0], value, bindings),
    "literal": lambda node, _value, _bindings: as_written(node["value"]),
    "multi_select_dict": lambda node, value, bindings: {
        each["value"]: evaluate(each, value, bindings) for each in node["children"]
    },
    "multi_select_list": lambda node, value, bindings: [
        evaluate(each, value, bindings) for each in node["children"]
    ],
    "not_expression": lambda node, value, bindings: _false(
        evaluate(node["children"][0], value, bindings)
    ),
    "or_expression": _and_or,
    "pipe": _pipe,
    "projection": _projection,
    "slice": _slice,
    "subexpression": _chain,
    "value_projection": _value_projection,
}
