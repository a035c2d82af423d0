"""Where things stand in a YAML text, and how new ones are written so that they look alike.

`Layout` maps nodes to positions (characters of the text), `Style` renders JSON values as lines of
block YAML or as flow YAML on one line. Neither changes anything: see `patching`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from tiphys.library import strict_yaml

_FLOW_SAFE = re.compile(r"[A-Za-z0-9_./@-][A-Za-z0-9_./@:-]*(?<!:)\Z")
_COMMENT = re.compile(r"(?P<indent> *)(?P<rest>#[^\n]*|[ \t\r]*)(?=\n|\Z)")
_DEFAULT_STEP = 2


@dataclass(frozen=True, slots=True)
class Style:
    """How a file is indented: `step` below a key, `dash` of a list below its key."""

    step: int = _DEFAULT_STEP
    dash: int = 0

    def entry(self, key: str, value: Any) -> list[str]:
        """`key: value` as lines, the first at column 0."""
        return self._led(f"{scalar(key)}:", value, self.dash if isinstance(value, list) else None)

    def item(self, value: Any, gap: int = 1) -> list[str]:
        """`- value` as lines, with `gap` spaces behind the dash."""
        if isinstance(value, dict | list) and value:
            lines = self.lines(value)
            return [f"-{' ' * gap}{lines[0]}", *(_shift(line, gap + 1) for line in lines[1:])]
        return self._led("-", value, None)

    def lines(self, value: Any) -> list[str]:
        """A filled map or list as lines."""
        if isinstance(value, Mapping):
            return [line for key, each in value.items() for line in self.entry(str(key), each)]
        return [line for each in value for line in self.item(each)]

    def _led(self, lead: str, value: Any, indent: int | None) -> list[str]:
        if isinstance(value, dict | list) and value:
            shift = self.step if indent is None else indent
            return [lead, *(_shift(line, shift) for line in self.lines(value))]
        first, *more = scalar(value).split("\n")
        return [f"{lead} {first}", *more]


def _shift(line: str, by: int) -> str:
    return " " * by + line if line else line


def scalar(value: Any) -> str:
    """A scalar or an empty collection as it stands behind `key:`; text of many lines as a block."""
    text = strict_yaml.dump([value, 0]).removeprefix("- ").removesuffix("\n- 0\n")
    # A block that keeps its last line breaks would also keep blank lines of the file.
    return _quoted(value) if text.startswith("|") and "+" in text.split("\n")[0] else text


def like(value: Any, style: str | None) -> str:
    """A scalar in the quotes of the one that it replaces, where that is possible."""
    plain = isinstance(value, str) and value.isprintable()
    if plain and style == "'":
        return "'" + str(value).replace("'", "''") + "'"
    if plain and style == '"':
        return _quoted(str(value))
    return scalar(value)


def flow(value: Any) -> str:
    """A value on one line, as it may stand between braces."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{flow(str(k))}: {flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    text = scalar(value)
    if not isinstance(value, str) or (_FLOW_SAFE.match(text) and text == value):
        return text
    return _quoted(value)


def _quoted(value: str) -> str:
    """In double quotes, everything that readers may see differently as an escape."""
    text = json.dumps(value, ensure_ascii=False)
    return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in text)


def newline_of(text: str) -> str:
    """The line ending of its first line."""
    first = text.find("\n")
    return "\r\n" if first > 0 and text[first - 1] == "\r" else "\n"


class Layout:
    """Positions in one readable text, which `strict_yaml` has accepted before."""

    def __init__(self, text: str) -> None:
        self.text = text
        composed = yaml.compose_all(text, Loader=yaml.CSafeLoader)
        self.roots = [node for node in composed if not _is_empty(node)]

    @property
    def newline(self) -> str:
        """The line ending of the file."""
        return newline_of(self.text)

    def line_start(self, position: int) -> int:
        """Where the line of a position starts."""
        return self.text.rfind("\n", 0, position) + 1

    def line_end(self, position: int) -> int:
        """Where the line of a position ends, its ending not included."""
        end = self.text.find("\n", position)
        if end < 0:
            return len(self.text)
        return end - 1 if end > position and self.text[end - 1] == "\r" else end

    def column(self, position: int) -> int:
        """Characters before it on its line."""
        return position - self.line_start(position)

    def leads(self, position: int) -> bool:
        """Whether nothing but blanks stands before it on its line."""
        return not self.text[self.line_start(position) : position].strip()

    def end(self, node: yaml.Node) -> int:
        """Where the last character of a node's content stands, plus one."""
        if not isinstance(node, yaml.CollectionNode) or node.flow_style:
            end: int = node.end_mark.index
            if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"):
                end = node.start_mark.index + len(self.text[node.start_mark.index : end].rstrip())
            return end
        last = node.value[-1]
        return self.end(last[1] if isinstance(last, tuple) else last)

    def room_after(self, node: yaml.Node, column: int) -> int:
        """End of the line behind which a further entry of a block node at `column` belongs.

        Comments that follow and are indented as its content is belong to that content.
        """
        found = self.line_end(self.end(node))
        comments: list[tuple[int, int]] = []
        begin = self.text.find("\n", found) + 1
        while begin and (match := _COMMENT.match(self.text, begin)):
            if match["rest"].startswith("#"):
                comments.append((len(match["indent"]), self.line_end(begin)))
            begin = self.text.find("\n", match.end()) + 1
        rest = self.text[begin : self.line_end(begin)] if begin else ""
        sibling = len(rest) - len(rest.lstrip(" ")) >= column
        least = column + 1 if sibling or not column else column
        return max([end for indent, end in comments if indent >= least], default=found)

    def is_flow(self, node: yaml.Node) -> bool:
        """Whether it is a list or map in brackets."""
        return isinstance(node, yaml.CollectionNode) and bool(node.flow_style)

    def spans_lines(self, node: yaml.Node) -> bool:
        """Whether it takes more than one line."""
        return "\n" in self.text[node.start_mark.index : node.end_mark.index]

    def style(self, root: yaml.Node) -> Style:
        """What most maps and lists of a document do, else those of the file."""
        steps: dict[int, int] = {}
        dashes: dict[int, int] = {}
        for weight, each in ((1000, root), *((1, each) for each in self.roots)):
            for key, value in _entries(each):
                if isinstance(value, yaml.ScalarNode) or self.is_flow(value):
                    continue
                by = self.column(value.start_mark.index) - self.column(key.start_mark.index)
                counts = dashes if isinstance(value, yaml.SequenceNode) else steps
                counts[by] = counts.get(by, 0) + weight
        step = max(steps, key=lambda by: steps[by], default=_DEFAULT_STEP)
        return Style(step, max(dashes, key=lambda by: dashes[by], default=0))


def _is_empty(node: yaml.Node) -> bool:
    """As `strict_yaml` leaves documents out that hold nothing."""
    plain = isinstance(node, yaml.ScalarNode) and node.style is None
    return plain and node.value in ("", "~", "null", "Null", "NULL")


def _entries(node: yaml.Node) -> Iterator[tuple[yaml.Node, yaml.Node]]:
    if isinstance(node, yaml.MappingNode) and not node.flow_style:
        for key, value in node.value:
            yield key, value
            yield from _entries(value)
    elif isinstance(node, yaml.SequenceNode) and not node.flow_style:
        for value in node.value:
            yield from _entries(value)
