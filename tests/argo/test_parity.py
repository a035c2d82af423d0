"""Both engines give the same verdict: one run of the plan, and its parts run in pods."""

from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiphys.argo.collecting import collect
from tiphys.argo.evidence_files import exit_code, write_evidence
from tiphys.argo.parts import cut, shards
from tiphys.domain.errors import InvalidInput, Unavailable
from tiphys.domain.policy import Policy
from tiphys.testing.memory_cluster import MemoryClusters
from tiphys.testing.memory_repository import MemoryRepository
from tiphys.testing.scripted_runner import ScriptedRunner
from tiphys.verify.check import ClusterCheck, Finding, Sandbox, StaticCheck
from tiphys.verify.plan import Plan, verify
from tiphys.verify.subject import Subject

HEAD, DIGEST = "a" * 40, "b" * 40
SUBJECT = Subject(MemoryRepository(), HEAD, "r", DIGEST, ())
MINORS = ["1.33", "1.35"]
STATIC, GATE, ASIDE = ["scope", "syntax"], ["schema", "critic"], ["matrix"]
GROUPS = [["behaviour"], ["control", "idempotence"], ["regression"]]
CHECKS = [*STATIC, *GATE, *(name for group in GROUPS for name in group), *ASIDE]
FINDINGS = {
    "pass": Finding("pass", "fine"),
    "fail": Finding("fail", "bad", ("line",)),
    "skipped": Finding("skipped", "does not apply"),
    "error": Finding("error", "broken"),
    "invalid": InvalidInput("no such kind"),
    "unavailable": Unavailable("no server"),
    "bug": ValueError("a bug"),
}


def plan_of(findings):
    def say(name):
        def run(*_outside):
            found = FINDINGS[findings.get(name, "pass")]
            if isinstance(found, Exception):
                raise found
            return found

        return run

    def clustered(names):
        return tuple(ClusterCheck(name, None, 1, say(name)) for name in names)

    return Plan(
        tuple(StaticCheck(name, "static", 1, say(name)) for name in STATIC),
        clustered(GATE),
        tuple(clustered(group) for group in GROUPS),
        clustered(ASIDE),
    )


def judged(plan, *, lease_fails=False):
    clusters = MemoryClusters()

    @contextmanager
    def sandbox():
        if lease_fails:
            raise Unavailable("no room")
        with clusters.lease() as lease:
            api = clusters.api(lease)
            yield Sandbox(lease, api, ScriptedRunner(), lambda _api: ScriptedRunner())

    return verify(SUBJECT, policy=Policy(), sandbox=sandbox, plan=plan)


def in_pods(plan, *, lease_fails=False):
    """As Argo runs it: a part begins when those before it left with 0."""
    left, codes = {}, {}
    for shard in shards(plan, MINORS):
        if any(codes.get(name, 1) for name in shard.part.after):
            continue
        verdict = judged(cut(plan, shard.part.name), lease_fails=lease_fails)
        found = [
            each
            for each in verdict.evidence
            if each.check in shard.part.checks
            or (each.check == "cluster" and shard.part.needs_cluster)
        ]
        left[shard.name] = write_evidence(shard, plan, HEAD, found)
        codes[shard.part.name] = max(codes.get(shard.part.name, 0), exit_code(found))
    return collect(left, plan, MINORS, head_sha=HEAD, digest=DIGEST)


def outcomes(verdict):
    return {each.check: each.outcome for each in verdict.evidence}


@given(st.dictionaries(st.sampled_from(CHECKS), st.sampled_from(sorted(FINDINGS)), max_size=4))
def test_the_same_decision_by_the_same_outcomes(findings):
    plan = plan_of(findings)
    local, argo = judged(plan), in_pods(plan)

    assert argo.decision == local.decision
    assert outcomes(argo) == outcomes(local)
    assert [e.check for e in argo.evidence] == [e.check for e in local.evidence]
    assert argo.explanation == local.explanation


@pytest.mark.parametrize("findings", [{}, {"syntax": "fail"}, {"schema": "skipped"}])
def test_the_same_decision_where_no_cluster_is_to_be_had(findings):
    plan = plan_of(findings)
    local, argo = judged(plan, lease_fails=True), in_pods(plan, lease_fails=True)

    assert argo.decision == local.decision == ("revise" if "syntax" in findings else "inconclusive")


def test_a_part_without_anything_to_say_is_no_failure():
    plan = plan_of({"matrix": "skipped"})

    assert in_pods(plan).decision == "accept"
    (matrix,) = judged(cut(plan, "matrix")).evidence
    assert (matrix.outcome, exit_code([matrix])) == ("skipped", 0)
