"""A verdict as an in-toto Statement, and the circumstances that a verdict depends on.

The predicate is in-toto's test result (https://in-toto.io/attestation/test-result/v0.1); what that
type has no field for stands below `tiphys`, which other readers pass by.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, get_args

from tiphys.domain.errors import InvalidInput
from tiphys.domain.evidence import TIERS, Decision, Evidence, Outcome, Verdict

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://in-toto.io/attestation/test-result/v0.1"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
_RESULTS: dict[Decision, str] = {"accept": "PASSED", "revise": "FAILED", "reject": "FAILED"}


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Everything that decides a verdict: the same circumstances, the same verdict.

    `base_tree` and `tree` are git tree ids of the target and of what it would become, `guardrails`
    that of the base's guardrails ("" without any). `checks` maps each check to its version,
    `environment` names what runs them ("kubernetes": "1.34.4"). `rules` and `request` are digests
    of the policy in force and of what was asked for, `agent` whether a program proposed it.
    """

    base_tree: str
    tree: str
    guardrails: str
    rules: str
    request: str
    agent: bool
    checks: Mapping[str, int]
    environment: Mapping[str, str]

    @property
    def key(self) -> str:
        """sha256 over all of it: what a verdict is remembered by."""
        return digest_of(asdict(self))

    def same_rules(self, other: Circumstances) -> bool:
        """Whether another verdict was reached by the same rules, perhaps on another base."""
        mine = asdict(self) | {"base_tree": "", "tree": ""}
        return mine == asdict(other) | {"base_tree": "", "tree": ""}


@dataclass(frozen=True, slots=True)
class Attested:
    """A verdict with the circumstances that it was reached in."""

    verdict: Verdict
    circumstances: Circumstances


def digest_of(value: Any) -> str:
    """sha256 (hex) of a JSON value's canonical form."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def write_statement(attested: Attested) -> bytes:
    """The Statement as JSON. InvalidInput for an inconclusive verdict: it says nothing."""
    verdict, found = attested.verdict, attested.circumstances
    if verdict.decision not in _RESULTS:
        raise InvalidInput("an inconclusive verdict is not attested; run the checks again")
    named: dict[str, list[str]] = {"pass": [], "fail": [], "skipped": [], "error": []}
    for evidence in verdict.evidence:
        named[evidence.outcome].append(evidence.check)
    statement = {
        "_type": STATEMENT_TYPE,
        "subject": [
            {"name": "proposal", "digest": {"gitCommit": verdict.head_sha}},
            {"name": "tree after the merge", "digest": {"gitTree": found.tree}},
        ],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "result": _RESULTS[verdict.decision],
            "configuration": [
                {"name": "target", "digest": {"gitTree": found.base_tree}},
                {"name": "guardrails", "digest": {"gitTree": found.guardrails}},
                {"name": "policy", "digest": {"sha256": found.rules}},
                {"name": "request", "digest": {"sha256": found.request}},
            ],
            "passedTests": named["pass"],
            "warnedTests": named["skipped"],
            "failedTests": named["fail"] + named["error"],
            "tiphys": {
                "key": found.key,
                "decision": verdict.decision,
                "explanation": verdict.explanation,
                "circumstances": asdict(found),
                "evidence": [asdict(evidence) for evidence in verdict.evidence],
            },
        },
    }
    return json.dumps(statement, sort_keys=True, separators=(",", ":")).encode()


def read_statement(payload: bytes) -> Attested:
    """The verdict in a Statement. InvalidInput unless it is one that `write_statement` makes."""
    try:
        statement = json.loads(payload)
        own = statement["predicate"]["tiphys"]
        circumstances = Circumstances(**own["circumstances"])
        verdict = Verdict(
            decision=own["decision"],
            head_sha=statement["subject"][0]["digest"]["gitCommit"],
            evidence=tuple(_evidence(each) for each in own["evidence"]),
            explanation=own["explanation"],
        )
        attested = Attested(verdict, circumstances)
        same = write_statement(attested) == payload
    except (ValueError, KeyError, TypeError, IndexError, RecursionError, AttributeError) as problem:
        raise InvalidInput(f"not an attested verdict: {type(problem).__name__}") from None
    if not same:
        raise InvalidInput("not an attested verdict: its parts do not agree")
    return attested


def _evidence(fields: Mapping[str, Any]) -> Evidence:
    found = Evidence(**{**fields, "details": tuple(fields["details"])})
    if found.outcome not in get_args(Outcome) or found.tier not in TIERS:
        raise ValueError
    return found
