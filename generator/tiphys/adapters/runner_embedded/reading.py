"""Reads chainsaw-test.yaml into `document`; refuses by name, with the path, what is not there."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeVar, cast

from tiphys.adapters.runner_embedded import document as doc
from tiphys.adapters.runner_embedded.assertion import check_tree
from tiphys.adapters.runner_embedded.gotypes import as_sent, as_written
from tiphys.adapters.runner_embedded.jsonpath import parse_jsonpath
from tiphys.adapters.runner_embedded.templating import check_template
from tiphys.domain.errors import InvalidInput, LimitExceeded
from tiphys.library.strict_yaml import Limits, load_documents

API_VERSION = "chainsaw.kyverno.io/v1alpha1"
MAX_STEPS = 64
MAX_OPERATIONS = 256
LIMITS = Limits(size=256 * 1024)

_T = TypeVar("_T")
_DURATION = re.compile(r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:ns|us|µs|ms|s|m|h)")
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_TRY = frozenset(
    {"apply", "assert", "create", "delete", "describe", "error", "patch", "sleep", "update", "wait"}
)
_AFTERWARDS = frozenset({"delete", "describe", "sleep", "wait"})
_EVERY_OPERATION = frozenset({"description", "compiler"})
_ACTION_FIELDS: Mapping[str, frozenset[str]] = {
    "apply": frozenset({"bindings", "expect", "outputs", "file", "resource", "template"}),
    "assert": frozenset({"bindings", "file", "resource", "template"}),
    "delete": frozenset(
        {"bindings", "expect", "file", "ref", "template", "deletionPropagationPolicy"}
    ),
    "describe": frozenset({"apiVersion", "kind", "name", "namespace", "selector", "showEvents"}),
    "wait": frozenset({"apiVersion", "kind", "name", "namespace", "selector", "for", "format"}),
}


def read_test(text: bytes, *, source: str) -> doc.Test:
    """The one Test in a file. InvalidInput, LimitExceeded."""
    documents = load_documents(text, source=source, limits=LIMITS)
    if len(documents) != 1:
        raise InvalidInput(f"{source}: must hold one Test, has {len(documents)} documents")
    try:
        return _test(_Node(documents[0], ""))
    except LimitExceeded as error:
        raise LimitExceeded(f"{source}: {error}") from None
    except InvalidInput as error:
        raise InvalidInput(f"{source}: {error}") from None


def read_duration(text: str) -> float:
    """Seconds of a Go duration such as "1m30s". InvalidInput."""
    parts = _DURATION.findall(text)
    if text == "0":
        return 0.0
    if not parts or "".join(parts) != text:
        raise InvalidInput(f"{text!r} is not a duration such as 30s")
    units = (re.fullmatch(r"([0-9.]+)(.+)", part) for part in parts)
    return sum(float(found[1]) * _UNITS[found[2]] for found in units if found)


@dataclass(frozen=True, slots=True)
class _Node:
    """A value of the document and its path."""

    value: Any
    path: str

    def wrong(self, what: str) -> InvalidInput:
        return InvalidInput(f"{self.path or 'document'}: {what}")

    def unsupported(self, key: str) -> InvalidInput:
        where = f"{self.path}.{key}" if self.path else key
        return InvalidInput(
            f"{where}: `{key}` is not supported by the embedded runner; use --runner chainsaw"
        )

    def mapping(self, allowed: frozenset[str] | None = None) -> dict[str, Any]:
        if not isinstance(self.value, dict):
            raise self.wrong("must be an object")
        if allowed is not None:
            for key in self.value:
                if key not in allowed:
                    raise self.unsupported(key)
        return self.value

    def at(self, key: str) -> _Node:
        return _Node(self.mapping().get(key), f"{self.path}.{key}" if self.path else key)

    def items(self, key: str) -> list[_Node]:
        node = self.at(key)
        if node.value is None:
            return []
        if not isinstance(node.value, list):
            raise node.wrong("must be a list")
        return [_Node(each, f"{node.path}[{i}]") for i, each in enumerate(node.value)]

    def scalar(self, key: str, kind: type[_T], default: _T) -> _T:
        node = self.at(key)
        if node.value is None:
            return default
        if not isinstance(node.value, kind):
            raise node.wrong(f"must be {'true or false' if kind is bool else 'text'}")
        return node.value

    def flag(self, key: str) -> bool | None:
        return self.scalar(key, bool, False) if self.at(key).value is not None else None

    def text(self, key: str, *, required: bool = False) -> str:
        """A single text, which may be an expression."""
        found = self.scalar(key, str, "")
        if required and not found:
            raise self.at(key).wrong("is missing")
        check_template(found, self.at(key).path)
        return found

    def seconds(self, key: str) -> float | None:
        node = self.at(key)
        if node.value is None:
            return None
        if not isinstance(node.value, str):
            raise node.wrong("must be a duration such as 30s")
        try:
            return read_duration(node.value)
        except InvalidInput as error:
            raise node.wrong(str(error)) from None


def _test(node: _Node) -> doc.Test:
    node.mapping(frozenset({"apiVersion", "kind", "metadata", "spec"}))
    if node.value.get("apiVersion") != API_VERSION or node.value.get("kind") != "Test":
        raise node.wrong(f"must be a `kind: Test` of {API_VERSION}")
    metadata = node.at("metadata")
    metadata.mapping(frozenset({"name", "labels", "annotations"}))
    name = metadata.scalar("name", str, "")
    if not name:
        raise metadata.wrong("needs a name")
    spec = node.at("spec")
    spec.mapping(
        frozenset(
            "description bindings catch compiler concurrent failFast skip skipDelete steps template"
            " timeouts deletionPropagationPolicy".split()
        )
    )
    _common(spec)
    steps = tuple(_step(each) for each in spec.items("steps"))
    _limits(spec, steps)
    return doc.Test(
        name=name,
        steps=steps,
        metadata=metadata.value,
        catch=_operations(spec, "catch", _AFTERWARDS),
        bindings=_bindings(spec),
        timeouts=_timeouts(spec),
        template=spec.scalar("template", bool, True),
        skip=spec.scalar("skip", bool, False),
        skip_delete=spec.scalar("skipDelete", bool, False),
    )


def _limits(spec: _Node, steps: tuple[doc.Step, ...]) -> None:
    if len(steps) > MAX_STEPS:
        raise LimitExceeded(f"spec.steps: {len(steps)} steps, at most {MAX_STEPS} are run")
    operations = sum(len(s.attempt + s.catch + s.lastly + s.cleanup) for s in steps)
    if operations > MAX_OPERATIONS:
        raise LimitExceeded(
            f"spec.steps: {operations} operations, at most {MAX_OPERATIONS} are run"
        )
    if not any(operation.kind in doc.ASSERTING for step in steps for operation in step.attempt):
        raise spec.wrong("the test asserts nothing; add an `assert`, `error` or `wait`")


def _step(node: _Node) -> doc.Step:
    node.mapping(
        frozenset(
            "name description bindings catch cleanup compiler finally skipDelete template timeouts"
            " try deletionPropagationPolicy".split()
        )
    )
    _common(node)
    attempt = _operations(node, "try", _TRY)
    if not attempt:
        raise node.at("try").wrong("needs at least one operation")
    return doc.Step(
        name=node.scalar("name", str, ""),
        attempt=attempt,
        catch=_operations(node, "catch", _AFTERWARDS),
        lastly=_operations(node, "finally", _AFTERWARDS),
        cleanup=_operations(node, "cleanup", _AFTERWARDS),
        bindings=_bindings(node),
        timeouts=_timeouts(node),
        template=node.flag("template"),
        skip_delete=node.flag("skipDelete"),
    )


def _common(node: _Node) -> None:
    """Options of which one value is the default, and the others are not supported."""
    for key, supported in (("compiler", "jp"), ("deletionPropagationPolicy", "Background")):
        if node.value.get(key) not in (None, supported):
            raise node.at(key).wrong(
                f"only `{supported}` is supported by the embedded runner; use --runner chainsaw"
            )


def _timeouts(node: _Node) -> dict[str, float]:
    known = {each.name.rstrip("_"): each.name for each in fields(doc.Timeouts)}
    timeouts = node.at("timeouts")
    if timeouts.value is None:
        return {}
    timeouts.mapping(frozenset(known))
    read = {known[key]: timeouts.seconds(key) for key in timeouts.value}
    return {key: seconds for key, seconds in read.items() if seconds is not None}


def _bindings(node: _Node) -> tuple[doc.Binding, ...]:
    return tuple(_binding(each) for each in node.items("bindings"))


def _binding(node: _Node, extra: frozenset[str] = frozenset()) -> doc.Binding:
    node.mapping(frozenset({"name", "value", "compiler"}) | extra)
    _common(node)
    if "value" not in node.value:
        raise node.wrong("needs a value")
    check_template(node.value["value"], node.at("value").path)
    return doc.Binding(node.text("name", required=True), as_written(node.value["value"]))


def _operations(node: _Node, key: str, kinds: frozenset[str]) -> tuple[doc.Operation, ...]:
    return tuple(_operation(each, kinds) for each in node.items(key))


def _operation(node: _Node, kinds: frozenset[str]) -> doc.Operation:
    extra = frozenset({"continueOnError"}) if kinds is _TRY else frozenset()
    node.mapping(kinds | _EVERY_OPERATION | extra)
    _common(node)
    named = [key for key in node.value if key in kinds]
    if len(named) != 1:
        raise node.wrong(f"must hold exactly one operation, holds {len(named)}")
    kind = cast("doc.OperationKind", named[0])
    action = node.at(kind)
    if kind == "sleep":
        action.mapping(frozenset({"duration"}))
        seconds = action.seconds("duration")
        if seconds is None:
            raise action.wrong("needs a duration")
        return doc.Operation(kind, node.path, doc.Pause(seconds))
    allowed = _ACTION_FIELDS.get({"error": "assert"}.get(kind, kind), _ACTION_FIELDS["apply"])
    action.mapping(allowed | {"timeout"})
    _common(action)
    read: Callable[[_Node], doc.ResourceAction | doc.ObjectAction]
    if kind in ("wait", "describe"):
        read = _object_action
    else:
        read = _expectation_action if kind in ("assert", "error") else _resource_action
    return doc.Operation(
        kind,
        node.path,
        read(action),
        timeout=action.seconds("timeout"),
        continue_on_error=node.scalar("continueOnError", bool, False),
    )


def _expectation_action(node: _Node) -> doc.ResourceAction:
    """`assert` and `error`: an assertion tree."""
    resource = node.at("resource")
    if resource.value is not None and not resource.mapping():
        raise resource.wrong("expects nothing")
    return doc.ResourceAction(
        file=_file(node, has_other=resource.value is not None),
        resource=as_written(resource.value),
        bindings=_bindings(node),
        template=node.flag("template"),
    )


def _resource_action(node: _Node) -> doc.ResourceAction:
    """`apply`, `create`, `update`, `patch` and `delete`: an object to send."""
    resource = node.at("ref" if "ref" in node.value else "resource")
    content = resource.value
    if content is not None:
        resource.mapping()
        for key in ("apiVersion", "kind"):
            resource.text(key, required=True)
        if "ref" in node.value:
            content = _referenced(resource)
        else:
            content = {**content, "metadata": _metadata(resource.at("metadata"))}
    return doc.ResourceAction(
        file=_file(node, has_other=content is not None),
        resource=as_sent(content),
        bindings=_bindings(node),
        expect=tuple(_expectation(each) for each in node.items("expect")),
        outputs=tuple(
            doc.Output(_binding(each, frozenset({"match"})), _tree(each, "match"))
            for each in node.items("outputs")
        ),
        template=node.flag("template"),
    )


def _metadata(node: _Node) -> dict[str, Any]:
    """What Chainsaw's own schema makes of an inline object's metadata; a file's is left alone."""
    if node.value is None:
        return {}
    metadata = dict(node.mapping())
    for key in ("name", "namespace", "generateName"):
        node.scalar(key, str, "")
    for key in ("labels", "annotations"):
        texts = node.at(key)
        if texts.value is not None:
            metadata[key] = {name: value or "" for name, value in texts.mapping().items()}
        for name in metadata.get(key) or ():
            if not isinstance(texts.value[name], str | None):
                raise texts.at(name).wrong("must be text")
            value = metadata[key][name]
            if key == "labels" and value and not _LABEL.fullmatch(value):
                raise texts.at(name).wrong(
                    f"{value!r} is no label value; an expression there must stand in a file"
                )
    return metadata


def _referenced(node: _Node) -> dict[str, Any]:
    node.mapping(frozenset({"apiVersion", "kind", "name", "namespace", "labels"}))
    metadata = {
        key: node.value[key] for key in ("name", "namespace", "labels") if key in node.value
    }
    return {
        "apiVersion": node.value["apiVersion"],
        "kind": node.value["kind"],
        "metadata": metadata,
    }


def _file(node: _Node, *, has_other: bool) -> str:
    file = node.text("file")
    if has_other == bool(file):
        raise node.wrong("needs either a file or an inline object")
    if "://" in file:
        raise node.at("file").wrong("remote files are not supported by the embedded runner")
    if file.startswith("/") or ".." in file.split("/"):
        raise node.at("file").wrong("must stay below the test's folder")
    return file


def _expectation(node: _Node) -> doc.Expectation:
    node.mapping(frozenset({"match", "check"}))
    if node.value.get("check") is None:
        raise node.wrong("needs a check")
    return doc.Expectation(_tree(node, "match"), _tree(node, "check"))


def _tree(node: _Node, key: str) -> Any:
    tree = node.at(key)
    check_tree(tree.value, tree.path)
    return as_written(tree.value)


def _object_action(node: _Node) -> doc.ObjectAction:
    node.text("format")
    if node.text("name") and node.text("selector"):
        raise node.wrong("takes a name or a selector, not both")
    return doc.ObjectAction(
        api_version=node.text("apiVersion", required=True),
        kind=node.text("kind", required=True),
        name=node.text("name"),
        namespace=node.text("namespace"),
        selector=node.text("selector"),
        until=_condition(node.at("for")) if node.path.endswith(".wait") else None,
    )


def _condition(node: _Node) -> doc.Condition:
    node.mapping(frozenset({"deletion", "condition", "jsonPath"}))
    if len(node.value) != 1:
        raise node.wrong("needs one of deletion, condition and jsonPath")
    if "deletion" in node.value:
        return doc.Condition("deletion")
    if "condition" in node.value:
        condition = node.at("condition")
        condition.mapping(frozenset({"name", "value"}))
        value = condition.text("value") if "value" in condition.value else None
        return doc.Condition("condition", condition.text("name", required=True), value)
    path = node.at("jsonPath")
    path.mapping(frozenset({"path", "value"}))
    subject = path.text("path", required=True)
    try:
        if not subject.startswith("("):
            parse_jsonpath(subject)
    except InvalidInput as error:
        raise path.at("path").wrong(str(error)) from None
    return doc.Condition(
        "jsonPath", subject, path.text("value", required=True) if "value" in path.value else None
    )
