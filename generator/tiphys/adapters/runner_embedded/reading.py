"""Reads chainsaw-test.yaml into `document`; refuses by name, with the path, what is not there."""

from __future__ import annotations

from dataclasses import fields
from functools import lru_cache

from tiphys.adapters.runner_embedded import document as doc
from tiphys.adapters.runner_embedded.actions import (
    AFTERWARDS,
    TRY,
    read_bindings,
    read_operations,
)
from tiphys.adapters.runner_embedded.nodes import Node, only_defaults
from tiphys.domain.errors import InvalidInput, LimitExceeded
from tiphys.library.script_steps import RUNS
from tiphys.library.strict_yaml import Limits, load_documents

API_VERSION = "chainsaw.kyverno.io/v1alpha1"
MAX_STEPS = 64
MAX_OPERATIONS = 256
LIMITS = Limits(size=256 * 1024)


@lru_cache(maxsize=16)  # the negative control runs one test a hundred times
def read_test(text: bytes, *, source: str) -> doc.Test:
    """The one Test in a file. InvalidInput, LimitExceeded. Nobody changes what it returns."""
    documents = load_documents(text, source=source, limits=LIMITS)
    if len(documents) != 1:
        raise InvalidInput(f"{source}: must hold one Test, has {len(documents)} documents")
    try:
        return _test(Node(documents[0], ""))
    except LimitExceeded as error:
        raise LimitExceeded(f"{source}: {error}") from None
    except InvalidInput as error:
        raise InvalidInput(f"{source}: {error}") from None


def _test(node: Node) -> doc.Test:
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
    only_defaults(spec)
    steps = tuple(_step(each) for each in spec.items("steps"))
    _limits(spec, steps)
    return doc.Test(
        name=name,
        steps=steps,
        metadata=metadata.value,
        catch=read_operations(spec, "catch", AFTERWARDS),
        bindings=read_bindings(spec),
        timeouts=_timeouts(spec),
        template=spec.scalar("template", bool, True),
        skip=spec.scalar("skip", bool, False),
        skip_delete=spec.scalar("skipDelete", bool, False),
    )


def _limits(spec: Node, steps: tuple[doc.Step, ...]) -> None:
    if len(steps) > MAX_STEPS:
        raise LimitExceeded(f"spec.steps: {len(steps)} steps, at most {MAX_STEPS} are run")
    operations = sum(len(s.attempt + s.catch + s.lastly + s.cleanup) for s in steps)
    if operations > MAX_OPERATIONS:
        raise LimitExceeded(
            f"spec.steps: {operations} operations, at most {MAX_OPERATIONS} are run"
        )
    if not any(operation.kind in doc.ASSERTING for step in steps for operation in step.attempt):
        raise spec.wrong("the test asserts nothing; add an `assert`, `error` or `wait`")


def _step(node: Node) -> doc.Step:
    node.mapping(
        frozenset(
            "name description bindings catch cleanup compiler finally skipDelete template timeouts"
            " try deletionPropagationPolicy".split()
        )
    )
    only_defaults(node)
    for key in ("try", "catch", "finally", "cleanup"):
        for operation in node.items(key):
            _no_program(operation)
    attempt = read_operations(node, "try", TRY)
    if not attempt:
        raise node.at("try").wrong("needs at least one operation")
    return doc.Step(
        name=node.scalar("name", str, ""),
        attempt=attempt,
        catch=read_operations(node, "catch", AFTERWARDS),
        lastly=read_operations(node, "finally", AFTERWARDS),
        cleanup=read_operations(node, "cleanup", AFTERWARDS),
        bindings=read_bindings(node),
        timeouts=_timeouts(node),
        template=node.flag("template"),
        skip_delete=node.flag("skipDelete"),
    )


def _no_program(operation: Node) -> None:
    for kind in RUNS:
        if isinstance(operation.value, dict) and kind in operation.value:
            raise InvalidInput(
                f"{operation.unsupported(kind)}; it needs a person's word in tiphys.toml"
                " (policy.allowed_scripts)"
            )


def _timeouts(node: Node) -> dict[str, float]:
    known = {each.name.rstrip("_"): each.name for each in fields(doc.Timeouts)}
    timeouts = node.at("timeouts")
    if timeouts.value is None:
        return {}
    timeouts.mapping(frozenset(known))
    read = {known[key]: timeouts.seconds(key) for key in timeouts.value}
    return {key: seconds for key, seconds in read.items() if seconds is not None}
