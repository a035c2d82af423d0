"""Change single fields of a YAML file and leave every other line as it is.

    apply_patches(text, [FieldPatch("Deployment", "web", ("spec", "replicas"), 5)])

A parser says where a field stands and the new text is spliced in there, so comments, order, quotes,
blank lines and line endings are never written again. Each edit is then read back: unless the file
says exactly what was meant it is refused, so an edit is either right or not made. What the strict
reader refuses (aliases, tags, duplicate keys), templates, and lists or maps in brackets that span
lines are not edited. A round trip of ruamel.yaml formats a file anew. Positions are all that is
needed, and they come from the parser of `strict_yaml`, so that both read the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import yaml

from tiphys.domain.errors import InvalidInput, LimitExceeded
from tiphys.library import strict_yaml
from tiphys.library.patch_steps import (
    FieldPatch,
    Path,
    at,
    patched_value,
    resolved,
    same,
    shown_path,
    stepped,
    steps,
)
from tiphys.library.yaml_layout import Layout, newline_of
from tiphys.library.yaml_splices import Splicer

__all__ = ["FieldPatch", "apply_patches", "exact_edit", "patched_value", "shown_path"]

_MOST_PATCHES = 200
_BOM = "\ufeff"


def apply_patches(text: bytes, patches: Iterable[FieldPatch]) -> bytes:
    """The file with the changes made, one after the other.

    InvalidInput where an object or a path is not there, or the file can't be edited safely.
    """
    given = list(patches)
    if len(given) > _MOST_PATCHES:
        raise LimitExceeded(f"{len(given)} changes at once, at most {_MOST_PATCHES} are made")
    content = _decoded(text)
    mark = _BOM if content.startswith(_BOM) else ""
    content = content.removeprefix(_BOM)
    for patch in given:
        content = _patched(content, patch)
    return (mark + content).encode()


def exact_edit(text: bytes, old: str, new: str) -> bytes:
    """Replace `old`, which has to stand there exactly once, with as much context as that takes.

    Line endings of both are those of the file. InvalidInput where it does not occur or is not
    unique.
    """
    content = _decoded(text)
    ending = newline_of(content)
    old, new = (each.replace("\r\n", "\n").replace("\n", ending) for each in (old, new))
    if not old.strip():
        raise InvalidInput("the text to replace is empty; quote the lines as they stand")
    first = content.find(old)
    if first < 0:
        raise InvalidInput("the text to replace does not occur; quote the lines as they stand")
    if content.find(old, first + 1) >= 0:
        raise InvalidInput("the text to replace occurs more than once; quote more lines around it")
    return (content[:first] + new + content[first + len(old) :]).encode()


def _decoded(text: bytes) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError:
        raise InvalidInput("the file is not UTF-8 text") from None


def _patched(content: str, patch: FieldPatch) -> str:
    documents, layout = _read(content)
    root, prefix = _object(documents, patch)
    path = (*prefix, *resolved(at(documents[root], prefix), patch))
    for step in steps(documents[root], path, patch):
        documents, layout = _read(content)
        splicer = Splicer(layout, layout.roots[root], patch.where)
        edit = getattr(splicer, step.op)
        content = edit(step.path) if step.op == "remove" else edit(step.path, step.value)
        documents[root] = stepped(documents[root], step)
        if not same(_reread(content, patch), documents):
            raise _unsafe(patch)
    return content


def _read(content: str) -> tuple[list[Any], Layout]:
    try:
        documents = strict_yaml.load_documents(content, source="the file")
    except LimitExceeded:
        raise
    except InvalidInput as problem:
        if "{{" in content:
            raise InvalidInput(f"{problem}; a template is to be edited by hand") from None
        raise
    layout = Layout(content)
    if any("{{" in each for each in _outside_blocks(layout)):
        raise InvalidInput("the file is a template; edit it by hand")
    if len(layout.roots) != len(documents):
        raise InvalidInput("the file's documents can't be told apart; edit it by hand")
    return documents, layout


def _reread(content: str, patch: FieldPatch) -> list[Any]:
    try:
        return strict_yaml.load_documents(content, source="the edited file")
    except InvalidInput:
        raise _unsafe(patch) from None


def _unsafe(patch: FieldPatch) -> InvalidInput:
    return InvalidInput(f"{patch.where} can't be edited safely in this file; edit it by hand")


def _outside_blocks(layout: Layout) -> Iterator[str]:
    """The text between literal blocks, which may hold anything."""
    position = 0
    for event in yaml.parse(layout.text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.ScalarEvent) and event.style in ("|", ">"):
            start, end = event.start_mark, event.end_mark
            if start is not None and end is not None:
                yield layout.text[position : start.index]
                position = end.index
    yield layout.text[position:]


def _object(documents: list[Any], patch: FieldPatch) -> tuple[int, Path]:
    """The document that holds the object, and where in it (in a List, below items)."""
    found: list[tuple[int, Path, Any]] = []
    for index, document in enumerate(documents):
        items = document.get("items") if isinstance(document, dict) else None
        places: list[tuple[Path, Any]] = [((), document)]
        if isinstance(items, list) and str(document.get("kind", "")).endswith("List"):
            places = [(("items", n), item) for n, item in enumerate(items)]
        found += [(index, path, each) for path, each in places if _is(each, patch)]
    namespaces = [(each.get("metadata") or {}).get("namespace") for _, _, each in found]
    if patch.namespace is not None:
        wanted = patch.namespace if patch.namespace in namespaces else None
        found = [each for each, own in zip(found, namespaces, strict=True) if own == wanted]
    if not found:
        raise InvalidInput(f"the file holds no {patch.kind} named {patch.name}")
    if len(found) > 1:
        raise InvalidInput(
            f"the file holds {len(found)} {patch.kind} named {patch.name}; say which"
        )
    return found[0][:2]


def _is(obj: Any, patch: FieldPatch) -> bool:
    metadata = obj.get("metadata") if isinstance(obj, dict) else None
    if not isinstance(metadata, dict):
        return False
    return obj.get("kind") == patch.kind and metadata.get("name") == patch.name
