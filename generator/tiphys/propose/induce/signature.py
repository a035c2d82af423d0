"""What a parameter may hold: JSON Schema out of the API server's own, the place and the values."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from tiphys.domain.errors import InvalidInput
from tiphys.library.formats import matches
from tiphys.library.schema import refuses
from tiphys.propose.induce.model import ABSENT, Parameter
from tiphys.propose.induce.places import Place

FieldSchema = Callable[[str, str, tuple[str | int, ...]], Mapping[str, Any] | None]
_DESCRIPTION = 200
_LIMITS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength")
_INT32 = (1 << 31) - 1
_TEXT = 1024
_MOST_REPLICAS = 100
_ENTRIES = 128


def definition_of(
    values: Iterable[Any], place: Place | None, field: Mapping[str, Any] | None, where: str
) -> dict[str, Any]:
    """The definition, without default and hints, that accepts all of the values. InvalidInput.

    `field` is the OpenAPI fragment of the first field that is filled, `where` names that field.
    """
    there = [value for value in values if value is not ABSENT]
    made: dict[str, Any] = {"type": _type(there, where)}
    made["description"] = (place.description if place else "") or _described(field, where)
    if made["type"] == "object":
        made |= {"additionalProperties": {"type": "string"}, "maxProperties": _ENTRIES}
    elif made["type"] == "array":
        made |= {"items": {"type": "string"}, "maxItems": 64}
    elif made["type"] == "string":
        made |= _text(there, place, field)
    elif made["type"] == "integer":
        made |= _number(there, place, field)
    for value in there:
        if wrong := refuses(made, value):
            raise InvalidInput(f"{where}: {wrong}")
    return made


def schema_text(title: str, parameters: Sequence[Parameter]) -> bytes:
    """values.schema.json of a skill with these parameters, in their order."""
    claimed: set[str] = set()
    properties = {each.name: as_property(each, claimed) for each in parameters}
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Values of {title}",
        "type": "object",
        "additionalProperties": False,
        "required": [each.name for each in parameters if each.default is ABSENT],
        "properties": properties,
    }
    return f"{json.dumps(schema, indent=2, ensure_ascii=False)}\n".encode()


def nullable(definition: Mapping[str, Any]) -> dict[str, Any]:
    """The definition with null allowed."""
    kind = definition["type"]
    kinds = [kind] if isinstance(kind, str) else list(kind)
    made = {**definition, "type": [*kinds, *([] if "null" in kinds else ["null"])]}
    if "enum" in made:
        made["enum"] = [*made["enum"], None]
    return made


def own_words(key: str) -> str:
    """A field's name in words: `terminationGracePeriod` is "termination grace period"."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", key)
    return " ".join(re.findall(r"[a-z0-9]+", spaced.lower()))


def as_property(parameter: Parameter, claimed: set[str]) -> dict[str, Any]:
    """A parameter as a property of a schema; words in `claimed` are somebody else's."""
    made = dict(parameter.definition)
    required = parameter.default is ABSENT
    if required:
        shown = next(v for v in parameter.vector if v is not ABSENT)
        if isinstance(shown, str) and len(shown) > _DESCRIPTION:
            shown = None
        made |= {"examples": [shown]} if shown is not None else {}
    else:
        made["default"] = parameter.default
    words = [word for word in parameter.words if word.lower() not in claimed]
    claimed.update(word.lower() for word in words)
    hints: dict[str, Any] = {"words": words} if words else {}
    if required:
        hints["question"] = parameter.question or _question(parameter)
    return {**made, "x-tiphys": hints} if hints else made


def _question(parameter: Parameter) -> str:
    many = parameter.definition["type"] == "integer" and parameter.name.endswith("s")
    return f"{'How many' if many else 'Which'} {own_words(parameter.name)}?"


def _type(values: Sequence[Any], where: str) -> Any:
    kinds = {_kind(value) for value in values}
    if len(kinds) == 1 and None not in kinds:
        return kinds.pop()
    if kinds == {"integer", "string"}:
        return ["integer", "string"]
    raise InvalidInput(f"{where}: holds values of several types, so no parameter can hold them")


def _kind(value: Any) -> str | None:
    if isinstance(value, list):
        return "array" if all(isinstance(each, str) for each in value) else None
    if isinstance(value, dict):
        return "object" if all(isinstance(each, str) for each in value.values()) else None
    return {bool: "boolean", int: "integer", float: "number", str: "string"}.get(type(value))


def _text(
    values: Sequence[str], place: Place | None, field: Mapping[str, Any] | None
) -> dict[str, Any]:
    wanted = [place.format] if place and place.format else []
    wanted += ["dns-subdomain"] if wanted == ["dns-label"] else []
    wanted += ["quantity"] if field and field.get("format") == "quantity" else []
    for form in wanted:
        if all(matches(form, value) for value in values):
            return {"format": form}
    enum = list(place.choices) if place and place.choices else (field or {}).get("enum")
    if isinstance(enum, list) and all(value in enum for value in values):
        return {"enum": [each for each in enum if isinstance(each, str)]}
    least = 1 if all(values) else 0
    return {"minLength": least, "maxLength": max(_TEXT, 2 * max(map(len, values)))}


def _number(
    values: Sequence[int], place: Place | None, field: Mapping[str, Any] | None
) -> dict[str, Any]:
    if place and place.format == "port" and all(matches("port", value) for value in values):
        return {"format": "port"}
    field = field or {}
    made = {k: field[k] for k in _LIMITS if isinstance(field.get(k), int) and "Len" not in k}
    least, most = min(values), max(values)
    if place and place.parameter == "replicas":
        return {"minimum": min(1, least), "maximum": max(_MOST_REPLICAS, most)}
    if "exclusiveMinimum" not in made:
        made.setdefault("minimum", min(least, 0 if least == 0 or least < 0 else 1))
    if field.get("format") == "int32":
        made.setdefault("maximum", _INT32)
    return made


def _described(field: Mapping[str, Any] | None, where: str) -> str:
    said = (field or {}).get("description")
    first = re.split(r"(?<=\.)\s", " ".join(said.split()))[0] if isinstance(said, str) else ""
    if first and len(first) <= _DESCRIPTION and first.isprintable():
        return first
    return f"What stands at {where}."
