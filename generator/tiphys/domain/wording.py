"""Small words in summaries."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """`1 release`, `2 releases`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
