"""Volumes that any user of a pod may write: the controller manager makes them for root alone."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

_LOOK_SECONDS = 0.05  # far less than a pod needs to start
_OPEN = 0o777


@contextlib.contextmanager
def opened(folder: Path) -> Iterator[None]:
    """Let everybody write to each folder that appears in `folder` meanwhile."""
    over = threading.Event()
    watcher = threading.Thread(target=_watch, args=(folder, over), name="volumes", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def _watch(folder: Path, over: threading.Event) -> None:
    known: set[str] = set()
    while not over.wait(_LOOK_SECONDS):
        with contextlib.suppress(OSError):
            for entry in os.scandir(folder):
                if entry.name not in known and entry.is_dir(follow_symlinks=False):
                    Path(entry.path).chmod(_OPEN)
                    known.add(entry.name)
