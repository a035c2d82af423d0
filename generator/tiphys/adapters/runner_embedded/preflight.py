"""Reads everything a test refers to before it starts, so that nothing is refused half-way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache

from tiphys.adapters.runner_embedded.assertion import check_tree
from tiphys.adapters.runner_embedded.document import Operation, ResourceAction, Test
from tiphys.adapters.runner_embedded.stage import Content, OperationFailed, Stage
from tiphys.adapters.runner_embedded.templating import check_template


def preflight(test: Test, stage: Stage) -> None:
    """Compile every expression in inline objects and in files with a plain name. InvalidInput.

    A file whose name is an expression is read when its turn comes; one that is missing fails its
    step, as it does in Chainsaw.
    """
    for operation, template in _operations(test):
        action = operation.action
        if not isinstance(action, ResourceAction):
            continue
        asserting = operation.kind in ("assert", "error")
        found: list[Content] = []
        where = f"{operation.where}.{operation.kind}"
        if action.resource is not None:
            found = [_inline(action)]
            where = f"{where}.resource"
        elif action.file[0] not in "(\\":
            where = f"{where}.file {action.file}"
            with suppress(OperationFailed):
                found = stage.contents(action.file, manifests=not asserting)
        if asserting or (template if action.template is None else action.template):
            for each in found:
                _compile(each, where, asserting)


@lru_cache(maxsize=256)  # as many as a test has operations
def _inline(action: ResourceAction) -> Content:
    return Content(() if action.resource is None else (action.resource,))


@lru_cache(maxsize=256)
def _compile(content: Content, where: str, asserting: bool) -> None:
    """Once for each content, however often a test is run with it. InvalidInput."""
    check = check_tree if asserting else check_template
    for each in content.objects:
        check(each, where)


def _operations(test: Test) -> Iterator[tuple[Operation, bool]]:
    """Every operation, and whether expressions in its objects are replaced."""
    for operation in test.catch:
        yield operation, test.template
    for step in test.steps:
        template = test.template if step.template is None else step.template
        for operation in step.attempt + step.catch + step.lastly + step.cleanup:
            yield operation, template
