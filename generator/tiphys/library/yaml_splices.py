"""Text edits of a YAML file: one small change of its value as replacements of ranges of its text.

What results is not trusted: `patching` reads it back.
"""

from __future__ import annotations

from typing import Any

import yaml

from tiphys.domain.errors import InvalidInput
from tiphys.library.yaml_layout import Layout, flow, like, scalar

Path = tuple[str | int, ...]
_Splice = tuple[int, int, str]


class Splicer:
    """Edits of one document. `where` names the field in errors."""

    def __init__(self, layout: Layout, root: yaml.Node, where: str) -> None:
        self._layout = layout
        self._text = layout.text
        self._root = root
        self._where = where
        self._style = layout.style(root)

    def replace(self, path: Path, value: Any) -> str:
        """Another value for a field that is there."""
        node, key, within = self._find(path)
        if within:
            return self._spliced((node.start_mark.index, node.end_mark.index, flow(value)))
        start, end = node.start_mark.index, self._layout.end(node)
        filled = isinstance(value, dict | list) and bool(value)
        if not filled and not _is_block(node):
            text = like(value, node.style if isinstance(node, yaml.ScalarNode) else None)
            lead = "" if start < end else " "
            shift = self._indent(key, node)
            return self._spliced((start, end, lead + self._joined(text.split("\n"), shift)))
        if key is None:  # an item of a list: it starts behind its dash
            lines = self._style.lines(value) if filled else scalar(value).split("\n")
            lead = "" if start < end else " "
            return self._spliced((start, end, lead + self._joined(lines, self._indent(key, node))))
        colon = self._text.index(":", key.end_mark.index) + 1
        indent = self._layout.column(key.start_mark.index)
        first, *more = self._style.entry("key", value)
        below = "".join(self._layout.newline + _at(line, indent) for line in more)
        head = first.removeprefix("key:")
        if not _is_block(node) or self._layout.line_start(start) == self._layout.line_start(colon):
            line_end = self._layout.line_end(end)
            return self._spliced((colon, end, head), (line_end, line_end, below))
        line_end = self._layout.line_end(colon)
        return self._spliced((colon, colon, head), (line_end, self._layout.line_end(end), below))

    def put(self, path: Path, value: Any) -> str:
        """A new key in a map."""
        node, _, within = self._find(path[:-1])
        name = str(path[-1])
        if within or (self._layout.is_flow(node) and node.value):
            return self._into_flow(node, f"{flow(name)}: {flow(value)}")
        if not node.value:
            return self.replace(path[:-1], {name: value})
        column = self._layout.column(node.start_mark.index)
        return self._below(node, column, self._style.entry(name, value))

    def append(self, path: Path, value: Any) -> str:
        """A new item of a list."""
        node, _, within = self._find(path)
        if within or (self._layout.is_flow(node) and node.value):
            return self._into_flow(node, flow(value))
        if not node.value:
            return self.replace(path, [value])
        column = self._layout.column(node.start_mark.index)
        last = node.value[-1].start_mark.index
        gap = self._layout.column(last) - column - 1
        same_line = gap > 0 and self._text[last - gap - 1 : last].strip() == "-"
        return self._below(node, column, self._style.item(value, gap if same_line else 1))

    def remove(self, path: Path) -> str:
        """A key or an item out."""
        node, _, within = self._find(path[:-1])
        if len(node.value) == 1 and not within:
            return self.replace(path[:-1], {} if isinstance(node, yaml.MappingNode) else [])
        places = [_span(each) for each in node.value]
        index = path[-1]
        if isinstance(node, yaml.MappingNode):
            index = [key.value for key, _ in node.value].index(index)
        number = int(index)
        if self._layout.is_flow(node):
            return self._out_of_flow(places, number)
        start = places[number][0].start_mark.index
        end = self._layout.line_end(self._layout.end(places[number][1]))
        if isinstance(node, yaml.SequenceNode):
            start = self._dash(node, start)
        if self._layout.leads(start):
            return self._without_lines(self._layout.line_start(start), end)
        following = places[number + 1][0].start_mark.index if number + 1 < len(places) else None
        if following is None or self._text[end:following].strip():
            raise self._unsafe()
        return self._spliced((start, following, ""))

    def _find(self, path: Path) -> tuple[yaml.Node, yaml.Node | None, bool]:
        """A node, the key that it stands behind, and whether it is in brackets."""
        node, key, within = self._root, None, False
        for part in path:
            if self._layout.is_flow(node):
                within = True
            self._guard(node)
            if isinstance(node, yaml.MappingNode):
                key, node = next(each for each in node.value if each[0].value == part)
            else:
                key, node = None, node.value[int(part)]
        self._guard(node)
        return node, key, within

    def _guard(self, node: yaml.Node) -> None:
        if self._layout.is_flow(node) and self._layout.spans_lines(node):
            raise InvalidInput(
                f"{self._where}: brackets over several lines are not edited; write it as a block"
            )

    def _indent(self, key: yaml.Node | None, node: yaml.Node) -> int:
        """The column that further lines of a value are shifted by."""
        if key is not None:
            return self._layout.column(key.start_mark.index)
        return self._layout.column(node.start_mark.index)

    def _into_flow(self, node: yaml.Node, text: str) -> str:
        close = node.end_mark.index - 1
        while self._text[close - 1] == " " and node.value:
            close -= 1
        return self._spliced((close, close, f", {text}" if node.value else text))

    def _out_of_flow(self, places: list[tuple[yaml.Node, yaml.Node]], number: int) -> str:
        start, end = places[number][0].start_mark.index, places[number][1].end_mark.index
        if number:
            start = places[number - 1][1].end_mark.index
        elif len(places) > 1:
            end = places[1][0].start_mark.index
        return self._spliced((start, end, ""))

    def _below(self, node: yaml.Node, column: int, lines: list[str]) -> str:
        position = self._layout.room_after(node, column)
        text = "".join(self._layout.newline + _at(line, column) for line in lines)
        return self._spliced((position, position, text))

    def _dash(self, node: yaml.SequenceNode, item: int) -> int:
        """Where the dash of an item stands."""
        column = self._layout.column(node.start_mark.index)
        start = self._layout.line_start(item)
        while self._text[start + column : start + column + 1] != "-":
            if start <= node.start_mark.index - column:
                raise self._unsafe()
            start = self._layout.line_start(start - 1)
        return start + column

    def _without_lines(self, start: int, end: int) -> str:
        if start == 0:
            after = self._text.find("\n", end) + 1
            return self._spliced((0, after, ""))
        before = start - (2 if self._text[start - 2 : start] == "\r\n" else 1)
        return self._spliced((before, end, ""))

    def _joined(self, lines: list[str], indent: int) -> str:
        first, *more = lines
        return first + "".join(self._layout.newline + _at(line, indent) for line in more)

    def _spliced(self, *splices: _Splice) -> str:
        text = self._text
        for start, end, new in sorted(splices, reverse=True):
            text = text[:start] + new + text[end:]
        return text

    def _unsafe(self) -> InvalidInput:
        return InvalidInput(f"{self._where} can't be edited safely here; edit the file by hand")


def _is_block(node: yaml.Node) -> bool:
    return isinstance(node, yaml.CollectionNode) and not node.flow_style


def _span(entry: Any) -> tuple[yaml.Node, yaml.Node]:
    return entry if isinstance(entry, tuple) else (entry, entry)


def _at(line: str, column: int) -> str:
    return " " * column + line if line else line
