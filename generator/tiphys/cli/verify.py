"""`tiphys verify`: evidence and a verdict."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tiphys.cli.output import as_json, markdown, progress

if TYPE_CHECKING:
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
    type=click.Choice(["local"]),
    default="local",
    show_default=True,
    help="Where the checks run.",
)
@click.option(
    "--runner",
    type=click.Choice(["embedded", "chainsaw"]),
    default="embedded",
    show_default=True,
    help="What runs the behaviour tests.",
)
@click.option("--json", "json_", is_flag=True, help="Print the verdict as JSON.")
def command(
    what: str | None,
    folder: Path | None,
    engine: str,  # noqa: ARG001  # there is one so far, and scripts may already name it
    runner: str,
    json_: bool,
) -> int:
    """Exit 0 accept, 1 not accepted, 2 could not tell."""
    from tiphys.bootstrap import loose_folder, open_ports, sandboxes_for
    from tiphys.pipeline import judge, judge_pull
    from tiphys.verify.plan import verify
    from tiphys.verify.report import comment_body
    from tiphys.verify.subject import loose_subject, proposed_subject

    if (what is None) == (folder is None):
        raise click.UsageError("name a pull request or a revision, or use --path DIR")
    with progress() as tell:
        if folder is not None:
            policy, sandbox = sandboxes_for(runner)
            subject = loose_subject(loose_folder(folder))
            verdict = verify(subject, policy=policy, sandbox=sandbox, progress=tell)
        else:
            ports = open_ports(runner=runner, progress=tell)
            if what is not None and what.lstrip("#").isdecimal() and len(what) < 10:
                verdict = judge_pull(int(what.lstrip("#")), ports)
            else:
                subject = proposed_subject(
                    ports.repository, head=str(what), target=ports.settings.target, agent=False
                )
                verdict = judge(subject, ports)
    if json_:
        as_json(_plain(verdict))
    else:
        markdown(comment_body(verdict))
    return _EXIT[verdict.decision]


def _plain(verdict: Verdict) -> dict[str, object]:
    return {**asdict(verdict), "tier": verdict.tier}
