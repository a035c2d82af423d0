"""`tiphys release` on real git, the local forge and signed verdicts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Tiphys
from tests.pipeline.world import STOREFRONT
from tiphys.adapters.git_repository import GitRepository
from tiphys.library import Release, load_skill_at, make_release, release_files
from tiphys.library.release import write_release

NOTE = "Publish a note for visitors in a config map called {} in namespace {}"


@pytest.fixture
def ann(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("TIPHYS_ACTOR", "ann")
    return "ann"


def merge(tiphys: Tiphys, folder: Path, number: str) -> None:
    done = tiphys(folder, "verify", number)
    assert done.code == 0, done.out + done.err
    done = tiphys(folder, "pr", "merge", number)
    assert done.code == 0, done.err


def serve(tiphys: Tiphys, folder: Path, text: str) -> str:
    """Ask, propose, verify and merge; the pull request's number."""
    assert tiphys(folder, "request", text).code == 0
    assert tiphys(folder, "work", "--once").code == 0
    (pull,) = json.loads(tiphys(folder, "pr", "list", "--json").out)
    merge(tiphys, folder, str(pull["number"]))
    return str(pull["number"])


def listed(tiphys: Tiphys, folder: Path) -> list[dict[str, object]]:
    return json.loads(tiphys(folder, "release", "list", "--json").out)


def test_from_a_request_to_a_release_and_back(tiphys: Tiphys, repository: Path, ann: str) -> None:
    git = GitRepository(repository)
    before = git.tree_id("main")
    pull = serve(tiphys, repository, STOREFRONT)
    (row,) = listed(tiphys, repository)
    assert (row["folder"], row["skill"], row["state"]) == (
        "manifests/shop/storefront",
        "web",
        "current",
    )
    assert (row["pull"], row["verdict"], row["author"]) == (int(pull), "accept", "ann")

    done = tiphys(repository, "release", "show", "deployment/shop/storefront")
    assert done.code == 0, done.err
    assert "manifests/shop/storefront/object.yaml:1" in done.out
    assert "storefront:1.4" in done.out
    assert "| render | static | " in done.out
    assert "signed by the key of this machine" in done.out

    done = tiphys(repository, "release", "revert", "shop/storefront", "-b", "It was the wrong shop")
    assert done.code == 0, done.err
    number = done.out.strip()
    again = tiphys(repository, "release", "revert", "shop/storefront", "-b", "Once more")
    assert (again.code, again.out) == (0, done.out)
    assert "open already" in again.err
    assert git.tree_id("main") != before

    text = tiphys(repository, "pr", "show", number).out
    assert "Remove shop/storefront" in text
    assert f"#{pull} for #1 (" in text
    assert "> It was the wrong shop" in text
    merge(tiphys, repository, number)
    assert git.tree_id("main") == before
    assert listed(tiphys, repository) == []


def push(folder: Path, files: dict[str, bytes | None], message: str = "Push\n") -> None:
    git = GitRepository(folder, author="ann")
    git.commit("main", git.resolve("main"), files, message)


def released(folder: Path, name: str, text: str = "") -> dict[str, bytes | None]:
    """A release as the skill `note` renders it now."""
    note = load_skill_at(GitRepository(folder), "main", "note")
    values = {**next(iter(note.examples.values())), "name": name, "namespace": "shop"}
    return {**release_files(make_release(note, values, request=text), note)}


def test_a_bad_skill_is_taken_back_with_what_it_made(
    tiphys: Tiphys, repository: Path, ann: str
) -> None:
    for name in ("one", "two", "mended"):
        push(repository, released(repository, name))
    push(repository, {"manifests/shop/mended/object.yaml": b"by: hand\n"})
    found = json.loads(tiphys(repository, "release", "revert", "--skill", "note", "--json").out)
    assert found["removes"] == ["skills/note", "manifests/shop/one", "manifests/shop/two"]
    assert (found["takes_back"], found["new"], len(found["left"])) == ([], True, 1)
    again = tiphys(repository, "release", "revert", "--skill", "note")
    assert again.out == f"{found['pull']}\n"
    assert "left alone: shop/mended: was changed by hand" in again.err
    merge(tiphys, repository, str(found["pull"]))
    listed_now = {row["release"]: row["state"] for row in listed(tiphys, repository)}
    assert listed_now == {"mended": "gone"}


def test_every_kind_of_release_has_its_line(tiphys: Tiphys, repository: Path, ann: str) -> None:
    push(repository, released(repository, "one"))
    push(repository, {"manifests/_cluster/own/object.yaml": b"kind: Namespace\n"})
    lines = tiphys(repository, "release", "list").out.splitlines()
    cells = [line.split("\t") for line in lines]
    assert [row[:3] for row in cells] == [["-", "own", "-"], ["shop", "one", "note"]]
    assert [row[4:6] + row[7:] for row in cells] == [["-", "-", "none"], ["current", "-", "none"]]
    files = {"skills/note/SKILL.md": b"---\nname: note\ndescription: Other.\n---\nOther.\n"}
    push(repository, files)
    only = json.loads(tiphys(repository, "release", "list", "--skill", "note", "--json").out)
    assert [(row["release"], row["state"]) for row in only] == [("one", "changed")]
    assert tiphys(repository, "release", "list", "--skill", "none", "--json").out == "[]\n"


def test_what_others_wrote_does_not_move_the_cursor(
    tiphys: Tiphys, repository: Path, ann: str
) -> None:
    evil = "\x1b[2J\x9b31m\u202e"
    push(repository, released(repository, "one", f"Please {evil}\nand more"), f"Push {evil}\n")
    shown = tiphys(repository, "release", "show", "shop/one")
    assert shown.code == 0, shown.err
    assert "and more" in shown.out
    assert "pushed without a pull request" in shown.out
    values = {"name": "two", "namespace": "shop"}
    record = write_release(Release("two", "shop", f"x{evil}", evil, values, "Please"))
    push(repository, {**released(repository, "two"), "manifests/shop/two/release.toml": record})
    both = tiphys(repository, "release", "list").out
    assert "\tx\ufffd" in both
    both += shown.out + tiphys(repository, "release", "show", "shop/two").out
    both += tiphys(repository, "release", "revert", "--skill", f"x{evil}", "--digest", "1").err
    both += tiphys(repository, "release", "show", f"shop/{evil}").err
    assert not {"\x1b", "\x9b", "\u202e"} & set(both)


def test_the_whole_story_is_there_for_programs(tiphys: Tiphys, repository: Path, ann: str) -> None:
    pull = serve(tiphys, repository, STOREFRONT)
    found = json.loads(
        tiphys(repository, "release", "show", "Deployment/shop/storefront", "--json").out
    )
    assert (found["pull"], found["verdict"]["decision"]) == (int(pull), "accept")
    assert (found["file"], found["line"]) == ("manifests/shop/storefront/object.yaml", 1)
    assert found["values"]["replicas"] == 3
    assert [touch["how"] for touch in found["touches"]] == ["added"]
    assert found["touches"][0]["pull"] == int(pull)


def test_what_was_brought_back_still_leads_to_its_request(
    tiphys: Tiphys, repository: Path, ann: str
) -> None:
    serve(tiphys, repository, STOREFRONT)
    for _ in range(2):
        number = tiphys(repository, "release", "revert", "shop/storefront").out.strip()
        merge(tiphys, repository, number)
    found = json.loads(tiphys(repository, "release", "show", "shop/storefront", "--json").out)
    assert (found["issue"], found["pull"]) == (1, 4)
    assert [touch["how"] for touch in found["touches"]] == ["added", "removed", "added"]
    push(repository, {"manifests/shop/storefront/object.yaml": b"by: hand\n"})
    found = json.loads(tiphys(repository, "release", "show", "shop/storefront", "--json").out)
    assert (found["issue"], found["pull"], found["verdict"]) == (1, None, None)


def test_a_verdict_that_nobody_trusted_signed_does_not_count(
    tiphys: Tiphys, repository: Path, ann: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    serve(tiphys, repository, STOREFRONT)
    monkeypatch.setenv("TIPHYS_KEYS", str(tmp_path / "another-machine"))
    (row,) = listed(tiphys, repository)
    assert row["verdict"] == "none"
    shown = tiphys(repository, "release", "show", "shop/storefront").out
    assert "1 kept, none signed by anybody who is trusted here" in shown


def test_verdicts_of_a_queue_are_found(tiphys: Tiphys, repository: Path, ann: str) -> None:
    for name in ("north", "south"):
        text = STOREFRONT.replace("storefront web", f"{name} web")
        assert tiphys(repository, "request", text).code == 0
    assert tiphys(repository, "work", "--once").code == 0
    numbers = [str(p["number"]) for p in json.loads(tiphys(repository, "pr", "list", "--json").out)]
    for number in numbers:
        assert tiphys(repository, "verify", number).code == 0
    done = tiphys(repository, "pr", "merge", "--queue")
    assert done.code == 0, done.err
    rows = listed(tiphys, repository)
    assert sorted(str(row["pull"]) for row in rows) == sorted(numbers)
    assert {row["verdict"] for row in rows} == {"accept"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("revert",), "name a release"),
        (("revert", "shop/one", "--skill", "note"), "name a release"),
        (("revert", "shop/one", "--force"), "--force go with --skill"),
        (("revert", "--skill", "note", "--to", "main"), "--to goes with a release"),
        (("revert", "shop/none"), "never was"),
        (("show", "shop/none"), "no merged release"),
        (("show", "none"), "NAMESPACE/RELEASE"),
    ],
)
def test_wrong_use_is_told_in_one_line(
    tiphys: Tiphys, repository: Path, ann: str, arguments: tuple[str, ...], words: str
) -> None:
    done = tiphys(repository, "release", *arguments)
    assert done.code in (1, 2)
    assert words in done.err
    assert done.err.count("\n") == 1
    assert done.out == ""
