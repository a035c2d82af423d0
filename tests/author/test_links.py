"""What objects of one answer owe each other."""

from __future__ import annotations

import pytest

from tiphys.propose.author.links import link

RBAC = "rbac.authorization.k8s.io/v1"


def thing(kind, name="x", namespace="a", **rest):
    return {"kind": kind, "metadata": {"name": name, "namespace": namespace}, **rest}


def test_a_binding_lives_with_its_role_and_names_where_the_account_lives():
    account = thing("ServiceAccount", "ci", "pipelines")
    binding = thing(
        "RoleBinding", "b", "pipelines",
        roleRef={"kind": "Role", "name": "deployer"},
        subjects=[{"kind": "ServiceAccount", "name": "ci"}],
    )  # fmt: skip
    link([account, thing("Role", "deployer", "staging"), binding])
    assert binding["metadata"]["namespace"] == "staging"
    assert binding["subjects"][0]["namespace"] == "pipelines"


@pytest.mark.parametrize(
    ("request_", "kept"),
    [
        ("Forbid every pod there all traffic.", False),
        ("Forbid all pods labelled app=vault all traffic.", True),
        ("Only the vault may talk out.", True),
    ],
)
def test_labels_that_nobody_named_do_not_narrow_every_pod(request_, kept):
    policy = thing("NetworkPolicy", spec={"podSelector": {"matchLabels": {"app": "vault"}}})
    link([policy], request_)
    assert ("matchLabels" in policy["spec"]["podSelector"]) is kept


def test_several_ports_get_the_names_that_were_said_or_the_usual_ones():
    service = thing("Service", spec={"ports": [{"port": 80}, {"port": 9100}, {"port": 7}]})
    link([service], "A second port, called telemetry: 9100, beside 80.")
    assert [each["name"] for each in service["spec"]["ports"]] == ["http", "telemetry", "port-7"]


def test_the_old_way_to_name_a_class_becomes_the_field():
    ingress = thing("Ingress", spec={})
    ingress["metadata"]["annotations"] = {"kubernetes.io/ingress.class": "public"}
    link([ingress])
    assert ingress["spec"]["ingressClassName"] == "public"
    assert "annotations" not in ingress["metadata"]
