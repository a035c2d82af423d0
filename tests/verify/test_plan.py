"""The order of the checks, what is skipped, and what a raise becomes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from tiphys.domain.errors import ApiRefusal, LimitExceeded, NotFound, TiphysError, Unavailable
from tiphys.domain.evidence import Verdict
from tiphys.domain.policy import Policy
from tiphys.testing.memory_cluster import MemoryClusters
from tiphys.testing.memory_repository import MemoryRepository
from tiphys.testing.scripted_runner import ScriptedRunner
from tiphys.verify import plan
from tiphys.verify.check import ClusterCheck, Finding, Sandbox, StaticCheck
from tiphys.verify.subject import Subject

SUBJECT = Subject(MemoryRepository(), "h" * 40, "r", "d" * 40, ())
PASS = Finding("pass", "fine")


class Checks:
    """Checks that say what they are told to, in the place of the real ones."""

    def __init__(self, **findings: Finding | Exception) -> None:
        self.ran: list[str] = []
        self.progress: list[str] = []
        self.clusters = MemoryClusters()
        self._findings = findings
        static = tuple(StaticCheck(n, "static", 1, self._check(n)) for n in ("one", "two"))
        gate = (ClusterCheck("three", "api", 1, self._check("three")),)
        groups = ((ClusterCheck("four", None, 1, self._check("four")),),)
        self.plan = plan.Plan(static, gate, groups)

    def _check(self, name: str):  # type: ignore[no-untyped-def]  # fits both kinds of check
        def run(*_outside: object) -> Finding:
            self.ran.append(name)
            found = self._findings.get(name, PASS)
            if isinstance(found, Exception):
                raise found
            return found

        return run

    @contextmanager
    def sandbox(self) -> Iterator[Sandbox]:
        refusal = self._findings.get("lease")
        if isinstance(refusal, Exception):
            raise refusal
        with self.clusters.lease() as lease:
            yield Sandbox(
                lease, self.clusters.api(lease), ScriptedRunner(), lambda _api: ScriptedRunner()
            )
        refusal = self._findings.get("release")
        if isinstance(refusal, Exception):
            raise refusal

    def verify(self) -> Verdict:
        ticks = iter(range(100))
        return plan.verify(
            SUBJECT,
            policy=Policy(),
            sandbox=self.sandbox,
            plan=self.plan,
            progress=self.progress.append,
            clock=lambda: float(next(ticks)),
        )


def shown(verdict: Verdict) -> list[tuple[str, str, str]]:
    return [(e.check, e.tier, e.outcome) for e in verdict.evidence]


def test_static_checks_come_first_then_one_cluster() -> None:
    run = Checks()
    verdict = run.verify()
    assert run.ran == ["one", "two", "three", "four"]
    assert shown(verdict) == [
        ("one", "static", "pass"),
        ("two", "static", "pass"),
        ("three", "api", "pass"),
        ("four", "simulated", "pass"),
    ]
    assert {e.seconds for e in verdict.evidence} == {1.0}
    assert run.progress == ["one", "two", "cluster", "three", "four"]
    assert (verdict.decision, verdict.tier) == ("accept", "simulated")
    assert (run.clusters.leased, run.clusters.active) == (1, 0)


@pytest.mark.parametrize(
    ("at", "ran"), [("one", ["one"]), ("two", ["one", "two"]), ("three", ["one", "two", "three"])]
)
def test_what_comes_after_a_failure_is_skipped(at: str, ran: list[str]) -> None:
    run = Checks(**{at: Finding("fail", "bad")})
    verdict = run.verify()
    assert run.ran == ran
    assert len(verdict.evidence) == 4
    assert {e.outcome for e in verdict.evidence[len(ran) :]} == {"skipped"}
    assert run.clusters.leased == (1 if at == "three" else 0)
    assert run.clusters.active == 0
    assert verdict.decision == "revise"


def test_a_check_that_does_not_apply_stops_nothing() -> None:
    run = Checks(two=Finding("skipped", "not here"))
    assert run.verify().decision == "accept"
    assert run.ran == ["one", "two", "three", "four"]


@pytest.mark.parametrize(
    ("raised", "outcome", "decision"),
    [
        (LimitExceeded("too big"), "fail", "revise"),
        (ApiRefusal("no such kind", status=404, reason="UnknownKind"), "fail", "revise"),
        (NotFound("gone"), "error", "inconclusive"),
        (Unavailable("no answer"), "error", "inconclusive"),
        (ZeroDivisionError("a bug"), "error", "inconclusive"),
        (RecursionError("a bug"), "error", "inconclusive"),
    ],
)
@pytest.mark.parametrize("at", ["one", "three"])
def test_what_a_check_raises_becomes_evidence(
    at: str, raised: Exception, outcome: str, decision: str
) -> None:
    verdict = Checks(**{at: raised}).verify()
    (found,) = [e for e in verdict.evidence if e.check == at]
    assert (found.outcome, verdict.decision) == (outcome, decision)
    assert str(raised) in found.summary
    if not isinstance(raised, TiphysError):
        assert "the check itself broke" in found.summary


def test_an_interruption_is_no_evidence() -> None:
    def interrupt(_message: str) -> None:
        raise KeyboardInterrupt

    run = Checks()
    with pytest.raises(KeyboardInterrupt):
        plan.verify(
            SUBJECT, policy=Policy(), sandbox=run.sandbox, plan=run.plan, progress=interrupt
        )


def test_without_a_cluster_its_checks_say_why() -> None:
    run = Checks(lease=Unavailable("no etcd; run `tiphys tools install`"))
    verdict = run.verify()
    assert run.ran == ["one", "two"]
    assert shown(verdict)[2:] == [
        ("cluster", "api", "error"),
        ("three", "api", "error"),
        ("four", "simulated", "error"),
    ]
    assert all("tiphys tools install" in e.summary for e in verdict.evidence[2:])
    assert verdict.decision == "inconclusive"


def test_trouble_while_the_lease_ends_takes_no_evidence_away() -> None:
    verdict = Checks(release=Unavailable("a process would not end")).verify()
    assert [e.outcome for e in verdict.evidence] == ["pass"] * 4


def with_aside(run: Checks) -> ClusterCheck:
    """Give the plan a check that asks other servers."""
    aside = ClusterCheck("five", "api", 1, run._check("five"))
    run.plan = replace(run.plan, aside=(aside,))
    return aside


def test_what_runs_aside_begins_with_the_lease_and_is_told_last() -> None:
    run = Checks()
    with_aside(run)
    began = threading.Event()

    def gate(*_: object) -> Finding:
        assert began.wait(10)  # aside of the gate, not after it
        return PASS

    aside = replace(run.plan.aside[0], run=lambda *_: began.set() or PASS)
    run.plan = replace(run.plan, aside=(aside,), gate=(replace(run.plan.gate[0], run=gate),))
    verdict = run.verify()
    assert [e.check for e in verdict.evidence] == ["one", "two", "three", "four", "five"]
    assert verdict.decision == "accept"


@pytest.mark.parametrize(
    ("at", "five"), [("two", "skipped"), ("three", "skipped"), ("four", "pass"), ("five", "fail")]
)
def test_what_runs_aside_counts_once_the_gate_is_passed(at: str, five: str) -> None:
    run = Checks(**{at: Finding("fail", "bad")})
    with_aside(run)
    verdict = run.verify()
    assert verdict.evidence[-1].check == "five"
    assert verdict.evidence[-1].outcome == five
    assert verdict.decision == "revise"
    assert run.clusters.active == 0


def test_without_a_cluster_nothing_runs_aside() -> None:
    run = Checks(lease=Unavailable("no room"))
    with_aside(run)
    assert {e.outcome for e in run.verify().evidence[2:]} == {"error"}
    assert run.ran == ["one", "two"]


def test_a_check_may_prepare_itself_until_the_rules_are_in_force(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run, order = Checks(), []
    began = threading.Event()

    def prepare(subject: Subject, sandbox: Sandbox, over: Callable[[], bool]) -> None:
        assert not over()
        assert (subject, sandbox.recordings) == (SUBJECT, {})
        began.set()
        deadline = time.monotonic() + 10
        while not over():
            assert time.monotonic() < deadline
            time.sleep(0.001)
        order.append("prepared")
        raise ZeroDivisionError("a bug: the check does without")

    def install(*_: object, meanwhile: Callable[[], None]) -> None:
        assert not began.is_set()
        meanwhile()
        assert began.wait(10)
        order.append("rules")

    monkeypatch.setattr(plan, "install", install)
    ((four,),) = run.plan.groups
    run.plan = replace(run.plan, groups=((replace(four, prepare=prepare),),))
    assert run.verify().decision == "accept"
    assert order == ["rules", "prepared"]
    assert run.ran == ["one", "two", "three", "four"]


def grouped(run: Checks, *groups: tuple[ClusterCheck, ...]) -> None:
    run.plan = replace(run.plan, groups=groups)


def test_the_checks_of_a_group_run_side_by_side() -> None:
    run = Checks()
    both = threading.Barrier(2, timeout=10)
    pair = tuple(
        ClusterCheck(name, None, 1, lambda *_: (both.wait(), PASS)[1]) for name in ("left", "right")
    )
    grouped(run, pair)
    assert [e.check for e in run.verify().evidence][3:] == ["left", "right"]


def test_a_group_waits_for_the_one_before_and_all_of_it_is_told() -> None:
    run = Checks()
    bad = ClusterCheck("bad", None, 1, lambda *_: Finding("fail", "bad"))
    good = ClusterCheck("good", None, 1, lambda *_: PASS)
    after = ClusterCheck("after", None, 1, lambda *_: pytest.fail("it was to be skipped"))
    grouped(run, (bad, good), (after,))
    assert [(e.check, e.outcome) for e in run.verify().evidence][3:] == [
        ("bad", "fail"),
        ("good", "pass"),
        ("after", "skipped"),
    ]


def test_a_plan_of_static_checks_alone_leases_nothing() -> None:
    run = Checks(lease=Unavailable("no room"))
    run.plan = replace(run.plan, gate=(), groups=())
    assert [e.check for e in run.verify().evidence] == ["one", "two"]
