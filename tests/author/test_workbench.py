"""On a real control plane: what is wrong is told by field, and nothing of a try is left."""

from __future__ import annotations

import pytest
import yaml

from tests.author.boards import CARDS
from tests.cluster_fixtures import eventually
from tiphys.adapters.kube_api import KubeApi
from tiphys.library.openapi import Schemas
from tiphys.verify.guardrails import Guardrails
from tiphys.verify.workbench import ClusterWorkbench

pytestmark = pytest.mark.cluster


@pytest.fixture
def own_api(control_plane):
    api = KubeApi(control_plane.kubeconfig)
    yield api
    api.close()


@pytest.fixture
def bench(own_api):
    return ClusterWorkbench(own_api, own_api, Guardrails(), patience=60.0)


def objects(text, namespace):
    found = [each for each in yaml.safe_load_all(text) if each]
    for each in found:
        if "namespace" in each["metadata"]:
            each["metadata"]["namespace"] = namespace
    return found


def words(found, stage):
    return [each.words for each in found.of(stage)]


NEEDY = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: x}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      priorityClassName: presumed-here
      serviceAccountName: somebody
      containers: [{name: web, image: "registry.example/web:1"}]
"""


CLASSED = """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: x}
spec:
  priorityClassName: politely
  serviceAccountName: web
  containers: [{name: web, image: "registry.example/web:1"}]
---
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: politely}
value: 7
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: web, namespace: x}
"""


def test_a_pod_may_come_with_its_class_and_its_account(bench, own_api, namespace):
    found = bench.rehearse("Run web", objects(CLASSED, namespace))
    assert not found.of("refused", "denied"), found.problems
    assert own_api.get("scheduling.k8s.io/v1", "PriorityClass", "politely") is None


def test_what_a_request_presumes_is_there(bench, own_api, namespace):
    place = f"{namespace}-new"
    found = bench.rehearse("Run web with 2 replicas", objects(NEEDY, place))
    assert found.good, found.problems
    assert found.live[0]["status"]["readyReplicas"] == 2
    eventually(lambda: own_api.get("apps/v1", "Deployment", "web", place) is None)


def test_a_kind_that_a_request_presumes_is_described_at_once(own_api, namespace):
    kind, group = "Otter", f"{namespace}.example.org"
    schema = {"type": "object", "properties": {"spec": {"type": "object"}}}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"otters.{group}"},
        "spec": {
            "group": group,
            "names": {"kind": kind, "plural": "otters"},
            "scope": "Namespaced",
            "versions": [version],
        },
    }
    bench = ClusterWorkbench(own_api, own_api, Guardrails(), presumed=[definition])
    assert Schemas(bench.openapi).of(f"{group}/v1", kind)
    assert kind in {each.kind for each in bench.kinds()}


def test_a_definition_that_the_server_refuses_is_not_waited_for(own_api, namespace):
    broken = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"}
    odd = [broken | {"metadata": {"name": "x"}, "spec": spec} for spec in ("no", {"versions": 3})]
    bench = ClusterWorkbench(own_api, own_api, Guardrails(), presumed=odd)
    assert bench.kinds()


def test_a_refusal_names_object_and_field(bench, namespace):
    wrong = objects(NEEDY.replace("{app: web}}\n    spec", "{app: other}}\n    spec"), namespace)
    found = bench.rehearse("Run web", wrong)
    assert not found.good
    [problem] = found.of("refused")
    assert problem.object == f"Deployment/{namespace}/web"
    assert problem.path == "spec.template.metadata.labels"


def test_thousands_of_pods_are_not_tried(bench, own_api, namespace):
    found = bench.rehearse(
        "Run web", objects(NEEDY.replace("replicas: 2", "replicas: 8080"), namespace)
    )
    [problem] = found.of("refused")
    assert (problem.path, "8080 pods" in problem.words) == ("spec.replicas", True)
    assert own_api.get("apps/v1", "Deployment", "web", namespace) is None


def test_what_was_asked_for_and_is_not_so_is_contradicted(bench, namespace):
    found = bench.rehearse("Run web with 5 replicas", objects(NEEDY, namespace))
    assert [(p.path, p.wanted) for p in found.of("contradicted")] == [("spec.replicas", "5")]
    assert found.rank > bench.rehearse("Run web with 2 replicas", objects(NEEDY, namespace)).rank


def test_that_no_node_here_is_labelled_so_is_no_fault(own_api, namespace):
    bench = ClusterWorkbench(own_api, own_api, Guardrails(), patience=5.0)
    [picky] = objects(NEEDY, namespace)
    picky["spec"]["template"]["spec"]["nodeSelector"] = {"disk": "ssd"}
    found = bench.rehearse("Run web on nodes labelled disk=ssd", [picky])
    assert found.good, found.problems


def test_what_nobody_asked_for_is_contradicted_without_a_value(bench, namespace):
    [bold] = objects(NEEDY, namespace)
    [container] = bold["spec"]["template"]["spec"]["containers"]
    container["securityContext"] = {"capabilities": {"add": ["SYS_ADMIN"]}}
    found = bench.rehearse("Run web with no more rights than it needs", [bold])
    assert [p.wanted for p in found.of("contradicted")] == [""], found.problems


def test_a_quota_that_lets_no_pod_in_shows_as_a_warning(bench, own_api, namespace):
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "none", "namespace": namespace},
        "spec": {"hard": {"pods": "0"}},
    }
    own_api.apply(quota)
    eventually(lambda: own_api.get("v1", "ResourceQuota", "none", namespace).get("status"))
    found = bench.rehearse("Run web", objects(NEEDY, namespace))
    assert any("exceeded quota" in text for text in words(found, "warned")), found.problems


def test_claims_of_a_set_do_not_reach_the_next_try(bench, own_api, namespace):
    found = bench.rehearse("Run ledger", objects(CARDS["StatefulSet"], namespace))
    assert found.live
    eventually(lambda: own_api.list("v1", "PersistentVolumeClaim", namespace) == [])


@pytest.mark.parametrize("kind", sorted(CARDS))
def test_every_card_is_a_right_manifest(own_api, namespace, kind):
    for each in objects(CARDS[kind], namespace):
        if kind in ("StorageClass", "PriorityClass", "IngressClass"):
            each["metadata"]["name"] = f"{each['metadata']['name']}-{namespace}"
        assert own_api.apply(each, dry_run=True)["kind"] == each["kind"]


@pytest.mark.parametrize("odd", [{}, {"kind": "Pod"}, {"kind": "Pod", "apiVersion": "v1"},
    {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "a/../b", "namespace": "x"}},
    {"kind": "Pod", "apiVersion": "../v1", "metadata": {"name": "a", "namespace": "x"}},
    {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "a", "namespace": 5}},
    {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": ["a"], "namespace": "x"}},
    {"kind": "ConfigMap", "apiVersion": "v1", "metadata": "text"},
])  # fmt: skip
def test_whatever_is_no_object_is_refused_in_words(bench, odd):
    found = bench.rehearse("Anything", [odd])
    assert not found.good
    assert found.of("refused")
