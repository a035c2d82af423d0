"""Keeping two installations of the same thing apart."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from tiphys.domain.errors import Unavailable
from tiphys.toolchain.events import Event, Progress


@contextmanager
def alone(
    root: Path, name: str, subject: str, progress: Progress, cancel: threading.Event
) -> Iterator[None]:
    """Keep other installations of `name` below `root` waiting: they then find finished files.

    Unavailable once `cancel` is set.
    """
    folder = root / ".locks"
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / f"{name}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        progress(Event(subject, "step", "waiting for another installation"))
    while not lock.is_locked:
        if cancel.is_set():
            raise Unavailable("interrupted")
        try:
            lock.acquire(timeout=0.5)
        except Timeout:
            continue
    try:
        yield
    finally:
        lock.release()
