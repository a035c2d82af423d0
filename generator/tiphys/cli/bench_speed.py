"""`tiphys bench speed`: the figures of docs/benchmarks.md."""

from __future__ import annotations

import click

from tiphys.cli.output import as_json, progress, table


@click.command("speed", help="Measure leases, verdicts, search and start-up; exit 1 over a bound.")
@click.option(
    "--runs",
    type=click.IntRange(1, 50),
    default=5,
    show_default=True,
    help="How often each cluster is started.",
)
@click.option(
    "--skills",
    type=click.IntRange(10, 20_000),
    default=5000,
    show_default=True,
    help="Size of the synthetic repository.",
)
@click.option("--only", type=click.Choice(["clusters", "memory", "start"]), help="One part.")
@click.option("--json", "json_", is_flag=True, help="Print as JSON.")
def command(runs: int, skills: int, only: str | None, json_: bool) -> int:
    """Every bound is the project's own promise; a broken one is printed, not hidden."""
    from tiphys.bootstrap.benches import measure_speed

    with progress() as tell:
        figures = list(measure_speed(runs=runs, skills=skills, only=only, progress=tell))
    if json_:
        as_json([{"name": f.name, "median": f.median, "ratio": f.ratio, "bound": f.bound,
                  "kept": f.kept, "seconds": f.seconds} for f in figures])  # fmt: skip
    else:
        rows = [
            (f.name, len(f.seconds), f"{min(f.seconds):.3f}", f"{f.median:.3f}",
             f"{max(f.seconds):.3f}", "" if f.ratio is None else f"{f.ratio:.2f}",
             "" if f.bound is None else f"{f.bound}", "yes" if f.kept else "NO")
            for f in figures
        ]  # fmt: skip
        table(("what", "runs", "min s", "median s", "max s", "ratio to kwokctl", "bound", "kept"),
              rows)  # fmt: skip
    return 0 if all(f.kept for f in figures) else 1
