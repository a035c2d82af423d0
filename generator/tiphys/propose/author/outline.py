"""What a kind that no card shows looks like, by the server's own description of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tiphys.library.openapi import Field, Schemas
from tiphys.ports import Kind
from tiphys.propose.author.cards import known
from tiphys.propose.author.types import Example

_MOST = 2  # kinds
_DEEP = 4  # levels of fields
_WIDE = 16  # fields of one object; what is required comes first
_WORDS = {"port": "number or name", "any": "anything", "map": "map of names to values"}


def custom_kinds(kinds: Sequence[Kind]) -> frozenset[str]:
    """Those that CRDs have brought."""
    groups = ((each.api_version.partition("/")[0], each.kind) for each in kinds)
    return frozenset(
        kind for group, kind in groups if "." in group and not group.endswith(".k8s.io")
    )


def outlines(request: str, kinds: Sequence[Kind], schemas: Schemas) -> tuple[Example, ...]:
    """Of the kinds that the request names as they are written and that have no card."""
    shown = {each.kind for each in known()}
    named = [
        each
        for each in kinds
        if each.kind not in shown and re.search(rf"\b{re.escape(each.kind)}\b", request)
    ]
    found = ((each, schemas.of(each.api_version, each.kind)) for each in named[:_MOST])
    return tuple(_outline(kind, root) for kind, root in found if root is not None)


def _outline(kind: Kind, root: Field) -> Example:
    place = "\n  namespace: <string>" if kind.namespaced else ""
    lines = [
        f"apiVersion: {kind.api_version}",
        f"kind: {kind.kind}",
        f"metadata:\n  name: <string>{place}",
    ]
    for name, field in root.fields.items():
        if name not in ("apiVersion", "kind", "metadata", "status"):
            lines += _lines(name, field, 0)
    return Example(f"The fields of a {kind.kind}", "\n".join(lines))


def _lines(name: str, field: Field, level: int) -> Iterator[str]:
    pad = "  " * level
    inner = field.item if field.type == "list" else field
    if inner is None or not inner.fields or level >= _DEEP:
        yield f"{pad}{name}: {_type(field)}"
        return
    yield f"{pad}{name}:{'  # a list of these' if inner is not field else ''}"
    ordered = sorted(inner.fields, key=lambda each: each not in inner.required)
    for each in ordered[:_WIDE]:
        yield from _lines(each, inner.fields[each], level + 1)


def _type(field: Field) -> str:
    if field.enum:
        return f"<{' | '.join(str(each) for each in field.enum[:8])}>"
    if field.type == "list":
        return f"[{_type(field.item)}]" if field.item else "[]"
    return f"<{_WORDS.get(field.type, field.type)}>"
