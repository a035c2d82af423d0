"""`tiphys work`: propose for open issues."""

from __future__ import annotations

import time
from dataclasses import asdict

import click

from tiphys.cli.output import as_json, progress


@click.command(help="Propose for one ISSUE, or for every open issue that waits for an answer.")
@click.argument("issue", type=int, required=False)
@click.option("--once", is_flag=True, help="Stop when nothing waits, instead of watching.")
@click.option("--json", "json_", is_flag=True, help="Print how each issue ended as JSON.")
def command(issue: int | None, once: bool, json_: bool) -> int:
    """Run the proposing stages; without ISSUE and --once keep watching at the set pace."""
    from tiphys.bootstrap import open_ports
    from tiphys.domain.errors import TiphysError
    from tiphys.pipeline import waiting, work_on

    with progress() as tell:
        ports = open_ports(progress=tell)
        watching = issue is None and not once
        ended, code = [], 0
        while True:
            found = [ports.forge.issue(issue)] if issue is not None else waiting(ports)
            for one in found:
                try:
                    work = work_on(one, ports)
                except TiphysError as problem:  # the others need not wait for this one
                    if issue is not None:
                        raise
                    click.echo(f"tiphys: #{one.number}: {problem}", err=True)
                    code = max(code, problem.exit_code)
                    continue
                line = {
                    "issue": one.number,
                    "ending": work.ending,
                    "pull": work.pull.number if work.pull else None,
                    "skill": work.match.skill.name if work.match else None,
                    "road": asdict(work.road) if work.road else None,
                    "model_calls": work.model_calls,
                    "reply": work.reply,
                }
                ended.append(line)
                if not json_ or watching:
                    click.echo(f"#{one.number} {work.ending}: {work.reply.splitlines()[0]}")
            if not watching:
                break
            time.sleep(ports.settings.pace_seconds)
    if json_:
        as_json(ended)
    return code
