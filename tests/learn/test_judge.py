"""The judge: where an answer stops, where it lands, and what is left of it."""

from __future__ import annotations

import pytest

from tests.cluster_fixtures import eventually
from tiphys.adapters.runner_embedded import EmbeddedRunner
from tiphys.domain.errors import InvalidInput, Unavailable
from tiphys.learn.task import Task, Wrong
from tiphys.learn.tasks import judge_answer
from tiphys.verify.check import Sandbox

pytestmark = pytest.mark.cluster
ROLE = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\n"


@pytest.fixture
def sandbox(control_plane, api):
    runner = EmbeddedRunner(lambda _lease: api)
    return Sandbox(control_plane, api, runner, lambda _api: runner)


def task(name, kind="ConfigMap", **more):
    expected = {"apiVersion": "v1", "kind": kind, "metadata": {"name": "wanted"}}
    told = {
        "id": name,
        "family": "some",
        "half": "learn",
        "level": "plain",
        "mode": "new",
        "request": "Do it.",
        "reference": text(kind=kind),
        "check": ({"assert": {"resource": expected}},),
        "later": (),
        "wrong": (Wrong("", ""),),
    }
    return Task(**{**told, **more})


def text(name="wanted", kind="ConfigMap", **metadata):
    said = "".join(f"  {key}: {value}\n" for key, value in metadata.items())
    return f"---\napiVersion: v1\nkind: {kind}\nmetadata:\n  name: {name}\n{said}"


@pytest.mark.parametrize("answer", ["", "# nothing\n", "---\n", "Of course! Here it is."])
def test_no_objects_stop_at_reading(sandbox, answer):
    assert judge_answer(task("judge-none"), answer, sandbox).stage == "parse"


def test_what_the_server_refuses_stops_there_in_its_words(sandbox):
    verdict = judge_answer(task("judge-refused"), text() + "date: {}\n", sandbox)
    assert (verdict.passed, verdict.stage) == (False, "refused")
    assert "date" in verdict.reason


def test_an_unknown_kind_is_refused(sandbox):
    verdict = judge_answer(task("judge-kind"), text(kind="Confmap"), sandbox)
    assert verdict.stage == "refused"


def test_an_answer_in_no_namespace_or_in_default_lands_where_the_check_looks(sandbox, api):
    for answer in (text(), text(namespace="default")):
        assert judge_answer(task("judge-home"), answer, sandbox).passed
    assert api.get("v1", "ConfigMap", "wanted", "default") is None


def test_where_a_namespace_is_asked_for_no_other_will_do(sandbox):
    asked = task("judge-place", namespace="judge-asked")
    assert judge_answer(asked, text(namespace="judge-asked"), sandbox).passed
    for answer in (text(), text(namespace="default"), text(namespace="judge-else")):
        assert judge_answer(asked, answer, sandbox).stage == "check"


def test_a_namespace_that_the_answer_has_to_make_is_not_made_for_it(sandbox):
    own = text("judge-own", "Namespace")
    told = {"namespace": "judge-own", "reference": own + text(namespace="judge-own")}
    asked = task("judge-unmade", **told)
    assert judge_answer(asked, asked.reference, sandbox).passed
    verdict = judge_answer(asked, text(namespace="judge-own"), sandbox)
    assert verdict.stage == "refused"
    assert "judge-own" in verdict.reason


def test_nothing_of_an_answer_helps_the_next(sandbox):
    asked = task("judge-next")
    assert judge_answer(asked, text(), sandbox).passed
    assert not judge_answer(asked, text("other"), sandbox).passed


def test_what_stands_outside_namespaces_is_taken_away(sandbox, api):
    judge_answer(task("judge-role"), f"{ROLE}metadata: {{name: judge-gone}}\n", sandbox)
    assert api.get("rbac.authorization.k8s.io/v1", "ClusterRole", "judge-gone") is None


def test_an_answer_cannot_replace_what_the_cluster_has_of_its_own(sandbox, api):
    before = api.get("v1", "Namespace", "kube-system")
    verdict = judge_answer(task("judge-own-things"), text("kube-system", "Namespace"), sandbox)
    assert verdict.stage == "refused"
    assert api.get("v1", "Namespace", "kube-system")["metadata"]["uid"] == before["metadata"]["uid"]
    role = f"{ROLE}metadata: {{name: view}}\nrules: []\n"
    assert judge_answer(task("judge-own-things"), role, sandbox).stage == "refused"
    assert api.get("rbac.authorization.k8s.io/v1", "ClusterRole", "view") is not None


def test_the_default_account_of_a_namespace_may_be_described(sandbox):
    expected = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}
    check = ({"assert": {"resource": {**expected, "automountServiceAccountToken": False}}},)
    answer = text("default", "ServiceAccount") + "automountServiceAccountToken: false\n"
    asked = task("judge-account", check=check)
    assert judge_answer(asked, answer, sandbox).passed
    assert not judge_answer(asked, text(), sandbox).passed


def test_the_cluster_gets_time_only_for_what_takes_time(sandbox):
    ready = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "wanted"}}
    later = ({"assert": {"resource": {**ready, "status": {"phase": "Running"}}}},)
    pod = text(kind="Pod") + "spec:\n  containers: [{name: a, image: registry.example/a:1}]\n"
    asked = task("judge-later", kind="Pod", later=later)
    assert judge_answer(asked, pod, sandbox, patience=30.0).passed
    never = ({"assert": {"resource": {**ready, "status": {"phase": "Lost"}}}},)
    verdict = judge_answer(task("judge-later", kind="Pod", later=never), pod, sandbox, patience=0.2)
    assert verdict.stage == "check"
    assert "Lost" in verdict.reason


def test_a_definition_and_an_instance_of_it_may_come_in_any_order(sandbox):
    instance = (
        "apiVersion: judge.example/v1\nkind: Boat\nmetadata: {name: argo}\nspec: {oars: 50}\n"
    )
    definition = """---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: boats.judge.example}
spec:
  group: judge.example
  scope: Namespaced
  names: {kind: Boat, plural: boats}
  versions:
    - name: v1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
"""
    expected = {"apiVersion": "judge.example/v1", "kind": "Boat", "spec": {"oars": 50}}
    asked = task("judge-boat", check=({"assert": {"resource": expected}},))
    for _ in range(2):
        assert judge_answer(asked, instance + definition, sandbox).passed


def test_finalizers_of_an_answer_hold_nothing(sandbox, api):
    asked = task("judge-held")
    assert judge_answer(asked, text(finalizers="[example.org/never]"), sandbox).passed
    eventually(lambda: api.get("v1", "ConfigMap", "wanted", "task-judge-held") is None)


def test_a_task_that_presumes_what_is_refused_is_no_fault_of_the_answer(sandbox):
    broken = {"apiVersion": "v1", "kind": "Nothing", "metadata": {"name": "a"}}
    with pytest.raises(InvalidInput, match="presumes"):
        judge_answer(task("judge-broken", presumes=(broken,)), text(), sandbox)


def test_a_namespace_of_others_is_not_touched(sandbox, namespace):
    with pytest.raises(Unavailable, match="somebody else's"):
        judge_answer(task("judge-theirs", namespace=namespace), text(), sandbox)
