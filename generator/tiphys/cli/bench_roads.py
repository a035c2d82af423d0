"""`tiphys bench roads`: how often a request takes the road that is right for it."""

from __future__ import annotations

from pathlib import Path

import click

from tiphys.cli.output import as_json, markdown, progress


@click.command(
    "roads", help="Send labelled requests down their road and compare it with the label."
)
@click.option(
    "--set",
    "folder",
    type=click.Path(path_type=Path),
    default="tests/roads",
    show_default=True,
    help="The folder with requests.yaml and merged.yaml.",
)
@click.option("--wrong", is_flag=True, help="Name each request of the half `tune` that goes wrong.")
@click.option("--fit", is_flag=True, help="Fit the constants of confidence on `tune`; print them.")
@click.option("--json", "json_", is_flag=True, help="Print as JSON.")
def command(folder: Path, wrong: bool, fit: bool, json_: bool) -> None:
    """No model is asked, and no cluster."""
    from tiphys.bootstrap import starter_skills
    from tiphys.learn.calibrate import HALVES
    from tiphys.learn.roads import fit as fitted
    from tiphys.learn.roads import measure, merged_files, plain, read_cases, table, take_roads

    cases = read_cases(folder / "requests.yaml")
    files = merged_files(folder / "merged.yaml", starter_skills())
    with progress() as tell:
        taken = take_roads(cases, files, progress=tell)
    if fit:
        as_json(fitted([each for each in taken if each.case.half == HALVES[0]]))
        return
    figures = [measure(taken, half) for half in HALVES]
    if json_:
        as_json([plain(each) for each in figures])
        return
    markdown(table(figures))
    for each in figures[0].wrong if wrong else ():
        click.echo(f"{each.case.road} {each.case.to}, went {each.road} {each.to}: {each.case.text}")
