"""Each task of the development benchmark tells its right answer from wrong ones."""

from __future__ import annotations

import copy
import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tiphys.adapters.runner_embedded import EmbeddedRunner
from tiphys.learn.tasks import Judged, Task, judge_answer, load_tasks
from tiphys.library import strict_yaml
from tiphys.verify.check import Sandbox

TASKS = load_tasks(Path(__file__).parents[1] / "author_tasks")
ONLY = os.environ.get("TIPHYS_TASKS", "")  # part of an id, for who writes a task
CHOSEN = [each for each in TASKS if each.id.startswith(ONLY) or each.family == ONLY]
AT_ONCE = 6
FAMILIES = sorted({each.family for each in TASKS})
CLUSTER_WIDE = frozenset(
    "ClusterRole ClusterRoleBinding CustomResourceDefinition IngressClass Namespace"
    " PersistentVolume PriorityClass RuntimeClass StorageClass ValidatingAdmissionPolicy"
    " ValidatingAdmissionPolicyBinding".split()
)
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


def careful(task: Task) -> str:
    """The reference as an author writes it who says more than was asked for."""
    objects = [copy.deepcopy(each) for each in task.objects]
    for each in objects:
        metadata = each["metadata"]
        metadata["labels"] = {"app.kubernetes.io/part-of": "more", **metadata.get("labels", {})}
        metadata["annotations"] = {"example.org/why": "careful", **metadata.get("annotations", {})}
        for pod in pod_specs(each):
            pod.setdefault("enableServiceLinks", False)
            pod.setdefault("securityContext", {"seccompProfile": {"type": "RuntimeDefault"}})
            for container in pod["containers"]:
                given = container.get("securityContext", {})
                container["securityContext"] = {"capabilities": {"drop": ["ALL"]}, **given}
                container.setdefault("resources", {"requests": {"cpu": "10m", "memory": "16Mi"}})
                container.setdefault("imagePullPolicy", "IfNotPresent")
    return strict_yaml.dump_all(objects)


def pod_specs(value: Any) -> Iterator[dict[str, Any]]:
    """Every part of an object that has containers."""
    if isinstance(value, dict):
        if "containers" in value:
            yield value
        for each in value.values():
            yield from pod_specs(each)


def answers(task: Task) -> list[str]:
    return [task.reference, careful(task), UNRELATED, *(each.answer for each in task.wrong)]


@pytest.fixture(scope="module")
def judged(own_cluster):
    """Every answer of every task, judged: {task id: [right, careful, unrelated, *wrong]}."""
    control_plane, api = own_cluster  # what the tasks name belongs to nobody there
    runner = EmbeddedRunner(lambda _lease: api)
    sandbox = Sandbox(control_plane, api, runner, lambda _api: runner)
    verdicts: dict[str, list[Judged]] = {task.id: [] for task in CHOSEN}
    told = {task.id: answers(task) for task in CHOSEN}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        # Round by round: two answers to one task must not stand side by side.
        for number in range(max(map(len, told.values()))):
            left = [task for task in CHOSEN if number < len(told[task.id])]

            def judge(task: Task, number: int = number) -> Judged:
                patience = 1.5 if number > 1 else 30.0
                return judge_answer(task, told[task.id][number], sandbox, patience=patience)

            for task, verdict in zip(left, pool.map(judge, left), strict=True):
                verdicts[task.id].append(verdict)
    return verdicts


@pytest.mark.cluster
@pytest.mark.xdist_group("author tasks")  # all are judged at once, by whoever asks first
@pytest.mark.parametrize("task", CHOSEN, ids=_name)
def test_right_answers_pass_and_wrong_ones_fail(task, judged):
    right, more, unrelated, *wrong = judged[task.id]
    assert right.passed, f"{right.stage}: {right.reason}"
    assert more.passed, f"{more.stage}: {more.reason}"
    assert not unrelated.passed
    assert unrelated.stage == "check"
    for each, verdict in zip(task.wrong, wrong, strict=True):
        assert not verdict.passed, each.why
        assert verdict.reason


def test_tasks_share_no_name_that_others_see():
    """They are judged side by side here, and in any order elsewhere."""
    named = [place for task in TASKS for place in {task.namespace, *_cluster_names(task)} - {""}]
    assert [name for name, count in Counter(named).items() if count > 1] == []


def _cluster_names(task):
    return {f"{each['kind']}/{each['metadata']['name']}" for each in (*task.objects, *task.presumes)
            if "namespace" not in each["metadata"] and each["kind"] in CLUSTER_WIDE}  # fmt: skip


def test_there_are_enough_of_every_sort():
    assert len(TASKS) >= 84
    assert len({each["kind"] for task in TASKS for each in task.objects}) >= 28
    halves = {family: Counter(t.half for t in TASKS if t.family == family) for family in FAMILIES}
    alone = ("more-", "other-")
    paired = {family: half for family, half in halves.items() if not family.startswith(alone)}
    assert len(paired) >= 24
    assert all(half["learn"] and half["held"] for half in paired.values())
    assert sum(task.mode == "edit" for task in TASKS) >= 20
    assert sum(task.level == "hard" for task in TASKS) >= 40
    assert sum(len(task.objects) > 1 for task in TASKS) >= 20


def test_no_two_tasks_ask_the_same():
    assert max(Counter(task.request for task in TASKS).values()) == 1


def test_a_wrong_answer_is_neither_the_right_one_nor_told_twice():
    for task in TASKS:
        told = [strict_yaml.dump_all(task.objects), *(each.answer.strip() for each in task.wrong)]
        assert max(Counter(map(str.strip, told)).values()) == 1, task.id
