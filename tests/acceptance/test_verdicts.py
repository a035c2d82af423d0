"""A verdict is remembered by what decided it, and a merge believes nothing but signatures."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pipeline.world import FOLDER, STOREFRONT, World
from tiphys.acceptance import circumstances_of, judge_pull, newest_verdict, pull_subject
from tiphys.domain.attestation import (
    PAYLOAD_TYPE,
    PREDICATE_TYPE,
    Attested,
    Circumstances,
    read_statement,
    write_statement,
)
from tiphys.domain.errors import InvalidInput, NotFound, Refused, Unavailable
from tiphys.domain.evidence import Evidence, Verdict
from tiphys.domain.forge import Pull
from tiphys.domain.policy import Policy
from tiphys.testing.memory_verdicts import MemoryNotary
from tiphys.testing.scripted_runner import ScriptedRunner, scripted_report
from tiphys.verify.plan import BRIEF
from tiphys.verify.report import VERDICT_KEY

CIRCUMSTANCES = Circumstances("1" * 40, "2" * 40, "", "r", "q", True, {"scope": 1}, {"k": "1"})
VERDICT = Verdict(
    "accept",
    "3" * 40,
    (Evidence("scope", "2" * 40, "static", "pass", "fine", 0.25, ("a", "b")),),
    "1 check passed",
)


@pytest.fixture
def world() -> World:
    return World()


def propose(world: World, text: str = STOREFRONT) -> Pull:
    pull = world.ask(text).pull
    assert pull is not None
    return pull


# -- the statement ---------------------------------------------------------------------------------


def test_a_statement_is_a_test_result_about_the_head_and_the_merged_tree() -> None:
    statement = json.loads(write_statement(Attested(VERDICT, CIRCUMSTANCES)))
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == PREDICATE_TYPE
    assert [s["digest"] for s in statement["subject"]] == [
        {"gitCommit": "3" * 40},
        {"gitTree": "2" * 40},
    ]
    predicate = statement["predicate"]
    assert predicate["result"] == "PASSED"
    assert predicate["passedTests"] == ["scope"]
    assert all(set(each) == {"name", "digest"} for each in predicate["configuration"])


texts = st.text(max_size=20)


@given(
    st.sampled_from(["accept", "revise", "reject"]),
    texts,
    st.lists(texts, max_size=3),
    st.sampled_from(["pass", "fail", "skipped", "error"]),
    st.dictionaries(texts, st.integers(0, 99), max_size=3),
)
def test_what_is_written_is_read(decision, summary, details, outcome, checks) -> None:  # type: ignore[no-untyped-def]  # hypothesis fills it in
    evidence = Evidence("c", "d" * 40, "real", outcome, summary, 1.5, tuple(details))
    attested = Attested(
        Verdict(decision, "3" * 40, (evidence,), summary), replace(CIRCUMSTANCES, checks=checks)
    )
    assert read_statement(write_statement(attested)) == attested


def test_an_inconclusive_verdict_is_not_attested() -> None:
    with pytest.raises(InvalidInput, match="inconclusive"):
        write_statement(Attested(replace(VERDICT, decision="inconclusive"), CIRCUMSTANCES))


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s["predicate"]["tiphys"].update(decision="revise"),
        lambda s: s["predicate"]["tiphys"].update(key="0" * 64),
        lambda s: s["predicate"].update(result="FAILED"),
        lambda s: s["subject"][1]["digest"].update(gitTree="9" * 40),
        lambda s: s["subject"].pop(),
        lambda s: s.update(predicateType="https://example.org/other"),
        lambda s: s["predicate"]["tiphys"]["circumstances"].update(agent="yes", more=1),
        lambda s: s["predicate"]["tiphys"]["evidence"][0].update(outcome="great"),
        lambda s: s.update(more=1),
        lambda s: s.pop("predicate"),
    ],
)
def test_a_statement_whose_parts_do_not_agree_is_none(change: Callable[[dict], object]) -> None:  # type: ignore[type-arg]  # any JSON
    statement = json.loads(write_statement(Attested(VERDICT, CIRCUMSTANCES)))
    change(statement)
    text = json.dumps(statement, sort_keys=True, separators=(",", ":")).encode()
    with pytest.raises(InvalidInput, match="not an attested verdict"):
        read_statement(text)


@pytest.mark.parametrize("data", [b"", b"[]", b"null", b"7", b'{"predicate": []}', b"[" * 9999])
def test_other_json_is_no_statement(data: bytes) -> None:
    with pytest.raises(InvalidInput, match="not an attested verdict"):
        read_statement(data)


# -- remembering -----------------------------------------------------------------------------------


def test_the_same_circumstances_run_nothing_twice(world: World) -> None:
    pull = propose(world)
    first = world.judge(pull.number)
    assert world.judge(pull.number) == first
    assert world.clusters.leased == 1
    assert len(world.sticky(pull.number, VERDICT_KEY)) == 1
    judge_pull(pull.number, world.ports, again=True)
    assert world.clusters.leased == 2


def test_a_failing_verdict_is_remembered_too() -> None:
    world = World(runner=ScriptedRunner(scripted_report("fail", "no"), scripted_report("pass")))
    pull = propose(world)
    assert world.judge(pull.number).decision == "revise"
    assert world.judge(pull.number).decision == "revise"
    assert judge_pull(pull.number, world.ports, again=True).decision == "accept"


def test_what_broke_is_tried_again_and_not_remembered() -> None:
    world = World(runner=ScriptedRunner(Unavailable("the server died"), scripted_report("pass")))
    pull = propose(world)
    assert world.judge(pull.number).decision == "accept"
    assert world.clusters.leased == 2
    broken = World(runner=ScriptedRunner(Unavailable("the server died")))
    number = propose(broken).number
    assert broken.judge(number).decision == "inconclusive"
    assert broken.judge(number).decision == "inconclusive"
    assert broken.clusters.leased == 4
    with pytest.raises(Refused, match="no accepting verdict"):
        broken.merge(number)


def test_a_new_head_with_the_same_content_is_signed_anew_without_a_run(world: World) -> None:
    pull = propose(world)
    world.judge(pull.number)
    head = world.push(pull.source, {})
    with pytest.raises(Refused, match=f"no accepting verdict for {head[:12]}"):
        world.merge(pull.number)
    assert world.judge(pull.number).head_sha == head
    assert world.clusters.leased == 1
    world.merge(pull.number)


@pytest.mark.parametrize("what", ["policy", "environment", "check", "guardrails", "request"])
def test_changed_circumstances_run_again(world: World, what: str) -> None:
    pull = propose(world)
    world.judge(pull.number)
    if what == "policy":
        settings = replace(world.settings, policy=Policy(max_files=7))
        world.ports = replace(world.ports, settings=settings)
        world.person = replace(world.person, settings=settings)
    elif what == "environment":
        world.ports = replace(world.ports, environment={"kubernetes": "1.99"})
        world.person = replace(world.person, environment={"kubernetes": "1.99"})
    elif what == "check":
        newer = replace(BRIEF, static=tuple(replace(c, version=99) for c in BRIEF.static))
        world.ports = replace(world.ports, plan=newer)
        world.person = replace(world.person, plan=newer)
    elif what == "guardrails":
        world.push("main", {"manifests/guardrails/README.md": b"new rules\n"})
    else:
        world.ann.comment(1, "And it must be purple.")
    with pytest.raises(Refused, match=r"(main moved|changed) since the verdict"):
        world.merge(pull.number)
    world.judge(pull.number)
    assert world.clusters.leased == 2
    world.merge(pull.number)


# -- believing -------------------------------------------------------------------------------------


def test_a_status_or_a_comment_is_no_verdict(world: World) -> None:
    pull = propose(world)
    subject = pull_subject(pull, world.ports)
    for sha in (subject.head_sha, subject.digest):
        world.bot.set_status(sha, VERDICT_KEY, "success", "accept: trust me")
    world.bot.comment(pull.number, "### Verdict: accept", VERDICT_KEY)
    with pytest.raises(Refused, match="no accepting verdict"):
        world.merge(pull.number)


def forged(world: World, pull: Pull, notary: MemoryNotary, **changes: object) -> None:
    """Somebody's own verdict about this very head in these very circumstances."""
    subject = pull_subject(pull, world.ports)
    circumstances = replace(circumstances_of(subject, world.ports), **changes)  # type: ignore[arg-type]  # names of fields
    statement = write_statement(
        Attested(replace(VERDICT, head_sha=subject.head_sha), circumstances)
    )
    key = circumstances_of(subject, world.ports).key
    world.verdicts.put(key, subject.head_sha, notary.sign(statement, PAYLOAD_TYPE))


def test_a_strangers_signature_counts_for_nothing(world: World) -> None:
    pull = propose(world)
    forged(world, pull, MemoryNotary("eve"))
    with pytest.raises(Refused, match="no accepting verdict"):
        world.merge(pull.number)
    with pytest.raises(NotFound, match="none signed by a trusted key"):
        newest_verdict(world.repository.resolve(pull.source), world.ports)
    world.judge(pull.number)
    assert world.clusters.leased == 1


def test_an_old_verdict_replayed_under_a_new_key_counts_for_nothing(world: World) -> None:
    pull = propose(world)
    forged(world, pull, world.notary, tree="9" * 40)
    with pytest.raises(Refused, match="since the verdict"):
        world.merge(pull.number)
    world.judge(pull.number)
    assert world.clusters.leased == 1


def test_a_verdict_on_one_head_does_not_serve_another(world: World) -> None:
    pull = propose(world)
    world.judge(pull.number)
    (envelope,) = world.verdicts.of_commit(world.repository.resolve(pull.source))
    head = world.push(pull.source, {f"{FOLDER}/object.yaml": b"kind: Surprise\n"})
    world.verdicts.put("f" * 64, head, envelope)
    with pytest.raises(Refused, match=f"no accepting verdict for {head[:12]}"):
        world.merge(pull.number)


def test_the_newest_verdict_counts() -> None:
    world = World(runner=ScriptedRunner(scripted_report("pass"), scripted_report("fail", "no")))
    pull = propose(world)
    assert world.judge(pull.number).decision == "accept"
    assert judge_pull(pull.number, world.ports, again=True).decision == "revise"
    with pytest.raises(Refused, match="it is revise"):
        world.merge(pull.number)
    assert newest_verdict(world.repository.resolve(pull.source), world.ports).decision == "revise"
