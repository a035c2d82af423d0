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
CHOSEN = [each for each in TASKS if each.id.startswith(ONLY) or ONLY == each.family]
AT_ONCE = 6
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

    verdicts: dict[str, list[Judged]] = {task.id: [] for task in CHOSEN}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        # Round by round, so that a namespace has gone by when its task's next answer needs it.
        for number in range(2 + max(len(task.wrong) for task in CHOSEN)):
            left = [task for task in CHOSEN if number < 2 + len(task.wrong)]

            def judge(task: Task, number: int = number) -> Judged:
                answer = [task.reference, UNRELATED, *(each.answer for each in task.wrong)][number]
                patience = 1.5 if number else 30.0
                return judge_answer(task, answer, sandbox, patience=patience)

            for task, verdict in zip(left, pool.map(judge, left), strict=True):
                verdicts[task.id].append(verdict)
    return verdicts


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
