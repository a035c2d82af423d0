"""The port: a test's steps in Chainsaw's order, and its report."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from tiphys.adapters.runner_embedded.document import (
    ObjectAction,
    Operation,
    Pause,
    ResourceAction,
    Step,
    Test,
    Timeouts,
)
from tiphys.adapters.runner_embedded.expecting import expect
from tiphys.adapters.runner_embedded.functions import EvaluationError
from tiphys.adapters.runner_embedded.gotypes import as_written
from tiphys.adapters.runner_embedded.meter import watched
from tiphys.adapters.runner_embedded.objects import clean, reference
from tiphys.adapters.runner_embedded.preflight import preflight
from tiphys.adapters.runner_embedded.reading import read_test
from tiphys.adapters.runner_embedded.scope import Scope
from tiphys.adapters.runner_embedded.stage import OperationFailed, Stage
from tiphys.adapters.runner_embedded.templating import text_of
from tiphys.adapters.runner_embedded.waiting import describe, wait
from tiphys.adapters.runner_embedded.writing import Context, Created, delete, write
from tiphys.domain.errors import ApiRefusal, InvalidInput, Unavailable
from tiphys.domain.evidence import Outcome
from tiphys.domain.testreport import StepReport, TestReport
from tiphys.ports import ClusterApi, Lease, Object

TEST_FILE = "chainsaw-test.yaml"
_CLEANUP_SECONDS = 60.0  # for what is left to delete once the test's own time is up


class EmbeddedRunner:
    """Runs Chainsaw tests in this process over `ClusterApi`.

    `deadline` is the time in seconds for a whole test; what runs out of it fails and names the
    operation. A `ClusterApi` that is `still` (a recording) is looked at once: it never changes.
    `clock` and `sleep` are for tests.
    """

    def __init__(
        self,
        api_for: Callable[[Lease], ClusterApi],
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        deadline: float = 120.0,
    ) -> None:
        self._api_for = api_for
        self._clock = clock
        self._sleep = sleep
        self._seconds = deadline

    def run(
        self, folder: Path, lease: Lease, *, values: Mapping[str, Any], namespace: str
    ) -> TestReport:
        """Run `folder`/chainsaw-test.yaml. InvalidInput before anything is sent."""
        test = read_folder(folder)
        start = self._clock()
        if test.skip:
            return TestReport(test.name, "skipped", "the test says skip", (), 0.0)
        api = self._api_for(lease)
        stage = Stage(
            api=api,
            folder=folder,
            namespace=namespace,
            clock=self._clock,
            sleep=self._sleep,
            deadline=start + self._seconds,
            still=getattr(api, "still", False),
        )
        try:
            preflight(test, stage)
        except InvalidInput as error:
            raise InvalidInput(f"{TEST_FILE}: {error}") from None
        run = _Run(test, stage, _scope(test, values, namespace))
        with watched(lambda: self._clock() > stage.deadline):
            outcome, message = run.outcome()
        return TestReport(test.name, outcome, message, tuple(run.reports), self._clock() - start)


def read_folder(folder: Path) -> Test:
    """The test in a folder, read and checked. InvalidInput."""
    path = folder / TEST_FILE
    if not path.is_file():
        raise InvalidInput(f"{TEST_FILE}: there is no test in {folder.name}")
    return read_test(path.read_bytes(), source=TEST_FILE)


def _scope(test: Test, values: Mapping[str, Any], namespace: str) -> Scope:
    bindings = {
        "values": as_written(dict(values)),
        "namespace": namespace,
        "test": {"id": 1, "scenarioId": 0, "metadata": test.metadata},
    }
    timeouts = replace(Timeouts(), **test.timeouts)
    return Scope(bindings, timeouts, test.template, test.skip_delete)


class _Stop(Exception):
    """The step cannot go on."""


class _Run:
    """One run's state: reports so far, whether anything failed, what to clean up afterwards."""

    def __init__(self, test: Test, stage: Stage, scope: Scope) -> None:
        self._test = test
        self._stage = stage
        self._scope = scope
        self._message = ""
        self._failed = False
        self._cleanups: list[Callable[[], None]] = []
        self.reports: list[StepReport] = []

    def outcome(self) -> tuple[Outcome, str]:
        """Run everything; the outcome and the first failure's words."""
        broken: Unavailable | None = None
        try:
            self._steps()
        except Unavailable as error:
            broken = error
        self._stage.deadline = max(self._stage.deadline, self._stage.clock() + _CLEANUP_SECONDS)
        for cleanup in reversed(self._cleanups):
            try:
                cleanup()
            except Unavailable as error:
                broken = broken or error
        if broken is not None:
            return "error", str(broken)
        return ("fail", self._message) if self._failed else ("pass", "")

    def _fail(self, message: str) -> None:
        self._failed = True
        self._message = self._message or message

    def _steps(self) -> None:
        try:
            scope = self._scope.resolve(self._test.bindings)
        except EvaluationError as error:
            self._fail(f"spec.bindings: {error}")
            return
        for index, step in enumerate(self._test.steps):
            try:
                self._step(step, index, scope.bind(step={"id": index + 1}))
            except _Stop:
                return

    def _step(self, step: Step, index: int, scope: Scope) -> None:
        name = step.name or f"step {index + 1}"
        scope = scope.override(step.timeouts, template=step.template, skip_delete=step.skip_delete)
        try:
            scope = scope.resolve(step.bindings)
        except EvaluationError as error:
            self._fail(f"{name}: bindings: {error}")
            raise _Stop from None
        created = Created()
        self._cleanups.append(lambda: self._cleanup(step, name, scope, created))
        try:
            for number, operation in enumerate(step.attempt):
                scope, ok = self._operation(name, operation, number, scope, created)
                if not ok and not operation.continue_on_error:
                    raise _Stop
        finally:
            if self._failed:
                scope = self._quietly(f"{name} (catch)", self._test.catch + step.catch, scope)
            scope = self._quietly(f"{name} (finally)", step.lastly, scope)

    def _cleanup(self, step: Step, name: str, scope: Scope, created: Created) -> None:
        title = f"cleanup ({name})"
        timeout = scope.timeouts.cleanup
        for obj in reversed(created.objects):
            self._report(title, "delete", partial(self._clean, obj, timeout))
        self._quietly(f"{name} (cleanup)", step.cleanup, scope)

    def _clean(self, obj: Object, timeout: float) -> str:
        clean(self._stage, obj, timeout)
        return reference(obj)

    def _quietly(self, name: str, operations: tuple[Operation, ...], scope: Scope) -> Scope:
        """Operations that no step counts as its own; one that fails still fails the test."""
        for number, operation in enumerate(operations):
            scope, _ = self._operation(name, operation, number, scope, None, listed=False)
        return scope

    def _operation(
        self,
        step: str,
        operation: Operation,
        number: int,
        scope: Scope,
        created: Created | None,
        *,
        listed: bool = True,
    ) -> tuple[Scope, bool]:
        """Run one operation on each of its objects; the scope with its outputs, and success."""
        action = operation.action
        targets: list[Any] = [None]
        if isinstance(action, ResourceAction):
            manifests = operation.kind not in ("assert", "error")
            try:
                targets = self._targets(action, scope, manifests=manifests)
            except (OperationFailed, EvaluationError) as error:
                self._note(step, operation.kind, "fail", str(error), 0.0, listed=listed)
                return scope, False
        ok = True
        for resource_id, target in enumerate(targets, 1):
            numbered = scope.bind(operation={"id": number + 1, "resourceId": resource_id})
            outputs: dict[str, Any] = {}

            def work(target: Any = target, numbered: Scope = numbered, into: Any = outputs) -> str:
                return self._execute(operation, target, numbered, created, into)

            ok &= self._report(step, operation.kind, work, listed=listed)
            scope = scope.bind(**outputs)
        return scope, ok

    def _execute(
        self,
        operation: Operation,
        target: Any,
        scope: Scope,
        created: Created | None,
        outputs: dict[str, Any],
    ) -> str:
        action = operation.action
        if isinstance(action, Pause):
            self._stage.pause(action.seconds)
            return f"slept {action.seconds:g}s"
        if isinstance(action, ObjectAction):
            if operation.kind == "wait":
                return wait(operation, action, self._stage, scope)
            return describe(action, self._stage, scope)
        scope = scope.override({}, template=action.template, skip_delete=None)
        scope = scope.resolve(action.bindings)
        context = Context(self._stage, scope, action, None if scope.skip_delete else created)
        if operation.kind in ("assert", "error"):
            expect(operation, self._stage, scope, target)
        elif operation.kind == "delete":
            delete(operation, context, target)
        else:
            outputs.update(write(operation, context, target))
        return reference(target)

    def _targets(self, action: ResourceAction, scope: Scope, *, manifests: bool) -> list[Object]:
        """The objects or trees of an operation. OperationFailed, EvaluationError, InvalidInput."""
        if action.resource is not None:
            return [action.resource]
        return self._stage.files(text_of(action.file, scope.bindings), manifests=manifests)

    def _report(
        self, step: str, kind: str, work: Callable[[], str], *, listed: bool = True
    ) -> bool:
        start = self._stage.clock()
        outcome: Outcome = "pass"
        try:
            message = work()
        except (OperationFailed, EvaluationError, ApiRefusal, InvalidInput) as error:
            outcome, message = "fail", str(error)
        except Unavailable as error:
            self._note(step, kind, "error", str(error), self._stage.clock() - start, listed=True)
            raise
        self._note(step, kind, outcome, message, self._stage.clock() - start, listed=listed)
        return outcome == "pass"

    def _note(
        self, step: str, kind: str, outcome: Outcome, message: str, seconds: float, *, listed: bool
    ) -> None:
        if outcome == "fail":
            self._fail(f"{step}: {kind}: {message}")
        if listed or outcome != "pass":
            self.reports.append(StepReport(step, kind, outcome, message, seconds))
