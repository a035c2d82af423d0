"""YAML read the strict way and written the canonical way.

Reading refuses what readers disagree about or what blows up: duplicate keys, anchors and aliases,
tags, merge keys, keys that are not strings, plain scalars whose type depends on the YAML version,
and anything over a limit. Writing quotes whatever reading would refuse, so that
`load(dump(x)) == x` for every JSON value.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from tiphys.domain.errors import InvalidInput, LimitExceeded

# Line breaks and marks that YAML 1.1, YAML 1.2 and Kubernetes' document splitter see differently.
_ODD_BREAK = re.compile("\r(?!\n)|[\x85\u2028\u2029]|(?<!\\A)\ufeff")
_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)\Z")
_FLOAT = re.compile(r"[-+]?(0|[1-9][0-9]*)\.[0-9]+([eE][-+][0-9]+)?\Z")
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
# Plain scalars that one YAML reader takes for a boolean, number or date and another for text. The
# readers are YAML 1.1's, 1.2's and the Go one of Kubernetes, which drops every underscore first.
_AMBIGUOUS = re.compile(
    r"(?:[yYnN]|[yY][eE][sS]|[nN][oO]|[oO][nN]|[oO][fF][fF]|=|<<"
    r"|[-+]?0[bBoOxX][-+]?[0-9a-fA-F]*"
    r"|[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?[0-9]+(?::[0-9]{1,2})+(?:\.[0-9]*)?"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt \t].*)?"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z"
)
_INT64 = 1 << 63
_END = "\n...\n"
_INT64_DIGITS = 20


@dataclass(frozen=True, slots=True)
class Limits:
    """Upper bounds on one YAML text: bytes, nesting depth, nodes, documents."""

    size: int = 1 << 20
    depth: int = 48
    nodes: int = 50_000
    documents: int = 200


DEFAULT_LIMITS = Limits()


def load_documents(text: str | bytes, *, source: str, limits: Limits = DEFAULT_LIMITS) -> list[Any]:
    """Every document of a YAML text as JSON values, empty documents left out.

    `source` names the text in errors, which are InvalidInput or LimitExceeded.
    """
    content = _decode(text, source, limits)
    reader = _Reader(source, limits)
    try:
        return reader.documents(yaml.parse(content, Loader=yaml.CSafeLoader))
    except yaml.YAMLError as problem:
        raise InvalidInput(f"{source}: not valid YAML: {_say(problem)}") from None


def node_spans(text: str) -> frozenset[tuple[int, int]]:
    """Where each node of a readable text starts and ends, in characters."""
    found: set[tuple[int, int]] = set()
    opened: list[int] = []
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        start, end = event.start_mark, event.end_mark
        if start is None or end is None:
            continue
        if isinstance(event, yaml.CollectionStartEvent):
            opened.append(start.index)
        elif isinstance(event, yaml.CollectionEndEvent):
            found.add((opened.pop(), end.index))
        elif isinstance(event, yaml.ScalarEvent):
            found.add((start.index, end.index))
    return frozenset(found)


def load(text: str | bytes, *, source: str, limits: Limits = DEFAULT_LIMITS) -> Any:
    """The single document of a YAML text; None if it is empty."""
    found = load_documents(text, source=source, limits=limits)
    if len(found) > 1:
        raise InvalidInput(f"{source}: has {len(found)} documents, expected one")
    return found[0] if found else None


def dump(document: Any) -> str:
    """One JSON value as canonical block YAML, keys in their given order."""
    return dump_all([document])


def dump_all(documents: Sequence[Any]) -> str:
    """JSON values as canonical block YAML, separated by `---` lines."""
    return "---\n".join(map(_written, documents))


def _written(document: Any) -> str:
    text = yaml.dump(
        document,
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=False,
        width=1 << 30,
    )
    # The end that a bare scalar gets, on a line of its own; a text may end in dots itself.
    return f"{text.removesuffix(_END)}\n" if text.endswith(_END) else text


def _decode(text: str | bytes, source: str, limits: Limits) -> str:
    try:
        raw = text.encode() if isinstance(text, str) else text
        content = raw.decode()
    except UnicodeError:
        raise InvalidInput(f"{source}: is not UTF-8 text") from None
    if len(raw) > limits.size:
        raise LimitExceeded(f"{source}: {len(raw)} bytes of YAML, at most {limits.size} are read")
    if odd := _ODD_BREAK.search(content):
        line = content.count("\n", 0, odd.start()) + 1
        raise InvalidInput(
            f"{source}: line {line}: character U+{ord(odd[0]):04X} means different things to YAML "
            "readers; write it as an escape in double quotes"
        )
    return content


def _say(problem: yaml.YAMLError) -> str:
    mark = getattr(problem, "problem_mark", None)
    what = getattr(problem, "problem", None) or str(problem)
    return f"line {mark.line + 1}: {what}" if mark is not None else what


class _Reader:
    """Builds JSON values from parser events; the event stream keeps depth and size in our hands."""

    def __init__(self, source: str, limits: Limits) -> None:
        self._source = source
        self._limits = limits
        self._nodes = 0

    def documents(self, events: Iterator[Any]) -> list[Any]:
        found: list[Any] = []
        for event in events:
            if not isinstance(event, yaml.DocumentStartEvent):
                continue
            if len(found) >= self._limits.documents:
                raise LimitExceeded(f"{self._source}: more than {self._limits.documents} documents")
            node = self._node(next(events), events, depth=1)
            if node is not None:
                found.append(node)
        return found

    def _node(self, event: Any, events: Iterator[Any], depth: int) -> Any:
        self._guard(event, depth)
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event)
        if isinstance(event, yaml.SequenceStartEvent):
            items: list[Any] = []
            while not isinstance(inner := next(events), yaml.SequenceEndEvent):
                items.append(self._node(inner, events, depth + 1))
            return items
        return self._mapping(events, depth)

    def _mapping(self, events: Iterator[Any], depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            key = self._node(event, events, depth + 1)
            if not isinstance(key, str):
                raise self._wrong(event, f"key {key!r} is not text; quote it")
            if key in found:
                raise self._wrong(event, f"duplicate key {key!r}")
            found[key] = self._node(next(events), events, depth + 1)
        return found

    def _guard(self, event: Any, depth: int) -> None:
        self._nodes += 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise self._wrong(event, "anchors and aliases are not allowed; write the value out")
        if self._nodes > self._limits.nodes:
            raise LimitExceeded(f"{self._source}: more than {self._limits.nodes} YAML nodes")
        if depth > self._limits.depth:
            raise LimitExceeded(f"{self._source}: nested deeper than {self._limits.depth} levels")
        if getattr(event, "tag", None) is not None:
            raise self._wrong(event, f"tag {event.tag} is not allowed")

    def _scalar(self, event: Any) -> Any:
        value: str = event.value
        if not event.implicit[0]:
            return value
        if value in _NULL:
            return None
        if value in _BOOL:
            return _BOOL[value]
        if _INT.match(value):
            number = int(value) if len(value) <= _INT64_DIGITS else _INT64
            if not -_INT64 <= number < _INT64:
                raise self._wrong(event, "a number beyond 64 bits; quote it")
            return number
        if _FLOAT.match(value):
            real = float(value)
            if math.isinf(real):
                raise self._wrong(event, "a number beyond 64 bits; quote it")
            return real
        if _is_ambiguous(value):
            raise self._wrong(event, f"{value!r} means different things to YAML readers; quote it")
        return value

    def _wrong(self, event: Any, what: str) -> InvalidInput:
        return InvalidInput(f"{self._source}: line {event.start_mark.line + 1}: {what}")


class _Dumper(yaml.CSafeDumper):  # no fallback to PyYAML's own emitter: its bytes differ
    """Plain where every reader agrees, quoted elsewhere, literal blocks for text of many lines."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002  # PyYAML's hook: never write an alias
        return True


def _represent_text(dumper: Any, value: str) -> Any:
    style = None
    if _is_ambiguous(value):  # integers and floats are among them
        style = "'"
    elif _ODD_BREAK.search(value):
        style = '"'  # where they are written as escapes
    elif "\n" in value and _block_safe(value):
        style = "|"
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


def _is_ambiguous(value: str) -> bool:
    return bool(_AMBIGUOUS.match(value[:1] + value[1:].replace("_", "")))


def _block_safe(value: str) -> bool:
    return all(line == line.rstrip() and line.isprintable() for line in value.split("\n"))


_Dumper.add_representer(str, _represent_text)
