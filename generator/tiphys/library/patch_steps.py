"""A change of one field, and the small steps that it takes: values only, no text.

`patching` makes the same steps in a file.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from tiphys.domain.errors import InvalidInput

Path = tuple[str | int, ...]
Op = Literal["set", "remove", "append"]
MISSING = object()


@dataclass(frozen=True, slots=True)
class FieldPatch:
    """One change of one field of one object.

    An item of a list is a number or `key=value` ("name=web") in `path`. `set` makes the maps that
    lead to a field; `append` adds one item (`value`) to the list at `path`, or makes the list, and
    leaves a list alone that holds the very item; `remove` takes the field or item out. `namespace`
    None fits any.
    """

    kind: str
    name: str
    path: Path
    value: Any = None
    op: Op = "set"
    namespace: str | None = None

    @property
    def where(self) -> str:
        """For people: `Deployment/web:spec.replicas`."""
        return f"{self.kind}/{self.name}:{shown_path(self.path)}"


def shown_path(path: Path) -> str:
    """`spec.containers[name=web].image`."""
    text = ""
    for part in path:
        item = isinstance(part, int) or ("=" in part and text)
        text += f"[{part}]" if item else f".{part}"
    return text.removeprefix(".")


@dataclass(frozen=True, slots=True)
class Step:
    """The smallest change: `replace` a value, `put` a new key, `append` an item, `remove`."""

    op: Literal["replace", "put", "append", "remove"]
    path: Path
    value: Any = None


def patched_value(obj: Any, patch: FieldPatch) -> Any:
    """What an object is after a patch, as JSON. InvalidInput where the path leads nowhere."""
    path = resolved(obj, patch)
    made = copy.deepcopy(obj)
    for step in steps(made, path, patch):
        made = stepped(made, step)
    return made


def resolved(obj: Any, patch: FieldPatch) -> Path:
    """The path with every `key=value` as a number."""
    if not patch.path:
        raise InvalidInput(f"{patch.kind}/{patch.name}: a change needs the path of a field")
    here, path = obj, []
    for part in patch.path:
        if isinstance(here, list) and isinstance(part, str):
            key, given, wanted = part.partition("=")
            if not given:
                raise InvalidInput(f"{patch.where}: {part} is no item of a list; say name={part}")
            fits = [
                n
                for n, item in enumerate(here)
                if isinstance(item, dict) and key in item and _plain(item[key]) == wanted
            ]
            if len(fits) != 1:
                raise InvalidInput(f"{patch.where}: {len(fits)} items have {part}, expected one")
            part = fits[0]  # noqa: PLW2901  # the same part, by number
        path.append(part)
        here = at(here, (part,)) if here is not MISSING else here
    return tuple(path)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def at(value: Any, path: Path) -> Any:
    """What stands there, or MISSING."""
    for part in path:
        key = isinstance(value, dict) and isinstance(part, str) and part in value
        item = isinstance(value, list) and isinstance(part, int) and 0 <= part < len(value)
        if not (key or item):
            return MISSING
        value = value[part]
    return value


def steps(value: Any, path: Path, patch: FieldPatch) -> Iterator[Step]:
    """The smallest changes that make the patch; each holds for the value after those before it."""
    there = at(value, path)
    if patch.op == "remove":
        if there is MISSING:
            raise InvalidInput(f"{patch.where}: there is no such field")
        return iter([Step("remove", path)])
    if patch.op == "set":
        return _setting(value, path, patch.value, patch)
    if there is MISSING or there is None:
        return _setting(value, path, [patch.value], patch)
    if not isinstance(there, list):
        raise InvalidInput(f"{patch.where}: is no list")
    if any(same(patch.value, item) for item in there):
        return iter(())
    name = patch.value.get("name") if isinstance(patch.value, dict) else None
    if name is not None and any(isinstance(i, dict) and i.get("name") == name for i in there):
        raise InvalidInput(f"{patch.where}: there is an item named {name} already; change that one")
    return iter([Step("append", path, patch.value)])


def _setting(value: Any, path: Path, new: Any, patch: FieldPatch) -> Iterator[Step]:
    here = value
    for depth, part in enumerate(path):
        inner = at(here, (part,))
        if inner is MISSING:
            yield _making(here, path, depth, new, patch)
            return
        here = inner
    yield from _difference(here, path, new)


def _making(here: Any, path: Path, depth: int, new: Any, patch: FieldPatch) -> Step:
    """Make what is missing from `path[depth]` on."""
    made = new
    for part in reversed(path[depth + 1 :]):
        if not isinstance(part, str) or "=" in part:
            raise InvalidInput(f"{patch.where}: {shown_path(path[: depth + 1])} is not there")
        made = {part: made}
    part = path[depth]
    if isinstance(here, list) and part == len(here):
        return Step("append", path[:depth], made)
    if isinstance(here, dict) and isinstance(part, str):
        return Step("put", path[: depth + 1], made)
    if here is None and isinstance(part, str) and "=" not in part and depth:
        return Step("replace", path[:depth], {part: made})
    raise InvalidInput(f"{patch.where}: {shown_path(path[: depth + 1])} is not there")


def _difference(old: Any, path: Path, new: Any) -> Iterator[Step]:
    if same(old, new):
        return
    if isinstance(old, dict) and isinstance(new, dict) and old and new:
        for key in new:
            if key in old:
                yield from _difference(old[key], (*path, key), new[key])
            else:
                yield Step("put", (*path, key), new[key])
        yield from (Step("remove", (*path, key)) for key in old if key not in new)
    elif isinstance(old, list) and isinstance(new, list) and old and new:
        for n, (one, other) in enumerate(zip(old, new, strict=False)):
            yield from _difference(one, (*path, n), other)
        yield from (Step("append", path, each) for each in new[len(old) :])
        yield from (Step("remove", (*path, n)) for n in range(len(old) - 1, len(new) - 1, -1))
    else:
        yield Step("replace", path, new)


def stepped(value: Any, step: Step) -> Any:
    """The value with one step made."""
    made = copy.deepcopy(value)
    if step.op == "append":
        at(made, step.path).append(copy.deepcopy(step.value))
        return made
    parent, last = at(made, step.path[:-1]), step.path[-1]
    if step.op == "remove":
        del parent[last]
    else:
        parent[last] = copy.deepcopy(step.value)
    return made


def same(one: Any, other: Any) -> bool:
    """Equal as JSON, where true is not 1 and 1 is not 1.0."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
