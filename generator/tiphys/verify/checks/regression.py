"""What depends on a changed skill still works: its merged releases, on the tree after the merge."""

from __future__ import annotations

from collections.abc import Iterator

from tiphys.domain.errors import InvalidInput
from tiphys.domain.policy import Policy
from tiphys.domain.wording import counted
from tiphys.library import RELEASE_FILE, Release
from tiphys.verify.check import ClusterCheck, Finding, Sandbox
from tiphys.verify.control.trial import run_recorded
from tiphys.verify.subject import Subject, release_folder

_MOST = 20  # tested on the cluster; the others are rendered


def check_regression(subject: Subject, _policy: Policy, sandbox: Sandbox) -> Finding:
    """`fail` names each release that the changed skill would no longer serve."""
    if not subject.skills:
        return Finding("skipped", "no skill is changed")
    cases = [
        subject.case(release.path)
        for name in subject.skills
        for release in dependents(subject, name)
    ]
    if not cases:
        return Finding("skipped", "no merged release was made from what is changed")
    problems: list[str] = []
    for case in cases:
        try:
            _ = case.manifests
        except InvalidInput as problem:
            problems.append(f"{case.name}: {problem}")
    tested = [] if problems else cases[:: -(-len(cases) // _MOST)]
    for case in tested:
        report = run_recorded(case, sandbox)
        if report.outcome == "error":
            return Finding("error", f"{case.name}: {report.message}")
        if report.outcome != "pass":
            problems.append(f"{case.name}: {report.message}")
    if problems:
        broken = f"{len(problems)} of {counted(len(cases), 'merged release')} would break"
        return Finding("fail", f"{broken}: {problems[0]}", tuple(problems))
    rest = f", {len(cases) - len(tested)} more rendered" if len(tested) < len(cases) else ""
    return Finding("pass", f"{counted(len(tested), 'merged release')} tested again{rest}")


def dependents(subject: Subject, skill: str) -> Iterator[Release]:
    """Merged releases made from a skill that the subject itself does not touch."""
    for entry in subject.reader.entries(subject.rev, "manifests"):
        folder = release_folder(entry.path)
        if folder is None or entry.path != f"{folder}/{RELEASE_FILE}":
            continue
        if folder in subject.release_folders:
            continue
        try:
            release = subject.release(folder)
        except InvalidInput:
            continue  # merged by hand, and not on trial here
        if release.skill == skill:
            yield release


CHECK = ClusterCheck("regression", None, 1, check_regression)
