"""Fields of an object by paths as API servers write them, such as `spec.ports[0].port`."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from tiphys.library.openapi import Field
from tiphys.ports import Object

Path = tuple[str | int, ...]
_INDEX = re.compile(r"\[([^\]]*)\]")
_NAME = re.compile(r"[A-Za-z$_][A-Za-z0-9_$-]*")


def parse_path(text: str, obj: Any, field: Field | None) -> Path | None:
    """The path as keys and positions, read along the object and its schema; None if it can't be.

    An item of a list goes by its position or by its name, a key of a map may hold dots.
    """
    found: list[str | int] = []
    rest = text.removeprefix(".")
    here, value = field, obj
    while rest:
        if match := _INDEX.match(rest):
            key = match.group(1).strip("\"'")
            rest = rest[match.end() :].removeprefix(".")
            if here is not None and here.type == "map":
                part: str | int | None = key
            else:
                part = _position(key, value)
        elif here is not None and here.type == "map":
            part, rest = rest, ""
        elif match := _NAME.match(rest):
            part, rest = match.group(0), rest[match.end() :].removeprefix(".")
            if isinstance(value, list):  # some messages leave the position out
                found.append(at := _having(part, value))
                here, value = (here.at((at,)) if here is not None else None), _inside(value, at)
        else:
            return None
        if part is None:
            return None
        found.append(part)
        here = here.at((part,)) if here is not None else None
        value = _inside(value, part)
    return tuple(found)


def _position(key: str, items: Any) -> int | None:
    if key.isdecimal():
        return int(key)
    for number, each in enumerate(items if isinstance(items, list) else ()):
        if isinstance(each, dict) and key in (each.get("name"), f"name={each.get('name')}"):
            return number
    return None


def _having(key: str, items: Sequence[Any]) -> int:
    """The first item with this key."""
    held = (n for n, each in enumerate(items) if isinstance(each, dict) and key in each)
    return next(held, 0)


def _inside(value: Any, part: str | int) -> Any:
    if isinstance(value, dict):
        return value.get(str(part))
    if isinstance(value, list) and isinstance(part, int) and part < len(value):
        return value[part]
    return None


def value_at(obj: Any, path: Sequence[str | int]) -> Any:
    """What stands there, or None."""
    for part in path:
        obj = _inside(obj, part)
    return obj


def with_value(obj: Object, path: Path, value: Any) -> Object | None:
    """A copy with another value there, maps made on the way; None where the path leads nowhere."""
    made = copy.deepcopy(obj)
    here: Any = made
    for part, following in zip(path, (*path[1:], None), strict=True):
        last = following is None
        if isinstance(here, list) and isinstance(part, int):
            if part > len(here):
                return None
            if part == len(here):
                here.append({})
        elif not isinstance(here, dict):
            return None
        if last:
            here[part] = value
        elif isinstance(here, dict):
            here = here.setdefault(part, [] if isinstance(following, int) else {})
        else:
            here = here[part]
    return made


def without(obj: Object, path: Path) -> Object | None:
    """A copy without the field; None where there is none."""
    made = copy.deepcopy(obj)
    parent = value_at(made, path[:-1])
    if isinstance(parent, dict) and path[-1] in parent:
        del parent[str(path[-1])]
    elif isinstance(parent, list) and isinstance(path[-1], int) and path[-1] < len(parent):
        del parent[path[-1]]
    else:
        return None
    return made


def dicts(value: Any) -> Iterator[dict[str, Any]]:
    """Every map within a value, itself included."""
    if isinstance(value, dict):
        yield value
    for child in value.values() if isinstance(value, dict) else items(value):
        yield from dicts(child)


def pod_specs(obj: Any) -> Iterator[dict[str, Any]]:
    """Every pod spec within an object, the pod's own included."""
    if isinstance(obj, dict):
        if isinstance(obj.get("containers"), list):
            yield obj
        for value in obj.values():
            yield from pod_specs(value)


def pods_of(objects: Iterable[Object]) -> list[dict[str, Any]]:
    """Every pod spec within any of them."""
    return [pod for each in objects for pod in pod_specs(each)]


def containers_of(pod: Any) -> list[dict[str, Any]]:
    """Of a pod spec, those that are maps; the init containers last."""
    held = (*items(pod.get("containers")), *items(pod.get("initContainers")))
    return [each for each in held if isinstance(each, dict)]


def mounts_of(container: dict[str, Any]) -> list[dict[str, Any]]:
    """The volume mounts of a container that name their volume."""
    held = items(container.get("volumeMounts"))
    return [m for m in held if isinstance(m, dict) and isinstance(m.get("name"), str)]


def items(value: Any) -> list[Any]:
    """A list as it is; what is none has no items."""
    return value if isinstance(value, list) else []


def metadata_of(obj: Object) -> dict[str, Any]:
    """Its metadata, made where there is none."""
    found = obj.get("metadata")
    if not isinstance(found, dict):
        found = obj["metadata"] = {}
    return found


def name_of(obj: Object) -> str:
    """As problems name objects: "Deployment/shop/web"."""
    metadata = obj.get("metadata") or {}
    place = [metadata["namespace"]] if metadata.get("namespace") else []
    return "/".join([str(obj.get("kind")), *place, str(metadata.get("name"))])


def map_at(obj: Any, *path: str) -> dict[str, Any]:
    """The map at a path, made where it is missing."""
    for key in path:
        found = obj.get(key)
        if not isinstance(found, dict):
            found = obj[key] = {}
        obj = found
    return obj  # type: ignore[no-any-return]  # a dict, as each step makes sure
