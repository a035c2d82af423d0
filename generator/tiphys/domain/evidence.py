"""What a check found out, and what a list of findings decides."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from tiphys.domain.wording import counted

Tier = Literal["static", "schema", "api", "simulated", "real"]
Outcome = Literal["pass", "fail", "skipped", "error"]
Decision = Literal["accept", "revise", "reject", "inconclusive"]

TIERS: tuple[Tier, ...] = get_args(Tier)  # weakest first


@dataclass(frozen=True, slots=True)
class Evidence:
    """One check's finding about one subject.

    `subject_digest` is the git tree id of what was checked, `seconds` wall time, `summary` one line
    for people, `details` further lines (the cluster's own words). `fail` blames the subject,
    `error` the infrastructure; the two are never confused.
    """

    check: str
    subject_digest: str
    tier: Tier
    outcome: Outcome
    summary: str
    seconds: float
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision on one head commit, with the evidence that carries it."""

    decision: Decision
    head_sha: str
    evidence: tuple[Evidence, ...]
    explanation: str

    @property
    def tier(self) -> Tier:
        """The strongest tier that a passing check reached; `static` where none passed."""
        reached = [TIERS.index(e.tier) for e in self.evidence if e.outcome == "pass"]
        return TIERS[max(reached, default=0)]


# A proposal that breaks the rules of the road is not worth another round; a failing one is.
REJECTING_CHECKS = frozenset({"scope"})


def decide(head_sha: str, evidence: Iterable[Evidence]) -> Verdict:
    """Fold evidence into a verdict: fail beats error, and only passes (at least one) accept.

    `skipped` is neutral only for checks that do not apply; a list without any pass is inconclusive.
    """
    found = tuple(evidence)
    failed = [e for e in found if e.outcome == "fail"]
    errors = [e for e in found if e.outcome == "error"]
    if failed:
        rejecting = any(e.check in REJECTING_CHECKS for e in failed)
        names = ", ".join(dict.fromkeys(e.check for e in failed))
        return Verdict("reject" if rejecting else "revise", head_sha, found, f"{names} failed")
    if errors:
        names = ", ".join(dict.fromkeys(e.check for e in errors))
        return Verdict(
            "inconclusive", head_sha, found, f"{names} could not be run; run the checks again"
        )
    passed = [e for e in found if e.outcome == "pass"]
    if not passed:
        return Verdict("inconclusive", head_sha, found, "no check applied")
    verdict = Verdict("accept", head_sha, found, "")
    return Verdict(
        "accept",
        head_sha,
        found,
        f"{counted(len(passed), 'check')} passed, up to tier {verdict.tier}",
    )
