"""`tiphys pr`: the proposals. `merge` is a stage of the pipeline and comes last in this file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tiphys.cli.talk import (
    as_json,
    body_option,
    by,
    print_comments,
    print_heading,
    print_json,
    print_left_out,
    print_problems,
    print_table,
    read_body,
    when,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiphys.domain.forge import Pull, ReviewDecision
    from tiphys.domain.tree import Entry
    from tiphys.ports import RepositoryReader

_DIFF_BYTES = 1 << 20
_COLORS = {"+": "green", "-": "red", "@": "cyan"}


@click.group("pr")
def command() -> None:
    """List, show, review, merge and close pull requests."""


@command.command("list")
@click.option(
    "--state",
    type=click.Choice(["open", "closed", "merged", "all"]),
    default="open",
    show_default=True,
)
@as_json
def list_pulls(state: str, json_: bool) -> None:
    """List pull requests."""
    from tiphys.bootstrap import open_forge

    forge = open_forge()
    pulls = forge.pulls(None if state == "all" else state)
    print_problems(forge.problems())
    if json_:
        return print_json(list(pulls))
    rows = [[f"#{p.number}", p.state, p.title, p.source, ", ".join(p.labels)] for p in pulls]
    print_table(["number", "state", "title", "branch", "labels"], rows, "no pull requests")
    return None


@command.command()
@click.argument("number", type=click.IntRange(min=1))
@as_json
def show(number: int, json_: bool) -> None:
    """Show a pull request with its reviews, statuses and comments."""
    from tiphys.bootstrap import open_forge, open_repository

    forge = open_forge()
    pull = forge.pull(number)
    if json_:
        return print_json(pull)
    facts = [pull.state, f"{pull.source} into {pull.target}", f"by {by(pull)}"]
    facts += [when(pull.created), *([f"for #{pull.issue}"] if pull.issue else []), *pull.labels]
    print_heading(pull.number, pull.title, facts, pull.body)
    head = _head(open_repository(), pull)
    for status in forge.statuses(head) if head else ():
        click.echo(f"\n{status.context}: {status.state} {status.summary}".rstrip())
    for review in pull.reviews:
        stale = "" if review.sha == head else " (of an earlier head)"
        click.secho(f"\n{by(review)}: {review.decision} {review.sha[:12]}{stale}", bold=True)
        if review.body.strip():
            click.echo(review.body.rstrip())
    print_comments(pull.comments)
    print_left_out(pull)
    return None


@command.command("diff")
@click.argument("number", type=click.IntRange(min=1))
def show_diff(number: int) -> None:
    """Print what a pull request changes, as a unified diff."""
    from tiphys.bootstrap import open_forge, open_repository

    repository = open_repository()
    pull = open_forge().pull(number)
    head = pull.merged_sha or repository.resolve(pull.source)
    onto = f"{head}~1" if pull.merged_sha else pull.target
    base = repository.merge_base(onto, head) or ""
    for line in _diff(repository, base, head):
        click.secho(line, fg=_COLORS.get(line[:1]))


@command.command()
@click.argument("number", type=click.IntRange(min=1))
@click.option("--approve", "decision", flag_value="approve", help="The change is good.")
@click.option("--request-changes", "decision", flag_value="request-changes", help="It is not.")
@click.option("--comment", "decision", flag_value="comment", default=True, help="Neither yet.")
@body_option
def review(number: int, decision: ReviewDecision, body: str | None) -> None:
    """Review the present head of a pull request."""
    from tiphys.bootstrap import open_forge, open_repository
    from tiphys.domain.errors import Refused

    forge = open_forge()
    pull = forge.pull(number)
    if pull.state != "open":
        raise Refused(f"pull request #{number} is {pull.state}: only an open one is reviewed")
    text = read_body(body, required=decision != "approve")
    forge.review(number, open_repository().resolve(pull.source), decision, text)


@command.command()
@click.argument("number", type=click.IntRange(min=1))
def close(number: int) -> None:
    """Close a pull request without merging it; its branch stays."""
    from tiphys.bootstrap import open_forge

    forge = open_forge()
    forge.pull(number)
    forge.set_state(number, "closed")


def _head(repository: RepositoryReader, pull: Pull) -> str | None:
    from tiphys.domain.errors import NotFound

    try:
        return repository.resolve(pull.source)
    except NotFound:
        return None  # deleted after the merge


def _diff(repository: RepositoryReader, base: str, head: str) -> Iterator[str]:
    from difflib import unified_diff

    for change in repository.changes(base, head):
        old = _lines(repository, base, change.old)
        new = _lines(repository, head, change.new)
        shown = change.path if change.path.isprintable() else repr(change.path)
        if change.old and change.new and change.old.mode != change.new.mode:
            yield f"mode of {shown}: {change.old.mode:o} -> {change.new.mode:o}"
        if old is None or new is None:
            yield f"{shown}: binary, large or not a file"
            continue
        before = f"a/{shown}" if change.old else "/dev/null"
        after = f"b/{shown}" if change.new else "/dev/null"
        yield from unified_diff(old, new, before, after, lineterm="")


def _lines(repository: RepositoryReader, rev: str, entry: Entry | None) -> list[str] | None:
    """A file's lines with control characters made visible; None if it is not readable text."""
    from tiphys.domain.errors import LimitExceeded, NotFound

    if entry is None:
        return []
    try:
        text = repository.read(rev, entry.path, _DIFF_BYTES).decode()
    except (NotFound, LimitExceeded, UnicodeDecodeError):
        return None
    return [_visible(line) for line in text.removesuffix("\n").split("\n")] if text else []


def _visible(line: str) -> str:
    return "".join(c if c.isprintable() or c == "\t" else ascii(c)[1:-1] for c in line)


# `merge` goes here: it needs the pipeline, not only the forge.


@command.command("open")
@click.argument("source", metavar="BRANCH")
@click.option("--title", help="Title (default: the first line of the branch's commit).")
@click.option("-b", "--body", default="", help="What the change is for.")
def open_(source: str, title: str | None, body: str) -> None:
    """Open a pull request from BRANCH into the target branch."""
    from tiphys.bootstrap import open_forge, open_repository, read_config

    repository = open_repository()
    target = read_config(repository).settings.target
    heading = title or repository.message(source).splitlines()[0]
    pull = open_forge().open_pull(heading, body, source, target)
    click.echo(pull.number)


@command.command()
@click.argument("numbers", type=click.IntRange(min=1), nargs=-1)
@click.option(
    "--queue", is_flag=True, help="Test accepted pull requests together, merge those that fit."
)
@click.option(
    "--checkout", is_flag=True, help="Let a clean work tree on the target branch follow the merge."
)
def merge(numbers: tuple[int, ...], queue: bool, checkout: bool) -> int:
    """Merge an accepted pull request; refused without a signed, accepting verdict for its head.

    With --queue all open ones (or those named) are tested in batches as the target would become;
    what does not fit stays open. Exit 0 if everything named was merged, else 1.
    """
    from tiphys.bootstrap import merge_and_check_out
    from tiphys.cli.output import progress

    if not queue and len(numbers) != 1:
        raise click.UsageError("name one pull request, or use --queue")
    with progress() as tell:
        merged = merge_and_check_out(numbers, queue=queue, check_out=checkout, progress=tell)
    for each in merged.ended:
        if each.end == "merged":
            click.echo(f"#{each.number} merged as {each.text[:12]}")
        else:
            click.echo(f"#{each.number} left open: {each.text}", err=True)
    if merged.work_tree == "behind":
        click.echo(
            "your work tree still shows the old commit; once nothing in it is yours alone: "
            "git restore --staged --worktree .  (or merge with --checkout)",
            err=True,
        )
    return 0 if all(each.end == "merged" for each in merged.ended) else 1
