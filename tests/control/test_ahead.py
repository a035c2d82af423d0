"""What was found out before the rules were in force is worth what it would be worth after."""

from __future__ import annotations

import pytest

from tests.control.world import APPLY, GOOD, case_of, judge, sandbox_over, whole_test
from tiphys.domain.errors import ApiRefusal
from tiphys.ports import Object
from tiphys.testing.memory_cluster import MemoryCluster
from tiphys.verify.control import rounds
from tiphys.verify.control.rounds import sift_ahead
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
        if obj["kind"] == "ConfigMap" and {*self.refused} & {*obj.get("data", {}).values()}:
            raise ApiRefusal("forbidden", status=422, reason="Invalid")
        return super().apply(obj, dry_run=dry_run, manager=manager)


def ahead(steps: str, cluster: Strict) -> Tally:
    """The control of a test whose mutants were sifted before the rules were in force."""
    case, sandbox = case_of(whole_test(APPLY + steps)), sandbox_over(cluster)
    sift_ahead(case, sandbox)
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
