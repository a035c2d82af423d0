"""Nothing of a Secret's data leaves: masked where it stands, and wherever else it is said again."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from tiphys.ports import Object

MASK = "<masked>"
_FIELDS = ("data", "stringData")
_SECRET = re.compile(r"kind\\?[\"']?\s*:\s*\\?[\"']?Secret\b", re.IGNORECASE)
# In braces a value's end can't be told without reading all of it, so nothing behind is kept.
_BRACES = re.compile(r"(\b(?:data|stringData)\\?[\"']?\s*:\s*)\{.*", re.DOTALL)
_BLOCK = re.compile(r"([ \t]*(?:- +)*)[\"']?(?:data|stringData)[\"']?\s*:")
_KEY = re.compile(r"([ \t]*[\"']?[-._a-zA-Z0-9]+[\"']?:)(?:\s|\Z)")
_SHORT = 4  # characters; what is shorter is masked only where it stands as a word of its own
_LINE = 6  # characters that a line of a longer value has, to be looked for by itself


def speaks_of_secrets(text: str) -> bool:
    """Whether a text shows a Secret."""
    return bool(_SECRET.search(text))


def secret_values(objects: Iterable[Any]) -> frozenset[str]:
    """What the Secrets among the objects hold, in plain text."""
    found = set()
    for secret in _secrets(objects):
        found |= {_decoded(value) for value in _leaves(secret.get("data"))}
        found |= set(_leaves(secret.get("stringData")))
    return frozenset(found - {"", MASK})


def mask_objects(objects: Iterable[Object]) -> list[Object]:
    """Copies in which each value of a Secret's data is the mask; its keys stay."""
    return [_masked(each) for each in objects]


def mask_text(text: str, values: Iterable[str]) -> str:
    """A text without those values, plain or in base64, also if only a line of one is said.

    Where the text shows a Secret, each `data` in it is masked too, and what is in braces after it.
    That takes more than it must: a text is no object, and may be broken.
    """
    if speaks_of_secrets(text):
        text = _BRACES.sub(rf"\1{MASK}", text)
        text = "\n".join(_without_blocks(text.split("\n")))
    said = {form for value in values for form in _forms(value)}
    for value in sorted(said, key=lambda each: (-len(each), each)):
        if len(value) >= _SHORT:
            text = text.replace(value, MASK)
        else:
            text = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", MASK, text)
    return text


def _forms(value: str) -> set[str]:
    lines = (line.strip() for line in value.splitlines())
    return {
        value,
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        base64.b64encode(value.encode()).decode(),
        *(line for line in lines if len(line) >= _LINE),
    }


def _without_blocks(lines: list[str]) -> Iterator[str]:
    """Below `data:` only the keys of its first level stay."""
    above = below = -1  # columns before `data:` and before its keys; -1: not in one
    for line in lines:
        column = len(line) - len(line.lstrip())
        if above >= 0 and (not line.strip() or column > above):
            below = column if below < 0 and line.strip() else below
            key = _KEY.match(line) if column == below else None
            if key:
                yield f"{key[1]} {MASK}"
            continue
        block = _BLOCK.match(line)
        above, below = (len(block[1]), -1) if block else (-1, -1)
        more = line[block.end() :].strip() if block else ""
        yield f"{line[: block.end()]} {MASK}" if block and more else line


def _secrets(node: Any) -> Iterator[Object]:
    """Every Secret in it, however deep."""
    if isinstance(node, dict):
        if _is_secret(node):
            yield node
        yield from _secrets(node.values())
    elif isinstance(node, Iterable) and not isinstance(node, str):
        for each in node:
            yield from _secrets(each)


def _is_secret(node: Object) -> bool:
    return str(node.get("kind", "")).lower() == "secret"


def _masked(node: Any) -> Any:
    if isinstance(node, str):
        return mask_text(node, ()) if speaks_of_secrets(node) else node
    if isinstance(node, list):
        return [_masked(each) for each in node]
    if not isinstance(node, dict):
        return node
    hidden = _FIELDS if _is_secret(node) else ()
    return {k: _hidden(v) if k in hidden else _masked(v) for k, v in node.items()}


def _hidden(data: Any) -> Any:
    return dict.fromkeys(data, MASK) if isinstance(data, dict) else MASK


def _leaves(node: Any) -> Iterator[str]:
    if isinstance(node, dict | list):
        for each in node.values() if isinstance(node, dict) else node:
            yield from _leaves(each)
    elif node is not None:
        yield str(node)


def _decoded(value: str) -> str:
    try:
        return base64.b64decode("".join(value.split()), validate=True).decode()
    except (binascii.Error, ValueError):
        return value
