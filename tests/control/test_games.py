"""Tests that would pass whatever the manifests say, and how each is found out."""

from __future__ import annotations

import itertools

import pytest

from tests.control.world import APPLY, GOOD, VALUES, case_of, check, judge, sandbox_over, whole_test
from tiphys.domain.errors import Unavailable
from tiphys.domain.policy import Policy
from tiphys.testing.memory_cluster import MemoryCluster
from tiphys.testing.scripted_runner import ScriptedRunner, scripted_report
from tiphys.verify.control import rounds
from tiphys.verify.control.rounds import Budget, control_case
from tiphys.verify.control.trial import run_recorded

NOTHING = """\
- try:
  - assert:
      resource: {(`1`): 1}
"""
NOT_FOUND = """\
- try:
  - error:
      resource: {apiVersion: v1, kind: ConfigMap, metadata: {name: unheard-of}}
"""
THERE = """\
- try:
  - assert:
      resource: {apiVersion: v1, kind: ConfigMap, metadata: {name: ($values.name)}}
"""
# Writes the right object over whatever the manifests made, then looks at that.
PAINTED_OVER = """\
- try:
  - apply:
      resource:
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: ($values.name), namespace: ($values.namespace)}
        data: ($values.data)
"""
# Fails on an empty cluster and on nothing else: the other controls find it out.
KNOWS_THE_BYSTANDER = """\
- try:
  - error:
      resource: {apiVersion: v1, kind: ConfigMap, metadata: {name: kube-root-ca.crt}}
"""


@pytest.fixture(autouse=True)
def short_waits(monkeypatch):  # type: ignore[no-untyped-def]
    """In a cluster in memory nothing arrives later."""
    monkeypatch.setattr(rounds, "_EMPTY_LEAST", 0.1)
    monkeypatch.setattr(rounds, "_LEAST", 0.1)


def test_a_sound_test_notices_everything_without_the_cluster() -> None:
    tally = judge(case_of(whole_test(APPLY + GOOD)))
    assert tally.empty
    assert tally.score == 1.0, [m.id for m in tally.survived]
    assert tally.replayed
    assert not tally.clustered


@pytest.mark.parametrize("steps", [NOTHING, NOT_FOUND])
def test_what_passes_on_an_empty_cluster_is_refused(steps: str) -> None:
    passed, found = check(whole_test(APPLY + steps))
    assert passed.outcome == "pass"
    assert found.outcome == "fail"
    assert "without any of the objects" in found.summary
    assert any("0% of" in line for line in found.details)


@pytest.mark.parametrize("steps", [THERE, KNOWS_THE_BYSTANDER])
def test_what_only_sees_that_something_is_there_is_refused_by_name(steps: str) -> None:
    _, found = check(whole_test(APPLY + steps))
    assert found.outcome == "fail"
    assert any("survived: ConfigMap/a:data.K:changed" in line for line in found.details)
    assert any('"v" -> "v-x"' in line for line in found.details)


def test_a_test_that_says_skip_proves_nothing() -> None:
    passed, _ = check(whole_test(APPLY + GOOD, "  skip: true\n"))
    assert passed.outcome == "fail"
    assert "skip" in passed.summary


def test_faults_that_the_test_paints_over_are_looked_for_on_the_cluster() -> None:
    tally = judge(case_of(whole_test(APPLY + PAINTED_OVER + GOOD)))
    assert not tally.empty
    survived = {m.id for m in tally.survived}
    assert {"ConfigMap/a:data.K:changed", "ConfigMap/a:dropped"} <= survived
    assert not {m.id for m in tally.replayed} & {m.id for m in mutated_data(tally)}


def mutated_data(tally):  # type: ignore[no-untyped-def]
    return [m for m in (*tally.survived, *tally.clustered) if m.operator == "data"]


def test_a_patch_elsewhere_in_the_object_hides_nothing() -> None:
    patch = """\
- try:
  - patch:
      resource:
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: ($values.name), namespace: ($values.namespace), annotations: {seen: "1"}}
"""
    tally = judge(case_of(whole_test(APPLY + GOOD + patch + GOOD)))
    assert tally.score == 1.0
    assert [m.id for m in tally.clustered] == ["ConfigMap/a:dropped"]


def test_applying_the_manifests_again_hides_nothing() -> None:
    tally = judge(case_of(whole_test(APPLY + APPLY + GOOD)))
    assert tally.score == 1.0
    assert [m.id for m in tally.clustered] == ["ConfigMap/a:dropped"]


def test_a_test_with_a_sleep_is_replayed_without_it() -> None:
    tally = judge(case_of(whole_test(APPLY + "- try: [{sleep: {duration: 300ms}}]\n" + GOOD)))
    assert tally.score == 1.0
    assert tally.seconds < 10


def test_every_run_looks_the_same_to_the_test() -> None:
    """Values, namespace and folder say nothing about being watched."""

    class Watching(ScriptedRunner):
        def __init__(self) -> None:
            super().__init__(scripted_report("pass"))
            self.folders: list[tuple[str, tuple[str, ...]]] = []

        def run(self, folder, lease, *, values, namespace):  # type: ignore[no-untyped-def]
            names = tuple(sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*")))
            self.folders.append((folder.name, names))
            return super().run(folder, lease, values=values, namespace=namespace)

    runner = Watching()
    sandbox = sandbox_over(MemoryCluster())
    sandbox = type(sandbox)(sandbox.lease, sandbox.api, runner, lambda _api: runner)
    case = case_of(whole_test(APPLY + GOOD))
    run_recorded(case, sandbox)
    tally = control_case(case, sandbox, Budget())
    assert len(runner.folders) > 10
    assert len(set(runner.folders)) == 1
    assert {(str(call.values), call.namespace) for call in runner.calls} == {(str(VALUES), "b")}
    assert not tally.empty


def test_what_nobody_had_time_for_counts_as_survived() -> None:
    ticks = itertools.count(0, 50)
    budget = Budget(total=300, case=60, clock=lambda: float(next(ticks)))
    tally = judge(case_of(whole_test(APPLY + GOOD)), budget=budget)
    assert tally.score == 0.0
    assert tally.unreached


def test_a_later_case_is_not_begun_when_the_time_is_up() -> None:
    now = [0.0]
    budget = Budget(total=10, clock=lambda: now[0])
    now[0] = 11.0
    tally = judge(case_of(whole_test(APPLY + GOOD)), budget=budget)
    assert tally.score == 0.0
    assert "time" in tally.remark


def test_kills_do_not_count_when_the_right_manifests_fail_too() -> None:
    """The cluster does not do any more what it did when the test passed."""

    class Forgetful(MemoryCluster):
        broken = False

        def get(self, api_version, kind, name, namespace=None):  # type: ignore[no-untyped-def]
            found = super().get(api_version, kind, name, namespace)
            return None if self.broken and kind == "ConfigMap" else found

    api = Forgetful()
    case = case_of(whole_test(APPLY + PAINTED_OVER + GOOD))
    sandbox = sandbox_over(api)
    assert run_recorded(case, sandbox).outcome == "pass"
    api.broken = True
    with pytest.raises(Unavailable, match="right manifests"):
        control_case(case, sandbox, Budget(case=15))


def test_waived_faults_are_shown_with_their_reason() -> None:
    """A test that leaves out one of many fields on purpose."""
    steps = GOOD.replace("data: ($values.data)", "(data.K == 'v' || data.M == 'x'): true")
    reason = "the second setting is only a hint"
    waivers = f"- mutant: ConfigMap/a:data.L:changed\n  reason: {reason}\n"
    with_waiver = {"tests/waivers.yaml": waivers}
    _, found = check(whole_test(APPLY + steps), policy=Policy(mutation_score=0.5), **with_waiver)
    assert found.outcome == "pass"
    assert any(line.startswith("waived: ") and reason in line for line in found.details)
    assert "1 waived" in found.summary


def test_a_waiver_for_too_much_or_for_nothing_is_told() -> None:
    reason = "nobody has ever looked at this one"
    broad = f"- mutant: 'ConfigMap/*:data*'\n  reason: {reason}\n"
    _, found = check(whole_test(APPLY + THERE), **{"tests/waivers.yaml": broad})
    assert found.outcome == "fail"
    assert "waived, at most" in found.summary
    idle = f"- mutant: ConfigMap/a:data.K:changed\n  reason: {reason}\n"
    _, found = check(whole_test(APPLY + GOOD), **{"tests/waivers.yaml": idle})
    assert found.outcome == "pass"
    assert any("excuses nothing" in line for line in found.details)


def test_the_policy_says_how_much_is_enough() -> None:
    steps = GOOD.replace("        (length(data)): (length($values.data))\n", "")
    _, found = check(whole_test(APPLY + steps), policy=Policy(mutation_score=1.0))
    assert found.outcome == "pass", found.details
    _, found = check(whole_test(APPLY + THERE), policy=Policy(mutation_score=0.0))
    assert found.outcome == "pass"
