"""What an installation tells while it works."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Event:
    """`subject` (such as "etcd 3.6.6") starts, is at a step, or has ended.

    `fraction` (0..1) is how far a download is; such events come often.
    """

    subject: str
    kind: Literal["start", "step", "done", "failed"]
    text: str
    fraction: float | None = None


Progress = Callable[[Event], None]


def ignore(_event: Event) -> None:
    """Tell nobody."""
