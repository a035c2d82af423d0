"""The sentences that a request falls into."""

from __future__ import annotations

import re

BREAK = r"\n\s*\n|\n\s*(?:[-*]|\d+[.)])\s+"  # between paragraphs, and the points of a list
_END = re.compile(rf"(?<=[.!?])\s+|{BREAK}")


def sentences(text: str) -> list[str]:
    """In order, as they stand there; a point of a list is one too."""
    return _END.split(text)
