"""Untrusted text inside Markdown that we write."""

from __future__ import annotations


def cell(value: object, limit: int = 300) -> str:
    """`value` as one line that can't end its table cell, its code span or become HTML."""
    text = visible(" ".join(str(value).split())[:limit])
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("`", "'").replace("<", "&lt;")


def visible(line: str) -> str:
    """`line` without what moves a terminal's cursor or hides: each such character as U+FFFD."""
    return "".join(c if c.isprintable() or c == "\t" else "\ufffd" for c in line)
