"""The part of Kubernetes' JSONPath that `wait` needs: fields, indexes, and a filter by equality."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from tiphys.domain.errors import InvalidInput

_STEP = re.compile(
    r"\.(?P<field>(?:[^\s.\[\]{}()*?@$'\"\\]|\\\.)+)"
    r"|\['(?P<quoted>[^']+)'\]"
    r"|\[(?P<index>-?[0-9]+)\]"
    r"|\[\?\(@\.(?P<key>[A-Za-z0-9_-]+)\s*==\s*(?P<quote>[\"'])(?P<value>[^\"']*)(?P=quote)\)\]"
)


@lru_cache(maxsize=256)
def parse_jsonpath(text: str) -> tuple[re.Match[str], ...]:
    """The steps of `{.a.b[0]}` (braces and first dot optional). InvalidInput."""
    inner = text.removeprefix("{").removesuffix("}") if text.startswith("{") else text
    if not inner.startswith((".", "[")):
        inner = f".{inner}"
    steps, at = [], 0
    while at < len(inner):
        match = _STEP.match(inner, at)
        if match is None:
            raise InvalidInput(
                f"JSONPath {text!r} is not supported by the embedded runner; use --runner chainsaw"
            )
        steps.append(match)
        at = match.end()
    return tuple(steps)


def find(text: str, value: Any) -> list[Any]:
    """What the path finds in `value`; empty when something on the way is missing."""
    found = [value]
    for step in parse_jsonpath(text):
        found = [each for base in found for each in _follow(step, base)]
    return found


def _follow(step: re.Match[str], base: Any) -> list[Any]:
    if step["index"] is not None:
        at = int(step["index"])
        return [base[at]] if isinstance(base, list) and -len(base) <= at < len(base) else []
    if step["key"] is not None:
        items = base if isinstance(base, list) else []
        return [i for i in items if isinstance(i, dict) and i.get(step["key"]) == step["value"]]
    name = step["quoted"] or step["field"].replace("\\.", ".")
    return [base[name]] if isinstance(base, dict) and name in base else []
