"""`tiphys skill compat`: which Kubernetes versions accept a skill, written into its card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tiphys.cli.output import as_json, progress, table

if TYPE_CHECKING:
    from tiphys.domain.skill import Skill
    from tiphys.ports import ClusterApi


@dataclass(frozen=True, slots=True)
class _Row:
    """A skill: what it should claim ("" if no version accepts it), and the refusals by version.

    `current` says that its card claims just that.
    """

    skill: str
    compatibility: str
    current: bool
    refused: Mapping[str, Sequence[str]]


@click.command("compat", help="Try each example of skills on every installed Kubernetes version.")
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path), metavar="[FOLDER]...")
@click.option("--write", is_flag=True, help="Write what was found into each SKILL.md.")
@click.option("--json", "json_", is_flag=True, help="Print as JSON.")
def command(folders: tuple[Path, ...], write: bool, json_: bool) -> int:
    """FOLDER is a skill's folder, or its name below skills/; without any, all of skills/.

    Exit 0 if every card says what was found, 1 if one does not or a version refuses an example,
    2 if a server failed.
    """
    from tiphys.library import load_skill

    skills = {home: load_skill(home) for home in _homes(folders)}
    with progress() as tell:
        tell("starting API servers")
        tried = _tried(skills)
    if len(tried) == 1:
        click.echo(f"only {next(iter(tried))} is installed; see `tiphys tools list`", err=True)
    rows = [
        _row(home, skill, {version: found[home] for version, found in tried.items()}, write=write)
        for home, skill in skills.items()
    ]
    _show(rows, json_=json_)
    return 0 if all(row.current and not any(row.refused.values()) for row in rows) else 1


def _homes(folders: Sequence[Path]) -> list[Path]:
    from tiphys.domain.errors import NotFound

    if not folders:
        found = sorted(card.parent for card in Path("skills").glob("*/SKILL.md"))
        if not found:
            raise NotFound("no skill below skills/; name a skill's folder")
        return found
    return [each if (each / "SKILL.md").exists() else Path("skills") / each for each in folders]


def _tried(skills: Mapping[Path, Skill]) -> dict[str, dict[Path, list[str]]]:
    """Objections by version, oldest first, and skill."""
    from tiphys.bootstrap import sandboxes_for
    from tiphys.verify.cases import example_cases
    from tiphys.verify.checks.matrix import Answer, objections, shown, side_by_side
    from tiphys.verify.compatibility import minor

    documents = {
        home: [(case.name, found) for case in example_cases(skill) for found in case.objects]
        for home, skill in skills.items()
    }

    def use(api: ClusterApi) -> dict[Path, list[Answer]]:
        return {home: shown(api, each) for home, each in documents.items()}

    with sandboxes_for()[1]() as sandbox:
        own = {minor(sandbox.lease.kubernetes_version): lambda: nullcontext(sandbox.api)}
        seen = side_by_side({**sandbox.servers, **own}, use)
    tried: dict[str, dict[Path, list[str]]] = {
        version: {} for version in sorted(seen, key=lambda v: [int(n) for n in v.split(".")])
    }
    for home in skills:
        answers = {version: found[home] for version, found in seen.items()}
        for version, words in objections(answers).items():
            tried[version][home] = words
    return tried


def _row(home: Path, skill: Skill, refused: Mapping[str, Sequence[str]], *, write: bool) -> _Row:
    from tiphys.verify.compatibility import rewritten, statement

    accepting = [version for version, words in refused.items() if not words]
    line = statement(accepting) if accepting else ""
    current = bool(line) and skill.compatibility == line
    if write and line and not current:
        card = home / "SKILL.md"
        card.write_bytes(rewritten(card.read_bytes(), line))
        current = True
    return _Row(skill.name, line, current, refused)


def _show(rows: Sequence[_Row], *, json_: bool) -> None:
    if json_:
        as_json([{"skill": row.skill, "compatibility": row.compatibility,
                  "current": row.current, "refused": row.refused} for row in rows])  # fmt: skip
        return
    cells = [
        (row.skill, _joined(row, refused=False), _joined(row, refused=True), _state(row))
        for row in rows
    ]
    table(("skill", "accepted by", "refused by", "SKILL.md"), cells)
    for row in rows:
        for version, words in row.refused.items():
            for each in words:
                click.echo(f"Kubernetes {version}: {each}", err=True)


def _joined(row: _Row, *, refused: bool) -> str:
    return ", ".join(v for v, words in row.refused.items() if bool(words) == refused)


def _state(row: _Row) -> str:
    return "says so" if row.current else "says something else"
