"""What a model changed in objects that exist, as single fields: the rest is not its to touch.

A model writes whole objects again and forgets or embellishes as it goes. Only what differs counts,
and of that only what the request can have meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tiphys.library.patching import FieldPatch
from tiphys.ports import Object

Path = tuple[str | int, ...]
_TAKING_OUT = re.compile(
    r"\b(?:remove|delete|drop|without|no longer|unset|disable|get rid|take out|strip|instead)", re.I
)
_NAMED = ("name", "containerPort", "port", "mountPath", "key", "ip")


def changes(request: str, before: Object, after: Mapping[str, Any]) -> tuple[FieldPatch, ...]:
    """The patches that lead from one to the other, as far as the request speaks of them."""
    metadata = before["metadata"]
    removing = bool(_TAKING_OUT.search(request))
    found = []
    for op, path, old, new in _differences(before, after, ()):
        if path[:1] in (("apiVersion",), ("kind",)) or path[:2] in _IDENTITY:
            continue
        if op == "remove" and not removing:
            continue
        if op == "set" and old is not None and not _meant(new, request):
            continue
        found.append(
            FieldPatch(before["kind"], metadata["name"], path, new, op, metadata.get("namespace"))
        )
    return tuple(found)


_IDENTITY = (("metadata", "name"), ("metadata", "namespace"))


def _meant(value: Any, request: str) -> bool:
    """Whether a replaced value can come from the request: it stands there, or is no plain one."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return True
    words = [w for w in re.split(r"[^A-Za-z0-9.]+", str(value)) if w]
    low = request.lower()
    return not words or any(word.lower() in low for word in words)


def _differences(before: Any, after: Any, path: Path) -> Iterator[tuple[Any, Path, Any, Any]]:
    """(op, path, old, new) of the smallest places that differ."""
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in [*before, *(key for key in after if key not in before)]:
            if key not in after:
                yield "remove", (*path, key), before[key], None
            elif key not in before:
                yield "set", (*path, key), None, after[key]
            else:
                yield from _differences(before[key], after[key], (*path, key))
    elif isinstance(before, Sequence) and _is_list(before) and _is_list(after):
        yield from _of_lists(before, after, path)
    else:
        yield "set", path, before, after


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _of_lists(
    before: Sequence[Any], after: Sequence[Any], path: Path
) -> Iterator[tuple[Any, Path, Any, Any]]:
    """Items with a name are told apart by it, others by their position."""
    key = next((k for k in _NAMED if _all_have(k, [*before, *after])), None)
    yield from _by_name(key, before, after, path) if key else _by_place(before, after, path)


def _by_place(
    before: Sequence[Any], after: Sequence[Any], path: Path
) -> Iterator[tuple[Any, Path, Any, Any]]:
    shared = min(len(before), len(after))
    for number in range(shared):
        yield from _differences(before[number], after[number], (*path, number))
    for item in after[shared:]:
        yield "append", path, None, item
    for number in range(len(before) - 1, shared - 1, -1):
        yield "remove", (*path, number), before[number], None


def _by_name(
    key: str, before: Sequence[Any], after: Sequence[Any], path: Path
) -> Iterator[tuple[Any, Path, Any, Any]]:
    old = {item[key]: (number, item) for number, item in enumerate(before)}
    new = {item[key]: item for item in after}
    for name, (number, item) in old.items():
        if name in new:
            yield from _differences(item, new[name], (*path, number))
    for name, item in new.items():
        if name not in old:
            yield "append", path, None, item
    for name, (number, item) in reversed(old.items()):
        if name not in new:
            yield "remove", (*path, number), item, None


def _all_have(key: str, items: Sequence[Any]) -> bool:
    values = [item.get(key) for item in items if isinstance(item, Mapping)]
    whole = len(values) == len(items) and all(isinstance(v, str | int) for v in values)
    return bool(items) and whole
