"""What objects of one answer owe each other."""

from __future__ import annotations

import pytest

from tiphys.propose.author.links import link, select_stated

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


def test_the_ports_of_addresses_are_those_that_the_service_forwards_to():
    service = thing(
        "Service", "ldap", spec={"ports": [{"name": "l", "port": 636, "targetPort": 7}]}
    )
    addresses = thing("EndpointSlice", "ldap-1", ports=[{"name": "l", "port": 636}])
    addresses["metadata"]["labels"] = {"kubernetes.io/service-name": "ldap"}
    link([service, addresses])
    assert addresses["ports"] == [{"name": "l", "port": 7}]


def test_a_priority_class_is_for_the_workload_that_comes_with_it():
    pods = {"spec": {"template": {"spec": {"containers": [{"image": "x"}]}}}}
    workload = thing("Deployment", **pods)
    link([thing("PriorityClass", "first"), workload])
    assert workload["spec"]["template"]["spec"]["priorityClassName"] == "first"


def test_the_kind_of_a_target_follows_from_its_figure():
    target = {"type": "Scale", "averageUtilization": 70}
    scaler = thing("HorizontalPodAutoscaler", spec={"metrics": [{"resource": {"target": target}}]})
    link([scaler])
    assert target["type"] == "Utilization"


@pytest.mark.parametrize(
    ("request_", "verbs", "names"),
    [
        ("It may read the one Secret called signing-key.", ["get", "update"], ["signing-key"]),
        ("Only the Secret `signing-key`.", ["get"], ["signing-key"]),
        ("Only the Secret signing-key.", ["get", "list"], None),
        ("It may read every Secret, and only read.", ["get"], None),
        ("One ConfigMap called x.", ["get"], None),
    ],
)
def test_rights_on_one_thing_are_on_that_one(request_, verbs, names):
    rule = {"apiGroups": [""], "resources": ["secrets"], "verbs": verbs}
    role = {"kind": "Role", "metadata": {"name": "r"}, "rules": [dict(rule)]}

    link([role], request_)

    assert role["rules"] == [rule | ({"resourceNames": names} if names else {})]


@pytest.mark.parametrize(
    ("request_", "selector"),
    [
        ("A Service for the pods labelled insect=bee.", {"insect": "bee"}),
        (
            "Our pods (they have tier=edge and app=perch)\nneed one.",
            {"tier": "edge", "app": "perch"},
        ),
        ("The pods carry app.kubernetes.io/name: tap, UDP.", {"app.kubernetes.io/name": "tap"}),
        ("The pods are there. Label the Service team=ops.", {"app": "gossip"}),
        ("Pods get it. LOG_LEVEL=debug, they have MODE=x.", {"app": "gossip"}),
    ],
)
def test_a_service_of_pods_that_exist_chooses_the_labels_that_are_stated(request_, selector):
    service = thing("Service", spec={"selector": {"app": "gossip"}})
    select_stated([service], request_)
    assert service["spec"]["selector"] == selector


def test_a_service_of_pods_that_come_with_it_keeps_their_labels():
    service = thing("Service", spec={"selector": {"app": "gossip"}})
    pod = thing("Pod", spec={"containers": []})
    select_stated([service, pod], "Pods labelled insect=bee.")
    assert service["spec"]["selector"] == {"app": "gossip"}


def test_a_taint_without_a_value_is_tolerated_whatever_its_value():
    held = [{"key": "a"}, {"key": "b", "value": "c"}, {"key": "d", "operator": "Equal"}]
    runtime = thing("RuntimeClass", scheduling={"tolerations": held})
    link([runtime])
    assert [each.get("operator") for each in held] == ["Exists", None, "Equal"]


@pytest.mark.parametrize(
    ("type_", "given", "wanted"),
    [
        ("kubernetes.io/basic-auth", ["user", "password"], ["password", "username"]),
        ("kubernetes.io/ssh-auth", ["id_rsa"], ["ssh-privatekey"]),
        ("kubernetes.io/basic-auth", ["user", "pin"], ["pin", "user"]),
        ("Opaque", ["user", "password"], ["password", "user"]),
    ],
)
def test_a_secret_has_the_key_that_its_type_demands(type_, given, wanted):
    secret = thing("Secret", type=type_, stringData=dict.fromkeys(given, "x"))
    link([secret])
    assert sorted(secret["stringData"]) == wanted


def test_names_within_a_pod_are_spelled_as_a_server_takes_them():
    box = {"name": "tail_Pipe", "image": "x", "volumeMounts": [{"name": "emptyDir"}]}
    spec = {"containers": [box], "volumes": [{"name": "emptyDir", "emptyDir": {}}]}
    link([{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": spec}])
    assert [box["name"], box["volumeMounts"][0]["name"]] == ["tail-pipe", "empty-dir"]
    assert spec["volumes"][0]["name"] == "empty-dir"


@pytest.mark.parametrize(
    ("accounts", "own", "used"),
    [(["bot"], None, "bot"), (["bot"], "other", "other"), (["bot", "ant"], None, None)],
)
def test_an_account_is_for_the_workload_that_comes_with_it(accounts, own, used):
    made = [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}}
        for name in accounts
    ]
    spec = {"containers": [{"name": "a"}], **({"serviceAccountName": own} if own else {})}
    link([{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": spec}, *made])
    assert spec.get("serviceAccountName") == used


def test_a_service_that_exists_keeps_the_pods_that_it_chooses():
    service = thing("Service", spec={"selector": {"release": "green"}, "ports": [{"port": 80}]})
    pods = {"metadata": {"labels": {"release": "blue"}}, "spec": {"containers": [{"name": "a"}]}}
    blue = thing("Deployment", spec={"template": pods})
    link([service, blue], "send everything to green", new=False)
    assert service["spec"]["selector"] == {"release": "green"}
    link([service, blue], "a Service in front of it")
    assert service["spec"]["selector"] == {"release": "blue"}


def test_of_several_services_each_keeps_its_labels():
    both = [thing("Service", name, spec={"selector": {"app": name}}) for name in ("auth", "pages")]
    select_stated(both, "one for the pods app=auth, one for the pods app=pages")
    assert [each["spec"]["selector"]["app"] for each in both] == ["auth", "pages"]


@pytest.mark.parametrize(
    ("written", "services", "named"),
    [
        (None, {"peers": "None"}, "peers"),
        ("log", {"peers": "None"}, "peers"),
        ("log", {"peers": "None", "log": None}, "log"),
        ("log", {"peers": None}, "log"),
        ("old-peers", {"peers": "None"}, "old-peers"),
        (None, {"a": "None", "b": "None"}, "log"),
    ],
)
def test_a_set_is_named_by_the_only_headless_service_unless_it_names_one(written, services, named):
    stateful = {
        "kind": "StatefulSet",
        "metadata": {"name": "log"},
        "spec": {"serviceName": written},
    }
    made = [
        {"kind": "Service", "metadata": {"name": name}, "spec": {"clusterIP": address}}
        for name, address in services.items()
    ]
    link([stateful, *made])
    assert stateful["spec"]["serviceName"] == named


@pytest.mark.parametrize(
    ("ports", "listens", "target"),
    [
        ([{"port": 80}], [8088], 8088),
        ([{"port": 80, "targetPort": 80}], [8088], 8088),
        ([{"port": 80, "targetPort": "web"}], [8088], "web"),
        ([{"port": 80, "targetPort": 81}], [8088], 81),
        ([{"port": 80}], [80], None),
        ([{"port": 80}], [8088, 8089], None),
        ([{"port": 80}], [], None),
        ([{"port": 80}, {"port": 81}], [8088], None),
    ],
)
def test_a_service_leads_to_where_its_pods_listen(ports, listens, target):
    box = {"name": "a", "image": "a:1", "ports": [{"containerPort": each} for each in listens]}
    spec = {"template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [box]}}}
    web = {"kind": "Deployment", "metadata": {"name": "a"}, "spec": spec}
    service = {"kind": "Service", "metadata": {"name": "a"}, "spec": {"ports": ports}}
    link([web, service])
    assert ports[0].get("targetPort") == target
