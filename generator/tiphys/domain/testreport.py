"""What running one Chainsaw test gave."""

from __future__ import annotations

from dataclasses import dataclass

from tiphys.domain.evidence import Outcome


@dataclass(frozen=True, slots=True)
class StepReport:
    """One operation of one step: which, what came of it, the cluster's words, wall seconds."""

    step: str
    operation: str
    outcome: Outcome
    message: str
    seconds: float


@dataclass(frozen=True, slots=True)
class TestReport:
    """A whole test: `pass`, `fail` (the subject) or `error` (the infrastructure)."""

    __test__ = False  # not a pytest class

    name: str
    outcome: Outcome
    message: str
    steps: tuple[StepReport, ...]
    seconds: float
