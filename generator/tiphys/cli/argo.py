"""`tiphys argo`: the templates that Argo Workflows runs."""

from __future__ import annotations

from pathlib import Path

import click


@click.group(help="Make the templates that Argo Workflows runs.")
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


@command.command("later", hidden=True)
@click.argument("what")
def later(what: str) -> None:
    """What a scheduled workflow runs until there is something to run."""
    click.echo(f"{what}: not written yet, so nothing was done")
