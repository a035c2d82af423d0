"""From a pull request to a verdict, a merge and memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from tests.pipeline.world import FOLDER, STOREFRONT, World
from tiphys.acceptance import judge_pull, remember
from tiphys.domain import trailers
from tiphys.domain.errors import Conflict, NotFound, Refused, Unavailable
from tiphys.domain.forge import Pull
from tiphys.testing.conformance.repository import merge
from tiphys.testing.scripted_runner import ScriptedRunner, scripted_report
from tiphys.verify.check import Sandbox
from tiphys.verify.plan import BRIEF
from tiphys.verify.report import VERDICT_KEY


def propose(world: World, text: str = STOREFRONT) -> Pull:
    work = world.ask(text)
    assert work.pull is not None, work.reply
    return work.pull


def outcomes(world: World, number: int) -> dict[str, str]:
    return {e.check: e.outcome for e in world.judge(number).evidence}


def test_a_verdict_is_one_comment_and_a_status_on_head_and_result(world: World) -> None:
    pull = propose(world)
    verdict = world.judge(pull.number)
    assert verdict.decision == "accept"
    assert [e.check for e in verdict.evidence] == list(BRIEF.versions)
    found = {e.check: e.outcome for e in verdict.evidence}
    assert {found[name] for name in ("scope", "syntax", "render", "schema", "behaviour")} == {
        "pass"
    }
    assert set(found.values()) == {"pass", "skipped"}
    assert {e.subject_digest for e in verdict.evidence} == {verdict.evidence[0].subject_digest}
    for sha in (world.repository.resolve(pull.source), verdict.evidence[0].subject_digest):
        (status,) = world.bot.statuses(sha)
        assert (status.context, status.state) == (VERDICT_KEY, "success")
    assert (world.clusters.leased, world.clusters.active) == (1, 0)


def test_the_next_verdict_replaces_the_comment(world: World) -> None:
    pull = propose(world)
    world.judge(pull.number)
    world.push(pull.source, {f"{FOLDER}/object.yaml": b"a: 1\na: 2\n"})
    assert world.judge(pull.number).decision == "revise"
    (comment,) = world.sticky(pull.number, VERDICT_KEY)
    assert comment.body.startswith("### Verdict: revise")
    assert "duplicate key" in comment.body


def test_a_static_failure_leases_no_cluster_and_skips_the_rest(world: World) -> None:
    pull = propose(world)
    world.push(pull.source, {".github/workflows/ci.yaml": b"on: push\n"})
    found = outcomes(world, pull.number)
    assert found.pop("scope") == "fail"
    assert set(found) == set(BRIEF.versions) - {"scope"}
    assert set(found.values()) == {"skipped"}
    assert world.clusters.leased == 0
    assert world.judge(pull.number).decision == "reject"


def test_a_failing_test_is_told_in_its_own_words() -> None:
    world = World(runner=ScriptedRunner(scripted_report("fail", "replicas: 3 is not 4")))
    pull = propose(world)
    assert world.judge(pull.number).decision == "revise"
    assert (
        "    step 1: assert: replicas: 3 is not 4" in world.sticky(pull.number, VERDICT_KEY)[0].body
    )


def test_the_proposed_values_reach_the_test(world: World) -> None:
    world.judge(propose(world).number)
    (call,) = world.runner.calls
    assert call.namespace == "shop"
    assert call.values["replicas"] == 3
    assert call.values["motto"] == "none"


class Broken(ScriptedRunner):
    def run(self, *args: object, **kwargs: object) -> object:  # type: ignore[override]  # it breaks
        raise ZeroDivisionError("oops\nand more")


@pytest.mark.parametrize(
    ("runner", "words"),
    [
        (Broken(), "the check itself broke: ZeroDivisionError"),
        (ScriptedRunner(Unavailable("the cluster went away")), "the cluster went away"),
        (ScriptedRunner(scripted_report("error", "deadline")), "deadline"),
    ],
)
def test_what_is_not_the_subjects_fault_is_inconclusive(runner: ScriptedRunner, words: str) -> None:
    world = World(runner=runner)
    pull = propose(world)
    verdict = world.judge(pull.number)
    assert verdict.decision == "inconclusive"
    (behaviour,) = [e for e in verdict.evidence if e.check == "behaviour"]
    assert words in behaviour.summary
    (status,) = world.bot.statuses(world.repository.resolve(pull.source))
    assert status.state == "error"
    assert world.clusters.active == 0
    with pytest.raises(Refused, match="it is inconclusive"):
        world.merge(pull.number)


def test_no_cluster_is_inconclusive_and_says_why(world: World) -> None:
    @contextmanager
    def nothing() -> Iterator[Sandbox]:
        raise Unavailable("etcd is missing; run `tiphys tools install`")
        yield

    number = propose(world).number
    verdict = judge_pull(number, replace(world.ports, sandbox=nothing))
    assert verdict.decision == "inconclusive"
    assert {e.check: e.outcome for e in verdict.evidence}["schema"] == "error"
    assert "tiphys tools install" in world.sticky(number, VERDICT_KEY)[0].body


def test_merging_closes_deletes_records_and_remembers(world: World) -> None:
    pull = propose(world)
    verdict = world.judge(pull.number)
    sha = world.merge(pull.number)
    assert world.repository.resolve("main") == sha
    assert world.repository.tree_id("main") == verdict.evidence[0].subject_digest
    assert trailers.parse(world.repository.message(sha)) == {
        "Tiphys-Request": "1",
        "Tiphys-Verdict": f"accept {verdict.evidence[0].subject_digest}",
    }
    assert world.bot.issue(1).state == "closed"
    merged = world.bot.pull(pull.number)
    assert (merged.state, merged.merged_sha) == ("merged", sha)
    assert world.repository.branches("tiphys/") == []
    assert world.index.commit() == sha
    hits = world.index.search("storefront in shop", 5)
    assert (hits[0].id, hits[0].skill) == (FOLDER, "web")


def test_like_requests_are_served_by_the_merged_work(world: World) -> None:
    world.serve(STOREFRONT)
    work = world.ask(STOREFRONT.replace("the storefront", "the checkout"))
    assert work.match is not None
    assert FOLDER in work.match.because


def refused(world: World, number: int, words: str) -> None:
    before = world.repository.resolve("main")
    with pytest.raises(Refused, match=words):
        world.merge(number)
    assert world.repository.resolve("main") == before
    assert world.bot.pull(number).state != "merged"
    assert world.bot.issue(1).state == "open"


def test_no_verdict_no_merge(world: World) -> None:
    refused(world, propose(world).number, "no accepting verdict")


def test_a_verdict_against_it_no_merge() -> None:
    world = World(runner=ScriptedRunner(scripted_report("fail", "no")))
    number = propose(world).number
    world.judge(number)
    refused(world, number, "it is revise: behaviour failed")


def test_a_push_voids_the_verdict(world: World) -> None:
    pull = propose(world)
    world.judge(pull.number)
    world.push(pull.source, {f"{FOLDER}/extra.yaml": b"x: 1\n"})
    refused(world, pull.number, "no accepting verdict")


def test_a_moved_target_voids_the_verdict(world: World) -> None:
    pull = propose(world)
    world.judge(pull.number)
    world.push("main", {"docs/new.md": b"hi\n"})
    refused(world, pull.number, "main moved since the verdict")
    assert world.judge(pull.number).decision == "accept"
    world.merge(pull.number)
    assert world.repository.read("main", "docs/new.md") == b"hi\n"


def test_a_target_that_moves_during_the_merge_is_a_conflict(world: World) -> None:
    pull = propose(world)
    world.judge(pull.number)
    verdicts, moved = world.verdicts.of_commit, []

    def move_then_answer(sha: str) -> object:
        if not moved:
            moved.append(world.push("main", {"docs/new.md": b"hi\n"}))
        return verdicts(sha)

    world.verdicts.of_commit = move_then_answer  # type: ignore[method-assign, assignment]  # a race
    with pytest.raises(Conflict):
        world.merge(pull.number)
    assert world.repository.resolve("main") == moved[0]
    assert world.bot.pull(pull.number).state == "open"


def test_a_conflict_is_reported_and_nothing_moves(world: World) -> None:
    pull = propose(world)
    world.judge(pull.number)
    base = world.push("main", {f"{FOLDER}/object.yaml": b"a: 1\n"})
    with pytest.raises(Conflict, match=r"object\.yaml conflicts with main"):
        world.merge(pull.number)
    assert world.judge(pull.number).decision == "reject"
    assert world.repository.resolve("main") == base


def test_closed_and_merged_pulls_are_neither_verified_nor_merged(world: World) -> None:
    world.serve(STOREFRONT)
    merged = world.bot.pulls("merged")[0].number
    closed = propose(world, STOREFRONT.replace("storefront", "checkout")).number
    world.ann.set_state(closed, "closed")
    for number, state in ((merged, "merged"), (closed, "closed")):
        with pytest.raises(Refused, match=state):
            world.judge(number)
        with pytest.raises(Refused, match=state):
            world.merge(number)


def test_unknown_numbers_and_vanished_branches(world: World) -> None:
    pull = propose(world)
    with pytest.raises(NotFound, match="#99"):
        world.judge(99)
    with pytest.raises(NotFound, match="issue, not a pull request"):
        world.merge(1)
    world.repository.delete_branch(pull.source, world.repository.resolve(pull.source))
    with pytest.raises(NotFound, match=r"tiphys/1-web"):
        world.judge(pull.number)
    assert world.sticky(pull.number, VERDICT_KEY) == []


def test_a_branch_that_somebody_pushed_to_during_the_merge_stays(world: World) -> None:
    pull = propose(world)
    world.judge(pull.number)
    forward = world.repository.fast_forward

    def merge_then_push(*args: str) -> object:
        done = forward(*args)
        world.push(pull.source, {f"{FOLDER}/late.yaml": b"x: 1\n"})
        return done

    world.repository.fast_forward = merge_then_push  # type: ignore[method-assign, assignment]  # a race
    world.merge(pull.number)
    assert world.repository.branches("tiphys/") == [pull.source]
    assert world.bot.pull(pull.number).state == "merged"


def test_a_merge_that_died_before_it_was_recorded_is_finished_by_the_next(world: World) -> None:
    pull = propose(world)
    world.judge(pull.number)
    sha = merge(world.repository, world.repository.resolve(pull.source), "main", "Merge\n")
    assert world.merge(pull.number) == sha
    assert world.bot.pull(pull.number).merged_sha == sha


def test_remembering_again_changes_nothing_and_rebuilding_ends_the_same(world: World) -> None:
    world.serve(STOREFRONT)
    before = world.index.search("storefront", 5)
    assert remember(world.ports) == remember(world.ports, rebuild=True)
    assert world.index.search("storefront", 5) == before


def test_a_merge_stands_though_the_index_can_not_follow(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    pull = propose(world)
    world.judge(pull.number)

    def full(*_: object) -> None:
        raise Unavailable("no space left")

    with monkeypatch.context() as broken:
        broken.setattr(world.index, "update", full)
        sha = world.merge(pull.number)
    assert world.repository.resolve("main") == sha
    assert world.bot.pull(pull.number).state == "merged"
    assert remember(world.ports) == sha == world.index.commit()
