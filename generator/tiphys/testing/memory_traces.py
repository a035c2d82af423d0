"""A `TraceStore` without a disk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tiphys.domain.errors import InvalidInput
from tiphys.domain.trace import Entry, Scribe, from_lines, to_lines


class MemoryTraces:
    """Attempts in a list, as the lines that another store would hold."""

    def __init__(self) -> None:
        self._kept: list[tuple[int, str]] = []

    def keep(self, issue: int, entries: Sequence[Entry]) -> str:
        """Keep it beside the others."""
        _check(issue)
        self._kept.append((issue, to_lines(entries)))
        return str(len(self._kept))

    @contextmanager
    def recording(self, issue: int) -> Iterator[Scribe]:
        """A scribe whose entries are kept in the end."""
        _check(issue)
        entries: list[Entry] = []
        try:
            yield entries.append
        finally:
            if entries:
                self.keep(issue, entries)

    def of_issue(self, issue: int) -> Sequence[tuple[str, Sequence[Entry]]]:
        """Oldest first."""
        _check(issue)
        return [
            (str(number), from_lines(text.removesuffix("\n").split("\n")))
            for number, (about, text) in enumerate(self._kept, 1)
            if about == issue
        ]

    def issues(self) -> Sequence[int]:
        """Sorted."""
        return sorted({issue for issue, _ in self._kept})


def _check(issue: int) -> None:
    if issue < 1:
        raise InvalidInput(f"{issue} is no issue's number")
