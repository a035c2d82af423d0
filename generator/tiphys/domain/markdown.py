"""Untrusted text inside Markdown that we write."""

from __future__ import annotations


def cell(value: object, limit: int = 300) -> str:
    """`value` as one line that can't end its table cell, its code span or become HTML."""
    text = " ".join(str(value).split())[:limit]
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("`", "'").replace("<", "&lt;")
