"""`tiphys skill compat`, on fake servers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.matrix.conftest import FakeServer, broken, lent
from tiphys import bootstrap
from tiphys.cli.compat import command
from tiphys.domain.errors import NotFound, Unavailable
from tiphys.domain.policy import Policy
from tiphys.library import load_skill
from tiphys.ports import Lease
from tiphys.scaffold import skill_files, write_files
from tiphys.testing.scripted_runner import ScriptedRunner
from tiphys.verify.check import Sandbox
from tiphys.verify.compatibility import statement

ALL = statement(["1.33.4", "1.34.4", "1.35.4"])
Run = Callable[..., Result]


@pytest.fixture
def others() -> list[FakeServer]:
    return [FakeServer("v1.33.4"), FakeServer("v1.35.4")]


@pytest.fixture
def skills(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two skills, where the command is run."""
    for name in ("memo", "note"):
        files = skill_files(name, "A note for people.")
        write_files(tmp_path / "skills" / name, files)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "skills"


@pytest.fixture
def run(skills: Path, others: list[FakeServer], monkeypatch: pytest.MonkeyPatch) -> Run:
    @contextmanager
    def sandbox() -> Iterator[Sandbox]:
        lease = Lease("one", Path("none"), "", "v1.34.4", "simulated")
        runner = ScriptedRunner()
        yield Sandbox(lease, FakeServer("v1.34.4"), runner, lambda _api: runner, lent(*others))

    monkeypatch.setattr(bootstrap, "sandboxes_for", lambda: (Policy(), sandbox))

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(command, arguments, standalone_mode=False)

    return invoke


def claims(skills: Path) -> list[str]:
    return [load_skill(folder).compatibility for folder in sorted(skills.iterdir())]


def test_it_tells_and_writes_only_when_told_to(run: Run, skills: Path) -> None:
    before = claims(skills)
    told = run()
    assert told.return_value == 1
    assert [line.split("\t") for line in told.stdout.splitlines()] == [
        [name, "1.33.4, 1.34.4, 1.35.4", "", "says something else"] for name in ("memo", "note")
    ]
    assert claims(skills) == before
    assert run("--write").return_value == 0
    assert claims(skills) == [ALL, ALL]
    again = run()
    assert (again.return_value, "says something else" in again.stdout) == (0, False)


def test_a_version_that_refuses_is_left_out_of_the_claim(
    run: Run, others: list[FakeServer], skills: Path
) -> None:
    run("note")
    things = [name for kind, name, _ in others[0].shown if kind != "Namespace"]
    others[0].refused = dict.fromkeys(things, "spec.shiny: field not declared in schema")
    for _ in range(2):
        shown = run("note", "--write")
        assert shown.return_value == 1
        assert shown.stdout.rstrip("\n").split("\t") == [
            *("note", "1.34.4, 1.35.4", "1.33.4", "says so")
        ]
        assert "Kubernetes 1.33.4: skills/note/examples/" in shown.stderr
        assert "spec.shiny: field not declared" in shown.stderr
    assert claims(skills)[1] == statement(["1.34.4", "1.35.4"])


def test_what_no_version_accepts_is_never_claimed(
    run: Run, others: list[FakeServer], skills: Path
) -> None:
    before = claims(skills)
    values = skills / "note" / "templates"
    for template in values.iterdir():
        template.write_text(template.read_text().replace("kind: ConfigMap", "kind: Shiny"))
    shown = run("note", "--write")
    assert shown.return_value == 1
    assert "\t\t1.33.4, 1.34.4, 1.35.4\tsays something else" in shown.stdout
    assert claims(skills) == before


def test_with_one_version_it_says_how_to_get_more(run: Run, others: list[FakeServer]) -> None:
    others.clear()
    assert "only 1.34.4 is installed; see `tiphys tools list`" in run("note").stderr


def test_skills_are_named_or_shown_by_their_folder(run: Run, skills: Path) -> None:
    assert run("--write", "note").return_value == 0
    assert claims(skills)[1] == ALL != claims(skills)[0]
    assert run("--write", str(skills / "memo")).return_value == 0
    assert claims(skills) == [ALL, ALL]


def test_programs_get_json(run: Run) -> None:
    [found] = json.loads(run("note", "--json").stdout)
    assert found == {
        "skill": "note",
        "compatibility": ALL,
        "current": False,
        "refused": {"1.33.4": [], "1.34.4": [], "1.35.4": []},
    }


def test_a_missing_skill_and_a_broken_server_are_one_line(
    run: Run, skills: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert isinstance(run("unheard-of").exception, NotFound)
    monkeypatch.setattr("tests.matrix.test_compat_command.lent", lambda *_: {"1.33": broken})
    assert isinstance(run().exception, Unavailable)
    monkeypatch.chdir(tmp_path.parent)
    assert isinstance(run().exception, NotFound)
