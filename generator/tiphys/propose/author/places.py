"""Where objects belong: in a namespace that somebody has named, or in one only for trying out."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from tiphys.ports import Object
from tiphys.propose.author.fields import metadata_of
from tiphys.propose.author.types import Task

SCRATCH = "scratch"  # where objects are tried out whose namespace nobody has named


def place(objects: Sequence[Object], inside: Collection[tuple[str, str]], task: Task) -> None:
    """Set namespaces in place; `inside` are (apiVersion, kind) that live in namespaces."""
    known = f"{task.request}\n{task.context}"
    held = [metadata_of(each) for each in objects if (each["apiVersion"], each["kind"]) in inside]
    for metadata in held:
        if not _speaks_of(known, str(metadata.get("namespace", ""))):
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


def _speaks_of(text: str, namespace: str) -> bool:
    """Whether the text may mean a namespace by this word: a model may make one up."""
    word = re.escape(namespace)
    before = r"(?:in|into|to|from|inside|within|namespaces?|ns)[\s:=*\"'`]+(?:the\s+)?[\"'`]?"
    after = r"[\"'`]?\s+(?:namespace|ns)"
    found = re.search(
        rf"\b{before}{word}(?![\w.-])|(?<![\w.-]){word}{after}\b", text, re.IGNORECASE
    )
    return bool(namespace and found)
