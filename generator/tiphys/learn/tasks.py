"""The tasks of the development benchmark, and the judge of answers to them."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tiphys.domain.errors import InvalidInput, Unavailable
from tiphys.domain.testreport import TestReport
from tiphys.learn.answers import read_answer
from tiphys.learn.grounds import Grounds
from tiphys.learn.task import Task, Wrong
from tiphys.learn.task_files import load_tasks
from tiphys.library import strict_yaml
from tiphys.verify.check import Sandbox

__all__ = ["Judged", "Task", "Wrong", "judge_answer", "load_tasks"]

Stage = Literal["parse", "refused", "check"]
_ONE_LOOK = "50ms"  # the least that a runner takes
_AGAIN = 0.1  # seconds between two looks at what controllers do
PATIENCE = 20.0  # seconds that controllers get; the autoscaler looks every 15


@dataclass(frozen=True, slots=True)
class Judged:
    """Whether an answer passed; if not, where it stopped and in whose words."""

    passed: bool
    reason: str
    stage: Stage


def judge_answer(
    task: Task, documents_text: str, sandbox: Sandbox, *, patience: float = PATIENCE
) -> Judged:
    """Apply an answer to namespaces of its own and check it; nothing of it stays.

    One answer to a task at a time, and tasks that share a name outside namespaces (or a namespace)
    not side by side. Unavailable where the cluster is at
    fault, InvalidInput where the task is.
    """
    try:
        objects = read_answer(documents_text)
    except InvalidInput as problem:
        return Judged(False, str(problem), "parse")
    if not objects:
        return Judged(False, "the answer holds no object", "parse")
    own = frozenset(
        each["metadata"]["name"] for each in task.objects if each["kind"] == "Namespace"
    )
    with Grounds(sandbox.api, f"task-{task.id}", task.namespace, own) as grounds:
        try:
            grounds.lay(task.presumes)
        except InvalidInput as problem:
            raise InvalidInput(f"task {task.id}: what it presumes is refused: {problem}") from None
        try:
            grounds.lay(objects)
        except InvalidInput as problem:
            return Judged(False, str(problem), "refused")
        report = _run(task.check, grounds.place, sandbox)
        deadline = time.monotonic() + patience
        while report.outcome == "pass" and task.later:
            report = _run(task.later, grounds.place, sandbox)
            if report.outcome == "pass" or time.monotonic() > deadline:
                break
            time.sleep(_AGAIN)
            report = TestReport(report.name, "pass", "", (), 0.0)
    return Judged(report.outcome == "pass", report.message, "check")


def _run(operations: Sequence[Mapping[str, Any]], namespace: str, sandbox: Sandbox) -> TestReport:
    """One look at the cluster. InvalidInput for what is no check, Unavailable."""
    test = {
        "apiVersion": "chainsaw.kyverno.io/v1alpha1",
        "kind": "Test",
        "metadata": {"name": "task"},
        "spec": {
            "timeouts": {"assert": _ONE_LOOK, "error": _ONE_LOOK},
            "steps": [{"name": "as asked", "try": list(operations)}],
        },
    }
    with tempfile.TemporaryDirectory(prefix="tiphys-task-") as folder:
        Path(folder, "chainsaw-test.yaml").write_text(strict_yaml.dump(test))
        report = sandbox.runner.run(Path(folder), sandbox.lease, values={}, namespace=namespace)
    if report.outcome == "error":
        raise Unavailable(report.message)
    return report
