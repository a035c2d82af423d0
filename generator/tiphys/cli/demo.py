"""`tiphys demo`: the whole story, watched."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path

import click

from tiphys.cli.output import as_json


@click.command(help="Watch the whole story in a scratch repository; exit 1 if a step fails.")
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path),
    help="Keep the repository here (default: a temporary folder, kept too).",
)
@click.option(
    "--model",
    default="",
    help="Let this model write what no skill serves; `local` is that of `tiphys model install`.",
)
@click.option("--brief", is_flag=True, help="Only the steps and the table.")
@click.option("--json", "json_", is_flag=True, help="Print the table as JSON at the end.")
def command(folder: Path | None, model: str, brief: bool, json_: bool) -> None:
    """Init, propose, verify, merge, ask, decline, revise, change, learn: each on real parts."""
    from tiphys.bootstrap import open_story

    root = folder or Path(tempfile.mkdtemp(prefix="tiphys-demo-")) / "skills-repository"
    teller = _Screen(quiet=json_, brief=brief)
    started = time.monotonic()
    try:
        with open_story(root, teller, model) as story:
            set_up = time.monotonic() - started
            told = story.run()
    except BaseException:
        if folder is None:
            shutil.rmtree(root.parent, ignore_errors=True)
        raise
    rows = [("set-up: repository, index, first control plane", set_up, 0, f"{root}")]
    rows += [(t.title, t.seconds, t.model_calls, t.result) for t in told]
    if json_:
        as_json([dict(zip(("stage", "seconds", "model_calls", "result"), r, strict=True))
                 for r in rows])  # fmt: skip
    else:
        teller.table(rows, time.monotonic() - started)
        teller.close(root)


class _Screen:
    def __init__(self, *, quiet: bool, brief: bool) -> None:
        from rich.console import Console

        self._console = Console(quiet=quiet, highlight=False)
        self._brief = brief
        self._number = 0

    def step(self, title: str) -> None:
        self._number += 1
        self._console.print(f"\n[bold]{self._number}. {title}[/bold]")

    def say(self, text: str) -> None:
        if not self._brief:
            self._console.print(f"   {text}", markup=False)

    def quote(self, text: str) -> None:
        if not self._brief:
            for line in text.rstrip().splitlines():
                self._console.print(f"   │ {line}", markup=False, style="dim", soft_wrap=True)

    def table(self, rows: list[tuple[str, float, int, str]], total: float) -> None:
        from rich.table import Table

        table = Table("stage", "seconds", "model calls", "result", title="What happened")
        for title, seconds, calls, result in rows:
            table.add_row(title, f"{seconds:.1f}", str(calls), result)
        table.add_row("total", f"{total:.1f}", str(sum(row[2] for row in rows)), "")
        self._console.print()
        self._console.print(table)

    def close(self, root: Path) -> None:
        self._console.print(
            f"\nLook next:\n"
            f"   cd {root} && git log --graph --oneline\n"
            f"   tiphys -C {root} pr show 2      the verdict with its evidence\n"
            f'   tiphys -C {root} search "run a cron job every night"\n'
            f"   docs/tutorial.md               the same by hand",
            markup=False,
        )
