"""Texts that follow from the release's name and namespace."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from tiphys.propose.induce.model import ABSENT, Expression, Joined, Ref, Vector


def related(
    vector: Vector, names: Sequence[str], spaces: Sequence[str], space: Ref | None
) -> Expression | None:
    """How a text is made from the name in every case that has it, or None.

    `web-config`, `config-web` and `web.shop.svc` are made from `web` (and `shop`).
    """
    found: set[Expression] = set()
    for value, name, where in zip(vector, names, spaces, strict=True):
        if value is ABSENT:
            continue
        made = _made(value, name, where, space) if isinstance(value, str) else None
        if made is None:
            return None
        found.add(made)
    return found.pop() if len(found) == 1 else None


def evaluate(expression: Expression, case: int, vectors: dict[str, Vector]) -> Any:
    """What an expression of names comes to in one case."""
    if isinstance(expression, Ref):
        return vectors[expression.name][case]
    if isinstance(expression, Joined):
        return "".join(
            part if isinstance(part, str) else str(vectors[part.name][case])
            for part in expression.parts
        )
    return None


def _made(value: str, name: str, where: str, space: Ref | None) -> Expression | None:
    if value == name:
        return Ref("name")
    own = re.search(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])", value) if name else None
    if own is None or not re.fullmatch(r"[a-z0-9.-]+", value):
        return None
    before, after = value[: own.start()], value[own.end() :]
    parts: list[str | Ref] = [before, Ref("name")]
    if space is not None and where and re.match(rf"\.{re.escape(where)}(?![A-Za-z0-9-])", after):
        parts += [".", space, after[1 + len(where) :]]
    else:
        parts.append(after)
    return Joined(tuple(part for part in parts if part != ""))
