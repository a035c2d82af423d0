"""The lines of attempts that are under way, on disk at once: a killed process loses none of them.

One file a run, `<milliseconds since the epoch>-<issue>-<random>.jsonl`, with a lock beside it that
its process holds. A file whose lock is free has no living owner: anybody may take it over.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from tiphys.domain.errors import InvalidInput
from tiphys.domain.trace import Entry, from_lines, shorten, to_line

if TYPE_CHECKING:
    from filelock import BaseFileLock

_NAME = re.compile(r"(\d{15})-([1-9]\d{0,8})-[0-9a-f]{12}\.jsonl\Z")
_BYTES = 64 << 20  # of one file that are read


@dataclass(slots=True)
class Journal:
    """One run's file; `write` gives up quietly where the disk does, and the run goes on."""

    path: Path
    _lock: BaseFileLock
    _file: TextIO | None

    def write(self, entry: Entry) -> None:
        """One line, on its way to the disk when this returns."""
        if self._file is None:
            return
        try:
            self._file.write(f"{to_line(shorten(entry))}\n")
            self._file.flush()
        except OSError:
            self.close()

    def close(self) -> None:
        """No more lines; the file stays."""
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
            self._file = None

    def leave(self, *, remove: bool) -> None:
        """Let go of the run; without `remove` the next reader takes it over."""
        self.close()
        _leave(self.path, self._lock, remove=remove)


@dataclass(frozen=True, slots=True)
class Left:
    """What a killed process has left: `stamp` is when its run began, in milliseconds."""

    issue: int
    stamp: int
    entries: list[Entry]


def start(folder: Path, issue: int, stamp: int) -> Journal | None:
    """A new run's journal; None where the folder can't be written."""
    path = folder / f"{stamp:015d}-{issue}-{secrets.token_hex(6)}.jsonl"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = _lock(path)
        if lock is None:
            return None
        return Journal(path, lock, path.open("x", encoding="utf-8", newline="\n"))
    except OSError:
        return None


@contextmanager
def taken_over(path: Path) -> Iterator[Left | None]:
    """What lies in a file whose owner is gone, which is removed unless the context fails.

    None where the owner lives, or another one took it over.
    """
    named = _NAME.match(path.name)
    lock = _lock(path) if named else None
    if named is None or lock is None:
        yield None
        return
    done = False
    try:
        yield Left(int(named[2]), int(named[1]), _read(path)) if path.is_file() else None
        done = True
    finally:
        _leave(path, lock, remove=done)


def journals(folder: Path) -> list[Path]:
    """The files of all runs, oldest first."""
    try:
        return sorted(path for path in folder.iterdir() if _NAME.match(path.name))
    except OSError:
        return []


def _read(path: Path) -> list[Entry]:
    """The whole lines; the last one may have been cut off."""
    found: list[Entry] = []
    try:
        with path.open("rb") as file:
            lines = file.read(_BYTES).splitlines(keepends=True)
    except OSError:
        return []
    for line in lines:
        with suppress(InvalidInput):
            found += from_lines([line.decode(errors="replace")] if line.endswith(b"\n") else [])
    return found


def _lock(path: Path) -> BaseFileLock | None:
    from filelock import FileLock, Timeout

    lock = FileLock(path.with_suffix(".lock"))
    try:
        lock.acquire(timeout=0)
    except (Timeout, OSError, NotImplementedError):
        return None
    return lock


def _leave(path: Path, lock: BaseFileLock, *, remove: bool) -> None:
    with suppress(OSError):
        if remove:
            path.unlink(missing_ok=True)
        path.with_suffix(".lock").unlink(missing_ok=True)
    lock.release()
