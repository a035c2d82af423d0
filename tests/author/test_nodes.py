"""A label of nodes chooses nodes, and is none of pods."""

from __future__ import annotations

import pytest

from tiphys.propose.author.words.nodes import name_topologies, run_on


def deployment(**pod):
    labels = {"disk": "ssd"}
    template = {"metadata": {"labels": dict(labels)}, "spec": {"containers": [{}], **pod}}
    spec = {"selector": {"matchLabels": dict(labels)}, "template": template}
    return {"kind": "Deployment", "metadata": {"name": "api"}, "spec": spec}


def test_pods_run_on_the_nodes_that_are_labelled_so():
    made = deployment()
    assert [*run_on([made], "Deployment api, only on nodes labelled disk=ssd, please")]
    pods = made["spec"]["template"]
    assert pods["spec"]["nodeSelector"] == {"disk": "ssd"}
    assert pods["metadata"]["labels"] == made["spec"]["selector"]["matchLabels"] == {"app": "api"}


@pytest.mark.parametrize(
    "request_",
    [
        "Never on nodes labelled disk=ssd.",
        "Preferably, that is rather on nodes with disk=ssd.",
        "Pods labelled disk=ssd",
        "Nodes are many. disk=ssd",
    ],
)
def test_what_is_no_rule_chooses_nothing(request_):
    made = deployment()
    assert not [*run_on([made], request_)]
    assert made == deployment()


def test_who_chooses_by_that_label_already_is_left():
    term = {"matchExpressions": [{"key": "disk", "operator": "In", "values": ["ssd"]}]}
    for pod in ({"nodeSelector": {"disk": "hdd"}}, {"affinity": {"nodeAffinity": {"x": [term]}}}):
        made = deployment(**pod)
        assert not [*run_on([made], "on nodes labelled disk=ssd")]


def test_a_class_that_chooses_the_nodes_does_so_for_its_pods():
    scheduling = {"nodeSelector": {"disk": "ssd"}}
    made = deployment()
    runtime = {"kind": "RuntimeClass", "metadata": {"name": "x"}, "scheduling": scheduling}
    assert not [*run_on([made, runtime], "on nodes labelled disk=ssd")]


def test_a_list_of_wishes_may_say_it_too():
    made = deployment()
    assert [*run_on([made], "- nodes: disk=ssd is a must")]
    assert made["spec"]["template"]["spec"]["nodeSelector"] == {"disk": "ssd"}


@pytest.mark.parametrize(
    ("request_", "key"),
    [
        ("Spread it across zones.", "topology.kubernetes.io/zone"),
        ("Spread it over nodes by their label zone.", "zone"),
    ],
)
def test_zones_are_told_by_the_label_that_nodes_have(request_, key):
    pod = {"kind": "Pod", "spec": {"topologySpreadConstraints": [{"topologyKey": "zone"}]}}
    list(name_topologies([pod], request_))
    assert pod["spec"]["topologySpreadConstraints"][0]["topologyKey"] == key
