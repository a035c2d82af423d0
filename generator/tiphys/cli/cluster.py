"""`tiphys cluster`: ephemeral control planes to try things on by hand."""

from __future__ import annotations

from dataclasses import asdict

import click

from tiphys.cli.output import as_json, progress, table

_json = click.option("--json", "json_", is_flag=True, help="Print as JSON.")


@click.group("cluster")
def command() -> None:
    """Start and stop ephemeral control planes: real API server, simulated nodes."""


@command.command()
@_json
def up(json_: bool) -> None:
    """Start a cluster that runs until `down`, and print the path of its kubeconfig."""
    from tiphys.bootstrap import clusters

    with progress() as tell:
        tell("starting a control plane")
        lease = clusters().up()
    if json_:
        paths = {"kubeconfig": str(lease.kubeconfig), "audit": str(lease.audit)}
        return as_json({**asdict(lease), **paths})
    click.echo(str(lease.kubeconfig))
    click.echo(f"end it with: tiphys cluster down {lease.id}", err=True)
    return None


@command.command()
@click.argument("id", required=False)
@click.option("--all", "all_", is_flag=True, help="End every cluster that `up` started.")
def down(id: str | None, all_: bool) -> None:
    """End a cluster. Exit 1 if there is none with that ID."""
    from tiphys.bootstrap import running_clusters

    if (id is None) is not all_:
        raise click.UsageError("name one cluster, or say --all")
    found = running_clusters()
    # A lease belongs to a program that still works with it: only by name can it be ended.
    for each in [id] if id is not None else [one.id for one in found.running() if one.kept]:
        found.down(each)
        click.echo(f"{each} is gone", err=True)


@command.command("list")
@_json
def list_clusters(json_: bool) -> None:
    """List the clusters that run here, those leased by other programs included."""
    from tiphys.bootstrap import running_clusters

    found = running_clusters().running()
    if json_:
        return as_json([{**asdict(each), "kubeconfig": str(each.kubeconfig)} for each in found])
    rows = [
        (
            each.id,
            "kept" if each.kept else "leased",
            each.kubernetes_version,
            each.server,
            each.kubeconfig,
        )
        for each in found
    ]
    return table(("id", "state", "version", "server", "kubeconfig"), rows)
