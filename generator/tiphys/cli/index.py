"""`tiphys index`: bring the search index to the target branch."""

from __future__ import annotations

import sys
from dataclasses import asdict

import click

from tiphys.cli.output import as_json


@click.command(help="Bring the search index to the target branch; usually done for you.")
@click.option("--rebuild", is_flag=True, help="Start from nothing.")
@click.option("--json", "json_", is_flag=True, help="Print what was done as JSON.")
def command(rebuild: bool, json_: bool) -> None:
    """Follow the branch by tree diff; the index is a cache and can be deleted at any time."""
    from tiphys.bootstrap import open_index, open_repository, read_config
    from tiphys.remember.index import follow

    repository = open_repository()
    target = read_config(repository).settings.target
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import Progress

        with Progress(console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("indexing", total=None)

            def advance(count: int, total: int) -> None:
                bar.update(task, completed=count, total=total)

            done = follow(repository, open_index(), target, rebuild=rebuild, progress=advance)
    else:
        done = follow(repository, open_index(), target, rebuild=rebuild)
    if json_:
        as_json(asdict(done))
        return
    click.echo(
        f"{target} at {done.commit[:12]}: {done.put} indexed, {done.removed} removed, "
        f"{done.seconds:.1f} s"
    )
    for reason in done.skipped:
        click.echo(f"skipped: {reason}", err=True)
