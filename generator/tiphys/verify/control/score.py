"""The mutation score of skills, for a table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from tiphys.domain.errors import InvalidInput
from tiphys.domain.skill import Skill
from tiphys.verify.cases import example_cases
from tiphys.verify.check import Sandbox
from tiphys.verify.control.rounds import Budget, control_case
from tiphys.verify.control.tally import Tally, together
from tiphys.verify.control.trial import run_recorded


def score_table(
    sandbox: Sandbox,
    skills: Iterable[Skill],
    progress: Callable[[Tally], None] = lambda _tally: None,
) -> Iterator[Tally]:
    """One tally for each skill over all of its examples; `progress` is told each case's.

    `seconds` is the time of the control alone, without the passing run before it. InvalidInput
    when a skill's test does not pass, Unavailable.
    """
    for skill in skills:
        tallies = []
        for case in example_cases(skill):
            report = run_recorded(case, sandbox)
            if report.outcome != "pass":
                raise InvalidInput(f"{case.name}: {report.message}")
            tallies.append(control_case(case, sandbox, Budget()))
            progress(tallies[-1])
        yield together(tallies, skill.name)
