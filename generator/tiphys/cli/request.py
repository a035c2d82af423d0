"""`tiphys request`: a wish in plain words becomes an issue."""

from __future__ import annotations

import io
import sys
from typing import TextIO

import click

from tiphys.cli.output import as_json, read_text

_LIMIT = 16 * 1024


@click.command(help="Ask for something in plain words; prints the number of the issue.")
@click.argument("text", required=False)
@click.option(
    "--file", "-f", "file", type=click.File("r"), help="Read the text from FILE (- is stdin)."
)
@click.option("--json", "json_", is_flag=True, help="Print the issue as JSON.")
def command(text: str | None, file: TextIO | None, json_: bool) -> None:
    """Open an issue with the text as its body and its first line as title."""
    from tiphys.bootstrap import open_forge

    if text is not None:
        file = io.StringIO(text)
    wish = read_text(file, _LIMIT, "the request").strip() if file else ""
    if not wish:
        raise click.UsageError('say what you need: tiphys request "Run ..." or --file FILE')
    first = wish.splitlines()[0]
    title = first if len(first) <= 80 else f"{first[:77]}..."
    issue = open_forge().open_issue(title, wish)
    if json_:
        as_json({"number": issue.number, "title": issue.title})
    else:
        click.echo(issue.number)
        if sys.stdout.isatty():
            click.echo(f"next: tiphys work {issue.number}", err=True)
