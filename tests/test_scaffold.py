"""What a new repository and a new skill start with."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tiphys.bootstrap import starter_guardrails, starter_rules, starter_skills
from tiphys.config import configure
from tiphys.domain.errors import InvalidInput, Refused
from tiphys.library import parse_skill, render
from tiphys.scaffold import repository_files, skill_files, write_files
from tiphys.testing.memory_repository import MemoryRepository
from tiphys.verify.guardrails import load


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=80))
def test_any_description_gives_a_working_skill_or_a_refusal(description: str) -> None:
    try:
        files = skill_files("banner", description)
    except InvalidInput:
        return
    skill = parse_skill("banner", files)
    assert skill.description.strip() == description.strip()
    assert len(skill.examples) == 2
    for values in skill.examples.values():
        assert render(skill, values)


def test_an_ordinary_description_is_kept_word_for_word() -> None:
    about = 'Publish "notes": 100% #1 {x} \\ yes'
    assert parse_skill("a-b", skill_files("a-b", about)).description == about


@pytest.mark.parametrize("name", ["", "A", "a b", "../a", "a/b", "-a", "a--b", "a" * 65, "ä"])
def test_a_bad_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput):
        skill_files(name, "About.")


def test_a_new_repository_has_well_formed_skills_and_settings() -> None:
    files = repository_files(starter_skills(), starter_guardrails())
    names = {path.split("/")[1] for path in files if path.startswith("skills/")}
    assert len(names) >= 14
    assert configure(files["tiphys.toml"], {}).settings.policy.off_limits_namespaces
    assert "README.md" in files


def test_a_new_repository_lists_its_people() -> None:
    keys = ["ed25519:" + letter * 64 for letter in "abcd"]
    people = dict(zip(["ann", "Bo Ek", 'x"]\\', "zoë"], ([key] for key in keys), strict=True))
    files = repository_files(starter_skills(), starter_guardrails(), people)
    found = configure(files["tiphys.toml"], {}).settings.people
    assert found == {name: tuple(keys) for name, keys in people.items()}
    assert (
        b"[people]" not in repository_files(starter_skills(), starter_guardrails())["tiphys.toml"]
    )


def test_a_new_repository_keeps_every_guardrail() -> None:
    files = repository_files(starter_skills(), starter_guardrails())
    kept = {path: data for path, data in files.items() if path.startswith("manifests/guardrails/")}
    repository = MemoryRepository()
    repository.commit("main", None, {**kept}, "Start\n")
    assert "manifests/guardrails/README.md" in kept
    assert load(repository, "main").policies == starter_rules().policies
    assert len(starter_rules().policies) == len(kept) - 1


def test_missing_starter_skills_are_said(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="install tiphys again"):
        repository_files(tmp_path, tmp_path)


def test_files_are_written_into_new_and_empty_folders(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for name in ("new/deep", "empty"):
        write_files(tmp_path / name, {"a/b": b"x"})
        assert (tmp_path / name / "a/b").read_bytes() == b"x"


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(Refused, match="not empty"):
        write_files(tmp_path, {"a": b"x"})
    with pytest.raises(Refused, match="not a folder"):
        write_files(tmp_path / "mine", {"a": b"x"})
    with pytest.raises(Refused, match="can't write"):
        write_files(tmp_path / "mine" / "below", {"a": b"x"})
    assert [p.name for p in tmp_path.iterdir()] == ["mine"]
    assert (tmp_path / "mine").read_text() == "mine"


def test_a_failed_write_leaves_nothing_half_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Path.write_bytes

    def full(self: Path, data: bytes) -> int:
        if self.name == "b":
            raise OSError(28, "No space left on device")
        return write(self, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(Refused, match="No space left"):
        write_files(tmp_path / "new", {"a": b"x", "b": b"x"})
    assert list(tmp_path.iterdir()) == []
