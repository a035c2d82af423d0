"""`tiphys skill`: list, show, make, check and test skills; `compat` lies in a file of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tiphys.cli.compat import command as compat
from tiphys.cli.output import as_json, markdown, progress, read_text, table

if TYPE_CHECKING:
    from tiphys.domain.skill import Skill

_VALUES_LIMIT = 1 << 20
_JSON = click.option("--json", "json_", is_flag=True, help="Print as JSON.")


@click.group(help="List, show, make, check and test skills.")
def command() -> None:
    """Skills are read from the target branch, or from a folder where a path is given."""


@command.command("list", help="Skills on the target branch.")
@_JSON
def list_(json_: bool) -> None:
    """Name, scope and description of each."""
    from tiphys.bootstrap import open_repository, read_config
    from tiphys.library import load_skill_at, skill_names

    repository = open_repository()
    target = read_config(repository).settings.target
    skills = [load_skill_at(repository, target, n) for n in skill_names(repository, target)]
    if json_:
        as_json([{"name": s.name, "scope": s.scope, "digest": s.digest,
                  "description": s.description} for s in skills])  # fmt: skip
    else:
        table(("skill", "scope", "description"), [(s.name, s.scope, s.description) for s in skills])


@command.command("show", help="One skill: what it is for and which values it takes.")
@click.argument("name")
@_JSON
def show(name: str, json_: bool) -> None:
    """The card and the signature."""
    skill = _load(name)
    if json_:
        as_json({"name": skill.name, "digest": skill.digest, "scope": skill.scope,
                 "description": skill.description, "schema": skill.schema})  # fmt: skip
        return
    required = set(skill.schema.get("required", ()))
    rows = [
        f"| {n} | {'required' if n in required else d.get('default')} | {d['description']} |"
        for n, d in skill.schema["properties"].items()
    ]
    head = (
        f"# {skill.name}\n\n{skill.description}\n\n| value | default | meaning |\n|---|---|---|\n"
    )
    markdown(head + "\n".join(rows) + f"\n\n{skill.body}\n")


@command.command("new", help="Write a working skill to start from into skills/NAME.")
@click.argument("name")
@click.option(
    "--description",
    "-d",
    default="Describe in a sentence what this skill is for.",
    help="What it does and when to use it; search reads this.",
)
def new(name: str, description: str) -> None:
    """The files land in the work tree; commit them on a branch and open a pull request."""
    from tiphys.scaffold import skill_files, write_files

    folder = Path("skills") / name
    write_files(folder, skill_files(name, description))
    click.echo(
        f"{folder}: edit it, then `tiphys skill lint {folder}` and `tiphys skill test {folder}`"
    )


@command.command("lint", help="What a reviewer would ask you to fix; exit 1 if there is anything.")
@click.argument("skill")
def lint(skill: str) -> int:
    """SKILL is a name on the target branch or a folder."""
    from tiphys.library import lint_skill

    warnings = lint_skill(_load(skill))
    for warning in warnings:
        click.echo(warning)
    return 1 if warnings else 0


@command.command("render", help="Manifests of a skill for VALUES (a YAML file, - is stdin).")
@click.argument("skill")
@click.argument("values", type=click.File("r"), default="-")
def render(skill: str, values: Any) -> None:
    """Canonical YAML on stdout."""
    from tiphys.domain.errors import InvalidInput
    from tiphys.library import render as render_skill
    from tiphys.library.strict_yaml import load

    given = load(read_text(values, _VALUES_LIMIT, "values"), source="values")
    if not isinstance(given, dict):
        raise InvalidInput("values: must be a map of values")
    click.echo(
        "---\n".join(d.decode() for d in render_skill(_load(skill), given).values()), nl=False
    )


@command.command("test", help="Run the skill's test with each example on a fresh cluster.")
@click.argument("skill")
@click.option(
    "--runner",
    type=click.Choice(["embedded", "chainsaw"]),
    default="embedded",
    show_default=True,
    help="What runs the test.",
)
@_JSON
def test(skill: str, runner: str, json_: bool) -> int:
    """Exit 0 all pass, 1 one fails, 2 the cluster failed."""
    from tiphys.bootstrap import sandboxes_for
    from tiphys.verify.cases import example_cases
    from tiphys.verify.control.trial import run_recorded

    loaded = _load(skill)
    reports = []
    with progress() as tell:
        tell("starting a control plane")
        with sandboxes_for(runner)[1]() as sandbox:
            for case in example_cases(loaded):
                tell(case.name)
                reports.append((case.name, run_recorded(case, sandbox)))
    if json_:
        as_json([{"example": name, "outcome": r.outcome, "message": r.message,
                  "seconds": r.seconds} for name, r in reports])  # fmt: skip
    else:
        table(("example", "outcome", "seconds", "message"),
              [(n, r.outcome, f"{r.seconds:.2f}", r.message) for n, r in reports])  # fmt: skip
    outcomes = {r.outcome for _, r in reports}
    return 2 if "error" in outcomes else 1 if "fail" in outcomes else 0


def _load(name: str) -> Skill:
    from tiphys.bootstrap import open_repository, read_config
    from tiphys.library import load_skill, load_skill_at

    if "/" in name or (Path(name) / "SKILL.md").exists():
        return load_skill(Path(name))
    repository = open_repository()
    return load_skill_at(repository, read_config(repository).settings.target, name)


command.add_command(compat)
