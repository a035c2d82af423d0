"""Each task of the development benchmark tells its right answer from wrong ones."""

from __future__ import annotations

import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tiphys.adapters.runner_embedded import EmbeddedRunner
from tiphys.learn.tasks import Judged, Task, judge_answer, load_tasks
from tiphys.verify.check import Sandbox

TASKS = load_tasks(Path(__file__).parents[1] / "author_tasks")
ONLY = os.environ.get("TIPHYS_TASKS", "")  # part of an id, for who writes a task
CHOSEN = [each for each in TASKS if ONLY in each.id or ONLY == each.family]
AT_ONCE = 8
UNRELATED = """
apiVersion: v1
kind: ConfigMap
metadata:
  name: nothing-that-anybody-asked-for
data:
  key: value
"""


def _name(task: Task) -> str:
    return task.id


@pytest.fixture(scope="session")
def judged(control_plane, api):
    """Every answer of every task, judged: {task id: [right, unrelated, *wrong]}."""
    runner = EmbeddedRunner(lambda _lease: api)
    sandbox = Sandbox(control_plane, api, runner, lambda _api: runner)

    def judge(task: Task) -> list[Judged]:
        right = judge_answer(task, task.reference, sandbox, patience=30.0)
        answers = [UNRELATED, *(each.answer for each in task.wrong)]
        return [right, *(judge_answer(task, each, sandbox, patience=2.0) for each in answers)]

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(zip((t.id for t in CHOSEN), pool.map(judge, CHOSEN), strict=True))


@pytest.mark.cluster
@pytest.mark.parametrize("task", CHOSEN, ids=_name)
def test_the_right_answer_passes_and_every_wrong_one_fails(task, judged):
    right, unrelated, *wrong = judged[task.id]
    assert right.passed, f"{right.stage}: {right.reason}"
    assert not unrelated.passed
    assert unrelated.stage == "check"
    for each, verdict in zip(task.wrong, wrong, strict=True):
        assert not verdict.passed, each.why
        assert verdict.reason


def test_names_outside_fresh_namespaces_are_of_one_task():
    """Tasks are judged side by side here."""
    named = [name for task in TASKS for name in {*_places(task)}]
    assert [name for name, count in Counter(named).items() if count > 1] == []


def _places(task):
    return [task.namespace] if task.namespace else []
