"""`tiphys bench author`: how often a model that is helped is right, and which help is worth it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from tiphys.cli.output import as_json, markdown, progress


@click.command(
    "author", help="Let the model write for the tasks of a set, and judge what it wrote."
)
@click.option(
    "--set",
    "folder",
    type=click.Path(path_type=Path),
    default="tests/author_tasks",
    show_default=True,
    help="The folder of tasks.",
)
@click.option("--half", type=click.Choice(["learn", "held", "all"]), default="held")
@click.option(
    "--setup", "setups", multiple=True, help="Only this one; may be given more than once."
)
@click.option("--task", "only", multiple=True, help="Only tasks whose id holds this text.")
@click.option("--seeds", type=click.IntRange(1, 20), default=1, show_default=True)
@click.option("--rounds", type=click.IntRange(1, 20), default=4, show_default=True)
@click.option("--keep", type=click.Path(path_type=Path), help="Keep what the model says here, and "
              "ask only for what is not there.")  # fmt: skip
@click.option("--json", "json_", is_flag=True, help="Print every outcome as JSON.")
def command(
    folder: Path,
    half: str,
    setups: tuple[str, ...],
    only: tuple[str, ...],
    seeds: int,
    rounds: int,
    keep: Path | None,
    json_: bool,
) -> int:
    """Needs a model: OPENAI_BASE_URL, or an installed one (`tiphys model install`)."""
    from tiphys.bootstrap.benches import measure_author
    from tiphys.learn.author_bench import SETUPS, figures, table
    from tiphys.learn.tasks import load_tasks

    names = [each.name for each in SETUPS]
    if unknown := set(setups) - set(names):
        raise click.UsageError(f"no setup {sorted(unknown)[0]!r}: {', '.join(names)}")
    everything = load_tasks(folder)
    tasks = [t for t in everything if half in ("all", t.half)]
    tasks = [t for t in tasks if not only or any(text in t.id for text in only)]
    chosen = [each for each in SETUPS if not setups or each.name in setups]
    outcomes = []
    with progress() as tell:
        earlier = [t for t in everything if t.half == "learn"]
        for each in measure_author(
            tasks, chosen, seeds=seeds, rounds=rounds, keep=keep, earlier=earlier
        ):
            outcomes.append(each)
            end = "pass" if each.judged.passed else f"{each.judged.stage}: {each.judged.reason}"
            tell(f"{each.task.id} [{each.setup}] {each.seconds:.0f} s {end[:120]}")
    if json_:
        as_json([{**asdict(each), "task": each.task.id} for each in outcomes])
        return 0
    markdown(table(figures(outcomes)))
    return 0
