"""`assert` and `error`: what must, or must not, be found in the cluster."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from tiphys.adapters.runner_embedded.assertion import Mismatch, mismatches, say
from tiphys.adapters.runner_embedded.document import Operation
from tiphys.adapters.runner_embedded.objects import placed, read, reference, text, timeout_of
from tiphys.adapters.runner_embedded.scope import Scope
from tiphys.adapters.runner_embedded.stage import Stage
from tiphys.adapters.runner_embedded.templating import render
from tiphys.ports import Object


def expect(operation: Operation, stage: Stage, scope: Scope, tree: Object) -> None:
    """`assert` and `error`: poll until something (nothing) matches the tree. OperationFailed."""
    if scope.template:
        tree = _referenced(tree, scope)
    if text(tree, "kind"):
        tree = placed(tree, stage)
    wanted = operation.kind == "assert"

    def attempt() -> str | None:
        if not (text(tree, "apiVersion") and text(tree, "kind")):
            wrong = [mismatches(tree, None, scope.bindings)]
            matched = ["the expectation"] if not wrong[0] else []
        else:
            candidates = read(stage, tree)
            wrong = [mismatches(tree, each, scope.bindings) for each in candidates]
            matched = [reference(each) for each, w in zip(candidates, wrong, strict=True) if not w]
        if wanted:
            return None if matched else _closest(tree, wrong)
        return f"{', '.join(matched)} matches, and must not" if matched else None

    timeouts = scope.timeouts
    default = timeouts.assert_ if wanted else timeouts.error
    stage.poll(timeout_of(operation, default), attempt)


def _closest(tree: Object, wrong: Sequence[Sequence[Mismatch]]) -> str:
    if not wrong:
        return f"{reference(tree)}: not found"
    note = f" (the closest of {len(wrong)})" if len(wrong) > 1 else ""
    return f"{reference(tree)}{note}: {say(min(wrong, key=len))}"


def _referenced(tree: Object, scope: Scope) -> Object:
    """The tree with the expressions replaced that say which object is meant."""
    if not (text(tree, "apiVersion") and text(tree, "kind")):
        return tree
    metadata = tree.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    meant = {key: metadata[key] for key in ("name", "namespace") if text(metadata, key)}
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
