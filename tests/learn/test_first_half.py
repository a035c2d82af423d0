"""Skills made of right answers to earlier tasks."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import NoReturn

import pytest

from tests.author.boards import Board
from tests.learn.test_judge import task
from tiphys.bootstrap import init_repository, open_repository
from tiphys.domain.errors import Refused
from tiphys.domain.evidence import Verdict
from tiphys.learn import first_half
from tiphys.propose.induce import Induced
from tiphys.propose.reuse import merged_releases
from tiphys.scaffold import skill_files


def nobody(*_: object) -> NoReturn:
    pytest.fail("nothing is tried out here")


@pytest.mark.parametrize(("decision", "learned"), [("accept", 2), ("revise", 0)])
def test_two_tasks_may_lead_to_a_skill_of_one_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, decision: str, learned: int
) -> None:
    init_repository(tmp_path / "skills")
    repository = open_repository(tmp_path / "skills")
    values = {"name": "web", "namespace": "demo", "note": "hello"}
    made = Induced("same", skill_files("same", "Does the same."), values, ())
    monkeypatch.setattr(first_half, "_induced", lambda *_: made)
    verdict = Verdict(decision, "0" * 40, (), "as it is")
    monkeypatch.setattr(first_half.plan, "verify", lambda *_, **__: verdict)
    tasks = [task("first"), task("second")]
    found = first_half.learn_skills(tasks, repository, target="main", bench=nobody, sandbox=nobody)
    assert found == ("same",) * learned
    assert not repository.branches("tiphys/")
    released = merged_releases(repository, "main")
    assert {each.request for each in released} == ({tasks[1].request} if learned else set())


def test_pods_are_hardened_as_the_author_would_for_the_guardrails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    init_repository(tmp_path / "skills")
    given: dict[str, bytes] = {}

    def induce(_request: str, files: dict[str, bytes], **_more: object) -> NoReturn:
        given.update(files)
        raise Refused("that is enough")

    monkeypatch.setattr(first_half, "induce", induce)
    pod = "---\napiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a}]}\n"
    found = first_half.learn_skills(
        [task("pod", reference=pod)], open_repository(tmp_path / "skills"), target="main",
        bench=lambda _task: nullcontext(Board()), sandbox=nobody,
    )  # fmt: skip
    assert found == ()
    assert b"runAsNonRoot: true" in given["01.yaml"]
