"""Schemas of custom resources as people speak of them: "its spec has a room", "must be given"."""

from __future__ import annotations

import re
from typing import Any

from tiphys.ports import Object
from tiphys.propose.author.fields import dicts, items, map_at

_SPEC = re.compile(r"(?<![\w.-])spec\b", re.IGNORECASE)
_STATUS = re.compile(r"\bstatus\b|\bobserved\b", re.IGNORECASE)
_PARTS = frozenset({"apiVersion", "kind", "metadata", "spec", "status"})  # of every resource
_SHORT = re.compile(
    r"[\"'`]?(?<![\w.-])([a-z]{1,8})[\"'`]?\s+for\s+short\b"
    r"|\b(?:short(?:\s?name|hand)?|Kurzname|Kurzform|Kürzel|nom\s+court|abréviation|nombre\s+corto"
    r"|abreviatura|nome\s+(?:curto|breve))\s*(?:is|ist|est|es|é|è|:|,)?\s+[\"'`]?([a-z]{1,8})(?![\w-]|\.\w)"
)
_SAYS_SO = (True, "true", ["true"], [True])
_NO_NAME = frozenset("a an and for is it its name names of or the".split())
_SAYS_NOT = (False, "false", ["false"], [False])


def state_names(obj: Object, request: str) -> None:
    """Set the plural and the short name in place where the request has them."""
    names = map_at(obj, "spec", "names")
    kind = str(names.get("kind", "")).lower()
    plurals = {f"{kind}s", f"{kind}es", f"{kind.removesuffix('y')}ies"}
    said = plurals & set(re.findall(r"[a-z]+", request))
    if len(said) == 1 and names.get("plural") not in said:
        names["plural"] = said.pop()
        map_at(obj, "metadata")["name"] = f"{names['plural']}.{map_at(obj, 'spec').get('group')}"
    short = {one or other for one, other in _SHORT.findall(request)} - _NO_NAME
    if len(short) == 1 and not names.get("shortNames"):
        names["shortNames"] = [short.pop()]


def shape_schema(obj: Object, request: str) -> None:
    """Set in place: fields within spec where the request has one, and who must be given."""
    for holder in dicts(map_at(obj, "spec").get("versions")):
        schema = holder.get("openAPIV3Schema")
        if isinstance(schema, dict):
            _require(schema)
            if _SPEC.search(request):
                _within_spec(schema)
                if not _STATUS.search(request):
                    _no_status(schema, request)


def _require(schema: Any) -> None:
    """A property that says of itself that it is required is required by what holds it."""
    for holder in dicts(schema):
        properties = holder.get("properties")
        for name, field in properties.items() if isinstance(properties, dict) else ():
            said = field.get("required") if isinstance(field, dict) else None
            if said in (*_SAYS_SO, *_SAYS_NOT):
                del field["required"]
            if said in _SAYS_SO:
                named = [each for each in items(holder.get("required")) if isinstance(each, str)]
                holder["required"] = list(dict.fromkeys([*named, name]))


def _within_spec(schema: dict[str, Any]) -> None:
    properties = schema.get("properties")
    if isinstance(properties, dict) and properties and properties.keys().isdisjoint(_PARTS):
        inner = {"type": "object", "properties": properties}
        if required := schema.pop("required", None):
            inner["required"] = required
        schema["properties"] = {"spec": inner}


def _no_status(schema: dict[str, Any], request: str) -> None:
    """What a request without a word of a status speaks of is wished for, not observed."""
    properties = map_at(schema, "properties")
    spec, status = properties.get("spec"), properties.get("status")
    if isinstance(spec, dict) and isinstance(status, dict) and map_at(status, "properties"):
        given = map_at(spec, "properties")
        low = request.lower()
        wished = {key: each for key, each in status["properties"].items() if key.lower() in low}
        spec["properties"] = {**wished, **given}
        del properties["status"]
