"""Reads an answer as `kubectl apply -f -` would: strictly, where it is not a matter of taste."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tiphys.domain.errors import InvalidInput
from tiphys.library import strict_yaml
from tiphys.ports import Object


def read_answer(text: str) -> list[Object]:
    """The objects of an answer, lists taken apart. InvalidInput."""
    return [each for found in strict_yaml.load_documents(text, source="answer")
            for each in _objects(found)]  # fmt: skip


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
