"""Progress of an installation for a person's terminal, or for a log."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from tiphys.toolchain.events import Event, Progress

if TYPE_CHECKING:
    from rich.progress import TaskID

HEARTBEAT_SECONDS = 30.0


@contextmanager
def shown(stream: TextIO | None = None) -> Iterator[Progress]:
    """A callback that shows events on stderr while the context lasts.

    A terminal gets a line per subject with the time it took so far, anything else a line per
    event and, at most every 30 s, one about what is still at work.
    """
    stream = stream or sys.stderr
    with _terminal(stream) if stream.isatty() else plain(stream) as progress:
        yield progress


@contextmanager
def plain(stream: TextIO, every: float = HEARTBEAT_SECONDS) -> Iterator[Progress]:
    """Lines such as "etcd 3.6.6: downloading etcd", and a heartbeat `every` so many seconds."""
    guard, ended = threading.Lock(), threading.Event()
    running: dict[str, tuple[str, float]] = {}

    def write(line: str) -> None:
        print(line, file=stream, flush=True)

    def tell(event: Event) -> None:
        with guard:
            if event.kind in ("done", "failed"):
                running.pop(event.subject, None)
            else:
                _, since = running.get(event.subject, ("", time.monotonic()))
                running[event.subject] = (event.text, since)
            if event.fraction is None and event.kind != "start":
                write(f"{event.subject}: {event.text}")

    def beat() -> None:
        while not ended.wait(every):
            with guard:
                for subject, (text, since) in running.items():
                    write(f"{subject}: {text} ({time.monotonic() - since:.0f} s so far)")

    heart = threading.Thread(target=beat, daemon=True)
    heart.start()
    try:
        yield tell
    finally:
        ended.set()
        heart.join()


@contextmanager
def _terminal(stream: TextIO) -> Iterator[Progress]:
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (
        SpinnerColumn(finished_text=" "),
        TextColumn("[bold]{task.fields[subject]}[/bold] {task.description}"),
        BarColumn(bar_width=16),
        TimeElapsedColumn(),
    )
    guard = threading.Lock()
    tasks: dict[str, TaskID] = {}
    with Bars(*columns, console=Console(file=stream)) as bars:

        def tell(event: Event) -> None:
            with guard:
                if event.subject not in tasks:
                    tasks[event.subject] = bars.add_task("", total=None, subject=event.subject)
                task = tasks[event.subject]
                ended = event.kind in ("done", "failed")
                bars.update(
                    task,
                    description=escape(event.text),
                    total=1.0 if ended or event.fraction is not None else None,
                    completed=1.0 if ended else event.fraction or 0.0,
                )
                if ended:
                    bars.stop_task(task)

        yield tell
