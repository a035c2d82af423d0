"""Places in a template's text: which lines hold a field, and where another can be put in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tiphys.propose.induce.model import Path

_STATEMENT = re.compile(r"\s*\{%")
_OPENS = re.compile(r"\s*\{%-?\s*(?:if|for)\b")
_CLOSES = re.compile(r"\s*\{%-?\s*end(?:if|for)\b")
_DASH = re.compile(r"(\s*)-(?:\s+|$)(.*)")
_KEY = re.compile(r"""(\s*)("(?:[^"\\]|\\.)*"|'[^']*'|[^\s#'"{\[][^:#]*?):(?:\s+(.*))?$""")


@dataclass(frozen=True, slots=True)
class Line:
    """A line that begins a field or a list's item: `value` is what stands behind the colon."""

    number: int
    indent: int  # of the field's name or of what follows the dash
    dash: int | None  # column of the dash that stands in front, None without
    value: str


def lines_of(source: str, document: int) -> dict[Path, list[Line]]:
    """The lines of each field of one document. Flow style is not looked into."""
    found: dict[Path, list[Line]] = {}
    stack: list[tuple[int, str | int]] = []
    counts: dict[Path, int] = {}
    at = 0
    for number, text in enumerate(source.split("\n")):
        if text.startswith("---"):
            at, stack, counts = at + 1, [], {}
            continue
        if at != document or not text.strip() or _STATEMENT.match(text) or text.strip()[0] == "#":
            continue
        dash: int | None = None
        rest = text
        while match := _DASH.match(rest):
            dash = len(match[1])
            _unwind(stack, dash, item=True)
            path = tuple(part for _, part in stack)
            index = counts.get(path, 0)
            counts[path] = index + 1
            stack.append((dash, index))
            found.setdefault((*path, index), []).append(Line(number, dash + 2, dash, match[2]))
            rest = " " * (len(rest) - len(match[2])) + match[2]
        if match := _KEY.match(rest):
            indent = len(match[1])
            _unwind(stack, indent, item=False)
            stack.append((indent, match[2].strip("\"'")))
            path = tuple(part for _, part in stack)
            found.setdefault(path, []).append(Line(number, indent, dash, (match[3] or "").strip()))
    return found


def block_end(source: Sequence[str], line: Line) -> int:
    """The line behind a field's block, with the statements that were opened inside it."""
    column = line.indent if line.dash is None else line.dash
    end = line.number + 1
    depth = 0
    for number in range(line.number + 1, len(source)):
        text = source[number]
        if _OPENS.match(text):
            depth += 1
        elif _CLOSES.match(text):
            depth -= 1
            if depth < 0:
                break
            end = number + 1 if depth == 0 and end > line.number + 1 else end
        elif text.strip() and not _STATEMENT.match(text):
            indent = len(text) - len(text.lstrip())
            same_list = line.dash is None and indent == column and text.lstrip()[0] == "-"
            if indent <= column and not same_list:
                break
            end = number + 1
    opened = sum(bool(_OPENS.match(t)) - bool(_CLOSES.match(t)) for t in source[line.number : end])
    while opened > 0 and end < len(source) and _CLOSES.match(source[end]):
        end, opened = end + 1, opened - 1
    return end


def _unwind(stack: list[tuple[int, str | int]], indent: int, *, item: bool) -> None:
    while stack and (
        stack[-1][0] > indent
        or (stack[-1][0] == indent and not (item and isinstance(stack[-1][1], str)))
    ):
        stack.pop()
