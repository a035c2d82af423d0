"""A program edits what people wrote where it was asked to, and only adds to merged tests."""

from __future__ import annotations

import pytest

from tiphys.domain.policy import Policy
from tiphys.scaffold import skill_files
from tiphys.testing.memory_repository import MemoryRepository
from tiphys.verify.checks.scope import check_scope
from tiphys.verify.subject import proposed_subject

PAGE = "manifests/shop/front-page/page.yaml"
OBJECT = b"""apiVersion: v1
kind: ConfigMap
metadata:
  name: page  # shown first
  namespace: shop
data:
  title: Hello
"""
TEST = "skills/note/tests/chainsaw-test.yaml"


@pytest.fixture
def repository():
    repository = MemoryRepository()
    files = {f"skills/note/{p}": d for p, d in skill_files("note", "A note.").items()}
    repository.commit("main", None, {**files, PAGE: OBJECT}, "Start\n")
    return repository


def judge(repository, files, request="Set the title of the front page to Hi"):
    base = repository.resolve("main")
    repository.commit("tiphys/1-page", base, files, "Propose\n")
    subject = proposed_subject(
        repository, head="tiphys/1-page", target="main", agent=True, request=request
    )
    return check_scope(subject, Policy())


def test_a_manifest_of_people_is_edited_where_the_request_names_it(repository):
    assert judge(repository, {PAGE: OBJECT.replace(b"Hello", b"Hi")}).outcome == "pass"


@pytest.mark.parametrize(
    ("files", "request_", "words"),
    [
        ({PAGE: OBJECT.replace(b"Hello", b"Hi")}, "Say hi", "does not name it"),
        ({PAGE: OBJECT.replace(b"Hello", b"Hi")}, "", "does not name it"),
        ({PAGE: OBJECT.replace(b"name: page", b"name: rage")}, "front page", "other objects"),
        ({PAGE: OBJECT.replace(b"ConfigMap", b"Secret")}, "front page", "other objects"),
        ({PAGE: OBJECT + b"---\n" + OBJECT}, "front page", "other objects"),
        ({PAGE: None}, "front page", "removed"),
        ({PAGE.replace("page.y", "more.y"): OBJECT}, "front page", "no release.toml"),
    ],
)
def test_nothing_else_is_done_to_it(repository, files, request_, words):
    found = judge(repository, files, request_)
    assert found.outcome == "fail"
    assert any(words in line for line in found.details), found


STEP = (
    b"\n    - name: more\n      try:\n        - assert: {resource: {apiVersion: v1, kind: Pod}}\n"
)


def test_steps_are_added_behind_a_merged_test(repository):
    test = repository.read("main", TEST)
    assert judge(repository, {TEST: test.rstrip() + STEP}, "").outcome == "pass"


@pytest.mark.parametrize(
    "change",
    [
        lambda test: None,
        lambda test: test.replace(b"steps:", b"steps:" + STEP.rstrip(), 1),
        lambda test: test.replace(b"  steps:", b"  skip: true\n  steps:"),
        lambda test: test.split(b"  steps:")[0] + b"  steps: []\n",
        lambda test: b"a: [",
        lambda test: test + b"---\n" + test,
    ],
)
def test_nothing_of_a_merged_test_is_changed(repository, change):
    changed = change(repository.read("main", TEST))
    found = judge(repository, {TEST: changed}, "")
    assert any("nothing else" in line for line in found.details), found
