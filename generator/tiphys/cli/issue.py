"""`tiphys issue`: the requests and the talk about them."""

from __future__ import annotations

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


@click.group("issue")
def command() -> None:
    """List, show, comment on and close issues."""


@command.command("list")
@click.option(
    "--state", type=click.Choice(["open", "closed", "all"]), default="open", show_default=True
)
@as_json
def list_issues(state: str, json_: bool) -> None:
    """List issues."""
    from tiphys.bootstrap import open_forge

    forge = open_forge()
    issues = forge.issues(None if state == "all" else state)
    print_problems(forge.problems())
    if json_:
        return print_json(list(issues))
    rows = [[f"#{i.number}", i.state, i.title, by(i), ", ".join(i.labels)] for i in issues]
    print_table(["number", "state", "title", "author", "labels"], rows, "no issues")
    return None


@command.command()
@click.argument("number", type=click.IntRange(min=1))
@as_json
def show(number: int, json_: bool) -> None:
    """Show an issue with its comments."""
    from tiphys.bootstrap import open_forge

    issue = open_forge().issue(number)
    if json_:
        return print_json(issue)
    facts = [issue.state, f"by {by(issue)}", when(issue.created), *issue.labels]
    print_heading(issue.number, issue.title, facts, issue.body)
    print_comments(issue.comments)
    print_left_out(issue)
    return None


@command.command()
@click.argument("number", type=click.IntRange(min=1))
@body_option
def comment(number: int, body: str | None) -> None:
    """Comment on an issue or pull request."""
    from tiphys.bootstrap import open_forge

    open_forge().comment(number, read_body(body))


@command.command()
@click.argument("number", type=click.IntRange(min=1))
def close(number: int) -> None:
    """Close an issue."""
    from tiphys.bootstrap import open_forge

    forge = open_forge()
    forge.issue(number)
    forge.set_state(number, "closed")


@command.command()
@click.argument("number", type=click.IntRange(min=1))
def reopen(number: int) -> None:
    """Open a closed issue again."""
    from tiphys.bootstrap import open_forge

    forge = open_forge()
    forge.issue(number)
    forge.set_state(number, "open")
