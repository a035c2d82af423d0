"""Time-outs cut short, faults laid over a recording, waivers, and figures."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from tests.control.test_mutants import JSON
from tests.control.world import GOOD, case_of, sandbox_over, whole_test
from tests.library.skills import skill
from tiphys.config import configure
from tiphys.domain.errors import InvalidInput
from tiphys.domain.skill import Waiver
from tiphys.library import lint_skill, strict_yaml
from tiphys.testing.memory_cluster import MemoryCluster
from tiphys.verify.control.hurry import hurried
from tiphys.verify.control.mutants import mutants
from tiphys.verify.control.replay import overlay
from tiphys.verify.control.tally import Tally, together, waive
from tiphys.verify.control.trial import written

TEST = """\
apiVersion: chainsaw.kyverno.io/v1alpha1
kind: Test
metadata: {name: slow}
spec:
  timeouts: {assert: 5m, cleanup: 7s}
  catch: [{sleep: {duration: 9s}}]
  steps:
    - name: one
      timeouts: {apply: 3m}
      try:
        - apply: {file: manifests/*.yaml, timeout: 4m}
        - sleep: {duration: 2s}
        - assert: {timeout: 1h, resource: {apiVersion: v1, kind: Pod, timeout: kept}}
      catch: [{describe: {apiVersion: v1, kind: Pod}}]
"""


def test_every_time_out_is_cut_and_nothing_else() -> None:
    cut = strict_yaml.load(hurried(TEST, 0.05, sleeps=False), source="cut")
    spec = cut["spec"]
    assert spec["timeouts"]["assert"] == spec["timeouts"]["error"] == "50ms"
    assert spec["timeouts"]["cleanup"] == "7s"
    assert "catch" not in spec
    (step,) = spec["steps"]
    assert step["try"] == [
        {"apply": {"file": "manifests/*.yaml"}},
        {"sleep": {"duration": "0s"}},
        {"assert": {"resource": {"apiVersion": "v1", "kind": "Pod", "timeout": "kept"}}},
    ]
    assert "catch" not in step
    assert cut["metadata"] == {"name": "slow"}


def test_sleeps_are_kept_where_time_counts() -> None:
    cut = strict_yaml.load(hurried(TEST, 2), source="cut")
    assert {"sleep": {"duration": "2s"}} in cut["spec"]["steps"][0]["try"]


@given(JSON)
def test_whatever_a_test_holds_it_can_be_hurried(spec: Any) -> None:
    text = strict_yaml.dump({"kind": "Test", "spec": {"steps": spec, "timeouts": spec}})
    assert strict_yaml.load(hurried(text, 1), source="cut")["kind"] == "Test"


@given(JSON, JSON)
def test_over_what_was_sent_lies_what_was_changed(before: Any, after: Any) -> None:
    assert overlay(before, before, after) == after
    assert overlay(before, after, after) == before


def test_what_controllers_added_stays_under_a_fault() -> None:
    live = {"spec": {"replicas": 2, "ip": "10.0.0.9", "a": {"b": 1}}, "status": {"ready": 2}}
    before = {"spec": {"replicas": 2, "a": {"b": 1}, "gone": 1}}
    after = {"spec": {"replicas": 3, "gone": 1, "new": [1]}}
    assert overlay(live, before, after) == {
        "spec": {"replicas": 3, "ip": "10.0.0.9", "new": [1]},
        "status": {"ready": 2},
    }


REASON = "the server sets the same value itself"
OBJECT = {"kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"x": "1", "y": "2"}}


def test_a_waiver_excuses_by_id_or_with_stars() -> None:
    found = mutants([OBJECT])
    left, excused = waive(found, [Waiver("ConfigMap/a:data.*:changed", REASON)])
    assert {m.id for m, _ in excused} == {
        "ConfigMap/a:data.x:changed",
        "ConfigMap/a:data.y:changed",
    }
    assert {reason for _, reason in excused} == {REASON}
    assert len(left) + len(excused) == len(found)
    assert not waive(found, [Waiver("ConfigMap/a:data.?:changed", REASON)])[1]


def test_waivers_are_read_with_the_skill() -> None:
    text = f"- mutant: ConfigMap/a:data.x:changed\n  reason: {REASON}\n"
    found = skill(**{"tests/waivers.yaml": text}).waivers
    assert found == (Waiver("ConfigMap/a:data.x:changed", REASON),)
    assert skill().waivers == ()


@pytest.mark.parametrize(
    "text",
    [
        "mutant: a\n",
        "- ConfigMap/a:dropped\n",
        "- mutant: '*'\n  reason: it would be too much work\n",
        "- mutant: '*/*:*'\n  reason: it would be too much work\n",
        "- mutant: ConfigMap/a:dropped\n  reason: short\n",
        "- mutant: ConfigMap/a:dropped\n  reason: 5\n",
        f"- mutant: ConfigMap/a:dropped\n  reason: {'long ' * 50}\n",
        f"- mutant: ConfigMap/a:dropped\n  reason: {REASON}\n  more: 1\n",
        f"- mutant: ConfigMap/a:dropped\n  reason: {REASON}\n" * 2,
        "".join(
            f"- mutant: ConfigMap/a:data.x{n}:dropped\n  reason: {REASON}\n" for n in range(21)
        ),
    ],
)
def test_a_waiver_without_a_name_or_a_reason_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        skill(**{"tests/waivers.yaml": text})


def test_lint_tells_of_a_waiver_for_what_the_skill_does_not_make() -> None:
    text = f"- mutant: ConfigMap/*:data.x:changed\n  reason: {REASON}\n"
    assert not [w for w in lint_skill(skill(**{"tests/waivers.yaml": text})) if "waivers" in w]
    odd = text.replace("ConfigMap", "Secret")
    assert [w for w in lint_skill(skill(**{"tests/waivers.yaml": odd})) if "Secret" in w]


def test_a_score_counts_what_could_be_noticed() -> None:
    found = mutants([OBJECT])
    one = Tally("a", replayed=found[:3], survived=found[3:4], refused=found[4:5])
    other = Tally("b", clustered=found[5:6], empty=False)
    assert (one.score, other.score) == (0.75, 1.0)
    whole = together([one, other], "both")
    assert (whole.score, whole.empty, whole.counted) == (0.8, False, 5)
    assert whole.summary() == (
        "80% of 5 mutants noticed (3 by replay, 1 on the cluster; 1 refused by the server)"
    )


def test_the_score_needed_is_a_share() -> None:
    settings = configure(b"[policy]\nmutation_score = 0.95\n", {}).settings
    assert settings.policy.mutation_score == 0.95
    for wrong in (b"1.5", b"-0.1", b'"much"', b"true"):
        with pytest.raises(InvalidInput, match="mutation_score"):
            configure(b"[policy]\nmutation_score = " + wrong, {})


def test_what_stands_for_left_out_objects_is_there_before_any_controller_acts() -> None:
    cluster = MemoryCluster()
    sandbox_over(cluster).ensure_namespace("b")
    case = case_of(whole_test(GOOD))
    for data in written(case, [None] * len(case.objects)).values():
        for each in strict_yaml.load_documents(data, source="left out"):
            name, namespace = each["metadata"]["name"], each["metadata"].get("namespace")
            assert cluster.get(each["apiVersion"], each["kind"], name, namespace)
