"""What is meant beyond doubt is set, as far as there is one value that it can have."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiphys.propose.author.fields import value_at
from tiphys.propose.author.sure import set_figures, set_lacking
from tiphys.propose.author.types import Meant


def only(field, *kinds, keys=()):
    return Meant("so it is", field, keys or (field.partition(":")[0].split(".")[-1],),
                 frozenset(kinds), 0.9)  # fmt: skip


POD = {"containers": [{"name": "a", "image": "registry.example/a:1"}]}


@pytest.mark.parametrize(
    ("field", "obj", "path", "value"),
    [
        (only("spec.strategy: {type: Recreate}", "Deployment"), {"kind": "Deployment", "spec": {}},
         ("spec", "strategy"), {"type": "Recreate"}),
        (only("spec.suspend: true", "Job", "CronJob"), {"kind": "CronJob", "spec": {}},
         ("spec", "suspend"), True),
        (only("spec.completionMode: Indexed", "Job", "CronJob"), {"kind": "CronJob", "spec": {}},
         ("spec", "jobTemplate", "spec", "completionMode"), "Indexed"),
        (only("restartPolicy: Never (of the pod)", "pods", "Job"),
         {"kind": "Job", "spec": {"template": {"spec": POD}}},
         ("spec", "template", "spec", "restartPolicy"), "Never"),
        (only("spec.template.spec.hostPID: true", "pods", "Pod"), {"kind": "Pod", "spec": POD},
         ("spec", "hostPID"), True),
        (only("immutable: true", "Secret"), {"kind": "Secret"}, ("immutable",), True),
    ],
)  # fmt: skip
def test_what_is_beyond_doubt_and_has_one_value_is_set(field, obj, path, value):
    made = copy.deepcopy(obj)
    assert len([*set_lacking([field], [made])]) == 1
    assert value_at(made, path) == value
    assert not [*set_lacking([field], [made])]


@pytest.mark.parametrize(
    "field",
    [
        only("spec.scope: Cluster or Namespaced", "Secret"),
        only("immutable: true", "ConfigMap"),
        only("data: {key: value}", "Secret"),
        replace(only("immutable: true", "Secret"), score=0.3),
    ],
)
def test_what_would_have_to_be_chosen_is_left_to_the_model(field):
    assert not [*set_lacking([field], [{"kind": "Secret"}])]
    assert not [*set_lacking([only("immutable: true", "Secret")], [{"kind": "Secret"}] * 2)]


GRACE = only("spec.template.spec.terminationGracePeriodSeconds", "pods", "Deployment")
LIMIT = only("spec.backoffLimit (in a CronJob spec.jobTemplate.spec.backoffLimit)", "Job",
             keys=("backoffLimit",))  # fmt: skip
BUDGET = only("spec.maxUnavailable: number or percent", "PodDisruptionBudget")


@pytest.mark.parametrize(
    ("field", "said", "obj", "path", "value"),
    [
        (GRACE, "killed only 95 seconds after termination began", {"kind": "Deployment"},
         ("spec", "template", "spec", "terminationGracePeriodSeconds"), 95),
        (GRACE, "it gets two minutes to end", {"kind": "Deployment"},
         ("spec", "template", "spec", "terminationGracePeriodSeconds"), 120),
        (GRACE, "a minute, or 90 seconds", {"kind": "Deployment"},
         ("spec", "template", "spec", "terminationGracePeriodSeconds"), 90),
        (GRACE, "between 1 minute and 90 seconds", {"kind": "Deployment"},
         ("spec", "template", "spec", "terminationGracePeriodSeconds"), None),
        (LIMIT, "try it three times", {"kind": "Job", "spec": {"backoffLimit": 6}},
         ("spec", "backoffLimit"), 3),
        (LIMIT, "for 3 minutes", {"kind": "Job", "spec": {}}, ("spec", "backoffLimit"), None),
        (BUDGET, "at most 30 % of them", {"kind": "PodDisruptionBudget"},
         ("spec", "maxUnavailable"), "30%"),
    ],
)  # fmt: skip
def test_a_figure_of_the_clause_is_the_value(field, said, obj, path, value):
    made = copy.deepcopy(obj)
    field = replace(field, said=said)
    notes = [*set_figures([field], [made], said)]
    assert value_at(made, path) == value
    assert bool(notes) == (value is not None)
    assert not [*set_figures([field], [made], said)]


def test_a_figure_that_stands_in_another_field_is_that_fields():
    spec = {"failedJobsHistoryLimit": 4, "jobTemplate": {"spec": {}}}
    job = {"kind": "CronJob", "spec": spec}
    field = only("spec.backoffLimit", "Job", "CronJob")
    said = "keep the last 4 failed ones"
    assert not [*set_figures([replace(field, said=said)], [job], said)]
    del spec["failedJobsHistoryLimit"]
    assert [*set_figures([replace(field, said=said)], [job], said)]


def test_a_value_that_the_request_states_stays():
    job = {"kind": "Job", "spec": {"backoffLimit": 6}}
    field = replace(LIMIT, said="try it three times")
    assert not [*set_figures([field], [job], "try it three times, with a limit of 6")]
    assert job["spec"]["backoffLimit"] == 6


@given(st.text(alphabet="0123456789 smhd%minutes.:-", max_size=40))
def test_any_clause_is_read_or_left(said):
    for field in (GRACE, LIMIT, BUDGET):
        made = [{"kind": kind, "spec": {}} for kind in ("Deployment", "Job", "PodDisruptionBudget")]
        [*set_figures([replace(field, said=said)], made, said)]
        assert not [*set_figures([replace(field, said=said)], made, said)]
