"""A skill's signature: which JSON Schema keywords it may use, and values completed and checked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from tiphys.domain.errors import InvalidInput, LimitExceeded
from tiphys.library.formats import FORMATS, canonical_quantity, matches

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator

# No `$ref` (it can loop or leave the file) and no `pattern` (it can hang): see `formats`.
_KEYWORDS = frozenset(
    """$schema title description type default examples enum const format minimum maximum
    exclusiveMinimum exclusiveMaximum minLength maxLength minItems maxItems uniqueItems items
    minProperties maxProperties properties propertyNames required additionalProperties
    x-tiphys""".split()
)
_HINTS = frozenset({"words", "question"})
_MAX_PROPERTIES = 64
_MAX_TEXT = 64 * 1024
_MAX_ITEMS = 256
_MAX_TOTAL = 256 * 1024
_MAX_DEPTH = 8
_MAX_MESSAGE = 300


def check_schema(schema: Any, *, source: str) -> Mapping[str, Any]:
    """The schema if it is one that Tiphys accepts; InvalidInput says where it is not."""
    if not isinstance(schema, dict) or schema.get("type") != "object":
        raise InvalidInput(f"{source}: must be a JSON object with type: object")
    if schema.get("additionalProperties") is not False:
        raise InvalidInput(
            f"{source}: needs additionalProperties: false, so that typos are noticed"
        )
    properties = schema.get("properties")
    if not isinstance(properties, dict) or not properties:
        raise InvalidInput(f"{source}: has no properties")
    if len(properties) > _MAX_PROPERTIES:
        raise LimitExceeded(f"{source}: more than {_MAX_PROPERTIES} properties")
    _check_keywords(schema, source, depth=0)
    _check_meta(schema, source)
    required = set(schema.get("required", ()))
    if unknown := required - set(properties):
        raise InvalidInput(f"{source}: requires {sorted(unknown)[0]}, which is not a property")
    for name, definition in properties.items():
        where = f"{source}: {name}"
        if not isinstance(definition, dict) or not definition.get("description"):
            raise InvalidInput(f"{where}: needs a description")
        if name not in required and "default" not in definition:
            raise InvalidInput(f"{where}: needs a default, or a place in required")
        if "default" in definition:
            _check_values({"properties": {name: definition}}, {name: definition["default"]}, where)
    return schema


def complete(
    schema: Mapping[str, Any], values: Mapping[str, Any], *, source: str
) -> dict[str, Any]:
    """`values` with the schema's defaults filled in, in the schema's order, and checked.

    Quantities come out as the API server writes them, so that what is rendered equals what is live.
    InvalidInput names the first value that the schema refuses, LimitExceeded an oversized one.
    """
    if _check_size(values, source, depth=0) > _MAX_TOTAL:
        raise LimitExceeded(f"{source}: values of more than {_MAX_TOTAL} characters")
    properties: Mapping[str, Any] = schema["properties"]
    full = {
        name: values.get(name, definition.get("default"))
        for name, definition in properties.items()
        if name in values or "default" in definition
    }
    full |= {name: value for name, value in values.items() if name not in properties}
    _check_values(schema, full, source)
    return {name: _canonical(value, properties[name]) for name, value in full.items()}


def _canonical(value: Any, definition: Mapping[str, Any]) -> Any:
    quantity = definition.get("format") == "quantity" and isinstance(value, str)
    return canonical_quantity(value) if quantity else value


def missing(schema: Mapping[str, Any], values: Mapping[str, Any]) -> tuple[str, ...]:
    """Required properties that `values` lacks, in the schema's order."""
    required = set(schema.get("required", ()))
    return tuple(name for name in schema["properties"] if name in required and name not in values)


def refuses(definition: Mapping[str, Any], value: Any) -> str | None:
    """Why one property's definition refuses a value, or None when it is accepted."""
    try:
        _check_values({"properties": {"value": definition}}, {"value": value}, "value")
    except InvalidInput as refusal:
        return str(refusal).removeprefix("value: value: ")
    return None


def _check_values(schema: Mapping[str, Any], values: Mapping[str, Any], source: str) -> None:
    validator = _validator(json.dumps(schema))
    problems = sorted(validator.iter_errors(dict(values)), key=lambda p: p.json_path)
    if problems:
        problem = problems[0]
        place = ".".join(str(part) for part in problem.absolute_path)
        said = problem.message
        if len(said) > _MAX_MESSAGE:
            said = f"{said[:_MAX_MESSAGE]}..."
        raise InvalidInput(f"{source}: {place + ': ' if place else ''}{said}")


@lru_cache(maxsize=256)
def _validator(schema: str) -> Draft202012Validator:
    from jsonschema import Draft202012Validator, FormatChecker  # 0.1 s to import

    checker = FormatChecker(formats=())
    for name in FORMATS:
        checker.checks(name)(partial(matches, name))
    return Draft202012Validator(json.loads(schema), format_checker=checker)


def _check_meta(schema: Mapping[str, Any], source: str) -> None:
    from jsonschema import Draft202012Validator, SchemaError

    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as problem:
        raise InvalidInput(f"{source}: not a valid JSON Schema: {problem.message[:200]}") from None


def _check_keywords(schema: Any, source: str, depth: int) -> None:
    if isinstance(schema, bool):
        return
    if not isinstance(schema, dict):
        raise InvalidInput(f"{source}: a schema must be a JSON object")
    if depth > _MAX_DEPTH:
        raise LimitExceeded(f"{source}: nested deeper than {_MAX_DEPTH} levels")
    if unknown := set(schema) - _KEYWORDS:
        raise InvalidInput(f"{source}: keyword {sorted(unknown)[0]} is not supported")
    if schema.get("format", "port") not in tuple(FORMATS):  # any JSON value may stand here
        raise InvalidInput(
            f"{source}: format {schema['format']!r} is unknown; use {', '.join(sorted(FORMATS))}"
        )
    _check_hints(schema.get("x-tiphys", {}), source)
    inner = schema.get("properties", {})
    if not isinstance(inner, dict):
        raise InvalidInput(f"{source}: properties must be a JSON object")
    for name, definition in inner.items():
        _check_keywords(definition, f"{source}: {name}", depth + 1)
    for keyword in ("items", "additionalProperties", "propertyNames"):
        if keyword in schema:
            _check_keywords(schema[keyword], f"{source}: {keyword}", depth + 1)


def _check_hints(hints: Any, source: str) -> None:
    if not isinstance(hints, dict) or set(hints) - _HINTS:
        raise InvalidInput(f"{source}: x-tiphys knows only {' and '.join(sorted(_HINTS))}")
    words = hints.get("words", [])
    if not isinstance(words, list) or not all(isinstance(w, str) and w.strip() for w in words):
        raise InvalidInput(f"{source}: x-tiphys words must be a list of texts")
    if not isinstance(hints.get("question", ""), str):
        raise InvalidInput(f"{source}: x-tiphys question must be text")


def _check_size(value: Any, source: str, depth: int) -> int:
    """Characters and items in a value, every limit on its parts checked on the way."""
    if depth > _MAX_DEPTH:
        raise LimitExceeded(f"{source}: values nested deeper than {_MAX_DEPTH} levels")
    if isinstance(value, str):
        if len(value) > _MAX_TEXT:
            raise LimitExceeded(f"{source}: a text of {len(value)} characters, at most {_MAX_TEXT}")
        if any(0xD800 <= ord(c) <= 0xDFFF for c in value):  # the surrogate range
            raise InvalidInput(f"{source}: a text holds half of a surrogate pair")
        return len(value)
    if isinstance(value, Mapping | list | tuple):
        if len(value) > _MAX_ITEMS:
            raise LimitExceeded(f"{source}: {len(value)} items in one value, at most {_MAX_ITEMS}")
        parts = [*value.keys(), *value.values()] if isinstance(value, Mapping) else value
        return sum(_check_size(part, source, depth + 1) for part in parts)
    return 1
