"""`tiphys release`: what is delivered, where it came from, and the way back."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from tiphys.cli.talk import as_json, print_table, when
from tiphys.domain.markdown import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiphys.context import Ports
    from tiphys.releases.history import History
    from tiphys.releases.listing import Row
    from tiphys.releases.story import Story

_INDENT = 10


@click.group("release")
def command() -> None:
    """List and show merged releases, and take them back."""


@command.command("list")
@click.option("--skill", metavar="NAME", help="Only those that this skill made.")
@as_json
def list_(skill: str | None, json_: bool) -> None:
    """List merged releases."""
    from tiphys.cli import output
    from tiphys.releases.listing import list_releases

    history, ports = _open()
    rows = list_releases(history, ports, skill)
    if json_:
        return output.as_json([asdict(row) for row in rows])
    columns = ["namespace", "release", "skill", "digest", "skill is", "pull", "merged", "verdict"]
    print_table(columns, map(_cells, rows), "no releases are merged")
    return None


@command.command()
@click.argument("name", metavar="NAMESPACE/RELEASE | KIND/NAMESPACE/NAME")
@as_json
def show(name: str, json_: bool) -> None:
    """Show where a release or a running object came from.

    An object without a namespace is KIND/NAME. Kinds may carry their group: deployment.apps. A pod
    leads to what made it, as far as its name tells.
    """
    from tiphys.bootstrap import signers
    from tiphys.cli import output
    from tiphys.releases.find import find
    from tiphys.releases.story import tell

    history, ports = _open()
    place = find(history.reader, history.rev, name)
    story = tell(history, place, ports, signers(ports.settings))
    if json_:
        return output.as_json(asdict(story))
    for line in _page(story):
        click.echo(visible(line))
    return None


@command.command()
@click.argument("name", metavar="NAMESPACE/RELEASE", required=False)
@click.option(
    "--to", metavar="COMMIT", help="As it was at that commit, not before its last change."
)
@click.option("--skill", metavar="NAME", help="A skill, and all that it rendered.")
@click.option(
    "--digest", metavar="D", help="Which version of the skill (default: the present one)."
)
@click.option("--force", is_flag=True, help="Also releases that have changed since.")
@click.option("-b", "--body", default="", help="Why, for the pull request's text.")
@as_json
def revert(
    name: str | None,
    to: str | None,
    skill: str | None,
    digest: str | None,
    force: bool,
    body: str,
    json_: bool,
) -> None:
    """Open a pull request that takes something back.

    The release goes back to what it was before its last change; what was not there is removed. With
    --skill the skill goes back to the version before, and so does every release that it rendered.
    Prints the pull request's number; it is judged and merged like any other.
    """
    from tiphys.bootstrap import person
    from tiphys.cli import output
    from tiphys.releases.opening import open_take_back
    from tiphys.releases.taking_back import take_back_release, take_back_skill

    if (name is None) == (skill is None):
        raise click.UsageError("name a release (NAMESPACE/RELEASE), or a skill by --skill NAME")
    if (name is None and to) or (skill is None and (digest or force)):
        raise click.UsageError("--to goes with a release; --digest and --force go with --skill")
    history, ports = _open()
    if name is not None:
        plan = take_back_release(history, name, to)
    else:
        plan = take_back_skill(history, str(skill), digest, force=force)
    opened = open_take_back(
        plan,
        history,
        repository=ports.repository,
        forge=ports.forge,
        settings=ports.settings,
        actor=person(),
        why=body,
    )
    if json_:
        return output.as_json(
            {
                "pull": opened.pull.number,
                "new": opened.new,
                "branch": opened.pull.source,
                "takes_back": [each.folder for each in plan.resets if each.to],
                "removes": [each.folder for each in plan.resets if not each.to],
                "left": list(plan.left),
                "notes": list(plan.notes),
                "others": list(opened.others),
            }
        )
    click.echo(opened.pull.number)
    if not opened.new:
        click.echo(f"#{opened.pull.number} is open already and does just this", err=True)
    for line in plan.left:
        click.echo(f"left alone: {line}", err=True)
    for line in plan.notes:
        click.echo(f"mind: {line}", err=True)
    for number in opened.others:
        click.echo(f"#{number} is open too and takes back something else of it", err=True)
    return None


def _cells(row: Row) -> list[str]:
    pull = f"#{row.pull}" if row.pull else ""
    made = [row.skill, row.digest[:12], row.state]
    cells = [row.namespace, row.release, *made, pull, when(row.merged), row.verdict]
    return [visible(cell) or "-" for cell in cells]


def _open() -> tuple[History, Ports]:
    """The past of the target branch, and everything else, as the person at the keyboard."""
    from tiphys.bootstrap import open_history, open_ports, person
    from tiphys.releases.history import read_history

    ports = open_ports(actor=person())
    return read_history(ports.repository, open_history(), ports.settings.target), ports


def _page(story: Story) -> Iterator[str]:
    import json

    from tiphys.verify.report import comment_body

    yield from _row("release", story.folder.removeprefix("manifests/"))
    if story.file:
        made = f", the {story.maker} that by its name made this" if story.maker else ""
        yield from _row("object", f"{story.file}:{story.line}{made}")
    asked = _named(story.asked_by, story.asker_proven, "by")
    yield from _row("request", f"#{story.issue}{asked}" if story.issue else "no issue")
    yield from _row("", story.request)
    proposed = _named(story.proposed_by, story.proposer_proven, "proposed by")
    yield from _row("pull", f"#{story.pull} {story.title}{proposed}" if story.pull else "none")
    yield from _row("merged", f"{when(story.merged)}, by {story.merged_by} as git has it")
    made = f"{story.skill}@{story.digest} ({story.state})" if story.skill else "written by hand"
    yield from _row("skill", made)
    if story.skill:
        yield from _row("values", json.dumps(story.values, ensure_ascii=False))
        yield from _row("model", story.model or "none")
    for touch in story.touches:
        text = f"{touch.commit[:12]} {when(touch.seconds)} {touch.how} by {touch.author}"
        yield from _row("commit", f"{text}: {touch.subject}")
    yield from _row("verdict", story.why or f"signed by {story.signed_by}")
    if story.verdict is not None:
        if not story.verdict_is_of_this_tree:
            yield from _row("", "reached before the target moved; it was merged with others")
        yield ""
        yield from comment_body(story.verdict).rstrip().split("\n")


def _named(name: str, proven: bool, how: str) -> str:
    return f", {how} {name}{'' if proven else ' (unproven)'}" if name else ""


def _row(name: str, text: str) -> Iterator[str]:
    for number, line in enumerate(text.replace("\r\n", "\n").rstrip("\n").split("\n")):
        yield f"{name if number == 0 else '':<{_INDENT}}{line}".rstrip()
