"""A `TestRunner` that answers from a script and remembers what it was asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tiphys.domain.errors import TiphysError
from tiphys.domain.evidence import Outcome
from tiphys.domain.testreport import StepReport, TestReport
from tiphys.ports import Lease


@dataclass(frozen=True, slots=True)
class Call:
    """One call of `run`, with the text of the test that it was to run."""

    test: str
    lease: Lease
    values: Mapping[str, Any]
    namespace: str


class ScriptedRunner:
    """Gives `answers` in turn, the last one again and again; an error among them is raised."""

    def __init__(self, *answers: TestReport | TiphysError) -> None:
        self._answers = answers or (scripted_report("pass"),)
        self.calls: list[Call] = []

    def run(
        self, folder: Path, lease: Lease, *, values: Mapping[str, Any], namespace: str
    ) -> TestReport:
        """The next answer."""
        path = folder / "chainsaw-test.yaml"
        text = path.read_text() if path.is_file() else ""
        self.calls.append(Call(text, lease, dict(values), namespace))
        answer = self._answers[min(len(self.calls), len(self._answers)) - 1]
        if isinstance(answer, TiphysError):
            raise answer
        return answer


def scripted_report(outcome: Outcome, message: str = "", *, name: str = "scripted") -> TestReport:
    """A report of one assertion in one step."""
    step = StepReport("step 1", "assert", outcome, message, 0.01)
    return TestReport(name, outcome, message, (step,), 0.01)
