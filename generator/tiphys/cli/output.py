"""How commands talk: results on stdout, progress on stderr, quiet in a pipe."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

import click

if TYPE_CHECKING:
    from tiphys.context import Progress


def read_text(source: TextIO, limit: int, what: str) -> str:
    """`what` as text of at most `limit` characters; InvalidInput, LimitExceeded."""
    from tiphys.domain.errors import InvalidInput, LimitExceeded

    try:
        text = source.read(limit + 1)
        text.encode()  # bytes that the shell or the locale let through
    except UnicodeError:
        raise InvalidInput(f"{what} is not UTF-8 text") from None
    if len(text) > limit:
        raise LimitExceeded(f"{what} has more than {limit} characters; say it shorter")
    return text


def as_json(data: Any) -> None:
    """One JSON document on stdout."""
    click.echo(json.dumps(data, indent=2, ensure_ascii=False))


def table(columns: Sequence[str], rows: Sequence[Sequence[object]], title: str = "") -> None:
    """A table on a terminal, tab-separated rows in a pipe."""
    if not sys.stdout.isatty():
        for row in rows:
            click.echo("\t".join(" ".join(str(cell).split()) for cell in row))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(*columns, title=title or None)
    for row in rows:
        drawn.add_row(*(Text(str(cell)) for cell in row))
    Console().print(drawn)


def markdown(text: str) -> None:
    """Rendered Markdown on a terminal, its source in a pipe."""
    if not sys.stdout.isatty():
        click.echo(text)
        return
    from rich.console import Console
    from rich.markdown import Markdown

    Console().print(Markdown(text))


@contextmanager
def progress() -> Iterator[Progress]:
    """A callback that shows what is happening, on a terminal only."""
    if not sys.stderr.isatty():
        yield lambda _message: None
        return
    from rich.console import Console

    with Console(stderr=True).status("starting") as status:
        yield status.update
