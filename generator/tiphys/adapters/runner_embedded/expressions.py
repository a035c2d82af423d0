"""Expressions: JMESPath in parentheses, with `$name` for a binding.

The `jmespath` package parses; what a node means is ours, because Chainsaw's interpreter differs
from the package's in numbers, in ordering and in what is an error. The package's grammar has no
variables, so a `$name` outside quotes is handed to it as a field with a marked name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from tiphys.adapters.runner_embedded.functions import FUNCTIONS, EvaluationError, call
from tiphys.adapters.runner_embedded.gotypes import LooseMap, as_written, identical, is_number
from tiphys.domain.errors import InvalidInput

Bindings = Mapping[str, Any]
Node = dict[str, Any]

_MAX_LENGTH = 4096
_MARK = "\x00"
_FOREACH = re.compile(r"~([0-9A-Za-z_]+)?\.(.*)")
_BINDING = re.compile(r"(.*)[\t\n\f\r ]*->[\t\n\f\r ]*([0-9A-Za-z_]+)\Z")
_ESCAPED = re.compile(r"\\(.+)\\\Z")
_ENGINE = re.compile(r"\((?:([0-9A-Za-z_]+);)?(.+)\)\Z")
# Quoted text of any kind, or a variable: whichever comes first is not inside the other.
_TOKEN = re.compile(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"|`(?:\\.|[^`\\])*`|\$([0-9A-Za-z_]*)")
_HIDDEN = frozenset({"client", "config"})  # Chainsaw's own Go objects


@dataclass(frozen=True, slots=True)
class Program:
    """A compiled expression."""

    text: str
    node: Node

    def evaluate(self, value: Any, bindings: Bindings) -> Any:
        """The expression's value on `value`. EvaluationError."""
        try:
            return _evaluate(self.node, value, bindings)
        except EvaluationError as error:
            raise EvaluationError(f"({self.text}): {error}") from None
        except RecursionError:
            raise EvaluationError(f"({self.text}): nested too deeply") from None


@dataclass(frozen=True, slots=True)
class Form:
    """What the text of a key or a leaf says: `~name.(statement)->binding`.

    `program` is None for plain text, which `statement` then holds without its escapes.
    """

    statement: str
    program: Program | None
    foreach: bool = False
    index: str = ""
    binding: str = ""


@lru_cache(maxsize=4096)
def parse_form(text: str) -> Form:
    """Read a key or a leaf of an assertion tree. InvalidInput."""
    foreach, index, binding = False, "", ""
    if match := _FOREACH.match(text):
        foreach, index, text = True, match[1] or "", match[2]
    if match := _BINDING.search(text):
        text, binding = match[1], match[2]
    plain = parse_text(text)
    return Form(plain.statement, plain.program, foreach, index, binding)


@lru_cache(maxsize=4096)
def parse_text(text: str) -> Form:
    """Read text that may be an expression or escaped, and nothing more. InvalidInput."""
    if match := _ESCAPED.match(text):
        return Form(match[1], None)
    if match := _ENGINE.match(text):
        engine, statement = match[1], match[2]
        if engine not in (None, "jp", "default"):
            raise InvalidInput(f"`{engine};` expressions are {_UNSUPPORTED}")
        return Form(statement, compile_expression(statement))
    return Form(text, None)


_UNSUPPORTED = "not supported by the embedded runner; use --runner chainsaw"


@lru_cache(maxsize=4096)
def compile_expression(text: str) -> Program:
    """Compile JMESPath. InvalidInput names what is unknown."""
    import jmespath
    from jmespath.exceptions import JMESPathError

    if len(text) > _MAX_LENGTH or _MARK in text:
        raise InvalidInput(f"an expression is longer than {_MAX_LENGTH} characters or has a NUL")
    try:
        parsed = jmespath.compile(_TOKEN.sub(_mark_variable, text))
        node = cast("Node", parsed.parsed)
        _check(node)
    except (JMESPathError, ValueError) as error:
        said = str(error).splitlines()[0].replace('"\\u0000', '"$')
        raise InvalidInput(f"({text}): {said} (arithmetic and `let` are {_UNSUPPORTED})") from None
    except RecursionError:
        raise InvalidInput(f"({text[:40]}...): nested too deeply") from None
    except InvalidInput as error:
        raise InvalidInput(f"({text}): {error}") from None
    return Program(text, node)


def _mark_variable(match: re.Match[str]) -> str:
    name = match[1]
    if name is None:
        return match[0]
    if not name or name in _HIDDEN:
        raise InvalidInput(f"`${name}` is {_UNSUPPORTED}")
    return f'"\\u0000{name}"'


def _check(node: Any) -> None:
    """Refuse what the interpreter below would not understand, before anything runs."""
    if not isinstance(node, dict):
        return
    kind, children = node["type"], node["children"]
    if kind == "function_expression":
        name = node["value"]
        if name not in FUNCTIONS:
            raise InvalidInput(f"function `{name}` is {_UNSUPPORTED}")
        if wrong := FUNCTIONS[name].arity_error(len(children)):
            raise InvalidInput(f"{name}() {wrong}")
    if kind == "subexpression" and any(_is_variable(child) for child in children[1:]):
        raise InvalidInput("a `$name` cannot follow a dot")
    if kind == "literal" and isinstance(node["value"], str) and _MARK in node["value"]:
        raise InvalidInput("a literal has a NUL")
    for child in children:
        _check(child)


def _is_variable(node: Node) -> bool:
    return node["type"] == "field" and str(node["value"]).startswith(_MARK)


def _false(value: Any) -> bool:
    return value is None or value is False or (isinstance(value, str | list | dict) and not value)


def _evaluate(node: Node, value: Any, bindings: Bindings) -> Any:
    return _RULES[node["type"]](node, value, bindings)


def _field(node: Node, value: Any, bindings: Bindings) -> Any:
    name: str = node["value"]
    if name.startswith(_MARK):
        if name[1:] not in bindings:
            raise EvaluationError(f"nothing is bound to ${name[1:]}")
        return bindings[name[1:]]
    return value.get(name) if isinstance(value, dict) else None


def _chain(node: Node, value: Any, bindings: Bindings) -> Any:
    for index, child in enumerate(node["children"]):
        if index and value is None:
            return None
        value = _evaluate(child, value, bindings)
    return value


def _pipe(node: Node, value: Any, bindings: Bindings) -> Any:
    for child in node["children"]:
        value = _evaluate(child, value, bindings)
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
    found = (_evaluate(right, each, bindings) for each in items)
    return [each for each in found if each is not None]


def _projection(node: Node, value: Any, bindings: Bindings) -> Any:
    left, right = node["children"]
    base = _evaluate(left, value, bindings)
    if isinstance(base, list):
        return _project(base, right, bindings)
    sliced = left["type"] == "index_expression" and left["children"][-1]["type"] == "slice"
    return base if sliced and isinstance(base, str) else None


def _or_null(node: Node, value: Any, bindings: Bindings) -> Any:
    """Some projections take an input that cannot be evaluated for no input."""
    try:
        return _evaluate(node, value, bindings)
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
    kept = [each for each in base if not _false(_evaluate(condition, each, bindings))]
    return _project(kept, right, bindings)


def _flatten(node: Node, value: Any, bindings: Bindings) -> Any:
    base = _or_null(node["children"][0], value, bindings)
    if not isinstance(base, list):
        return None
    return [x for each in base for x in (each if isinstance(each, list) else [each])]


def _compare(node: Node, value: Any, bindings: Bindings) -> Any:
    left, right = (_evaluate(child, value, bindings) for child in node["children"])
    if node["value"] in ("eq", "ne"):
        return identical(left, right) == (node["value"] == "eq")
    if not (is_number(left) and is_number(right)):
        return None
    order: dict[str, bool] = {
        "lt": left < right, "lte": left <= right, "gt": left > right, "gte": left >= right,
    }  # fmt: skip
    return order[node["value"]]


def _and_or(node: Node, value: Any, bindings: Bindings) -> Any:
    left = _evaluate(node["children"][0], value, bindings)
    if _false(left) == (node["type"] == "or_expression"):
        return _evaluate(node["children"][1], value, bindings)
    return left


def _function(node: Node, value: Any, bindings: Bindings) -> Any:
    return call(node["value"], [_evaluate(each, value, bindings) for each in node["children"]])


_RULES: Mapping[str, Callable[[Node, Any, Bindings], Any]] = {
    "and_expression": _and_or,
    "comparator": _compare,
    "current": lambda _node, value, _bindings: value,
    "expref": lambda node, _value, bindings: (
        lambda item: _evaluate(node["children"][0], item, bindings)
    ),
    "field": _field,
    "filter_projection": _filter_projection,
    "flatten": _flatten,
    "function_expression": _function,
    "identity": lambda _node, value, _bindings: value,
    "index": _index,
    "index_expression": _chain,
    "key_val_pair": lambda node, value, bindings: _evaluate(node["children"][0], value, bindings),
    "literal": lambda node, _value, _bindings: as_written(node["value"]),
    "multi_select_dict": lambda node, value, bindings: {
        each["value"]: _evaluate(each, value, bindings) for each in node["children"]
    },
    "multi_select_list": lambda node, value, bindings: [
        _evaluate(each, value, bindings) for each in node["children"]
    ],
    "not_expression": lambda node, value, bindings: _false(
        _evaluate(node["children"][0], value, bindings)
    ),
    "or_expression": _and_or,
    "pipe": _pipe,
    "projection": _projection,
    "slice": _slice,
    "subexpression": _chain,
    "value_projection": _value_projection,
}
