"""What a list of findings decides."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiphys.domain.evidence import TIERS, Evidence, Outcome, Tier, decide


def evidence(check: str, outcome: Outcome, tier: Tier = "static") -> Evidence:
    return Evidence(check, "d" * 40, tier, outcome, "", 0.0)


FINDINGS = st.lists(
    st.builds(
        evidence,
        st.sampled_from(["scope", "syntax", "behaviour", "regression"]),
        st.sampled_from(get_args(Outcome)),
        st.sampled_from(TIERS),
    ),
    max_size=8,
)


@pytest.mark.parametrize(
    ("outcomes", "decision"),
    [
        ([], "inconclusive"),
        (["skipped"], "inconclusive"),
        (["pass"], "accept"),
        (["pass", "skipped"], "accept"),
        (["pass", "error"], "inconclusive"),
        (["pass", "fail"], "revise"),
        (["error", "fail"], "revise"),
    ],
)
def test_decisions(outcomes: list[Outcome], decision: str) -> None:
    assert decide("h", [evidence("syntax", o) for o in outcomes]).decision == decision


def test_breaking_the_rules_of_the_road_rejects() -> None:
    verdict = decide("h", [evidence("scope", "fail"), evidence("syntax", "fail")])
    assert verdict.decision == "reject"
    assert "scope, syntax failed" in verdict.explanation
    assert decide("h", [evidence("scope", "error")]).decision == "inconclusive"


@given(FINDINGS, st.sampled_from(["fail", "error"]), st.integers(0, 8))
def test_bad_news_anywhere_is_never_accepted(
    found: list[Evidence], outcome: Outcome, at: int
) -> None:
    found.insert(at, evidence("behaviour", outcome))
    assert decide("h", found).decision != "accept"


@given(FINDINGS)
def test_only_a_pass_accepts_and_order_does_not_matter(found: list[Evidence]) -> None:
    verdict = decide("h", iter(found))
    assert verdict.decision == decide("h", reversed(found)).decision
    assert verdict.evidence == tuple(found)
    outcomes = {e.outcome for e in found}
    assert (verdict.decision == "accept") == (
        "pass" in outcomes and not outcomes & {"fail", "error"}
    )


@given(FINDINGS)
def test_the_tier_is_the_strongest_that_passed(found: list[Evidence]) -> None:
    passed = [e.tier for e in found if e.outcome == "pass"]
    assert decide("h", found).tier == max(passed, key=TIERS.index, default="static")
