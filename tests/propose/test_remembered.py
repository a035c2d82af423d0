"""What was merged is shown to the model with the request that led to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tiphys.adapters.git_repository import GitRepository
from tiphys.library import Release
from tiphys.propose.learned import remembered

WEB = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n"
SECRET = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: key\n"


def release(name="web", *, skill="app", request="Run web with 3 copies.", **values):
    return Release(name, "shop", skill, "0" * 40, {"name": name, **values}, request)


@pytest.fixture
def repository(tmp_path: Path):
    made = GitRepository.init(tmp_path)
    files = {
        "manifests/shop/web/app.yaml": WEB,
        "manifests/shop/web/release.toml": "",
        "manifests/shop/key/key.yaml": SECRET,
    }
    made.commit("main", None, {path: text.encode() for path, text in files.items()}, "Add\n")
    return made


def test_a_release_of_a_near_skill_is_its_request_and_its_manifests(repository):
    [found] = remembered(repository, "main", [release(replicas=3), release("x")], {"app"})[:1]
    assert (found.request, found.answer) == ("Run web with 3 copies.", WEB)
    assert not remembered(repository, "main", [release(skill="other")], {"app"})


@pytest.mark.parametrize("request_", ["Raise web to 4.", "web: registry.example/web:2 from now on"])
def test_what_only_changed_a_release_says_too_little_of_it(repository, request_):
    changed = release(request=request_, image="registry.example/web:1", replicas=9, port=80)
    assert not remembered(repository, "main", [changed], {"app"})


def test_a_secret_is_shown_to_no_model(repository):
    assert not remembered(repository, "main", [release("key", request="A key.")], {"app"})
