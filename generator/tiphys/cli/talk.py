"""What the `issue` and `pr` commands share: JSON, tables, comments, bodies from stdin."""

from __future__ import annotations

import dataclasses
import sys
import time
from collections.abc import Iterable, Sequence
from typing import Any

import click

from tiphys.cli import output
from tiphys.cli.output import read_text
from tiphys.domain.forge import Comment, Issue, Pull, Review

_LIMIT = 1 << 20  # characters; the forge has its own, lower one
as_json = click.option("--json", "json_", is_flag=True, help="Print JSON.")
body_option = click.option("-b", "--body", help="The text; '-' (or a pipe) reads standard input.")


def print_json(value: Any) -> None:
    """Dataclasses, or lists of them, as JSON on stdout."""
    many = isinstance(value, list | tuple)
    plain = [dataclasses.asdict(v) for v in value] if many else dataclasses.asdict(value)
    output.as_json(plain)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]], empty: str) -> None:
    """The rows as a table, or `empty` on stderr where there are none."""
    found = list(rows)
    if found:
        output.table(columns, found)
    else:
        click.echo(empty, err=True)


def when(seconds: float) -> str:
    """A moment in the reader's time zone."""
    try:
        return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))
    except (OverflowError, ValueError, OSError):
        return "at an unknown time"


def print_heading(number: int, title: str, facts: Sequence[str], body: str) -> None:
    """The first lines of an issue or pull request."""
    click.secho(f"#{number} {title}", bold=True)
    click.echo(" · ".join(facts))
    if body.strip():
        click.echo(f"\n{body.rstrip()}")


def by(said: Comment | Review | Issue | Pull) -> str:
    """Whose words these are, or say that they are."""
    return said.author if said.proven else f"{said.author} (unproven)"


def print_left_out(view: Issue | Pull) -> None:
    """What is not shown because it is not by whom it says."""
    for line in view.left_out:
        click.secho(f"\nleft out: {line}", fg="yellow")


def print_problems(problems: Sequence[str]) -> None:
    """That something is left out altogether, on stderr."""
    if problems:
        more = f", and {len(problems) - 1} more" if len(problems) > 1 else ""
        click.echo(f"left out: {problems[0]}{more}", err=True)


def print_comments(comments: Iterable[Comment]) -> None:
    """The talk, oldest first."""
    for comment in comments:
        edited = ", edited" if comment.edited is not None else ""
        click.secho(f"\n{by(comment)}, {when(comment.created)}{edited}", bold=True)
        click.echo(comment.body.rstrip())


def read_body(body: str | None, *, required: bool = True) -> str:
    """The text of `--body`, or of standard input where it is a pipe or "-"."""
    if body == "-" or (body is None and required and not sys.stdin.isatty()):
        text = read_text(sys.stdin, _LIMIT, "the text")
    else:
        text = body or ""
    if required and not text.strip():
        raise click.UsageError("there is no text: give --body TEXT, or pipe it in")
    return text
