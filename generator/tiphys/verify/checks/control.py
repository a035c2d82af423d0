"""The negative control: a skill's test must fail without the skill and on faulty manifests."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from tiphys.domain.policy import Policy
from tiphys.domain.skill import Skill
from tiphys.domain.wording import counted
from tiphys.verify.cases import Case
from tiphys.verify.check import ClusterCheck, Finding, Sandbox
from tiphys.verify.control.rounds import Budget, control_case, look_ahead
from tiphys.verify.control.tally import WAIVED_SHARE, Tally, pattern_of, together
from tiphys.verify.subject import Subject

_SHOWN = 40  # survivors of one case


def check_control(subject: Subject, policy: Policy, sandbox: Sandbox) -> Finding:
    """`fail` names the faults that a test did not notice, each with what was changed.

    Each skill's test is judged over all of its cases. What is waived is listed with its reason
    even when the check passes.
    """
    budget = Budget()
    ran: dict[str, list[tuple[Case, Tally]]] = {}
    for case in subject.cases:
        ran.setdefault(case.skill.name, []).append((case, control_case(case, sandbox, budget)))
    if not ran:
        return Finding("skipped", "no skill's test applies")
    problems: list[str] = []
    notes: list[str] = []
    for name, pairs in ran.items():
        tallies = [tally for _, tally in pairs]
        problems += _problems(name, tallies, policy.mutation_score)
        notes += _notes(tallies)
        if name in subject.skills:
            notes += _unused(pairs[0][0].skill, tallies)
    if problems:
        return Finding("fail", problems[0], (*problems, *notes))
    everything = together((tally for pairs in ran.values() for _, tally in pairs), "all")
    return Finding("pass", everything.summary(), tuple(notes))


def prepare_control(subject: Subject, sandbox: Sandbox, over: Callable[[], bool]) -> None:
    """Look at each case while the cluster is still empty, and cheap to ask.

    Not where the change brings namespaces: they would have to be made first, which is too early.
    """
    if any(found["kind"] == "Namespace" for _, found in subject.documents):
        return
    for case in subject.cases:
        if not over():
            look_ahead(case, sandbox)


def _problems(name: str, tallies: Sequence[Tally], least: float) -> Iterator[str]:
    whole = together(tallies, name)
    for tally in tallies:
        if not tally.empty:
            yield f"{tally.case}: the test passes on a cluster without any of the objects"
    allowed = int((whole.counted + len(whole.waived)) * WAIVED_SHARE)
    if len(whole.waived) > allowed:
        yield (
            f"{name}: {counted(len(whole.waived), 'mutant')} waived, at most {allowed} may be;"
            " let the test notice them"
        )
    if whole.score < least:
        late = f", {whole.unreached} of the rest for lack of time" if whole.unreached else ""
        yield f"{name}: {whole.summary()}, {least:.0%} needed{late}"


def _notes(tallies: Sequence[Tally]) -> Iterator[str]:
    for tally in tallies:
        if tally.remark:
            yield f"{tally.case}: {tally.remark}"
        for mutant in tally.survived[:_SHOWN]:
            yield f"survived: {mutant.id} ({tally.case}): {mutant.change}"
        if (more := len(tally.survived) - _SHOWN) > 0:
            yield f"survived: {more} more ({tally.case})"
        for mutant, reason in tally.waived:
            yield f"waived: {mutant.id} ({tally.case}): {reason}"


def _unused(skill: Skill, tallies: Sequence[Tally]) -> Iterator[str]:
    excused = [mutant.id for tally in tallies for mutant, _ in tally.waived]
    for waiver in skill.waivers:
        if not any(pattern_of(waiver).fullmatch(each) for each in excused):
            yield f"{skill.path}/tests/waivers.yaml: {waiver.mutant} excuses nothing; remove it"


CHECK = ClusterCheck("control", None, 3, check_control, prepare_control)
