"""`tiphys bench`: measure Tiphys."""

from __future__ import annotations

import importlib
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click

from tiphys.cli.output import as_json, progress, table

_SET = "tests/retrieval/requests.yaml"


_ELSEWHERE = ("author", "critic", "mutants", "roads", "speed")


class _Benches(click.Group):
    """Its own commands, and those that lie in files of their own."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *_ELSEWHERE])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in _ELSEWHERE:
            found: click.Command = importlib.import_module(f"tiphys.cli.bench_{cmd_name}").command
            return found
        return super().get_command(ctx, cmd_name)


@click.group(cls=_Benches)
def command() -> None:
    """Measure Tiphys."""


@command.command()
@click.option(
    "--set",
    "file",
    type=click.Path(path_type=Path),
    default=_SET,
    show_default=True,
    help="The requests, and what serves each.",
)
@click.option("--json", "json_", is_flag=True, help="Print every figure as JSON.")
def retrieval(file: Path, json_: bool) -> None:
    """Compare embedders on requests and the starter skills.

    Calibrations are fitted on one half of the set; figures are of the other half. Times are CPU
    time of one thread, warm. A candidate that is not installed is named and left out.
    """
    from threadpoolctl import threadpool_limits

    from tiphys.bootstrap import calibration_in_use, starter_skills
    from tiphys.learn.candidates import candidates
    from tiphys.learn.retrieval import compare, fit, measure, read_cases
    from tiphys.library import load_skill
    from tiphys.remember.index import skill_document

    cases = read_cases(file)
    folders = sorted(path for path in starter_skills().iterdir() if path.is_dir())
    skills = [skill_document(load_skill(folder)) for folder in folders]
    results: list[dict[str, Any]] = []
    with progress() as tell:
        for candidate in candidates():
            tell(candidate.name)
            size = candidate.megabytes
            if size is None:
                click.echo(
                    f"left out: {candidate.name} ({candidate.package} is not installed)", err=True
                )
                continue
            with threadpool_limits(1):
                sides, speed = compare(cases, skills, candidate.make())
            variants: list[tuple[str, list[Any], Any]] = [(candidate.name, sides, None)]
            if not results:
                alone = [replace(side, beyond=[(0.0, 0.0)]) for side in sides]
                variants.append(("the same without rivals", alone, None))
                variants.insert(0, ("in use, as shipped", sides, calibration_in_use()))
            for name, variant, given in variants:
                calibration = given or fit([side for side in variant if side.case.is_dev])
                held = measure([side for side in variant if not side.case.is_dev], calibration)
                results.append(
                    {
                        "name": name,
                        "package": candidate.package,
                        "license": candidate.license,
                        "megabytes": size,
                        "calibration": asdict(calibration),
                        "held_out": asdict(held),
                        "speed": asdict(speed),
                    }
                )
    if json_:
        as_json(results)
        return
    table(_COLUMNS, [_row(result) for result in results], title=f"{len(cases)} requests")


_COLUMNS = (
    "embedder", "top-1", "top-5", "false match", "false reject", "paraphrase", "synonym",
    "near-miss", "typo", "language", "full", "ms/query", "ms/doc", "load ms", "MB", "license",
)  # fmt: skip


def _row(result: dict[str, Any]) -> tuple[str, ...]:
    held, speed = result["held_out"], result["speed"]
    shares = [held[key] for key in ("top1", "top5", "false_match", "false_reject")]
    shares += [held["kinds"][kind] for kind in _COLUMNS[5:11]]
    times = [speed[key] for key in ("query_ms", "document_ms", "load_ms")]
    return (
        result["name"],
        *(f"{100 * share:.0f}%" for share in shares),
        *(f"{time:.1f}" for time in times),
        f"{result['megabytes']:.0f}",
        result["license"] or "-",
    )
