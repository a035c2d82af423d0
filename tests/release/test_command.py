"""`tiphys release` on real git, the local forge and signed verdicts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Tiphys
from tests.pipeline.world import STOREFRONT
from tiphys.adapters.git_repository import GitRepository

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
    assert f"#{pull} (" in text
    assert "> It was the wrong shop" in text
    merge(tiphys, repository, number)
    assert git.tree_id("main") == before
    assert listed(tiphys, repository) == []
