"""A second example: the same skill with other values, so that its test shows that they count."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tiphys.library.schema import refuses
from tiphys.propose.induce.model import ABSENT, Choice, Parameter

_NAMES = ("sample", "example", "other")
_PORT_MAX = 65000


def varied(choice: Choice, values: Mapping[str, Any]) -> dict[str, Any]:
    """Other values that the definitions accept; what is left out keeps its default.

    Names change, numbers go up by one (so that bounds keep their order), images get another tag.
    Amounts stay, as a request must not exceed its limit.
    """
    made: dict[str, Any] = {}
    for each in choice.parameters:
        known = each.name in values
        old = values[each.name] if known else each.default
        new = _other(each, old)
        wrong = refuses(each.definition, new) is not None
        if wrong:
            new = old
        if known or each.default is ABSENT or (new != old and old is not None):
            made[each.name] = new
    return made


def _other(parameter: Parameter, old: Any) -> Any:
    form = parameter.definition.get("format")
    if parameter.name == "name":
        return next(name for name in _NAMES if name != old)
    if parameter.name == "namespace" or "enum" in parameter.definition or old is None:
        return old
    if isinstance(old, bool):
        return old
    if isinstance(old, int):
        return old + 1 if old < _PORT_MAX else old
    if isinstance(old, str) and form == "image":
        return f"{old}-2" if "@" not in old else old
    return old
