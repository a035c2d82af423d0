"""The skill's own test passes on a fresh cluster, for the proposed values and for each example."""

from __future__ import annotations

from tiphys.domain.errors import Unavailable
from tiphys.domain.policy import Policy
from tiphys.domain.testreport import TestReport
from tiphys.domain.wording import counted
from tiphys.library.script_steps import scripts_in
from tiphys.verify.cases import Case
from tiphys.verify.check import ClusterCheck, Finding, Sandbox
from tiphys.verify.control.trial import run_recorded
from tiphys.verify.subject import Subject


def check_behaviour(subject: Subject, _policy: Policy, sandbox: Sandbox) -> Finding:
    """`fail` carries the failing operation in the cluster's words, `error` blames the cluster."""
    if not subject.cases:
        return Finding("skipped", "no skill's test applies")
    operations = 0
    for case in subject.cases:
        _needs_programs(case, sandbox)
        report = run_case(case, sandbox)
        operations += len(report.steps)
        if report.outcome == "skipped":
            return Finding("fail", f"{case.name}: {report.message}, and proves nothing")
        if report.outcome != "pass":
            return Finding(report.outcome, f"{case.name}: {report.message}", _words(report))
    ran = counted(len(subject.cases), "test run")
    return Finding("pass", f"{ran}, {counted(operations, 'operation')}, all as expected")


def run_case(case: Case, sandbox: Sandbox) -> TestReport:
    """Lay out and run one case on the sandbox; what it sees is kept for the negative control."""
    return run_recorded(case, sandbox)


def _needs_programs(case: Case, sandbox: Sandbox) -> None:
    """Unavailable where its test runs programs, which a person allowed, and the runner can't."""
    inside = type(sandbox.rehearse(sandbox.api)) is type(sandbox.runner)
    if inside and scripts_in(case.skill.test):
        raise Unavailable(
            f"{case.name}: its test runs programs; run the checks with --runner chainsaw"
        )


def _words(report: TestReport) -> tuple[str, ...]:
    bad = [s for s in report.steps if s.outcome not in ("pass", "skipped")]
    return tuple(f"{s.step}: {s.operation}: {s.message}" for s in bad) or (report.message,)


CHECK = ClusterCheck("behaviour", None, 2, check_behaviour)
