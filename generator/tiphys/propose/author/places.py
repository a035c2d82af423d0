"""Where objects belong: in a namespace that somebody has named, or in one only for trying out."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any

from tiphys.ports import Object
from tiphys.propose.author.fields import metadata_of
from tiphys.propose.author.literals import leaves_of
from tiphys.propose.author.types import Task

SCRATCH = "scratch"  # where objects are tried out whose namespace nobody has named


def place(objects: Sequence[Object], inside: Collection[tuple[str, str]], task: Task) -> None:
    """Set namespaces in place; `inside` are (apiVersion, kind) that live in namespaces."""
    known = f"{task.request}\n{task.context}"
    held = [metadata_of(each) for each in objects if (each["apiVersion"], each["kind"]) in inside]
    taken = _others(objects)
    for metadata in held:
        if not _speaks_of(known, str(metadata.get("namespace", "")), taken):
            metadata.pop("namespace", None)
    named = {found for metadata in held if (found := metadata.get("namespace"))}
    rest = task.namespace or (named.pop() if len(named) == 1 else SCRATCH)
    for metadata in held:
        metadata.setdefault("namespace", rest)


def without_scratch(obj: Object) -> Object:
    """A copy that leaves its namespace open if nobody has named one."""
    metadata = dict(obj["metadata"])
    if metadata.get("namespace") == SCRATCH:
        del metadata["namespace"]
    return {**obj, "metadata": metadata}


def _speaks_of(text: str, namespace: str, taken: Collection[str]) -> bool:
    """Whether the text may mean a namespace by this word: a model may make one up.

    A word that is not `taken` for anything else need not be called one.
    """
    word = rf"(?<![\w./-]){re.escape(namespace)}(?![\w/=-]|[.:]\w|'s\b)"
    before = r"\b(?:in|into|to|from|inside|within|namespaces?|ns)[\s:=*\"'`]+(?:the\s+)?[\"'`]?"
    after = r"[\"'`]?\s+(?:namespace|ns)\b"
    part = re.search(rf"/{re.escape(namespace)}/[\w./-]+:", text)  # of an image
    called = rf"{before}{word}|{word}{after}|[(,]\s*{word}\s*[,)]"
    said = word if namespace not in taken and not part else called
    return bool(namespace and re.search(said, text, re.IGNORECASE))


def _others(objects: Sequence[Object]) -> frozenset[str]:
    """What stands in any other field; a Namespace's own name is one."""
    leaves = (str(value) for each in objects for value in leaves_of(_without_place(each)))
    made = {metadata_of(each).get("name") for each in objects if each["kind"] == "Namespace"}
    return frozenset(leaves) - {str(each) for each in made}


def _without_place(value: Any) -> Any:
    if isinstance(value, list):
        return [*map(_without_place, value)]
    if not isinstance(value, dict):
        return value
    return {key: _without_place(child) for key, child in value.items() if key != "namespace"}
