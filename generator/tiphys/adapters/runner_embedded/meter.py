"""How much an expression may make and how long it may take.

A few bindings that each double the one before would fill the memory, and time is otherwise looked
at only between operations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

MOST_PARTS = 100_000  # members of lists and mappings, counted where they are shared too
MOST_TEXT = 1 << 20  # characters
_EVERY = 2_000  # parts between two looks at the clock
_LETTERS = 32  # as much work as a part


class TooMuch(Exception):  # never leaves the package: `Program` turns it into EvaluationError
    """An expression makes too much, or the test's time is up."""


class _Watch:
    def __init__(self, expired: Callable[[], bool]) -> None:
        self._expired = expired
        self._parts = 0

    def spend(self, parts: int) -> None:
        self._parts += parts
        if self._parts >= _EVERY:
            self._parts = 0
            if self._expired():
                raise TooMuch("the test's time is up")


_watch: ContextVar[_Watch | None] = ContextVar("watch", default=None)


@contextmanager
def watched(expired: Callable[[], bool]) -> Iterator[None]:
    """Within this context expressions end when `expired` says so."""
    token = _watch.set(_Watch(expired))
    try:
        yield
    finally:
        _watch.reset(token)


def measure(value: Any) -> Any:
    """The value, if it is not too large. TooMuch."""
    parts = text = 0
    waiting = [value]
    while waiting:
        here = waiting.pop()
        parts += 1
        if isinstance(here, str):
            text += len(here)
        elif isinstance(here, dict):
            text += sum(map(len, here))
            waiting += here.values()
        elif isinstance(here, list):
            waiting += here
        if parts + len(waiting) > MOST_PARTS or text > MOST_TEXT:
            raise TooMuch(f"makes more than {MOST_PARTS} parts or {MOST_TEXT} characters")
    if watch := _watch.get():
        watch.spend(parts + text // _LETTERS)
    return value
