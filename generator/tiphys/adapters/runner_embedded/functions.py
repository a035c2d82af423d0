"""The functions that expressions may call, with the argument types that Chainsaw checks."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from tiphys.adapters.runner_embedded.gotypes import LooseMap, identical, is_number
from tiphys.domain.errors import InvalidInput


class EvaluationError(InvalidInput):
    """An expression that cannot be evaluated on this input; fails the operation at once."""


@dataclass(frozen=True, slots=True)
class Function:
    """A function: one set of type names for each argument; the last may repeat."""

    call: Callable[..., Any]
    arguments: tuple[str, ...]
    variadic: bool = False

    def arity_error(self, count: int) -> str | None:
        """What is wrong with that many arguments, or None."""
        least = len(self.arguments)
        if count < least or (count > least and not self.variadic):
            wanted = f"at least {least}" if self.variadic else str(least)
            return f"takes {wanted} arguments, got {count}"
        return None


def _is_object(value: Any) -> bool:
    return isinstance(value, dict) and not isinstance(value, LooseMap)


def _all(kind: type) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and all(type(each) is kind for each in value)


_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "any": lambda _: True,
    "number": lambda value: isinstance(value, float),  # integers of live objects do not count
    "string": lambda value: isinstance(value, str),
    "array": lambda value: isinstance(value, list),
    "object": _is_object,
    "numbers": _all(float),
    "strings": _all(str),
    "expression": callable,
}


def call(name: str, arguments: Sequence[Any]) -> Any:
    """The function's value. EvaluationError when an argument has another type."""
    function = FUNCTIONS[name]
    if wrong := function.arity_error(len(arguments)):
        raise EvaluationError(f"{name}() {wrong}")
    for index, argument in enumerate(arguments):
        accepted = function.arguments[min(index, len(function.arguments) - 1)]
        if not any(_TYPES[kind](argument) for kind in accepted.split("|")):
            raise EvaluationError(
                f"{name}() wants {accepted.replace('|', ' or ')} as argument {index + 1},"
                f" got {_type_name(argument)}"
            )
    return function.call(*arguments)


def _type_name(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return "a live integer"
    if isinstance(value, LooseMap):
        return "an object that a binding wrote"
    return _type(value) if not callable(value) else "an expression"


def _type(value: Any) -> str:
    if value is None:
        return "null"
    for kind, name in ((bool, "boolean"), (float, "number"), (str, "string"), (list, "array")):
        if isinstance(value, kind):
            return name
    if _is_object(value):
        return "object"
    raise EvaluationError("type() does not know the type of this value")


def _contains(subject: list[Any] | str, search: Any) -> bool:
    if isinstance(subject, str):
        return isinstance(search, str) and search in subject
    return any(identical(search, each) for each in subject)


def _to_string(value: Any) -> str:
    if isinstance(value, str):
        return value
    text = json.dumps(_plain(value), separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if callable(value):
        raise EvaluationError("an expression has no text")
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _to_number(value: Any) -> float | None:
    if is_number(value):
        return float(value)
    if isinstance(value, str):
        try:
            return float(value) if value == value.strip() else None
        except ValueError:
            return None
    return None


def _extreme(choose: Callable[..., Any], values: list[Any]) -> Any:
    return choose(values) if values else None


def _extreme_by(choose: Callable[..., Any], values: list[Any], key: Callable[[Any], Any]) -> Any:
    if len(values) < 2:
        return values[0] if values else None
    keys = _keys_of(values, key)
    return values[keys.index(choose(keys))]


def _sort_by(values: list[Any], key: Callable[[Any], Any]) -> list[Any]:
    if len(values) < 2:
        return values
    order = _keys_of(values, key)
    return [values[index] for index in sorted(range(len(values)), key=order.__getitem__)]


def _keys_of(values: list[Any], key: Callable[[Any], Any]) -> list[Any]:
    keys = [key(each) for each in values]
    if not (_all(float)(keys) or _all(str)(keys)):
        raise EvaluationError("the sort key must be text everywhere or a written number everywhere")
    return keys


def _split(text: str, separator: str) -> list[str]:
    return text.split(separator) if text and separator else list(text)


def _merge(*objects: dict[str, Any]) -> dict[str, Any]:
    return {key: value for each in objects for key, value in each.items()}


FUNCTIONS: Mapping[str, Function] = {
    "abs": Function(abs, ("number",)),
    "avg": Function(lambda v: sum(v) / len(v) if v else None, ("numbers",)),
    "ceil": Function(lambda v: float(-(-v // 1)), ("number",)),
    "concat": Function(lambda a, b: a + b, ("string", "string")),
    "contains": Function(_contains, ("array|string", "any")),
    "ends_with": Function(lambda s, suffix: s.endswith(suffix), ("string", "string")),
    "floor": Function(lambda v: float(v // 1), ("number",)),
    "join": Function(lambda glue, parts: glue.join(parts), ("string", "strings")),
    "keys": Function(list, ("object",)),
    "length": Function(lambda v: float(len(v)), ("string|array|object",)),
    "lower": Function(str.lower, ("string",)),
    "map": Function(lambda each, values: [each(v) for v in values], ("expression", "array")),
    "max": Function(partial(_extreme, max), ("numbers|strings",)),
    "max_by": Function(partial(_extreme_by, max), ("array", "expression")),
    "merge": Function(_merge, ("object",), variadic=True),
    "min": Function(partial(_extreme, min), ("numbers|strings",)),
    "min_by": Function(partial(_extreme_by, min), ("array", "expression")),
    "not_null": Function(
        lambda *values: next((v for v in values if v is not None), None), ("any",), variadic=True
    ),
    "reverse": Function(lambda v: v[::-1], ("array|string",)),
    "sort": Function(sorted, ("strings|numbers",)),
    "sort_by": Function(_sort_by, ("array", "expression")),
    "split": Function(_split, ("string", "string")),
    "starts_with": Function(lambda s, prefix: s.startswith(prefix), ("string", "string")),
    "sum": Function(lambda v: float(sum(v)), ("numbers",)),
    "to_array": Function(lambda v: v if isinstance(v, list) else [v], ("any",)),
    "to_number": Function(_to_number, ("any",)),
    "to_string": Function(_to_string, ("any",)),
    "type": Function(_type, ("any",)),
    "upper": Function(str.upper, ("string",)),
    "values": Function(lambda v: list(v.values()), ("object",)),
}
