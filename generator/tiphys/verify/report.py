"""A verdict as people read it: one comment with a table of evidence, one status line."""

from __future__ import annotations

from tiphys.domain.evidence import Decision, Evidence, Outcome, Verdict
from tiphys.domain.forge import StatusState
from tiphys.domain.markdown import cell, visible

VERDICT_KEY = "tiphys/verdict"  # the comment's key and the status's context
_DETAILS = 20
_DETAIL_LENGTH = 2000

_SIGN: dict[Outcome, str] = {"pass": "✓", "fail": "✗", "skipped": "-", "error": "!"}
_STATE: dict[Decision, StatusState] = {
    "accept": "success",
    "revise": "failure",
    "reject": "failure",
    "inconclusive": "error",
}
_NEXT: dict[Decision, str] = {
    "accept": "A person may merge it.",
    "revise": "Something has to change before it can be merged.",
    "reject": "It breaks the rules for proposals and is not judged further.",
    "inconclusive": "Nothing is known about the proposal; run the checks again.",
}


def status_of(verdict: Verdict) -> tuple[StatusState, str]:
    """State and summary for the forge's status."""
    return _STATE[verdict.decision], f"{verdict.decision}: {verdict.explanation}"[:250]


def comment_body(verdict: Verdict) -> str:
    """Markdown: decision, table of evidence, the failing checks' own words."""
    tree = verdict.evidence[0].subject_digest if verdict.evidence else ""
    lines = [
        f"### Verdict: {verdict.decision}",
        "",
        f"{verdict.explanation}. {_NEXT[verdict.decision]}",
        "",
        "| check | tier | outcome | what was seen | seconds |",
        "|---|---|---|---|---:|",
        *(_row(evidence) for evidence in verdict.evidence),
        "",
        (
            f"Head `{verdict.head_sha[:12]}`, tree after the merge `{tree[:12]}`. "
            "A push to the branch or to its target voids this."
        ),
    ]
    if any(e.tier == "simulated" and e.outcome == "pass" for e in verdict.evidence):
        lines.append(
            "Nodes were simulated: no image was pulled and no container ran, "
            "so nothing is said about what is inside the image."
        )
    # What is wrong first; then what a person should know though it passed: waived faults, rights
    # that nobody used, which field meets which wish.
    for verb, outcomes in (("said", ("fail", "error")), ("noted", ("pass",))):
        for evidence in verdict.evidence:
            if evidence.outcome in outcomes and evidence.details:
                lines += ["", f"**{evidence.check}** {verb}:", "", *_quoted(evidence)]
    return "\n".join(lines) + "\n"


def _row(evidence: Evidence) -> str:
    outcome = f"{_SIGN[evidence.outcome]} {evidence.outcome}"
    return (
        f"| {evidence.check} | {evidence.tier} | {outcome} | {cell(evidence.summary)} "
        f"| {evidence.seconds:.2f} |"
    )


def _quoted(evidence: Evidence) -> list[str]:
    shown = [line for text in evidence.details[:_DETAILS] for line in _indented(text)]
    left = len(evidence.details) - _DETAILS
    return [*shown, f"    ... and {left} more"] if left > 0 else shown


def _indented(text: str) -> list[str]:
    # An indented block can't be closed by what it quotes, unlike a fenced one.
    return [f"    {visible(line)}" for line in text[:_DETAIL_LENGTH].splitlines()] or ["    "]
