"""Mend an object against the schema of its kind, where what was meant is beyond doubt.

A small model knows the words and misses the place: a field one level too deep, a number in quotes,
a single item where a list belongs. What no field of the kind resembles is left out, and told.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import Any

from tiphys.library.openapi import Field, Schemas
from tiphys.ports import Kind
from tiphys.propose.author.pods import straighten

_ALIKE = 0.84
_SERVERS_OWN = ("creationTimestamp", "generation", "managedFields", "resourceVersion", "uid")
_TRUE, _FALSE = ("true", "yes", "on", "y"), ("false", "no", "off", "n")
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}\Z")
_NUMBER = re.compile(r"[-+]?[0-9]{1,18}(\.[0-9]{1,18})?\Z")
_BYTES = re.compile(r"\d+(?:\.\d+)?[KMGTP]i?")
_CORES = re.compile(r"\d{1,6}m|\d{1,2}(?:\.\d+)?")
_MODES = frozenset({"defaultMode", "mode"})
_DECIMAL = frozenset({"256", "416", "420", "436"})  # sane modes in decimal, and none in octal
_NOTHING = object()


class Mender:
    """Mends objects of one API server, whose kinds and schemas it is given."""

    def __init__(self, schemas: Schemas, kinds: Sequence[Kind]) -> None:
        self._schemas = schemas
        self._kinds = kinds

    def mend(self, given: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
        """The object as it was meant, with what was changed, a line for each.

        Of a kind that is not served it is returned with the scalars as they stand.
        """
        notes: list[str] = []
        obj = deepcopy(dict(given))
        straighten(obj)
        kind = self._kind(str(obj.get("apiVersion", "")), str(obj.get("kind", "")))
        if kind is None:
            return _untyped(obj), (f"no kind {obj.get('kind')} is served",)
        if (obj.get("apiVersion"), obj.get("kind")) != (kind.api_version, kind.kind):
            notes.append(f"{obj.get('apiVersion')} {obj.get('kind')} is {kind.api_version} here")
        obj |= {"apiVersion": kind.api_version, "kind": kind.kind}
        obj.pop("status", None)
        root = self._schemas.of(kind.api_version, kind.kind)
        metadata = obj.get("metadata")
        if isinstance(metadata, dict):
            for name in _SERVERS_OWN:
                metadata.pop(name, None)
            if not kind.namespaced:
                metadata.pop("namespace", None)
        if root is None or root.type != "object":
            return _untyped(obj), tuple(notes)
        return _Walk(root, notes).all(obj), tuple(dict.fromkeys(notes))

    def _kind(self, api_version: str, kind: str) -> Kind | None:
        same = [each for each in self._kinds if each.kind.lower() == kind.lower()]
        exact = [each for each in same if each.api_version == api_version]
        group = api_version.rpartition("/")[0]
        near = [each for each in same if each.api_version.rpartition("/")[0] == group]
        found = exact or near or same
        # A version that is served and not preferred is right as it was written.
        if not exact and found and self._schemas.of(api_version, found[0].kind):
            return Kind(api_version, found[0].kind, found[0].namespaced)
        return found[0] if found else None


class _Walk:
    """One object from its root down. Fields that are at the wrong place wait for their own."""

    def __init__(self, root: Field, notes: list[str]) -> None:
        self._root = root
        self._notes = notes
        self._homeless: list[tuple[tuple[str | int, ...], str, Any]] = []

    def all(self, obj: Mapping[str, Any]) -> dict[str, Any]:
        found = self._object(obj, self._root, ())
        for path, name, value in self._homeless:
            if not (self._house(found, path, name, value) or self._hoist(found, value)):
                self._notes.append(f"{_at(path, name)}: no such field; left out")
        return found

    def _object(
        self, given: Mapping[str, Any], field: Field, path: tuple[str | int, ...]
    ) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in given.items():
            right = name if name in field.fields else _alike(name, field, given)
            if right is None and _is_a_level_too_many(value, field, given):
                self._notes.append(f"{_at(path, name)}: no such level; what it holds is one up")
                found |= self._object(value, field, path)
                continue
            if right is None:
                self._homeless.append((path, name, value))
                continue
            if right != name:
                self._notes.append(f"{_at(path, name)}: meant as {right}")
            mended = self._value(value, field.fields[right], (*path, right))
            if mended is not _NOTHING:
                found[right] = mended
        return found

    def _value(self, value: Any, field: Field, path: tuple[str | int, ...]) -> Any:
        """What the field holds, or _NOTHING."""
        if value is None or (value in ("", "null", "~") and field.type not in ("string", "any")):
            return {} if _may_be_empty(field) else _NOTHING
        if field.type in ("list", "object", "map"):
            readers = {"list": self._list, "object": self._fields, "map": self._map}
            return readers[field.type](value, field, path)
        if field.type == "any":
            return _untyped(value)
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if isinstance(value, dict | list):
            return self._odd(value, field, path)
        if path[-1] in _MODES and field.type == "integer":
            value = _mode(str(value))
        return scalar(str(value), field)

    def _list(self, value: Any, field: Field, path: tuple[str | int, ...]) -> Any:
        items = value if isinstance(value, list) else self._listed(value, field)
        item = field.item
        if item is None:
            return _untyped(items)
        mended = (self._value(each, item, (*path, n)) for n, each in enumerate(items))
        return [each for each in mended if each is not _NOTHING]

    def _fields(self, value: Any, field: Field, path: tuple[str | int, ...]) -> Any:
        if isinstance(value, list):
            value = _joined(value)
        if not isinstance(value, dict):
            self._notes.append(f"{_at(path)}: takes fields, not {str(value)[:40]!r}; left out")
            return _NOTHING
        return self._object(value, field, path)

    def _listed(self, value: Any, field: Field) -> list[Any]:
        """What stands where a list belongs: one item, or (by name) several."""
        item = field.item
        if isinstance(value, dict) and item and item.type == "object":
            named = {"name", "value"} <= set(item.fields) and "name" not in value
            if named and all(not isinstance(each, dict | list) for each in value.values()):
                return [{"name": name, "value": each} for name, each in value.items()]
        if isinstance(value, str) and item and item.type == "object":
            [key, *more] = list(item.required) or ["name"]
            return [value] if more else [{key: value}]
        return [value]

    def _map(self, value: Any, field: Field, path: tuple[str | int, ...]) -> Any:
        if isinstance(value, list):
            value = _joined(value)
        if isinstance(value, str) and field.item is not None and field.item.type == "quantity":
            value = _amounts(value, path)
        if not isinstance(value, dict):
            self._notes.append(f"{_at(path)}: takes keys and values; left out")
            return _NOTHING
        item = field.item
        if item is None:
            return _untyped(value)
        found = {}
        for name, each in value.items():
            empty = each in (None, "") and item.type == "string"
            mended = "" if empty else self._value(each, item, (*path, name))
            if mended is not _NOTHING:
                found[name] = mended
        return found

    def _odd(self, value: Any, field: Field, path: tuple[str | int, ...]) -> Any:
        """A structure where a scalar belongs: text may hold one, nothing else may."""
        if field.type == "string" and isinstance(value, list):
            return " ".join(map(str, value))
        self._notes.append(f"{_at(path)}: takes one value; left out")
        return _NOTHING

    def _house(
        self, obj: dict[str, Any], path: tuple[str | int, ...], name: str, value: Any
    ) -> bool:
        """Put a field where its name is known: nearest above, else the only place below."""
        for length in range(len(path) - 1, -1, -1):
            above = self._root.at(path[:length])
            if above is not None and above.type == "object" and name in above.fields:
                return self._settle(obj, path[:length], name, value, above.fields[name], path)
        here = self._root.at(path)
        places = [
            ((key,), inner.fields[name])
            for key, inner in (here.fields.items() if here else ())
            if inner.type == "object" and name in inner.fields
        ]
        if len(places) == 1:
            [(inner_path, target)] = places
            return self._settle(obj, (*path, *inner_path), name, value, target, path)
        within = self._template_below(path)
        inside = self._root.at((*within, name)) if within else None
        if within and inside is not None:
            return self._settle(obj, within, name, value, inside, path)
        return False

    def _hoist(self, obj: dict[str, Any], value: Any) -> bool:
        """Fields of the object that stand in levels which its kind has not, such as a pod's."""
        known = self._root.fields.keys() - {"apiVersion", "kind", "metadata", *obj}
        done = False
        for name, child in value.items() if isinstance(value, dict) else ():
            if name in known:
                done |= self._settle(obj, (), name, child, self._root.fields[name], ())
            else:
                done |= self._hoist(obj, child)
        return done

    def _template_below(self, path: tuple[str | int, ...]) -> tuple[str | int, ...] | None:
        """The pod that an object's own level makes: where fields of a pod go astray to."""
        for tail in (("template", "spec"), ("jobTemplate", "spec", "template", "spec")):
            if self._root.at((*path, *tail)):
                return (*path, *tail)
        return None

    def _settle(
        self,
        obj: dict[str, Any],
        path: tuple[str | int, ...],
        name: str,
        value: Any,
        field: Field,
        was: tuple[str | int, ...],
    ) -> bool:
        here = _reach(obj, path)
        if here is None or name in here:
            return False
        mended = self._value(value, field, (*path, name))
        if mended is _NOTHING:
            return False
        here[name] = mended
        self._notes.append(f"{_at(was, name)}: belongs to {_at(path) or 'the object'}")
        return True


def _amounts(value: str, path: Sequence[str | int]) -> dict[str, str] | None:
    """A bare amount of what its unit tells: bytes of memory, or of storage in a claim."""
    if _BYTES.fullmatch(value):
        claims = path[:2] == ("spec", "resources") or "volumeClaimTemplates" in path
        return {"storage" if claims else "memory": value}
    return {"cpu": value} if _CORES.fullmatch(value) else None


def _reach(obj: dict[str, Any], path: Sequence[str | int]) -> dict[str, Any] | None:
    """The map at a path, made where it is missing; None where something else stands."""
    here: Any = obj
    for part in path:
        if isinstance(here, dict) and isinstance(part, str):
            here = here.setdefault(part, {})
        elif isinstance(here, list) and isinstance(part, int) and part < len(here):
            here = here[part]
        else:
            return None
    return here if isinstance(here, dict) else None


def _alike(name: str, field: Field, given: Mapping[str, Any]) -> str | None:
    """The one field whose name is the same but for spelling, and that is not given itself."""
    free = [each for each in field.fields if each not in given]
    by_letters = {_letters(each): each for each in free}
    if found := by_letters.get(_letters(name)):
        return found
    near = difflib.get_close_matches(name, free, n=2, cutoff=_ALIKE)
    return near[0] if len(near) == 1 else None


def _is_a_level_too_many(value: Any, field: Field, given: Mapping[str, Any]) -> bool:
    """Whether it holds nothing but fields of what it stands in: the `spec` of a ServiceAccount."""
    return bool(value) and isinstance(value, dict) and {*value} <= {*field.fields} - {*given}


def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower()).removesuffix("s")


def _may_be_empty(field: Field) -> bool:
    """`emptyDir:` and `podSelector:` mean something without a value."""
    return field.type == "any" or (field.type == "object" and not field.required)


def _joined(items: Sequence[Any]) -> Any:
    """One map out of a list of maps, as in `- name: x` where `name: x` belongs."""
    if not items or not all(isinstance(each, dict) for each in items):
        return None
    keys = [key for each in items for key in each]
    if len(keys) != len(set(keys)):
        return None
    return {key: value for each in items for key, value in each.items()}


def _mode(text: str) -> str:
    """Permissions of files as the API has them, in decimal: people write 0400 or 400."""
    octal = text.removeprefix("0o")
    if text in _DECIMAL or not re.fullmatch(r"0?[0-7]{3}", octal):
        return text
    return str(int(octal, 8))


def scalar(text: str, field: Field) -> Any:
    """The text as the field's type has it; as it stands where it is no such thing."""
    low = text.strip().lower()
    if field.type == "boolean":
        return True if low in _TRUE else False if low in _FALSE else text
    if field.type in ("integer", "port") and _INTEGER.match(text.strip()):
        return int(text)
    if field.type == "number" and _NUMBER.match(text.strip()):
        return float(text) if "." in text else int(text)
    if field.enum and text not in field.enum:
        same = [each for each in field.enum if str(each).lower() == low]
        return same[0] if same else text
    return text


def _untyped(value: Any) -> Any:
    """Scalars read as YAML 1.2 would, where no schema says what they are."""
    if isinstance(value, dict):
        return {key: _untyped(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_untyped(each) for each in value]
    if not isinstance(value, str):
        return value
    readers: tuple[tuple[bool, Callable[[str], Any]], ...] = (
        (value in ("true", "false"), lambda text: text == "true"),
        (bool(_INTEGER.match(value)), int),
        (bool(_NUMBER.match(value)), float),
    )
    return next((read(value) for fits, read in readers if fits), value)


def _at(path: Sequence[str | int], name: str = "") -> str:
    whole = (*path, name) if name else path
    parts = (f"[{each}]" if isinstance(each, int) else f".{each}" for each in whole)
    return "".join(parts).removeprefix(".")
