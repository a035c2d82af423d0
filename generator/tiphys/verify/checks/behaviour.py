"""The skill's own test passes on a fresh cluster, for the proposed values and for each example."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tiphys.domain.policy import Policy
from tiphys.domain.skill import Skill
from tiphys.domain.testreport import TestReport
from tiphys.domain.wording import counted
from tiphys.library import RELEASE_FILE, load_skill_at, read_release, render
from tiphys.library.staging import stage
from tiphys.verify.check import ClusterCheck, Finding, Sandbox
from tiphys.verify.subject import Subject

# A cluster-scoped release needs some namespace for its test to run in.
_TEST_NAMESPACE = "tiphys-test"


@dataclass(frozen=True, slots=True)
class Case:
    """One run of one skill's test."""

    name: str
    skill: Skill
    values: Mapping[str, Any]


def check_behaviour(subject: Subject, _policy: Policy, sandbox: Sandbox) -> Finding:
    """`fail` carries the failing operation in the cluster's words, `error` blames the cluster."""
    cases = list(_cases(subject))
    if not cases:
        return Finding("skipped", "no skill's test applies")
    operations = 0
    for case in cases:
        report = run_case(case, sandbox)
        operations += len(report.steps)
        if report.outcome != "pass":
            return Finding(report.outcome, f"{case.name}: {report.message}", _words(report))
    ran = counted(len(cases), "test run")
    return Finding("pass", f"{ran}, {counted(operations, 'operation')}, all as expected")


def run_case(case: Case, sandbox: Sandbox) -> TestReport:
    """Render, lay out and run one case on the sandbox."""
    namespace = str(case.values.get("namespace", _TEST_NAMESPACE))
    sandbox.ensure_namespace(namespace)
    with tempfile.TemporaryDirectory(prefix="tiphys-test-") as scratch:
        folder = Path(scratch)
        values = stage(folder, case.skill, case.values, render(case.skill, case.values))
        return sandbox.runner.run(folder, sandbox.lease, values=values, namespace=namespace)


def example_cases(skill: Skill) -> Iterator[Case]:
    """A skill's own examples as cases."""
    for name, values in skill.examples.items():
        yield Case(f"{skill.path}/examples/{name}", skill, values)


def _cases(subject: Subject) -> Iterator[Case]:
    for folder in subject.made_from_skills:
        data = subject.reader.read(subject.rev, f"{folder}/{RELEASE_FILE}")
        release = read_release(data, path=folder)
        yield Case(
            folder, load_skill_at(subject.reader, subject.rev, release.skill), release.values
        )
    for name in subject.skills:
        yield from example_cases(load_skill_at(subject.reader, subject.rev, name))


def _words(report: TestReport) -> tuple[str, ...]:
    bad = [s for s in report.steps if s.outcome not in ("pass", "skipped")]
    return tuple(f"{s.step}: {s.operation}: {s.message}" for s in bad) or (report.message,)


CHECK = ClusterCheck("behaviour", None, 1, check_behaviour)
