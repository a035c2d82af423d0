"""`wait` and `describe`, as kubectl does them: on the objects that exist when they start."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from tiphys.adapters.runner_embedded.document import Condition, ObjectAction, Operation
from tiphys.adapters.runner_embedded.functions import EvaluationError
from tiphys.adapters.runner_embedded.jsonpath import find
from tiphys.adapters.runner_embedded.objects import reference
from tiphys.adapters.runner_embedded.scope import Scope
from tiphys.adapters.runner_embedded.stage import OperationFailed, Stage
from tiphys.adapters.runner_embedded.templating import text_of
from tiphys.ports import Object

_DESCRIBED = 2000  # characters of an object's status in a diagnostic
_TERM = re.compile(r"\s*([A-Za-z0-9./_-]+)\s*==?\s*([A-Za-z0-9._-]*)\s*")


def wait(operation: Operation, action: ObjectAction, stage: Stage, scope: Scope) -> str:
    """Poll until the condition holds for every object. OperationFailed."""
    until = _resolved(action.until, scope)
    seconds = scope.timeouts.exec if operation.timeout is None else operation.timeout
    found = _selected(action, stage, scope)
    if not found and until.kind != "deletion":
        raise OperationFailed(f"{_target(action, scope)}: not found")
    pending = {_key(each): each for each in found}

    def attempt() -> str | None:
        for key, known in list(pending.items()):
            live = stage.api.get(known["apiVersion"], known["kind"], key[1], key[0])
            if live is None and until.kind != "deletion":
                raise OperationFailed(f"{reference(known)}: not found")
            if live is None or (until.kind != "deletion" and _holds(until, live)):
                del pending[key]
        names = ", ".join(reference(each) for each in pending.values())
        return f"{names}: still waiting for {_say(until)}" if pending else None

    if seconds == 0:
        if problem := attempt():
            raise OperationFailed(problem)
    elif pending:
        stage.poll(max(seconds, 0.05), attempt)
    return ", ".join(reference(each) for each in found)


def _resolved(until: Condition | None, scope: Scope) -> Condition:
    if until is None:
        raise OperationFailed("nothing to wait for")
    return Condition(
        until.kind,
        text_of(until.subject, scope.bindings) if until.subject else "",
        None if until.value is None else text_of(until.value, scope.bindings),
    )


def describe(action: ObjectAction, stage: Stage, scope: Scope) -> str:
    """The objects' status, for people. OperationFailed when a named object is missing."""
    found = _selected(action, stage, scope)
    if not found and action.name:
        raise OperationFailed(f"{_target(action, scope)}: not found")
    texts = (
        f"{reference(each)}: {json.dumps(each.get('status') or {}, sort_keys=True)}"
        for each in found
    )
    return "; ".join(texts)[:_DESCRIBED] or "no objects"


def _selected(action: ObjectAction, stage: Stage, scope: Scope) -> Sequence[Object]:
    bindings = scope.bindings
    api_version, kind = text_of(action.api_version, bindings), text_of(action.kind, bindings)
    namespace: str | None = text_of(action.namespace, bindings) or stage.namespace
    if namespace == "*" or not stage.api.namespaced(api_version, kind):
        namespace = None
    if name := text_of(action.name, bindings):
        live = stage.api.get(api_version, kind, name, namespace)
        return [] if live is None else [live]
    labels = _labels(text_of(action.selector, bindings))
    return stage.api.list(api_version, kind, namespace, labels)


def _labels(selector: str) -> Mapping[str, str] | None:
    if not selector:
        return None
    terms = [_TERM.fullmatch(each) for each in selector.split(",")]
    if not all(terms):
        raise EvaluationError(
            f"selector {selector!r}: only key=value terms are supported by the embedded runner;"
            " use --runner chainsaw"
        )
    return {term[1]: term[2] for term in terms if term}


def _key(obj: Object) -> tuple[str | None, str]:
    return obj["metadata"].get("namespace"), obj["metadata"]["name"]


def _target(action: ObjectAction, scope: Scope) -> str:
    kind = text_of(action.kind, scope.bindings)
    return f"{kind} {text_of(action.name, scope.bindings) or action.selector or '*'}"


def _say(until: Condition) -> str:
    wanted = f"={until.value}" if until.value is not None else ""
    return f"{until.kind} {until.subject}{wanted}".strip()


def _holds(until: Condition, live: Object) -> bool:
    if until.kind == "jsonPath":
        return _path_holds(until, live)
    status = live.get("status") or {}
    for condition in status.get("conditions") or []:
        if str(condition.get("type", "")).casefold() != until.subject.casefold():
            continue
        observed = condition.get("observedGeneration", status.get("observedGeneration"))
        generation = live["metadata"].get("generation")
        if observed is not None and generation is not None and observed < generation:
            return False
        wanted = "true" if until.value is None else until.value
        return str(condition.get("status", "")).casefold() == wanted.casefold()
    return False


def _path_holds(until: Condition, live: Object) -> bool:
    found = find(until.subject, live)
    if not found:
        return False
    if len(found) > 1:
        raise OperationFailed(f"{until.subject}: matches {len(found)} values, must match one")
    if until.value is None:
        return True
    value = found[0]
    if isinstance(value, dict | list):
        raise OperationFailed(f"{until.subject}: leads to an object or list, must be a plain value")
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text.strip() == until.value.strip("'\"").strip()
