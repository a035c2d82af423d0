"""`tiphys generate`: manifests for a request on stdout, without a forge."""

from __future__ import annotations

import sys
from typing import Any

import click

from tiphys.cli.output import as_json, read_text

_LIMIT = 64 * 1024


@click.command(
    help="Read a request on stdin, write manifests to stdout. Exit 1 if none can be made, or if "
    "something is known to be wrong with the best try."
)
@click.option(
    "--context",
    "context",
    type=click.File("r"),
    help="Manifests that exist already, or more words on the request.",
)
@click.option(
    "--json", "json_", is_flag=True, help="Print skill, values, questions and manifests as JSON."
)
def command(context: Any, json_: bool) -> int:
    """Reuse a skill of this repository, or of the starter set outside of one."""
    from tiphys.bootstrap import open_skills
    from tiphys.pipeline import generate

    text = read_text(sys.stdin, _LIMIT, "the request")
    more = read_text(context, _LIMIT, "the context") if context is not None else ""
    if not text.strip():
        raise click.UsageError('say what you need: echo "Run ..." | tiphys generate')
    made = generate(text, open_skills(), context=more)
    if json_:
        as_json(
            {
                "skill": made.skill,
                "values": made.values,
                "questions": made.questions,
                "manifests": {path: data.decode() for path, data in made.manifests.items()},
                "good": made.good,
                "reply": made.reply,
                "model_calls": made.model_calls,
            }
        )
        return 0 if made.good else 1
    if made.manifests:
        click.echo("---\n".join(data.decode() for data in made.manifests.values()), nl=False)
    if not made.good:
        click.echo(f"tiphys: {' '.join(made.reply.split())}", err=True)
    return 0 if made.good else 1
