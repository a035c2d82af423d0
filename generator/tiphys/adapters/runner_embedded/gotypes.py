"""The two kinds of number that Chainsaw tells apart.

A whole number read from the API server is an integer there; one written in a test, in its values
or in an expression is a float. `==` inside an expression calls the two different, an assertion
does not. Here `int` and `float` carry that difference.
"""

from __future__ import annotations

from typing import Any


class LooseMap(dict[str, Any]):
    """A mapping written in a binding, which expression functions do not accept as an object."""


def as_written(value: Any) -> Any:
    """A copy with every number a float, as Chainsaw reads tests, values and literals."""
    return _map_numbers(value, float)


def as_sent(value: Any) -> Any:
    """A copy with whole floats as integers, as they stand in JSON sent to the API server."""
    return _map_numbers(value, lambda number: int(number) if number == int(number) else number)


def is_number(value: Any) -> bool:
    """True for int and float, not for bool."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def identical(left: Any, right: Any) -> bool:
    """Deep equality in which 1 and 1.0 and True differ, as expressions compare."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(identical(left[k], right[k]) for k in left)
    if isinstance(left, list):
        return len(left) == len(right) and all(map(identical, left, right))
    return bool(left == right)


def _map_numbers(value: Any, change: Any) -> Any:
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return type(value)((key, _map_numbers(each, change)) for key, each in value.items())
    if isinstance(value, list):
        return [_map_numbers(each, change) for each in value]
    return change(value) if is_number(value) else value
