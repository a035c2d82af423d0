"""Reads an answer as `kubectl apply -f -` would.

The strict reader comes first. What it refuses only because readers of YAML disagree (`on`, `0644`,
a date) is no fault of an answer: that is read the way in which kubectl's own reader takes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from tiphys.domain.errors import InvalidInput
from tiphys.library import strict_yaml
from tiphys.ports import Object

_WORDS = {"y": "true", "yes": "true", "on": "true", "n": "false", "no": "false", "off": "false"}
_OCTAL = re.compile(r"([-+]?)0o?([0-7]+)\Z")
_PREFIXED = re.compile(r"[-+]?0(?:[xX][0-9a-fA-F]+|[bB][01]+)\Z")
_DIGITS = re.compile(r"[-+]?[0-9]+\Z")
_FLOAT = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?\Z")
_TEXT = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt \t].*)?\Z|[-+]?[0-9]+(?::[0-9]{1,2})+\Z")


def read_answer(text: str) -> list[Object]:
    """The objects of an answer, lists taken apart. InvalidInput."""
    try:
        documents = strict_yaml.load_documents(text, source="answer")
    except InvalidInput as refusal:
        try:
            documents = strict_yaml.load_documents(_plainly(text), source="answer")
        except InvalidInput:
            raise refusal from None
    return [each for found in documents for each in _objects(found)]


def _plainly(text: str) -> str:
    """The text with every plain scalar written so that there is one way to read it. InvalidInput.

    Nothing is expanded here: aliases stay what they are, for the strict reader to refuse.
    """
    events: list[yaml.Event] = []
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            if isinstance(event, yaml.ScalarEvent) and event.implicit[0]:
                _settle(event)
            events.append(event)
        return str(yaml.emit(events))
    except (yaml.YAMLError, RecursionError):
        raise InvalidInput("answer: not valid YAML") from None


def _settle(event: yaml.ScalarEvent) -> None:
    value = event.value
    if value.lower() in _WORDS and value in (value.lower(), value.upper(), value.title()):
        event.value = _WORDS[value.lower()]
    elif octal := _OCTAL.match(value):
        event.value = f"{octal[1]}{int(octal[2], 8)}"
    elif _PREFIXED.match(value):
        event.value = str(int(value, 0))
    elif _DIGITS.match(value):
        event.value = str(int(value))
    elif _FLOAT.match(value):
        number = float(value)
        event.value = str(int(number)) if number.is_integer() else repr(number)
    elif _TEXT.match(value) or value.lower() in _WORDS:
        event.style, event.implicit = "'", (False, True)


def _objects(found: Any) -> Iterator[Object]:
    if not isinstance(found, dict):
        raise InvalidInput("answer: a document is no object")
    for key in ("apiVersion", "kind"):
        if not (isinstance(found.get(key), str) and found[key]):
            raise InvalidInput(f"answer: a document has no {key}")
    if found["kind"] == "List" and isinstance(found.get("items"), list):
        for each in found["items"]:
            yield from _objects(each)
        return
    metadata = found.get("metadata")
    if not (isinstance(metadata, dict) and isinstance(metadata.get("name"), str)):
        raise InvalidInput(f"answer: {found['kind']} has no metadata.name")
    yield found
