"""Malformed skills are refused in one line that names the file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.library.skills import CARD, EXAMPLE, files, schema, skill
from tests.library.strategies import refusal, texts
from tiphys.domain.errors import InvalidInput, LimitExceeded, NotFound
from tiphys.library import load_skill, parse_skill, render


def test_a_sound_skill_renders_the_same_bytes_every_time() -> None:
    first = render(skill(), {"name": "a", "namespace": "b", "data": {"K": "v\nw\n"}})
    assert first == render(skill(), {"namespace": "b", "name": "a", "data": {"K": "v\nw\n"}})
    assert list(first) == ["configmap.yaml"]
    assert b"K: |\n    v\n    w\n" in first["configmap.yaml"]


MALFORMED = [
    ({"SKILL.md": None}, "SKILL.md is missing"),
    ({"values.schema.json": None}, "values.schema.json is missing"),
    ({"tests/chainsaw-test.yaml": None}, "tests/chainsaw-test.yaml is missing"),
    ({"templates/configmap.yaml.j2": None}, "has no templates"),
    ({"examples/one/values.yaml": None, "examples/two/values.yaml": None}, "has no examples"),
    ({"SKILL.md": "no front matter"}, "must start with YAML front matter"),
    ({"SKILL.md": "---\nname: settings\n"}, "must start with YAML front matter"),
    ({"SKILL.md": "---\n- a\n---\n"}, "is not a map"),
    ({"SKILL.md": "---\nname: &a settings\n---\n"}, "anchors"),
    ({"SKILL.md": CARD.replace("name: settings", "name: other")}, "its folder is 'settings'"),
    ({"SKILL.md": CARD.replace("license:", "licence:")}, "front matter key licence is unknown"),
    ({"SKILL.md": CARD.replace("description: ", "description: " + "x" * 1024)}, "description must"),
    ({"SKILL.md": CARD.replace("{tiphys.scope: namespaced}", "[]")}, "metadata must be a map"),
    ({"SKILL.md": CARD.replace(": namespaced", ": [a]")}, "tiphys.scope is"),
    ({"SKILL.md": CARD.replace(": namespaced", ": {a: b}")}, "tiphys.scope is"),
    ({"SKILL.md": CARD.replace(": namespaced", ": other")}, "tiphys.scope is"),
    ({"SKILL.md": b"\xff"}, "SKILL.md: is not UTF-8 text"),
    ({"values.schema.json": "{"}, "not valid JSON"),
    ({"values.schema.json": '{"a": 1, "a": 2}'}, "duplicate key"),
    ({"values.schema.json": "[" * 100_000}, "not valid JSON"),
    (
        {
            "values.schema.json": json.dumps(
                schema(namespace={"description": "x", "default": ""}, drop="namespace")
            )
        },
        "must be required",
    ),
    ({"templates/configmap.yaml.j2": "{% set a = 1 %}"}, "templates/configmap.yaml.j2: line 1"),
    ({"examples/one/values.yaml": "- a"}, "must be a map"),
    ({"examples/one/values.yaml": "a: *b"}, "examples/one/values.yaml"),
]


@pytest.mark.parametrize(("changes", "says"), MALFORMED)
def test_malformed_skills(changes: dict[str, str | bytes | None], says: str) -> None:
    said = refusal(lambda: skill(**changes))
    assert said
    assert says in said
    assert said.startswith("skills/settings")


@pytest.mark.parametrize("name", ["", "A", "a--b", "-a", "a-", "a/b", "..", "a\n", "é", "a" * 65])
def test_bad_names(name: str) -> None:
    assert refusal(lambda: parse_skill(name, files()))


@given(st.sampled_from(sorted(files())), st.binary(max_size=60) | texts(60).map(str.encode))
def test_any_bytes_in_any_file(path: str, data: bytes) -> None:
    refusal(lambda: parse_skill("settings", {**files(), path: data}))
    refusal(lambda: parse_skill("settings", {**files(), path: files()[path] + data}))


def test_windows_line_ends() -> None:
    assert skill(**{"SKILL.md": CARD.replace("\n", "\r\n")}).scope == "namespaced"


def write(folder: Path) -> Path:
    for path, data in files().items():
        (folder / "settings" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "settings" / path).write_bytes(data)
    return folder / "settings"


def test_a_folder_is_loaded(tmp_path: Path) -> None:
    assert load_skill(write(tmp_path)) == skill()


def test_folders_that_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        load_skill(tmp_path / "none")
    folder = write(tmp_path)
    link = folder / "templates" / "passwd.yaml.j2"
    link.symlink_to("/etc/hostname")
    with pytest.raises(InvalidInput, match="symbolic link"):
        load_skill(folder)
    link.unlink()
    (folder / "big").write_bytes(b"x" * (256 * 1024 + 1))
    with pytest.raises(LimitExceeded, match="larger than"):
        load_skill(folder)
    (folder / "big").unlink()
    for number in range(60):
        (folder / f"f{number}").write_text(EXAMPLE)
    with pytest.raises(LimitExceeded, match="files, at most"):
        load_skill(folder)


def test_a_linked_folder_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    (folder / "extra").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InvalidInput, match="symbolic link"):
        load_skill(folder)
