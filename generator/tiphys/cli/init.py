"""`tiphys init`: a new skill repository."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(help="Make a new skill repository in DIR with the starter skills, ready to push.")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
def command(folder: Path) -> None:
    """Write the files, commit them on main, leave the work tree clean."""
    from tiphys.bootstrap import init_repository, own_names

    sha, skills = init_repository(folder, own_names())
    click.echo(f"{folder}: {skills} skills committed as {sha[:12]}")
    click.echo(f'next: cd {folder} && tiphys request "..."', err=True)
