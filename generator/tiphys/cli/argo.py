"""`tiphys argo`: the templates that Argo Workflows runs, and what their pods run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from tiphys.cli.output import progress

_FOLDER = click.Path(file_okay=False, path_type=Path)
_COMMIT = "40 hex digits."


@click.group(help="Make the templates that Argo Workflows runs; and what their pods run.")
def command() -> None:
    """They are derived from the plan, so they are rendered and never edited."""


@command.command("render", help="Write the templates, or look whether they are up to date.")
@click.option(
    "--to",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("argo"),
    show_default=True,
    help="The folder to write to.",
)
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if the folder differs.")
def render(folder: Path, check: bool) -> None:
    """Exit 1 on drift, which is told file by file."""
    from tiphys.argo import render as rendering
    from tiphys.domain.errors import Refused

    files = rendering.render()
    if not check:
        rendering.write(folder, files)
        click.echo(f"{len(files)} files in {folder}")
        return
    if lines := rendering.drift(folder, files):
        raise Refused(f"{folder}: {'; '.join(lines)}; run `tiphys argo render --to {folder}`")
    click.echo(f"{folder} is up to date")


@command.command("install", short_help="Put the templates on the current cluster.")
@click.option("--base", type=_FOLDER, default=Path("argo"), show_default=True, help="Rendered.")
@click.option(
    "--overlay", type=_FOLDER, default=Path("argo-site"), show_default=True,
    help="What differs on this cluster; written with --image, else applied as it is.",
)  # fmt: skip
@click.option("--image", default="", help="The runner image, pinned by tag or digest.")
@click.option("--api-server", default="", help="HOST:PORT, where the cluster does not say it.")
@click.option("--dry-run", is_flag=True, help="Apply nothing but the namespace.")
def install(base: Path, overlay: Path, image: str, api_server: str, dry_run: bool) -> None:
    """Apply the folder with an overlay, and say what is left to do."""
    from tiphys.bootstrap.installing import install as apply

    with progress() as tell:
        done = apply(
            base, overlay, image=image, api_server=api_server, dry_run=dry_run, progress=tell
        )
    click.echo(f"{done.objects} objects {'would be ' if dry_run else ''}applied")
    for line in done.lacking:
        click.echo(f"left to do: {line}")


def _which(pull: bool = True) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The options that say what a verdict is about."""

    def added(function: Callable[..., Any]) -> Callable[..., Any]:
        function = click.option("--base", required=pull, help=f"The target's commit, {_COMMIT}")(
            function
        )
        function = click.option("--head", required=pull, help=f"The proposal's, {_COMMIT}")(
            function
        )
        return click.argument("pull", type=click.IntRange(1), required=pull)(function)

    return added


@command.command("fetch", short_help="Fetch a pull request's commits, or every branch.")
@click.option("--to", "work", type=_FOLDER, required=True, help="The volume of the workflow.")
@_which(pull=False)
def fetch(work: Path, pull: int | None, head: str | None, base: str | None) -> None:
    """Make the repository `in` and the folders for evidence below a folder.

    The remote is TIPHYS_REMOTE, with TIPHYS_FORGE_TOKEN as password.
    """
    from tiphys.bootstrap import pods

    if (pull, head, base).count(None) not in (0, 3):
        raise click.UsageError("name a pull request together with --head and --base, or none of it")
    which = pods.Which(pull, head, base) if pull and head and base else None
    pods.fetch(work, pods.Remote.of_environment(), which)


@command.command("check", short_help="Run one part of the plan and leave its evidence.")
@click.option("--from", "source", type=_FOLDER, required=True, help="The fetched repository.")
@click.option("--to", "folder", type=_FOLDER, required=True, help="Where the evidence goes.")
@click.option("--part", required=True, help="Which part of the plan.")
@click.option("--minor", default="", help="Which Kubernetes, for a part that fans out: 1.33.")
@_which()
def check(
    source: Path, folder: Path, part: str, minor: str, pull: int, head: str, base: str
) -> int:
    """Exit 0 all passed, 1 something failed, 2 could not tell."""
    from tiphys.bootstrap import pods

    with progress() as tell:
        which = pods.Which(pull, head, base)
        return pods.check(part, minor, which, source=source, to=folder, progress=tell)


@command.command("report", short_help="Make the parts' evidence a verdict, and post it.")
@click.option("--evidence", type=_FOLDER, required=True, help="Where the parts left theirs.")
@_which()
def report(evidence: Path, pull: int, head: str, base: str) -> None:
    """Exit 0 where a verdict is posted, whichever it is."""
    from tiphys.bootstrap import pods

    with progress() as tell:
        which, remote = pods.Which(pull, head, base), pods.Remote.of_environment()
        verdict = pods.report(which, remote, evidence=evidence, progress=tell)
    click.echo(f"{verdict.decision}: {verdict.explanation}")


@command.command("send", short_help="Push what a proposing pod left in its repository.")
@click.option("--from", "source", type=_FOLDER, required=True, help="That repository.")
def send(source: Path) -> None:
    """Branches of programs, and the forge."""
    from tiphys.bootstrap import pods

    sent = pods.send(source, pods.Remote.of_environment())
    click.echo("\n".join(sent) or "nothing to send")


@command.command("later", hidden=True)
@click.argument("what")
def later(what: str) -> None:
    """What a scheduled workflow runs until there is something to run."""
    click.echo(f"{what}: not written yet, so nothing was done")
