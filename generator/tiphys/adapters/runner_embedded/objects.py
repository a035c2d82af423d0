"""Objects by reference: naming, placing, reading and removing them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tiphys.adapters.runner_embedded.document import Operation
from tiphys.adapters.runner_embedded.stage import Stage
from tiphys.ports import Object

Identity = tuple[str, str, str, str | None]  # apiVersion, kind, name, namespace


def reference(obj: Object) -> str:
    """An object for people: `Deployment shop/web`."""
    metadata = obj.get("metadata") or {}
    name = metadata.get("name") or "*"
    namespace = metadata.get("namespace")
    return f"{obj.get('kind')} {namespace}/{name}" if namespace else f"{obj.get('kind')} {name}"


def placed(obj: Object, stage: Stage) -> Object:
    """The object with its namespace filled in, if it lives in one. ApiRefusal."""
    metadata = obj.get("metadata")
    obj = {**obj, "metadata": dict(metadata) if isinstance(metadata, dict) else {}}
    api_version = obj.get("apiVersion")
    if not isinstance(api_version, str):
        api_version = ""
    if not obj["metadata"].get("namespace") and stage.api.namespaced(api_version, obj["kind"]):
        obj["metadata"]["namespace"] = stage.namespace
    return obj


def text(obj: Mapping[str, Any], key: str) -> str:
    """A field, or nothing when it is no text."""
    value = obj.get(key)
    return value if isinstance(value, str) else ""


def read(stage: Stage, obj: Object) -> Sequence[Object]:
    """The live object that `obj` names, or those that its labels select."""
    metadata = obj.get("metadata") or {}
    namespace = text(metadata, "namespace") or None
    if name := text(metadata, "name"):
        live = stage.api.get(obj["apiVersion"], obj["kind"], name, namespace)
        return [] if live is None else [live]
    labels = metadata.get("labels")
    usable = isinstance(labels, dict) and all(isinstance(v, str) for v in labels.values())
    return stage.api.list(obj["apiVersion"], obj["kind"], namespace, labels if usable else None)


def identity(obj: Object) -> Identity:
    """What tells a live object from all others."""
    metadata = obj["metadata"]
    return obj["apiVersion"], obj["kind"], metadata["name"], metadata.get("namespace")


def clean(stage: Stage, obj: Object, timeout: float) -> None:
    """Delete one object that a step created, and wait until it is gone. OperationFailed."""
    where = identity(obj)
    if stage.api.delete(*where):
        stage.poll(timeout, lambda: still_there(stage, {where}))


def still_there(stage: Stage, left: set[Identity]) -> str | None:
    """Which of `left` still exist, in words; those gone are taken out of it."""
    left -= {each for each in left if stage.api.get(*each) is None}
    names = sorted(f"{kind} {name}" for _, kind, name, _ in left)
    return f"still there: {', '.join(names)}" if left else None


def timeout_of(operation: Operation, default: float) -> float:
    """The seconds that an operation has."""
    return default if operation.timeout is None else operation.timeout
