"""`tiphys verify`: evidence and a verdict."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tiphys.cli.output import as_json, markdown, progress

if TYPE_CHECKING:
    from tiphys.context import Ports
    from tiphys.domain.evidence import Verdict

_EXIT = {"accept": 0, "revise": 1, "reject": 1, "inconclusive": 2}


@click.command(help="Judge a pull request (number), a revision, or loose manifests (--path DIR).")
@click.argument("what", required=False)
@click.option(
    "--path",
    "folder",
    type=click.Path(exists=True, path_type=Path),
    help="Judge the manifests below this folder with the checks that apply.",
)
@click.option(
    "--engine",
    type=click.Choice(["local", "argo"]),
    default="local",
    show_default=True,
    help="Where the checks run: here, or in pods of Argo Workflows on the current cluster.",
)
@click.option(
    "--remote", default="origin", show_default=True, help="Where those pods fetch and report to."
)
@click.option(
    "--runner",
    type=click.Choice(["embedded", "chainsaw"]),
    default="embedded",
    show_default=True,
    help="What runs the behaviour tests.",
)
@click.option("--again", is_flag=True, help="Run the checks though a verdict is remembered.")
@click.option(
    "--show", is_flag=True, help="Show the signed verdict that is remembered; run nothing."
)
@click.option("--json", "json_", is_flag=True, help="Print the verdict as JSON.")
def command(
    what: str | None,
    folder: Path | None,
    engine: str,
    remote: str,
    runner: str,
    again: bool,
    show: bool,
    json_: bool,
) -> int:
    """Exit 0 accept, 1 not accepted, 2 could not tell."""
    from tiphys.bootstrap import judge_folder, open_ports
    from tiphys.verify.report import comment_body

    if (what is None) == (folder is None):
        raise click.UsageError("name a pull request or a revision, or use --path DIR")
    if show and (folder is not None or again):
        raise click.UsageError("--show goes with a pull request or a revision alone")
    if engine == "argo" and (folder is not None or show or again or not _number(str(what))):
        raise click.UsageError("--engine argo goes with a pull request alone")
    with progress() as tell:
        if engine == "argo":
            from tiphys.bootstrap.pods import judge_in_pods

            verdict = judge_in_pods(_number(str(what)), remote=remote, progress=tell)
        elif folder is not None:
            verdict = judge_folder(folder, runner=runner, progress=tell)
        else:
            ports = open_ports(runner=runner, progress=tell)
            verdict = _judge(str(what), ports, again=again, show=show)
    if json_:
        as_json(_plain(verdict))
    else:
        markdown(comment_body(verdict))
    return _EXIT[verdict.decision]


def _judge(what: str, ports: Ports, *, again: bool, show: bool) -> Verdict:
    from tiphys.acceptance import judge_once, judge_pull, newest_verdict
    from tiphys.verify.subject import proposed_subject

    number = _number(what)
    if show:
        head = ports.forge.pull(number).source if number else what
        return newest_verdict(ports.repository.resolve(head), ports)
    if number:
        return judge_pull(number, ports, again=again)
    subject = proposed_subject(
        ports.repository, head=what, target=ports.settings.target, agent=False
    )
    return judge_once(subject, ports, again=again)


def _number(what: str) -> int:
    """The pull request's number; 0 for what is no number."""
    digits = what.lstrip("#")
    return int(digits) if digits.isdecimal() and len(digits) < 10 else 0


def _plain(verdict: Verdict) -> dict[str, object]:
    return {**asdict(verdict), "tier": verdict.tier}
