"""Which operations of a Chainsaw test run programs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tiphys.domain.errors import InvalidInput
from tiphys.library.strict_yaml import Limits, load_documents

RUNS = ("script", "command")
LIMITS = Limits(size=256 * 1024)
# Below these stand objects and assertions about objects, where a container may have a command.
_OBJECTS = ("resource", "check", "match", "value")
_WORD = re.compile(r"\b(script|command)\b", re.IGNORECASE)


def scripts_in(test: str | bytes) -> tuple[str, ...]:
    """For example ("script in step 2", "command in spec.catch"), each once, in the test's order.

    Says rather too much than too little: the case of letters does not count, nor whether Chainsaw
    would take the operation, and in a text that is not strict YAML the bare words do.
    """
    try:
        documents = load_documents(test, source="test", limits=LIMITS)
    except InvalidInput:
        text = test if isinstance(test, str) else test.decode(errors="replace")
        found = [f"{each.lower()} in a test that is not plain YAML" for each in _WORD.findall(text)]
    else:
        found = [f"{kind} in {place}" for each in documents for kind, place in _find(each, ())]
    return tuple(dict.fromkeys(found))


def _find(node: Any, path: tuple[str | int, ...]) -> Iterator[tuple[str, str]]:
    if isinstance(node, list):
        for index, each in enumerate(node):
            yield from _find(each, (*path, index))
    elif isinstance(node, dict):
        for key, value in node.items():
            if key.lower() in RUNS:
                yield key.lower(), _place(path)
            elif key not in _OBJECTS:
                yield from _find(value, (*path, key))


def _place(path: tuple[str | int, ...]) -> str:
    if len(path) > 2 and path[:2] == ("spec", "steps") and isinstance(path[2], int):
        return f"step {path[2] + 1}"
    return ".".join(str(part) for part in path if isinstance(part, str)) or "the document"
