"""Names that lead nowhere lead to the only object that can be meant."""

from __future__ import annotations

import pytest

from tiphys.propose.author.references import lead_somewhere


def secret(name):
    return {"kind": "Secret", "metadata": {"name": name}}


def pod(name):
    volume = {"name": "key", "secret": {"secretName": name}}
    spec = {"containers": [{"name": "main"}], "volumes": [volume]}
    return {"kind": "Pod", "metadata": {"name": "reader"}, "spec": spec}


@pytest.mark.parametrize(
    ("request_", "written", "meant"),
    [
        ("Secret badge-key. The reader mounts that Secret.", "The", "badge-key"),
        ("Secret badge-key. The reader mounts that Secret.", "badge", "badge-key"),
        ("Secret badge-key. The reader mounts the Secret old-key.", "old-key", "old-key"),
    ],
)
def test_a_volume_leads_to_the_secret_that_is_made(request_, written, meant):
    reader = pod(written)
    lead_somewhere([secret("badge-key"), reader], request_)
    assert reader["spec"]["volumes"][0]["secret"]["secretName"] == meant


def test_between_two_nobody_chooses():
    reader = pod("The")
    assert lead_somewhere([secret("a"), secret("b"), reader], "The reader") == ()
    assert reader == pod("The")


@pytest.mark.parametrize(
    ("name", "own", "kind"), [("view", False, "ClusterRole"), ("view", True, "Role"),
                              ("reader", False, "Role")],
)  # fmt: skip
def test_a_role_that_comes_with_the_cluster_is_a_cluster_role(name, own, kind):
    binding = {"kind": "RoleBinding", "roleRef": {"kind": "Role", "name": name}}
    role = {"kind": "Role", "metadata": {"name": name}}
    lead_somewhere([binding, role] if own else [binding], "Give them view")
    assert binding["roleRef"]["kind"] == kind


def served(*ports, probe="web", target="web"):
    container = {
        "name": "main",
        "image": "registry.example/main:1",
        "ports": [*ports],
        "readinessProbe": {"httpGet": {"path": "/", "port": probe}},
    }
    spec = {"template": {"spec": {"containers": [container]}}}
    workload = {"kind": "Deployment", "metadata": {"name": "main"}, "spec": spec}
    service = {"kind": "Service", "metadata": {"name": "main"}}
    service["spec"] = {"ports": [{"port": 80, "targetPort": target}]}
    lead_somewhere([workload, service], "the port http")
    return container["readinessProbe"]["httpGet"]["port"], service["spec"]["ports"][0]["targetPort"]


def test_a_port_that_no_container_has_is_the_only_one():
    http, stats = {"name": "http", "containerPort": 80}, {"name": "stats", "containerPort": 81}
    assert served(http) == ("http", "http")
    assert served({"containerPort": 80}) == (80, 80)
    assert served(http, stats) == ("web", "web")
    assert served(http, probe=8080, target="8080") == (8080, "8080")


def test_a_port_whose_name_is_no_text_breaks_nothing():
    assert served({"name": ["http"], "containerPort": 80}) == (["http"], ["http"])


@pytest.mark.parametrize(
    ("others", "written", "request_", "found"),
    [
        (["offline"], "fline", "of class offline", "offline"),
        (["offline"], "nearline", "the volume is offline, the claim nearline", "nearline"),
        (["offline"], None, "of class offline", None),
        ([None], "fline", "no class", "fline"),
        (["a", "b"], "fline", "a and b", "fline"),
    ],
)
def test_a_claim_is_of_the_class_of_the_only_volume(others, written, request_, found):
    claim = {"kind": "PersistentVolumeClaim", "spec": {"storageClassName": written}}
    volumes = [
        {"kind": "PersistentVolume", "spec": {"storageClassName": each} if each else {}}
        for each in others
    ]
    lead_somewhere([claim, *volumes], request_)
    assert claim["spec"]["storageClassName"] == found
