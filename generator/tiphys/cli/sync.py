"""`tiphys sync`: exchange issues and pull requests with a remote."""

from __future__ import annotations

import dataclasses
import json

import click


@click.command("sync")
@click.argument("remote", default="origin")
@click.option("--json", "json_", is_flag=True, help="Print JSON.")
def command(remote: str, json_: bool) -> None:
    """Exchange issues, pull requests and their talk with REMOTE.

    REMOTE is a configured remote, a URL or a path. Branches travel with `git push` and `git fetch`
    as always.
    """
    from tiphys.bootstrap import sync_forge

    done = sync_forge(remote)
    if json_:
        click.echo(json.dumps(dataclasses.asdict(done)))
        return
    said = {
        (True, True): f"took what was new from {remote}, and sent it what it lacked",
        (True, False): f"took what was new from {remote}",
        (False, True): f"sent {remote} what it lacked",
        (False, False): f"{remote} and this repository have the same issues already",
    }
    click.echo(said[done.pulled, done.pushed])
