"""Which road a request takes, how sure that is, and why: recorded with every proposal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Name = Literal["reuse", "adapt", "author"]


@dataclass(frozen=True, slots=True)
class Road:
    """`confidence` in 0..1 is the retrieval's score for `reuse`, 1 for an edit that was read whole,
    and for `author` the share of requirements that a field is known to meet."""

    name: Name
    confidence: float
    reason: str

    @property
    def line(self) -> str:
        """For people."""
        return f"{self.name} ({self.confidence:.2f}): {self.reason}"
