"""A verdict as people read it: no evidence can break out of its place."""

from __future__ import annotations

import re
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tiphys.domain.evidence import TIERS, Evidence, Outcome, decide
from tiphys.verify.report import comment_body, status_of

HOSTILE = st.text(st.sampled_from("|`\\<>\n\r\t&*_[]()#-~ a\u2028\x1b\x0c"), max_size=60) | st.text(
    max_size=60
)
FINDINGS = st.lists(
    st.builds(
        Evidence,
        st.sampled_from(["scope", "syntax", "schema", "behaviour"]),
        st.just("d" * 40),
        st.sampled_from(TIERS),
        st.sampled_from(get_args(Outcome)),
        HOSTILE,
        st.floats(0, 1e4),
        st.lists(HOSTILE, max_size=3).map(tuple),
    ),
    max_size=5,
)


def evidence(outcome: Outcome, summary: str = "", *details: str) -> Evidence:
    return Evidence("schema", "d" * 40, "api", outcome, summary, 1.25, details)


def cells(row: str) -> list[str]:
    return re.split(r"(?<!\\)(?:\\\\)*\|", row)[1:-1]


@settings(max_examples=100, deadline=None)
@given(FINDINGS)
def test_no_evidence_breaks_the_table_or_leaves_its_block(found: list[Evidence]) -> None:
    verdict = decide("h" * 40, found)
    body = comment_body(verdict)
    lines = body.split("\n")
    start = lines.index("|---|---|---|---|---:|") + 1
    rows = lines[start : start + len(found)]
    for row, one in zip(rows, found, strict=True):
        assert len(cells(row)) == 5
        assert cells(row)[0].strip() == one.check
        assert "<" not in row
        assert "`" not in row
    assert lines[start + len(found)] == ""
    # Below the table everything foreign stands in an indented block.
    for line in lines[start + len(found) + 3 :]:
        ours = re.fullmatch(r"(\*\*\w+\*\* (said|noted):|Nodes were simulated.*)?", line)
        assert ours or line.startswith("    "), line
    assert all(character.isprintable() for character in body if character not in "\n\t")
    state, summary = status_of(verdict)
    assert (state == "success") == (verdict.decision == "accept")
    assert len(summary) <= 250


@pytest.mark.parametrize(
    ("outcome", "decision", "state"),
    [
        ("pass", "accept", "success"),
        ("fail", "revise", "failure"),
        ("error", "inconclusive", "error"),
    ],
)
def test_decision_and_state(outcome: Outcome, decision: str, state: str) -> None:
    verdict = decide("h" * 40, [evidence(outcome, "seen", "word for word")])
    body = comment_body(verdict)
    assert body.startswith(f"### Verdict: {decision}\n")
    assert status_of(verdict)[0] == state
    assert f" {outcome} | seen | 1.25 |" in body
    assert f"**schema** {'noted' if outcome == 'pass' else 'said'}:\n\n    word for word" in body


def test_long_details_are_cut_and_counted() -> None:
    body = comment_body(decide("h", [evidence("fail", "s" * 999, *["d" * 9999] * 25)]))
    assert "    ... and 5 more" in body
    assert max(map(len, body.splitlines())) < 2100


def test_simulated_evidence_says_what_it_does_not_show() -> None:
    simulated = Evidence("behaviour", "d" * 40, "simulated", "pass", "", 1.0)
    assert "no container ran" in comment_body(decide("h", [simulated]))
    assert "no container ran" not in comment_body(decide("h", [evidence("pass")]))
