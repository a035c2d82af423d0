"""What was found out before the rules were in force is worth what it would be worth after."""

from __future__ import annotations

import pytest

from tests.control.world import APPLY, GOOD, case_of, judge, sandbox_over, whole_test
from tiphys.domain.errors import ApiRefusal
from tiphys.domain.testreport import TestReport
from tiphys.ports import Object
from tiphys.testing.memory_cluster import MemoryCluster
from tiphys.verify.cases import Case
from tiphys.verify.check import Sandbox
from tiphys.verify.control import rounds
from tiphys.verify.control.rounds import look_ahead
from tiphys.verify.control.tally import Tally


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a cluster in memory nothing arrives later."""
    monkeypatch.setattr(rounds, "_EMPTY_LEAST", 0.1)
    monkeypatch.setattr(rounds, "_LEAST", 0.1)


class Strict(MemoryCluster):
    """Refuses some values once its rules are in force, and counts dry runs."""

    def __init__(self, *refused: str) -> None:
        super().__init__()
        self.refused: tuple[str, ...] = ()
        self.later, self.dry_runs = refused, 0

    def apply(self, obj: Object, *, dry_run: bool = False, manager: str = "tiphys") -> Object:
        self.dry_runs += dry_run
        self._look_at(obj)
        return super().apply(obj, dry_run=dry_run, manager=manager)

    def create(self, obj: Object) -> Object:
        self._look_at(obj)
        return super().create(obj)

    def _look_at(self, obj: Object) -> None:
        if obj["kind"] == "ConfigMap" and {*self.refused} & {*obj.get("data", {}).values()}:
            raise ApiRefusal("forbidden", status=422, reason="Invalid")


def ahead(steps: str, cluster: Strict) -> Tally:
    """The control of a test whose mutants were sifted before the rules were in force."""
    case, sandbox = case_of(whole_test(APPLY + steps)), sandbox_over(cluster)
    look_ahead(case, sandbox)
    cluster.refused, cluster.dry_runs = cluster.later, 0
    return judge(case, sandbox)


def test_what_was_found_out_ahead_is_not_asked_again_when_all_is_noticed() -> None:
    cluster = Strict()
    tally = ahead(GOOD, cluster)
    assert (tally.score, tally.survived, tally.empty) == (1.0, (), True)
    assert cluster.dry_runs == 0
    plain = judge(case_of(whole_test(APPLY + GOOD)))
    assert {m.id for m in tally.replayed} == {m.id for m in plain.replayed}


def test_a_fault_that_only_the_rules_refuse_is_no_excuse_and_no_merit() -> None:
    blind = """\
- try:
  - assert:
      resource:
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: ($values.name), namespace: ($values.namespace)}
        data: {L: w}
"""
    changed = "ConfigMap/a:data.K:changed"
    loose = ahead(blind, Strict())
    assert changed in {m.id for m in loose.survived}
    values = [m.changed["data"]["K"] for m in loose.survived if m.id == changed and m.changed]
    tally = ahead(blind, Strict(*values))
    assert changed in {m.id for m in tally.refused}
    assert changed not in {m.id for m in (*tally.survived, *tally.replayed)}
    same = judge(case_of(whole_test(APPLY + blind)), sandbox_over(strict_from_the_start(values)))
    assert (tally.counted, tally.noticed) == (same.counted, same.noticed)


def strict_from_the_start(values: list[str]) -> Strict:
    cluster = Strict(*values)
    cluster.refused = cluster.later
    return cluster


def test_a_test_that_failed_without_the_objects_is_not_run_so_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    case, sandbox = case_of(whole_test(APPLY + GOOD)), sandbox_over(MemoryCluster())
    look_ahead(case, sandbox)
    monkeypatch.setattr(rounds, "_run_empty", None)
    assert judge(case, sandbox).empty


def test_a_run_that_was_shorter_than_the_test_needs_is_made_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    case, sandbox = case_of(whole_test(APPLY + GOOD)), sandbox_over(MemoryCluster())
    look_ahead(case, sandbox)
    monkeypatch.setattr(rounds, "_EMPTY_LEAST", 0.2)
    lengths: list[float] = []
    run_empty = rounds._run_empty  # seen from outside only as time

    def noted(case_: Case, sandbox_: Sandbox, seconds: float) -> TestReport:
        lengths.append(seconds)
        return run_empty(case_, sandbox_, seconds)

    monkeypatch.setattr(rounds, "_run_empty", noted)
    assert judge(case, sandbox).empty
    assert lengths == [0.2]


def test_a_test_that_the_rules_may_answer_is_not_run_before_they_are_in_force() -> None:
    own = """\
- try:
  - apply:
      resource:
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: probe}
        data: {K: refused}
      expect:
      - check: {($error != null): true}
  - error: {resource: {apiVersion: v1, kind: ConfigMap, metadata: {name: nothing}}}
"""
    cluster = Strict("refused")
    case, sandbox = case_of(whole_test(APPLY + own)), sandbox_over(cluster)
    look_ahead(case, sandbox)
    assert sandbox.ahead[case.name].empty is None
    cluster.refused = cluster.later
    assert not judge(case, sandbox).empty
