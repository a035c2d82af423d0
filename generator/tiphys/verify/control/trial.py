"""Runs of a case's test: recorded, replayed with a fault, or for real on other manifests."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from tiphys.domain.errors import InvalidInput
from tiphys.domain.testreport import TestReport
from tiphys.library import strict_yaml
from tiphys.library.staging import stage
from tiphys.ports import ClusterApi, Object, TestRunner
from tiphys.verify.cases import Case
from tiphys.verify.check import Sandbox
from tiphys.verify.control.recording import Recorder, Recording

_SETTLE_SECONDS = 10.0
_LOOK_SECONDS = 0.02


def run_recorded(case: Case, sandbox: Sandbox) -> TestReport:
    """Run a case's test on the cluster; where it runs in this process, keep what it saw."""
    sandbox.ensure_namespace(case.namespace)
    recorder = Recorder(sandbox.api)
    inside = sandbox.rehearse(recorder)
    if type(inside) is not type(sandbox.runner):
        return run_real(case, sandbox, case.manifests)
    report = _run(inside, case, sandbox, case.skill.test, case.manifests)
    if report.outcome == "pass":
        recorder.recording.seconds = _waited(report)
        sandbox.recordings[case.name] = recorder.recording
    return report


def record(case: Case, sandbox: Sandbox) -> Recording | None:
    """What the test sees when it runs in this process; None if it does not pass there."""
    recorder = Recorder(sandbox.api)
    try:
        report = _run(sandbox.rehearse(recorder), case, sandbox, case.skill.test, case.manifests)
    except InvalidInput:  # more than the runner in this process supports
        return None
    recorder.recording.seconds = _waited(report)
    return recorder.recording if report.outcome == "pass" else None


def _waited(report: TestReport) -> float:
    """Seconds without those for deleting, which no time-out of ours cuts."""
    return sum(step.seconds for step in report.steps if step.operation != "delete")


def run_real(
    case: Case, sandbox: Sandbox, manifests: Mapping[str, bytes], test: str | None = None
) -> TestReport:
    """Run the case's test (or another text of it) with these manifests. Unavailable."""
    return _run(sandbox.runner, case, sandbox, test or case.skill.test, manifests)


def _run(
    runner: TestRunner, case: Case, sandbox: Sandbox, test: str, manifests: Mapping[str, bytes]
) -> TestReport:
    with staged(case, test, manifests) as (folder, values):
        return runner.run(folder, sandbox.lease, values=values, namespace=case.namespace)


@contextmanager
def staged(
    case: Case, test: str, manifests: Mapping[str, bytes]
) -> Iterator[tuple[Path, dict[str, Any]]]:
    """A folder as every run of this case gets it, and the values to bind."""
    with tempfile.TemporaryDirectory(prefix="tiphys-test-") as scratch:
        # A runner that lets some skills run programs knows them by the folder's name.
        folder = Path(scratch) / case.skill.name
        folder.mkdir()
        values = stage(folder, replace(case.skill, test=test), case.values, manifests)
        yield folder, values


def written(case: Case, objects: Sequence[Object | None]) -> dict[str, bytes]:
    """The case's files with `objects` in place of its own; None leaves one out.

    A file is never empty: the namespace that the run has anyway stands there instead, so that a
    test can't see by it that it is tested itself.
    """
    files: dict[str, bytes] = {}
    rest = iter(objects)
    for name, data in case.manifests.items():
        count = len(strict_yaml.load_documents(data, source=name))
        kept = [obj for obj in (next(rest) for _ in range(count)) if obj is not None]
        files[name] = strict_yaml.dump_all(kept or [_bystander(case.namespace)]).encode()
    return files


def _bystander(namespace: str) -> Object:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}


def settle(api: ClusterApi, recording: Recording, namespace: str) -> None:
    """Take away what a run has left in its namespace, and wait until it is gone.

    Only what the test asked for is looked at; what is older than its first object stays.
    """
    created = [
        str(write.answer["metadata"].get("creationTimestamp", ""))
        for write in recording.writes
        if write.verb == "create" and isinstance(write.answer, dict)
    ]
    if not created:
        return
    end = time.monotonic() + _SETTLE_SECONDS
    asked: set[tuple[str, str]] = set()
    while left := list(_left(api, recording, namespace, min(created))):
        for obj in left:
            where = (obj["kind"], obj["metadata"]["name"])
            if where not in asked and not obj["metadata"].get("deletionTimestamp"):
                asked.add(where)
                api.delete(obj["apiVersion"], obj["kind"], where[1], namespace)
        if time.monotonic() > end:
            return
        time.sleep(_LOOK_SECONDS)


def _left(api: ClusterApi, recording: Recording, namespace: str, since: str) -> Iterator[Object]:
    for question in recording.questions():
        if question[0] == "get" and question[4] == namespace:
            found = [api.get(*question[1:])]
        elif question[0] == "list" and question[3] == namespace:
            _, api_version, kind, _, labels = question
            found = [*api.list(api_version, kind, namespace, dict(labels))]
        else:
            continue
        for obj in found:
            if obj and str(obj["metadata"].get("creationTimestamp", "")) >= since:
                yield obj
