"""What an operation sees: bindings and settings, inherited from test to step to operation."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from tiphys.adapters.runner_embedded.document import Binding, Timeouts
from tiphys.adapters.runner_embedded.functions import EvaluationError
from tiphys.adapters.runner_embedded.gotypes import LooseMap
from tiphys.adapters.runner_embedded.meter import TooMuch, measure
from tiphys.adapters.runner_embedded.templating import render, text_of

_NAME = re.compile(r"[0-9A-Za-z_]+")


@dataclass(frozen=True, slots=True)
class Scope:
    """Bindings by name without `$`, the timeouts in force, and two switches."""

    bindings: Mapping[str, Any]
    timeouts: Timeouts
    template: bool = True
    skip_delete: bool = False

    def bind(self, **values: Any) -> Scope:
        """With further bindings."""
        return replace(self, bindings={**self.bindings, **values})

    def resolve(self, bindings: tuple[Binding, ...]) -> Scope:
        """With the bindings that a test, a step or an operation declares. EvaluationError."""
        scope = self
        for each in bindings:
            name, value = resolve(each, None, scope.bindings)
            scope = scope.bind(**{name: value})
        return scope

    def override(
        self,
        timeouts: Mapping[str, float],
        *,
        template: bool | None,
        skip_delete: bool | None,
    ) -> Scope:
        """With a step's own settings where it has them."""
        return replace(
            self,
            timeouts=replace(self.timeouts, **timeouts),
            template=self.template if template is None else template,
            skip_delete=self.skip_delete if skip_delete is None else skip_delete,
        )


def resolve(binding: Binding, value: Any, bindings: Mapping[str, Any]) -> tuple[str, Any]:
    """A binding's name and value, its expressions applied to `value`. EvaluationError."""
    name = text_of(binding.name, bindings)
    if not _NAME.fullmatch(name):
        raise EvaluationError(f"{name!r} cannot name a binding")
    try:
        return name, measure(render(binding.value, value, bindings, mapping=LooseMap))
    except TooMuch as problem:
        raise EvaluationError(f"${name}: {problem}") from None
