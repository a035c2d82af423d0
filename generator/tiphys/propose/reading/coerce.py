"""One property's text as a JSON value that its definition accepts."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from typing import Any

from tiphys.library.schema import refuses
from tiphys.propose.reading.numbers import quantity, whole

QUOTED = r"""(?:"[^"\n]{1,2000}"|'[^'\n]{1,2000}'|`[^`\n]{1,2000}`|“[^”\n]{1,2000}”)"""
PIECE = r"""[^\s,;"'`|]+"""
SEPARATOR = r"(?:\s*,\s*(?:(?:and|und|et|y|e)\s+)?|\s+(?:and|und|et|y|e)\s+)"
NAMES = ("dns-label", "dns-subdomain")
_QUOTES = "\"'`“”"
_TRUE = frozenset("true yes on ja oui si sí enabled x".split())
_FALSE = frozenset("false no off nein non disabled none".split())


def kind_of(definition: Mapping[str, Any]) -> str:
    """The one JSON type of a definition, null aside."""
    declared = definition.get("type", "string")
    kinds = [declared] if isinstance(declared, str) else [k for k in declared if k != "null"]
    return kinds[0] if kinds else "string"


def coerce(raw: str, name: str, definition: Mapping[str, Any]) -> Any:
    """`raw` as a value of the property `name`, or None where the definition refuses it."""
    raw = raw.strip()
    value: Any
    match kind_of(definition):
        case "integer":
            value = whole(unquoted(raw), name, definition)
        case "boolean":
            fold = raw.strip(_QUOTES + ".").casefold()
            value = True if fold in _TRUE else False if fold in _FALSE else None
        case "array":
            value = _items(raw, definition)
        case "object":
            value = None
        case _:
            value = _text(unquoted(raw), definition)
    return value if value is not None and refuses(definition, value) is None else None


def unquoted(raw: str) -> str:
    """`raw` without the quotes or backquotes around it."""
    raw = raw.strip()
    return raw[1:-1].strip() if re.fullmatch(QUOTED, raw) else raw


def is_path(definition: Mapping[str, Any]) -> bool:
    """Whether the definition's own texts all begin with a slash: folders and URL paths."""
    shown = [definition.get("default"), *definition.get("examples", ())]
    texts = [t for s in shown for t in (s if isinstance(s, list) else [s]) if isinstance(t, str)]
    return bool(texts) and all(text.startswith("/") for text in texts)


def is_dotted(definition: Mapping[str, Any]) -> bool:
    """Whether a qualified name (a host) is meant, as in all of the definition's examples."""
    texts = definition.get("examples") or definition.get("items", {}).get("examples") or ()
    return bool(texts) and all("." in str(text) for text in texts)


def is_command(definition: Mapping[str, Any]) -> bool:
    """Whether an array holds the words of a command line, and not a list of things."""
    items = definition.get("items", {})
    if kind_of(definition) != "array" or is_path(definition) or definition.get("uniqueItems"):
        return False
    return kind_of(items) == "string" and not ({"format", "enum"} & set(items))


def command_words(raw: str) -> list[str] | None:
    """A command line as its words; shell syntax that an array can't hold is refused."""
    raw = raw.strip()
    if raw.startswith("["):
        try:
            parsed = json.loads(raw)
        except (ValueError, RecursionError):
            return None
        strings = isinstance(parsed, list) and all(isinstance(word, str) for word in parsed)
        return parsed if strings else None
    raw = unquoted(raw)
    if re.search(r"[|<>;&$]", raw):
        return None
    try:
        return shlex.split(raw) or None
    except ValueError:
        return None


def _items(raw: str, definition: Mapping[str, Any]) -> list[Any] | None:
    if is_command(definition):
        return command_words(raw)
    items = definition.get("items", {})
    raw = raw.strip("[]")
    parts = [unquoted(part) for part in re.split(SEPARATOR, raw) if part.strip()]
    if kind_of(items) == "integer":
        numbers = [whole(part, "", items) for part in parts]
        return None if None in numbers else numbers
    values = [_text(part, items) for part in parts]
    paths = is_path(definition) and not all(v is not None and v.startswith("/") for v in values)
    return None if paths or None in values else values


def _text(raw: str, definition: Mapping[str, Any]) -> str | None:
    form = definition.get("format")
    if definition.get("enum"):
        by_fold = {str(c).casefold(): str(c) for c in definition["enum"] if c is not None}
        return by_fold.get(raw.rstrip(".:").casefold())
    if form == "quantity":
        return quantity(raw.rstrip("."), definition)
    if form in NAMES:
        raw = re.sub(r"\Ahttps?://([^/\s:?#]+).*\Z", r"\1", raw).rstrip(".:").lower()
        return None if is_dotted(definition) and "." not in raw else raw
    if form:
        return raw.rstrip(".:")
    if is_path(definition):
        return raw.rstrip(".,;:") or "/" if raw.startswith("/") and " " not in raw else None
    return raw
