"""The filters of templates, and the budget of work that bounds a rendering.

The budget counts characters and items, not seconds, so that a template fails everywhere or nowhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import jinja2

from tiphys.domain.errors import LimitExceeded

_TEXT_LIMIT = 64 * 1024  # characters that one filter may give
_WORK = 2_000_000  # characters touched, plus nodes run in loops: well under a second
_ITEM = 8  # what one item of a list costs beside its text
BUDGET, CHARGE = "#budget", "#charge"  # no template can spell these names


class Budget:
    """Work that one rendering may still do."""

    def __init__(self) -> None:
        self.left = _WORK

    def spend(self, cost: int) -> None:
        """LimitExceeded once more than the budget is spent."""
        self.left -= cost
        if self.left < 0:
            raise LimitExceeded("needs more work than one template may do; loop over less")

    def weigh(self, value: Any) -> None:
        """Spend what touching a value once costs."""
        if isinstance(value, str):
            self.spend(_ITEM + len(value))
        elif isinstance(value, Mapping | list | tuple):
            self.spend(_ITEM)
            for part in [*value, *value.values()] if isinstance(value, Mapping) else value:
                if isinstance(part, jinja2.Undefined):
                    str(part)  # raises, naming the variable; only `default` may see one, bare
                self.weigh(part)
        elif isinstance(value, int):
            self.spend(_ITEM + value.bit_length())
        elif value is None or isinstance(value, float | jinja2.Undefined):
            self.spend(_ITEM)
        else:
            raise TypeError(f"a {type(value).__name__} is not a JSON value")


@jinja2.pass_context
def charge(context: Any, value: Any, body: int = 0) -> Any:
    """`value`, its weight spent; `body` is the size of the loop that runs over it."""
    context[BUDGET].weigh(value)
    if body and isinstance(value, str | Mapping | list | tuple):
        context[BUDGET].spend(body * len(value))
    return value


def _items(value: Any) -> list[tuple[Any, Any]]:
    if not isinstance(value, Mapping):
        raise TypeError("items needs a map")
    return list(value.items())


@jinja2.pass_environment
def _unique(environment: Any, value: Any, case_sensitive: bool = False) -> list[Any]:
    return list(jinja2.filters.do_unique(environment, value, case_sensitive))


def _sort(value: Iterable[Any], reverse: bool = False) -> list[Any]:
    return sorted(value, reverse=reverse)


def _join(value: Any, separator: str = "") -> str:
    parts = [str(part) for part in value]
    _bound(sum(map(len, parts)) + len(str(separator)) * len(parts))
    return str(separator).join(parts)


def _replace(value: Any, old: str, new: str) -> str:
    text = str(value)
    _bound(len(text) + text.count(str(old)) * len(str(new)))
    return text.replace(str(old), str(new))


def _bound(length: int) -> None:
    if length > _TEXT_LIMIT:
        raise LimitExceeded(f"a filter gives {length} characters, at most {_TEXT_LIMIT}")


FILTERS = {
    CHARGE: charge,
    "items": _items,
    "join": _join,
    "replace": _replace,
    "sort": _sort,
    "unique": _unique,
}
