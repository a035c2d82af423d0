"""What each operation does to the cluster, or expects of it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tiphys.adapters.runner_embedded.assertion import Mismatch, mismatches
from tiphys.adapters.runner_embedded.document import Expectation, Operation, ResourceAction
from tiphys.adapters.runner_embedded.functions import EvaluationError
from tiphys.adapters.runner_embedded.gotypes import as_sent
from tiphys.adapters.runner_embedded.scope import Scope, resolve
from tiphys.adapters.runner_embedded.stage import OperationFailed, Stage
from tiphys.adapters.runner_embedded.templating import render, text_of
from tiphys.domain.errors import ApiRefusal
from tiphys.ports import Object

_SHOWN = 5  # mismatches in a message


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


def resources(
    operation: ResourceAction, stage: Stage, scope: Scope, *, manifests: bool
) -> list[Object]:
    """The objects or trees of an operation. OperationFailed, EvaluationError, InvalidInput."""
    if operation.resource is not None:
        return [operation.resource]
    return stage.files(text_of(operation.file, scope.bindings), manifests=manifests)


def reference(obj: Object) -> str:
    """An object for people: `Deployment shop/web`."""
    metadata = obj.get("metadata") or {}
    name = metadata.get("name") or "*"
    namespace = metadata.get("namespace")
    return f"{obj.get('kind')} {namespace}/{name}" if namespace else f"{obj.get('kind')} {name}"


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


def delete(operation: Operation, context: Context, obj: Object) -> Mapping[str, Any]:
    """Delete what the object names or selects, and wait until it is gone. OperationFailed."""
    obj = _prepared(obj, context)
    api, stage = context.stage.api, context.stage
    problems: list[str] = []
    gone: list[Object] = []
    found = _read(stage, obj)
    for live in found:
        where = _identity(live)
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
        timeout = _timeout(operation, context.scope.timeouts.delete)
        left = {_identity(each) for each in gone}
        try:
            stage.poll(timeout, lambda: _still_there(stage, left))
        except OperationFailed as failed:
            problems.append(str(failed))
    if problems:
        raise OperationFailed("; ".join(problems))
    return {}


def expect(operation: Operation, context: Context, tree: Object) -> Mapping[str, Any]:
    """`assert` and `error`: poll until something (nothing) matches the tree. OperationFailed."""
    scope, stage = context.scope, context.stage
    if scope.template:
        tree = _referenced(tree, scope)
    if _text(tree, "kind"):
        tree = _placed(tree, stage)
    wanted = operation.kind == "assert"

    def attempt() -> str | None:
        if not (_text(tree, "apiVersion") and _text(tree, "kind")):
            wrong = [mismatches(tree, None, scope.bindings)]
            matched = ["the expectation"] if not wrong[0] else []
        else:
            candidates = _read(stage, tree)
            wrong = [mismatches(tree, each, scope.bindings) for each in candidates]
            matched = [reference(each) for each, w in zip(candidates, wrong, strict=True) if not w]
        if wanted:
            return None if matched else _closest(tree, wrong)
        return f"{', '.join(matched)} matches, and must not" if matched else None

    timeouts = scope.timeouts
    default = timeouts.assert_ if wanted else timeouts.error
    stage.poll(_timeout(operation, default), attempt)
    return {}


def clean(stage: Stage, obj: Object, timeout: float) -> None:
    """Delete one object that a step created, and wait until it is gone. OperationFailed."""
    where = _identity(obj)
    if stage.api.delete(*where):
        stage.poll(timeout, lambda: _still_there(stage, {where}))


RESOURCE_OPERATIONS: Mapping[str, Callable[[Operation, Context, Object], Mapping[str, Any]]] = {
    "apply": write,
    "assert": expect,
    "create": write,
    "delete": delete,
    "error": expect,
    "patch": write,
    "update": write,
}


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
        stage.poll(_timeout(operation, default), attempt)
    except OperationFailed as failed:
        raise OperationFailed(f"{reference(obj)}: {failed}") from None


def _timeout(operation: Operation, default: float) -> float:
    return default if operation.timeout is None else operation.timeout


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
    return f"expectation not met: {_list(wrong)}{said}"


def _list(wrong: Sequence[Mismatch]) -> str:
    more = f" and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
    return "; ".join(map(str, wrong[:_SHOWN])) + more


def _closest(tree: Object, wrong: Sequence[Sequence[Mismatch]]) -> str:
    if not wrong:
        return f"{reference(tree)}: not found"
    note = f" (the closest of {len(wrong)})" if len(wrong) > 1 else ""
    return f"{reference(tree)}{note}: {_list(min(wrong, key=len))}"


def _prepared(obj: Object, context: Context) -> Object:
    """The object as it is sent: expressions replaced, namespace filled in."""
    if context.scope.template:
        obj = as_sent(render(obj, obj, context.scope.bindings))
    return _placed(obj, context.stage)


def _placed(obj: Object, stage: Stage) -> Object:
    metadata = obj.get("metadata")
    obj = {**obj, "metadata": dict(metadata) if isinstance(metadata, dict) else {}}
    api_version = obj.get("apiVersion")
    if not isinstance(api_version, str):
        api_version = ""
    if not obj["metadata"].get("namespace") and stage.api.namespaced(api_version, obj["kind"]):
        obj["metadata"]["namespace"] = stage.namespace
    return obj


def _referenced(tree: Object, scope: Scope) -> Object:
    """The tree with the expressions replaced that say which object is meant."""
    if not (_text(tree, "apiVersion") and _text(tree, "kind")):
        return tree
    metadata = tree.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    meant = {key: metadata[key] for key in ("name", "namespace") if _text(metadata, key)}
    labels = metadata.get("labels")
    if isinstance(labels, dict):
        meant["labels"] = {key: value for key, value in labels.items() if isinstance(value, str)}
    kind = {"apiVersion": tree["apiVersion"], "kind": tree["kind"]}
    found = {**kind, "metadata": meant} if meant else kind
    rendered = render(found, found, scope.bindings)
    return {**tree, **{key: _merged(tree.get(key), each) for key, each in rendered.items()}}


def _merged(base: Any, over: Any) -> Any:
    if not (isinstance(base, dict) and isinstance(over, dict)):
        return copy.deepcopy(over)
    return {**base, **{key: _merged(base.get(key), each) for key, each in over.items()}}


def _text(obj: Mapping[str, Any], key: str) -> str:
    value = obj.get(key)
    return value if isinstance(value, str) else ""


def _read(stage: Stage, obj: Object) -> Sequence[Object]:
    """The live object that `obj` names, or those that its labels select."""
    metadata = obj.get("metadata") or {}
    namespace = _text(metadata, "namespace") or None
    if name := _text(metadata, "name"):
        live = stage.api.get(obj["apiVersion"], obj["kind"], name, namespace)
        return [] if live is None else [live]
    labels = metadata.get("labels")
    usable = isinstance(labels, dict) and all(isinstance(v, str) for v in labels.values())
    return stage.api.list(obj["apiVersion"], obj["kind"], namespace, labels if usable else None)


_Identity = tuple[str, str, str, str | None]


def _identity(obj: Object) -> _Identity:
    metadata = obj["metadata"]
    return obj["apiVersion"], obj["kind"], metadata["name"], metadata.get("namespace")


def _still_there(stage: Stage, left: set[_Identity]) -> str | None:
    left -= {each for each in left if stage.api.get(*each) is None}
    names = sorted(f"{kind} {name}" for _, kind, name, _ in left)
    return f"still there: {', '.join(names)}" if left else None


def _versioned(obj: Object, live: Object | None) -> Object:
    if live is None:
        return obj
    version = live["metadata"].get("resourceVersion")
    return {**obj, "metadata": {**obj["metadata"], "resourceVersion": version}}
