"""`tiphys bench critic`: how far the critic agrees with people."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from tiphys.cli.output import as_json, markdown


@click.command("critic", help="Compare the critic with people on labelled requests and manifests.")
@click.option(
    "--set",
    "folder",
    type=click.Path(path_type=Path),
    default="tests/critic_pairs",
    show_default=True,
    help="The folder of labelled pairs.",
)
@click.option("--wrong", is_flag=True, help="Name each pair of the half `tune` that it gets wrong.")
@click.option("--json", "json_", is_flag=True, help="Print as JSON.")
def command(folder: Path, wrong: bool, json_: bool) -> None:
    """No server and no model is asked: manifests are judged as they are written."""
    from tiphys.learn.calibrate import HALVES, calibrate, read_pairs, table

    pairs = read_pairs(folder)
    figures = [calibrate(pairs, half) for half in HALVES]
    if json_:
        as_json([{"half": f.half, "count": f.count, "kappa": f.kappa,
                  "agreement": asdict(f.agreement), "false_accept": asdict(f.false_accept),
                  "false_reject": asdict(f.false_reject)} for f in figures])  # fmt: skip
        return
    markdown(table(figures))
    for judged in figures[0].wrong if wrong else ():
        click.echo(f"{judged.pair.id} ({judged.pair.label}): {judged.pair.why}")
