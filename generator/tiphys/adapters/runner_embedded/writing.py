"""apply, create, update, patch and delete: what changes the cluster."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tiphys.adapters.runner_embedded.assertion import Mismatch, mismatches, say
from tiphys.adapters.runner_embedded.document import Expectation, Operation, ResourceAction
from tiphys.adapters.runner_embedded.functions import EvaluationError
from tiphys.adapters.runner_embedded.gotypes import as_sent
from tiphys.adapters.runner_embedded.objects import (
    identity,
    placed,
    read,
    reference,
    still_there,
    timeout_of,
)
from tiphys.adapters.runner_embedded.scope import Scope, resolve
from tiphys.adapters.runner_embedded.stage import OperationFailed, Stage
from tiphys.adapters.runner_embedded.templating import render
from tiphys.domain.errors import ApiRefusal
from tiphys.ports import Object


@dataclass
class Created:
    """The objects that a step created, in order: what its cleanup deletes, in reverse."""

    objects: list[Object] = field(default_factory=list)


@dataclass(frozen=True)
class Context:
    """One resource that an operation works on, and where it does."""

    stage: Stage
    scope: Scope
    action: ResourceAction
    created: Created | None  # None: nothing is recorded for cleanup

    def settle(self, obj: Object, error: str | None) -> tuple[str | None, Mapping[str, Any]]:
        """What is wrong after all `expect`ations (None: nothing), and the outputs."""
        scope = self.scope.bind(error=error)
        problem = _expected(self.action.expect, obj, scope, error)
        if problem is not None:
            return problem, {}
        outputs: dict[str, Any] = {}
        for output in self.action.outputs:
            if output.match is not None and mismatches(output.match, obj, scope.bindings):
                continue
            name, value = resolve(output.binding, obj, scope.bindings)
            outputs[name] = value
            scope = scope.bind(**{name: value})
        return None, outputs


def write(operation: Operation, context: Context, obj: Object) -> Mapping[str, Any]:
    """apply, create, update or patch one object; the outputs. OperationFailed."""
    obj = _prepared(obj, context)
    metadata = obj["metadata"]
    name = metadata.get("name")
    if not isinstance(name, str) or not name:
        raise OperationFailed(f"{obj['kind']}: metadata.name is required")
    outputs: Mapping[str, Any] = {}
    api = context.stage.api

    def attempt() -> str | None:
        nonlocal outputs
        try:
            live = api.get(obj["apiVersion"], obj["kind"], name, metadata.get("namespace"))
            problem, send = _WRITES[operation.kind](obj, live)
            if send is None:
                return problem
        except ApiRefusal as refusal:
            return str(refusal)
        after, error = obj, None
        try:
            sent = getattr(api, send)(_versioned(obj, live))
        except ApiRefusal as refusal:
            error = str(refusal)
            final = send == "create" and _final(refusal)
        else:
            # After a merge patch Chainsaw goes on with what it sent, not with what came back.
            after = obj if send == "patch" else sent
            if send == "create" and context.created is not None:
                context.created.objects.append(sent)
        try:
            problem, outputs = context.settle(after, error)
        except EvaluationError as evaluation:
            problem = str(evaluation)
        if problem is not None and error is not None and final:
            raise OperationFailed(problem)
        return problem

    _polled(context.stage, context.scope.timeouts.apply, operation, obj, attempt)
    return outputs


def delete(operation: Operation, context: Context, obj: Object) -> None:
    """Delete what the object names or selects, and wait until it is gone. OperationFailed."""
    obj = _prepared(obj, context)
    api, stage = context.stage.api, context.stage
    problems: list[str] = []
    gone: list[Object] = []
    found = read(stage, obj)
    for live in found:
        where = identity(live)
        error = None
        try:
            api.delete(*where)
            gone.append(live)
        except ApiRefusal as refusal:
            error = str(refusal)
        problem = _expected(context.action.expect, live, context.scope.bind(error=error), error)
        if problem is not None:
            problems.append(f"{reference(live)}: {problem}")
    if gone:
        timeout = timeout_of(operation, context.scope.timeouts.delete)
        left = {identity(each) for each in gone}
        try:
            stage.poll(timeout, lambda: still_there(stage, left))
        except OperationFailed as failed:
            problems.append(str(failed))
    if problems:
        raise OperationFailed("; ".join(problems))


def _on_apply(_obj: Object, live: Object | None) -> tuple[str | None, str | None]:
    return None, "create" if live is None else "patch"


def _on_create(_obj: Object, live: Object | None) -> tuple[str | None, str | None]:
    return (None, "create") if live is None else ("the object is there already", None)


def _on_update(_obj: Object, live: Object | None) -> tuple[str | None, str | None]:
    return (None, "update") if live is not None else ("the object is not there", None)


def _on_patch(_obj: Object, live: Object | None) -> tuple[str | None, str | None]:
    return (None, "patch") if live is not None else ("the object is not there", None)


# Which request an operation sends, seeing what is there; no request means no `expect` either.
_WRITES = {"apply": _on_apply, "create": _on_create, "update": _on_update, "patch": _on_patch}


def _final(refusal: ApiRefusal) -> bool:
    """Whether sending the same new object again is bound to be refused again.

    An admission policy may change while a test runs; the schema of a built-in kind does not.
    """
    said = str(refusal).lower()
    if "admission" in said or "denied" in said:
        return False
    return refusal.reason == "Invalid" or "strict decoding error" in said


def _polled(
    stage: Stage,
    default: float,
    operation: Operation,
    obj: Object,
    attempt: Callable[[], str | None],
) -> None:
    try:
        stage.poll(timeout_of(operation, default), attempt)
    except OperationFailed as failed:
        raise OperationFailed(f"{reference(obj)}: {failed}") from None


def _expected(
    expectations: Sequence[Expectation], obj: Object, scope: Scope, error: str | None
) -> str | None:
    """What is left of an operation's error once its expectations have been asked."""
    asked = False
    wrong: list[Mismatch] = []
    for each in expectations:
        if each.match is not None and mismatches(each.match, obj, {}):
            continue
        asked = True
        wrong += mismatches(each.check, obj, scope.bindings)
    if not asked:
        return error
    if not wrong:
        return None
    said = f"; the cluster said: {error}" if error else ""
    return f"expectation not met: {say(wrong)}{said}"


def _prepared(obj: Object, context: Context) -> Object:
    """The object as it is sent: expressions replaced, namespace filled in."""
    if context.scope.template:
        obj = as_sent(render(obj, obj, context.scope.bindings))
    return placed(obj, context.stage)


def _versioned(obj: Object, live: Object | None) -> Object:
    if live is None:
        return obj
    version = live["metadata"].get("resourceVersion")
    return {**obj, "metadata": {**obj["metadata"], "resourceVersion": version}}
