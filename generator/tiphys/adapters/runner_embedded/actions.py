"""Reads the operations of a step."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, cast

from tiphys.adapters.runner_embedded import document as doc
from tiphys.adapters.runner_embedded.assertion import check_tree
from tiphys.adapters.runner_embedded.gotypes import as_sent, as_written
from tiphys.adapters.runner_embedded.jsonpath import parse_jsonpath
from tiphys.adapters.runner_embedded.nodes import Node, only_defaults
from tiphys.adapters.runner_embedded.templating import check_template
from tiphys.domain.errors import InvalidInput

_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
TRY = frozenset(
    {"apply", "assert", "create", "delete", "describe", "error", "patch", "sleep", "update", "wait"}
)
AFTERWARDS = frozenset({"delete", "describe", "sleep", "wait"})
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


def read_bindings(node: Node) -> tuple[doc.Binding, ...]:
    """The bindings that a test, a step or an operation declares. InvalidInput."""
    return tuple(_read_binding(each) for each in node.items("bindings"))


def _read_binding(node: Node, extra: frozenset[str] = frozenset()) -> doc.Binding:
    node.mapping(frozenset({"name", "value", "compiler"}) | extra)
    only_defaults(node)
    if "value" not in node.value:
        raise node.wrong("needs a value")
    check_template(node.value["value"], node.at("value").path)
    return doc.Binding(node.text("name", required=True), as_written(node.value["value"]))


def read_operations(node: Node, key: str, kinds: frozenset[str]) -> tuple[doc.Operation, ...]:
    """The operations in a list, each of one of `kinds`. InvalidInput."""
    return tuple(_operation(each, kinds) for each in node.items(key))


def _operation(node: Node, kinds: frozenset[str]) -> doc.Operation:
    extra = frozenset({"continueOnError"}) if kinds is TRY else frozenset()
    node.mapping(kinds | _EVERY_OPERATION | extra)
    only_defaults(node)
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
    only_defaults(action)
    read: Callable[[Node], doc.ResourceAction | doc.ObjectAction]
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


def _expectation_action(node: Node) -> doc.ResourceAction:
    """`assert` and `error`: an assertion tree."""
    resource = node.at("resource")
    if resource.value is not None and not resource.mapping():
        raise resource.wrong("expects nothing")
    return doc.ResourceAction(
        file=_file(node, has_other=resource.value is not None),
        resource=as_written(resource.value),
        bindings=read_bindings(node),
        template=node.flag("template"),
    )


def _resource_action(node: Node) -> doc.ResourceAction:
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
        bindings=read_bindings(node),
        expect=tuple(_expectation(each) for each in node.items("expect")),
        outputs=tuple(
            doc.Output(_read_binding(each, frozenset({"match"})), _tree(each, "match"))
            for each in node.items("outputs")
        ),
        template=node.flag("template"),
    )


def _metadata(node: Node) -> dict[str, Any]:
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


def _referenced(node: Node) -> dict[str, Any]:
    node.mapping(frozenset({"apiVersion", "kind", "name", "namespace", "labels"}))
    metadata = {
        key: node.value[key] for key in ("name", "namespace", "labels") if key in node.value
    }
    return {
        "apiVersion": node.value["apiVersion"],
        "kind": node.value["kind"],
        "metadata": metadata,
    }


def _file(node: Node, *, has_other: bool) -> str:
    file = node.text("file")
    if has_other == bool(file):
        raise node.wrong("needs either a file or an inline object")
    if "://" in file:
        raise node.at("file").wrong("remote files are not supported by the embedded runner")
    if file.startswith("/") or ".." in file.split("/"):
        raise node.at("file").wrong("must stay below the test's folder")
    return file


def _expectation(node: Node) -> doc.Expectation:
    node.mapping(frozenset({"match", "check"}))
    if node.value.get("check") is None:
        raise node.wrong("needs a check")
    return doc.Expectation(_tree(node, "match"), _tree(node, "check"))


def _tree(node: Node, key: str) -> Any:
    tree = node.at(key)
    check_tree(tree.value, tree.path)
    return as_written(tree.value)


def _object_action(node: Node) -> doc.ObjectAction:
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


def _condition(node: Node) -> doc.Condition:
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
