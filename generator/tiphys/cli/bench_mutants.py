"""`tiphys bench mutants`: how many faults the tests of skills notice."""

from __future__ import annotations

from pathlib import Path

import click

from tiphys.cli.output import as_json, progress, table

_BOUND = 0.9


@click.command("mutants", help="Mutation score of skills' tests; exit 1 if one is below 0.9.")
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path), metavar="[FOLDER]...")
@click.option("--json", "json_", is_flag=True, help="Print as JSON.")
def command(folders: tuple[Path, ...], json_: bool) -> int:
    """FOLDER is a skill's folder; without any, the starter skills."""
    from tiphys.bootstrap import sandboxes_for, starter_rules, starter_skills
    from tiphys.library import load_skill
    from tiphys.verify.control.score import score_table
    from tiphys.verify.guardrails import install

    homes = folders or sorted(card.parent for card in starter_skills().glob("*/SKILL.md"))
    skills = [load_skill(home) for home in homes]
    with progress() as tell, sandboxes_for()[1]() as sandbox:
        install(starter_rules(), sandbox.api)
        found = list(score_table(sandbox, skills, lambda tally: tell(tally.case)))
    if json_:
        as_json([{"skill": t.case, "score": t.score, "replayed": len(t.replayed),
                  "clustered": len(t.clustered), "survived": [m.id for m in t.survived],
                  "equivalent": len(t.equivalent), "refused": len(t.refused),
                  "waived": len(t.waived), "seconds": t.seconds} for t in found])  # fmt: skip
    else:
        rows = [
            (t.case, f"{t.score:.2f}", len(t.replayed), len(t.clustered), len(t.survived),
             len(t.equivalent), len(t.refused), len(t.waived), f"{t.seconds:.1f}")
            for t in found
        ]  # fmt: skip
        table(("skill", "score", "by replay", "on the cluster", "survived", "equivalent",
               "refused", "waived", "seconds"), rows)  # fmt: skip
    return 0 if all(tally.score >= _BOUND for tally in found) else 1
