"""The story by command line: results on stdout, and JSON wherever it is offered."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Tiphys
from tests.pipeline.world import FOLDER, OUT_OF_REACH, STOREFRONT
from tiphys.domain.policy import Settings


@pytest.fixture
def plain(tiphys: Tiphys, repository: Path):  # type: ignore[no-untyped-def]  # a closure
    def call(*arguments: str, text: str = "", code: int = 0) -> str:
        done = tiphys(repository, *arguments, text=text)
        assert (done.code, done.err) == (code, "")
        return done.out

    return call


@pytest.fixture
def parsed(plain):  # type: ignore[no-untyped-def]  # a closure
    def call(*arguments: str, text: str = "", code: int = 0) -> Any:
        return json.loads(plain(*arguments, "--json", text=text, code=code))

    return call


def test_the_whole_story(plain, parsed, repository: Path) -> None:  # type: ignore[no-untyped-def]
    assert parsed("request", STOREFRONT) == {"number": 1, "title": f"{STOREFRONT[:77]}..."}
    (ended,) = parsed("work", "1")
    assert (ended["ending"], ended["pull"], ended["skill"]) == ("proposed", 2, "web")
    assert ended["model_calls"] == 0
    assert parsed("work", "--once") == []
    verdict = parsed("verify", "2")
    assert (verdict["decision"], verdict["tier"]) == ("accept", "simulated")
    assert plain("pr", "merge", "2", "--checkout").startswith("#2 merged as ")
    assert (repository / FOLDER / "object.yaml").is_file()
    assert parsed("index")["put"] == 0
    hits = parsed("search", "storefront in shop")
    assert (hits[0]["skill"], hits[0]["serves"]) == ("web", True)
    assert parsed("pr", "show", "2")["state"] == "merged"
    assert parsed("issue", "show", "1")["state"] == "closed"


def test_generate(parsed, plain) -> None:  # type: ignore[no-untyped-def]
    made = parsed("generate", text=STOREFRONT)
    assert list(made["manifests"]) == [f"{FOLDER}/object.yaml"]
    assert plain("generate", text=STOREFRONT).startswith("apiVersion: apps/v1\n")
    asked = parsed("generate", text="Run the storefront web application in namespace shop", code=1)
    assert set(asked["questions"]) == {"image", "port"}
    assert parsed("generate", text=OUT_OF_REACH, code=1)["skill"] is None


def test_skills_and_settings(parsed, plain, repository: Path) -> None:  # type: ignore[no-untyped-def]
    assert [s["name"] for s in parsed("skill", "list")] == ["note", "web"]
    assert parsed("skill", "show", "web")["schema"]["required"][0] == "name"
    found = parsed("config")
    assert found["match_threshold"] == {"value": 0.01, "from": "tiphys.toml"}
    assert found["pace_seconds"] == {"value": Settings().pace_seconds, "from": "default"}
    values = "{name: x, namespace: shop, image: registry.example/x:1, port: 80}"
    assert "kind: Deployment" in plain("skill", "render", "web", text=values)


def test_init_commits_and_leaves_a_clean_tree(tiphys: Tiphys, tmp_path: Path) -> None:
    done = tiphys(tmp_path, "init", "new")
    assert done.code == 0
    assert "skills committed as" in done.out
    names = [s["name"] for s in json.loads(tiphys(tmp_path / "new", "skill", "list", "--json").out)]
    assert "web-service" in names
