"""Whether a skill's test may run programs: only where a person has allowed it, by name.

The policy is the target branch's, so a proposal can't allow itself.
"""

from __future__ import annotations

from tiphys.domain.errors import NotFound
from tiphys.domain.policy import Policy
from tiphys.library.script_steps import scripts_in
from tiphys.verify.check import Finding, StaticCheck, failed_or_passed
from tiphys.verify.subject import Subject

__all__ = ["CHECK", "check_scripts", "ruling", "scripts_in"]

TEST_FILE = "tests/chainsaw-test.yaml"
_SETTING = "policy.allowed_scripts"


def check_scripts(subject: Subject, policy: Policy) -> Finding:
    """`fail` on a changed skill whose test runs programs that nobody allowed."""
    problems: list[str] = []
    allowed: list[str] = []
    for name in subject.skills:
        skill = f"skills/{name}"
        test = _test(subject, skill)
        touched = any(change.path.startswith(f"{skill}/tests/") for change in subject.changes)
        against = ruling(skill, test, policy, agent=subject.agent and touched)
        problems += against
        if not against and scripts_in(test):
            allowed.append(skill)
    words = f"allowed by name: {', '.join(allowed)}" if allowed else "no test runs programs"
    return failed_or_passed(problems, words)


def _test(subject: Subject, skill: str) -> bytes:
    try:
        return subject.reader.read(subject.rev, f"{skill}/{TEST_FILE}")
    except NotFound:
        return b""  # the syntax check says so


def ruling(skill: str, test: str | bytes, policy: Policy, *, agent: bool) -> tuple[str, ...]:
    """What speaks against the test of `skill` ("skills/<name>"); `agent`: a program wrote it."""
    found = scripts_in(test)
    if not found:
        return ()
    uses = f"{skill}: uses {', '.join(found)}"
    if agent:
        return (f"{uses}; only a person may write a test that runs programs",)
    if skill not in policy.allowed_scripts:
        return (f"{uses}; a person may allow it by name in tiphys.toml: {_SETTING}",)
    return ()


CHECK = StaticCheck("scripts", "static", 1, check_scripts)
