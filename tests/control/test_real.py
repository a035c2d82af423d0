"""On a real control plane: what replay says is what the cluster does, and controllers count."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.control.world import sandbox_over
from tiphys.library import load_skill
from tiphys.verify.cases import Case
from tiphys.verify.control import rounds
from tiphys.verify.control.hurry import hurried
from tiphys.verify.control.rounds import Budget, control_case
from tiphys.verify.control.score import score_table
from tiphys.verify.control.trial import run_real, run_recorded, settle, written

pytestmark = pytest.mark.cluster
ROOT = Path(__file__).parents[2] / "skills"

APPLY = """\
apiVersion: chainsaw.kyverno.io/v1alpha1
kind: Test
metadata: {name: web-service}
spec:
  steps:
  - try:
    - apply: {file: manifests/*.yaml}
    - assert:
        resource:
"""
STATUS_ONLY = f"""{APPLY}\
          apiVersion: apps/v1
          kind: Deployment
          metadata: {{name: ($values.name), namespace: ($values.namespace)}}
          status: {{readyReplicas: ($values.replicas)}}
"""
SLICE_ONLY = f"""{APPLY}\
          apiVersion: discovery.k8s.io/v1
          kind: EndpointSlice
          metadata:
            namespace: ($values.namespace)
            labels: {{kubernetes.io/service-name: ($values.name)}}
          ports: [{{port: ($values.port)}}]
          (length(endpoints[?conditions.ready] || `[]`)): ($values.replicas)
"""


@pytest.fixture
def sandbox(api, control_plane):
    return sandbox_over(api, control_plane)


def web(namespace, test=None):
    skill = load_skill(ROOT / "web-service")
    values = {**skill.examples["nothing-writable"], "namespace": namespace}
    return Case("web", replace(skill, test=test or skill.test), values)


def judged(case, sandbox):
    report = run_recorded(case, sandbox)
    assert report.outcome == "pass", report.message
    return control_case(case, sandbox, Budget())


def test_a_starter_skill_notices_nearly_everything(sandbox, namespace):
    case = web(namespace)
    tally = judged(case, sandbox)
    assert tally.empty
    assert tally.score >= 0.9, [m.id for m in tally.survived]
    assert len(tally.replayed) > 60
    assert tally.refused  # a selector that its own pods do not match, among others
    # What a replay notices, the cluster shows too.
    test = hurried(case.skill.test, 0.5)
    for mutant in tally.replayed[5 :: len(tally.replayed) // 3]:
        objects = list(case.objects)
        objects[mutant.index] = mutant.changed
        report = run_real(case, sandbox, written(case, objects), test)
        assert report.outcome == "fail", mutant.id
        settle(sandbox.api, sandbox.recordings["web"], namespace)


def test_a_test_of_the_status_alone_notices_little(sandbox, namespace, monkeypatch):
    monkeypatch.setattr(rounds, "_REAL_RUNS", 7)
    tally = judged(web(namespace, STATUS_ONLY), sandbox)
    assert tally.empty
    assert tally.score < 0.5
    # Whether it notices a third replica is chance: for a moment two of three are ready.
    noticed = {m.id for m in (*tally.replayed, *tally.clustered)}
    assert noticed - {"Deployment/api:spec.replicas:changed"} == {"Deployment/api:dropped"}
    survived = {m.id for m in tally.survived}
    assert "Service/api:dropped" in survived
    assert {i for i in survived if ".image:" in i}


def test_what_only_controllers_show_is_run_for_real(sandbox, namespace, monkeypatch):
    """The slice is the work of a controller that reads both service and pods."""
    monkeypatch.setattr(rounds, "_REAL_RUNS", 6)
    tally = judged(web(namespace, SLICE_ONLY), sandbox)
    assert {"Service/api:dropped", "Deployment/api:dropped"} <= {m.id for m in tally.clustered}
    assert any(m.operator == "selector" for m in tally.clustered), tally.summary()


def test_the_table_has_a_row_for_each_skill(sandbox, monkeypatch):
    monkeypatch.setattr(rounds, "_EMPTY_LEAST", 0.2)
    names = ("config-map", "priority-class")
    rows = list(score_table(sandbox, [load_skill(ROOT / name) for name in names]))
    assert [row.case for row in rows] == list(names)
    for row in rows:
        assert row.score >= 0.9, [m.id for m in row.survived]
        assert row.empty
        assert row.seconds > 0
