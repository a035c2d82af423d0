"""`tiphys trace`: what attempts saw, thought, did and expected, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

if TYPE_CHECKING:
    from tiphys.domain.trace import Entry, Intent, Result

_INDENT = 10


@click.group("trace")
def command() -> None:
    """Show and export what attempts did."""


@command.command()
@click.argument("issue", type=click.IntRange(min=1))
@click.option("--json", "json_", is_flag=True, help="Print JSON, with all that models were asked.")
def show(issue: int, json_: bool) -> None:
    """Show each attempt at ISSUE, oldest first, a block for each of its ticks."""
    from dataclasses import asdict

    from tiphys.bootstrap import open_traces
    from tiphys.cli.output import as_json
    from tiphys.domain.errors import NotFound
    from tiphys.domain.trace import Intent

    runs = open_traces().of_issue(issue)
    if not runs:
        raise NotFound(f"no attempt at #{issue} left a trace; `tiphys work {issue}` makes one")
    if json_:
        kinds = {True: "intent", False: "result"}
        return as_json(
            [
                {"id": name, "entries": [
                    {"entry": kinds[isinstance(each, Intent)], **asdict(each)} for each in entries
                ]}
                for name, entries in runs
            ]
        )  # fmt: skip
    for name, entries in runs:
        click.secho(f"\nattempt {name}", bold=True)
        for line in _page(entries):
            click.echo(line)
    return None


@command.command()
@click.option(
    "--format", "form", type=click.Choice(["chat", "preference"]), default="chat", show_default=True
)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write to a file.")
def export(form: Literal["chat", "preference"], out: Path | None) -> None:
    """Write what was merged as JSON lines for training tools.

    chat: each merged request with what was merged. preference: that, and an answer of a model on
    the way to it that says something else. Data of Secrets is masked.
    """
    import json

    from tiphys.bootstrap import open_forge, open_repository, open_traces, read_config
    from tiphys.domain.errors import InvalidInput
    from tiphys.learn.export import lessons, lines

    repository = open_repository()
    target = read_config(repository).settings.target
    learned = lessons(open_traces(), open_forge(), repository, target)
    made = [json.dumps(each, ensure_ascii=False) for each in lines(learned.found, form)]
    text = "".join(f"{line}\n" for line in made)
    if out is None:
        click.echo(text, nl=False)
    else:
        try:
            out.write_text(text, encoding="utf-8", newline="\n")
        except OSError as problem:
            raise InvalidInput(f"{out} can't be written: {problem.strerror}") from None
    click.echo(learned.told(len(made)), err=True)


def _page(entries: Sequence[Entry]) -> Iterator[str]:
    """A block for each tick, with whatever of it is there."""
    from tiphys.domain.trace import Intent, Result

    intents = {each.tick: each for each in entries if isinstance(each, Intent)}
    results = {each.tick: each for each in entries if isinstance(each, Result)}
    for tick in sorted(intents | results):
        yield ""
        yield click.style("the road" if tick == 0 else f"round {tick}", bold=True)
        before, after = intents.get(tick), results.get(tick)
        for name, text in _rows(before, after):
            yield from _row(name, text)


def _rows(before: Intent | None, after: Result | None) -> Iterator[tuple[str, str]]:
    if before:
        yield "saw", before.observation
        yield "thought", before.orientation
        yield "did", before.action
        yield "expected", before.expectation
    if after is None:
        yield "came of", "nothing that is known: it was interrupted"
        return
    yield "came of", f"{after.outcome}: {after.evaluation}"
    yield "model", _made(before, after)
    yield "answer", after.answer


def _made(before: Intent | None, after: Result) -> str:
    model = after.model or (before.model if before else "")
    sampling = before.sampling if before else {}
    parts = [model, *(f"{key}={value}" for key, value in sorted(sampling.items()))]
    if after.read or after.written:
        parts.append(f"{after.read} tokens read, {after.written} written")
    return ", ".join(part for part in parts if part)


def _row(name: str, text: str) -> Iterator[str]:
    """A text with its name before it, its further lines below; nothing in it moves the cursor."""
    plain = text.replace("\r\n", "\n").strip("\n")
    for number, line in enumerate(plain.split("\n") if plain.strip() else ()):
        safe = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line)
        yield f"{name if number == 0 else '':<{_INDENT}}{safe}".rstrip()
