"""`tiphys tools`: the external binaries that a control plane is made of."""

from __future__ import annotations

import signal
import sys
from dataclasses import asdict
from types import FrameType

import click

from tiphys.cli.output import as_json, table


@click.group("tools")
def command() -> None:
    """Install and list the external binaries: etcd, Kubernetes, kwok and, on request, Chainsaw."""


@command.command()
@click.argument("names", nargs=-1, metavar="[NAME[@VERSION]]...")
@click.option(
    "--only",
    type=click.Choice(["download", "go"]),
    help="Take what is missing from the release pages only, or build it with Go only.",
)
@click.option("--offline", is_flag=True, help="Use no network: the cache, and Go's module cache.")
@click.option("--verify", is_flag=True, help="Hash what is installed too; replace what differs.")
def install(names: tuple[str, ...], only: str | None, offline: bool, verify: bool) -> None:
    """Make the named tools ready; without names all but the optional ones.

    Each comes from the cache, else from its project's release page, else from a Go build. Does
    nothing, and says nothing, if everything is there. Exit 1 for an unknown name, 2 if a tool
    cannot be had.
    """
    from tiphys.toolchain import SOURCES
    from tiphys.toolchain import install as install_tools
    from tiphys.toolchain.report import shown

    sources = tuple(source for source in SOURCES if only in (None, source))
    # A build runs in a session of its own: a polite end has to reach it through us.
    signal.signal(signal.SIGTERM, _interrupt)
    with shown() as progress:
        done = install_tools(
            names, sources=sources, offline=offline, verify=verify, progress=progress
        )
    if sys.stderr.isatty() and not any(tool.fresh for tool in done):
        click.echo("everything is installed", err=True)


@command.command("list")
@click.option("--json", "json_", is_flag=True, help="Print as JSON.")
def list_tools(json_: bool) -> None:
    """List the tools, their state (installed, missing, changed) and where they came from."""
    from tiphys.toolchain import status

    tools = status()
    if json_:
        return as_json([{**asdict(tool), "path": str(tool.path)} for tool in tools])
    rows = [
        (
            tool.name,
            tool.version,
            f"{tool.state}, optional" if tool.optional else tool.state,
            tool.receipt.origin if tool.receipt else "",
            f"{tool.receipt.size / 1e6:.0f} MB" if tool.receipt else "",
            tool.path if tool.state != "missing" else "",
        )
        for tool in tools
    ]
    return table(("tool", "version", "state", "from", "size", "path"), rows)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
