"""A model's answer as documents: prose, fences and missing separators are what to expect."""

from __future__ import annotations

import json
import re
from typing import Any

import yaml

from tiphys.domain.errors import InvalidInput, LimitExceeded

_LIMIT = 64 * 1024  # characters that are read
_NODES = 20_000
_DEPTH = 48
_DOCUMENTS = 50
_FENCED = re.compile(r"^[ \t]*```[^\n]*\n(.*?)(?:^[ \t]*```|\Z)", re.MULTILINE | re.DOTALL)
_START = re.compile(r"^(?:apiVersion|kind):", re.MULTILINE)


def read_answer(text: str) -> list[dict[str, Any]]:
    """The objects in it, every scalar still as text: the kind's schema will say what it is.

    InvalidInput says in words for the model what can't be read.
    """
    if len(text) > _LIMIT:
        raise LimitExceeded(f"the answer is longer than {_LIMIT} characters")
    found = [each for part in _parts(_without_prose(text)) for each in _documents(part)]
    objects = [each for each in found if _is_object(each)]
    lists = [each.get("items") for each in objects if each["kind"] == "List"]
    objects = [each for each in objects if each["kind"] != "List"]
    for items in lists:
        objects += [each for each in (items if isinstance(items, list) else ()) if _is_object(each)]
    if not objects:
        raise InvalidInput("the answer holds no YAML document with apiVersion and kind")
    if len(objects) > _DOCUMENTS:
        raise LimitExceeded(f"the answer holds more than {_DOCUMENTS} objects")
    return [_once(each) for each in objects]


def _once(value: Any) -> Any:
    """Without a map that repeats one before it in the same list: a small model can't stop."""
    if isinstance(value, dict):
        return {key: _once(child) for key, child in value.items()}
    if isinstance(value, list):
        children = [_once(child) for child in value]
        return [
            child
            for place, child in enumerate(children)
            if not isinstance(child, dict) or child not in children[:place]
        ]
    return value


def _is_object(found: Any) -> bool:
    return isinstance(found, dict) and bool(found.get("kind")) and isinstance(found["kind"], str)


def _without_prose(text: str) -> str:
    fenced = [found for found in _FENCED.findall(text) if "kind" in found]
    if fenced:
        return "\n---\n".join(fenced)
    start = _START.search(text)
    return text[start.start() :] if start and not text.lstrip().startswith("{") else text


def _parts(text: str) -> list[str]:
    """One text for each document, also where the line between two of them was forgotten."""
    parts: list[str] = []
    for part in re.split(r"^---.*$", text, flags=re.MULTILINE):
        lines: list[str] = []
        seen: set[str] = set()
        for line in part.splitlines():
            key = line.split(":")[0] if re.match(r"(?:apiVersion|kind):", line) else ""
            if key and key in seen:
                parts.append("\n".join(lines))
                lines, seen = [], set()
            seen.add(key)
            lines.append(line)
        parts.append("\n".join(lines))
    return [each for each in parts if each.strip()]


def _documents(text: str) -> list[Any]:
    if text.lstrip().startswith(("{", "[")):
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            pass
        else:
            return found if isinstance(found, list) else [found]
    try:
        return [_loaded(text)]
    except yaml.YAMLError as problem:
        shorter = _until(problem, text)
        if shorter is not None:
            try:
                return [_loaded(shorter)]
            except yaml.YAMLError:
                pass
        raise InvalidInput(f"the answer is not valid YAML: {_said(problem)}") from None


def _until(problem: yaml.YAMLError, text: str) -> str | None:
    """The text before the line that can't be read: an answer may be cut off, or end in prose."""
    mark = getattr(problem, "problem_mark", None)
    lines = text.splitlines()
    if mark is None or mark.line < max(4, len(lines) - 4):
        return None
    return "\n".join(lines[: mark.line])


def _loaded(text: str) -> Any:
    depth = 0
    for number, event in enumerate(yaml.parse(text, Loader=yaml.CBaseLoader)):
        if isinstance(event, yaml.AliasEvent):
            raise InvalidInput("the answer uses YAML aliases: write everything out")
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if number > _NODES or depth > _DEPTH:
            raise LimitExceeded("the answer is too large or too deep")
    return yaml.load(text, Loader=yaml.CBaseLoader)  # noqa: S506  # it makes nothing but text, lists and maps


def _said(problem: yaml.YAMLError) -> str:
    mark = getattr(problem, "problem_mark", None)
    what = getattr(problem, "problem", None) or str(problem)
    return f"{what} (line {mark.line + 1})" if mark else str(what)
