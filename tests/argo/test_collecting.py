from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.argo.test_evidence_files import DIGEST, HEAD, SHARDS, passes
from tiphys.argo.collecting import collect
from tiphys.argo.evidence_files import write_evidence
from tiphys.argo.parts import shards
from tiphys.domain.evidence import Evidence
from tiphys.verify.plan import FULL

MINORS = ["1.33", "1.35"]
OUTCOMES = ["pass", "fail", "skipped", "error"]


def files(changes=None, leave_out=()):
    """The files of all pods, all passing but for `changes`: {(shard, check): outcome}."""
    changes = changes or {}
    return {
        shard.name: write_evidence(
            shard,
            FULL,
            HEAD,
            [
                replace(e, outcome=changes.get((shard.name, e.check), "pass"), summary=shard.name)
                for e in passes(shard)
            ],
        )
        for shard in SHARDS
        if shard.name not in leave_out
    }


def decided(found, **more):
    wanted = {"head_sha": HEAD, "digest": DIGEST, "objections": True} | more
    return collect(found, FULL, MINORS, **wanted)


def outcomes(verdict):
    return {each.check: each.outcome for each in verdict.evidence}


def test_all_pods_pass():
    verdict = decided(files())

    assert verdict.decision == "accept"
    assert verdict.head_sha == HEAD
    assert [e.check for e in verdict.evidence] == list(FULL.versions)


@given(st.sets(st.sampled_from([shard.name for shard in SHARDS]), min_size=1))
def test_a_missing_pod_is_never_accepted(missing):
    assert decided(files(leave_out=missing)).decision == "inconclusive"


@given(st.sets(st.sampled_from([shard.name for shard in SHARDS]), min_size=1), st.binary())
def test_a_broken_file_is_never_accepted(broken, junk):
    assert decided(files() | dict.fromkeys(broken, junk)).decision == "inconclusive"


@given(st.dictionaries(
    st.sampled_from([(shard.name, check) for shard in SHARDS for check in shard.part.checks]),
    st.sampled_from(OUTCOMES),
))  # fmt: skip
def test_only_passes_are_accepted(changes):
    verdict = decided(files(changes))

    wrong = {outcome for outcome in changes.values() if outcome in ("fail", "error")}
    assert (verdict.decision == "accept") == (not wrong)
    assert set(outcomes(verdict)) == set(FULL.versions)


@pytest.mark.parametrize("changed", [{"head_sha": "c" * 40}, {"digest": "c" * 40}])
def test_evidence_about_another_commit_or_tree_is_worth_nothing(changed):
    assert decided(files(), **changed).decision == "inconclusive"


def test_of_two_pods_the_worse_counts_and_both_are_kept():
    verdict = decided(files({("matrix-1.35", "matrix"): "fail"}))
    matrix = next(e for e in verdict.evidence if e.check == "matrix")

    assert verdict.decision == "revise"
    assert (matrix.outcome, matrix.summary) == ("fail", "matrix-1.35")
    both = decided(files())
    said = next(e for e in both.evidence if e.check == "matrix").summary
    assert said == "matrix-1.33; matrix-1.35"


def test_a_model_lowers_a_verdict_and_never_raises_one():
    objecting = files({("critic", "critic"): "fail"})
    praising = files({("cluster", "critic"): "fail"})

    assert decided(objecting).decision == "revise"
    assert decided(praising).decision == "revise"
    assert decided(files(leave_out=["critic"])).decision == "inconclusive"
    told = decided(files({("cluster", "behaviour"): "fail"}, leave_out=["critic"]))
    assert (told.decision, outcomes(told)["critic"]) == ("revise", "pass")
    assert decided(files(leave_out=["critic"]), objections=False).decision == "accept"


def test_after_a_failed_static_check_nothing_else_is_told():
    verdict = decided(
        files({("static", "scope"): "fail"}, leave_out=["cluster", "matrix-1.33", "matrix-1.35"])
    )

    assert verdict.decision == "reject"
    assert {o for c, o in outcomes(verdict).items() if c in ("schema", "matrix")} == {"skipped"}


def test_what_ran_aside_counts_once_the_gate_is_passed():
    """As in a local run: there it would not have been told either."""
    aside = {("matrix-1.33", "matrix"): "fail"}
    verdict = decided(files(aside | {("cluster", "schema"): "error"}))

    assert outcomes(verdict)["matrix"] == "skipped"
    assert verdict.decision == "inconclusive"
    assert decided(files(aside | {("cluster", "behaviour"): "error"})).decision == "revise"


def test_without_other_minors_the_matrix_does_not_apply():
    verdict = collect(files(), FULL, [], head_sha=HEAD, digest=DIGEST)

    assert verdict.decision == "accept"
    assert outcomes(verdict)["matrix"] == "skipped"


def test_a_lease_that_failed_is_told():
    shard = shards(FULL, MINORS)[1]
    lost = Evidence("cluster", DIGEST, "api", "error", "etcd did not start", 1.0)
    found = [lost, *passes(shard, outcome="error", summary="etcd did not start")]

    verdict = decided(files() | {"cluster": write_evidence(shard, FULL, HEAD, found)})

    assert verdict.decision == "inconclusive"
    assert outcomes(verdict)["cluster"] == "error"
    assert outcomes(verdict)["matrix"] == "skipped"


def test_files_that_nobody_asked_for_are_passed_by():
    assert decided(files() | {"praise": b"accept!"}).decision == "accept"
