"""Where objects belong: in a namespace that somebody has named, or in one only for trying out."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any

from tiphys.ports import Object
from tiphys.propose.author.fields import metadata_of
from tiphys.propose.author.literals import leaves_of
from tiphys.propose.author.types import Task

_SPACE = r"(?:namespaces?|ns|namensraum|espace\s+de\s+noms|espacio\s+de\s+nombres)"
_IN = r"(?:in|into|to|from|inside|within)"
_QUOTED = r"[\s:=*\"'`]+"
_CALLED = "|".join(  # WORD, in what a plain word must stand to be a namespace
    (
        rf"\b(?:{_IN}|for|im|nach|für|dans|pour|en|para|nel){_QUOTED}WORD",
        rf"\b{_IN}\s+the{_QUOTED}WORD(?=[\"'`]?(?:[.,;:)]|\s+(?:and|or)\b|\s*$))",
        rf"\b{_SPACE}\b[^.;]{{0,24}}\bWORD",
        rf"WORD[\"'`]?\s+{_SPACE}\b",
        r"[(,]\s*WORD\s*[,)]",
        r"^\s*WORD\s*[:,]",
    )
)
SCRATCH = "scratch"  # where objects are tried out whose namespace nobody has named


def place(objects: Sequence[Object], inside: Collection[tuple[str, str]], task: Task) -> None:
    """Set namespaces in place; `inside` are (apiVersion, kind) that live in namespaces."""
    known = f"{task.request}\n{task.context}"
    held = [metadata_of(each) for each in objects if (each["apiVersion"], each["kind"]) in inside]
    made = {metadata_of(each).get("name") for each in objects if each["kind"] == "Namespace"}
    taken = _others(objects) - made
    for metadata in held:
        name = str(metadata.get("namespace", ""))
        if not _speaks_of(
            known, name, called=name in taken or (name.isalpha() and name not in made)
        ):
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


def _speaks_of(text: str, namespace: str, *, called: bool) -> bool:
    """Whether the text may mean a namespace by this word: a model may make one up.

    A name ("team-kelp") may stand anywhere; what is also something else, or a plain word
    ("tonight's import"), must be `called` one.
    """
    word = rf"(?<![\w./-]){re.escape(namespace)}(?![\w/=-]|[.:]\w|'s\b)"
    part = re.search(rf"/{re.escape(namespace)}/[\w./-]+:", text)  # of an image
    said = _CALLED.replace("WORD", word) if called or part else word
    return bool(namespace and re.search(said, text, re.IGNORECASE | re.MULTILINE))


def _others(objects: Sequence[Object]) -> frozenset[str]:
    """What stands in any other field."""
    return frozenset(str(leaf) for each in objects for leaf in leaves_of(_without_place(each)))


def _without_place(value: Any) -> Any:
    if isinstance(value, list):
        return [*map(_without_place, value)]
    if not isinstance(value, dict):
        return value
    return {key: _without_place(child) for key, child in value.items() if key != "namespace"}
