"""What the words of a request make of an object, where they can be meant in one way only."""

from __future__ import annotations

import copy

import pytest

from tiphys.propose.author.words.by_words import by_words


def policy(**rules):
    return {"kind": "NetworkPolicy", "metadata": {"name": "x"}, "spec": rules}


@pytest.mark.parametrize(
    ("request_", "port"),
    [
        ("Only the priests may talk to it, and those only on TCP port 7000.", 7000),
        ("TCP 443 to that range and DNS on port 53.", None),
        ("Only the priests may talk to it.", None),
    ],
)
def test_rules_without_a_port_get_the_only_one_that_is_named(request_, port):
    made = policy(ingress=[{"from": [{"podSelector": {}}]}])
    by_words(made, request_)
    ports = made["spec"]["ingress"][0].get("ports")
    assert ports == ([{"protocol": "TCP", "port": port}] if port else None)


def test_a_rule_with_a_port_and_one_for_everything_stay():
    named = policy(ingress=[{"from": [], "ports": [{"port": 53}]}, {"from": [{}]}])
    by_words(named, "on port 7000")
    assert named["spec"]["ingress"] == [{"from": [], "ports": [{"port": 53}]}, {"from": [{}]}]
    everything = policy(egress=[{}])
    by_words(everything, "on port 7000")
    assert everything["spec"]["egress"] == [{}]


@pytest.mark.parametrize(
    ("request_", "left"),
    [
        ("aiming at seventy percent CPU utilization", ["cpu"]),
        ("at 80 % memory", ["memory"]),
        ("by CPU and memory", ["cpu", "memory"]),
        ("between two and nine pods", ["cpu", "memory"]),
    ],
)
def test_metrics_that_nobody_spoke_of_go(request_, left):
    metrics = [{"type": "Resource", "resource": {"name": name}} for name in ("cpu", "memory")]
    scaler = {"kind": "HorizontalPodAutoscaler", "spec": {"metrics": metrics}}
    by_words(scaler, request_)
    assert [each["resource"]["name"] for each in scaler["spec"]["metrics"]] == left


BOTH = {
    "podSelector": {"matchLabels": {"app": "priest"}},
    "namespaceSelector": {"matchLabels": {"role": "pilgrim"}},
}


@pytest.mark.parametrize(
    ("request_", "peers"),
    [
        (
            "Only app=priest in that same namespace, and any of namespaces labelled role=pilgrim.",
            [{key: BOTH[key]} for key in BOTH],
        ),
        ("Only app=priest of the same namespace.", [{"podSelector": BOTH["podSelector"]}]),
        ("Only app=priest of namespaces labelled role=pilgrim.", [BOTH]),
    ],
)
def test_pods_of_the_same_namespace_are_no_others(request_, peers):
    made = policy(ingress=[{"from": [dict(BOTH)]}])
    by_words(made, request_)
    assert made["spec"]["ingress"] == [{"from": peers}]


def test_whatever_stands_there_breaks_nothing():
    for spec in (
        {},
        {"metrics": "x"},
        {"ingress": [1]},
        {"ingress": {"a": 1}},
        {"metrics": [3]},
        {"ingress": [{"from": [1, {}]}]},
    ):
        for kind in ("NetworkPolicy", "HorizontalPodAutoscaler", "Service", "Role"):
            by_words(
                {"kind": kind, "metadata": {}, "spec": dict(spec)},
                "on port 7000 of the same namespace, by CPU",
            )


@pytest.mark.parametrize(
    ("request_", "port"),
    [
        ("A Service of type NodePort, port 7777, on node port 30777.", 7777),
        ("A Service for the HTTP traffic of port 7777.", 80),
        ("A Service on port 80, leading to 7777.", 80),
        ("A Service that leads from 1234 to 7777.", 80),
        ("Run registry.example/game:1 on port 7777, with a Service.", 80),
        ("A Service for the game.", 80),
    ],
)
def test_a_port_that_nobody_stated_is_the_one_that_was(request_, port):
    made = {"kind": "Service", "spec": {"ports": [{"port": 80, "targetPort": 7777}]}}
    by_words(made, request_)
    assert made["spec"]["ports"] == [{"port": port, "targetPort": 7777}]


def test_a_target_that_nobody_stated_goes_with_its_port():
    made = {"kind": "Service", "spec": {"ports": [{"port": 80, "targetPort": 8000}]}}
    by_words(made, "port 7777, on node port 30777")
    assert made["spec"]["ports"] == [{"port": 7777, "targetPort": 7777}]
    named = {"kind": "Service", "spec": {"ports": [{"port": 80, "targetPort": "game"}]}}
    by_words(named, "port 7777")
    assert named["spec"]["ports"] == [{"port": 7777, "targetPort": "game"}]


LABEL = "kubernetes.io/metadata.name"


def of_namespace(name):
    return {"namespaceSelector": {"matchLabels": {LABEL: name}}}


def ports(*numbers):
    return [{"protocol": "TCP", "port": number} for number in numbers]


def test_a_namespace_is_chosen_by_its_name_as_a_namespace():
    made = policy(egress=[{"to": [{"podSelector": {"matchLabels": {LABEL: "kube-system"}}}]}])
    by_words(made, "DNS to kube-system")
    assert made["spec"]["egress"] == [{"to": [of_namespace("kube-system")]}]


CIDR = {"ipBlock": {"cidr": "10.4.0.0/16"}}
DB = {"podSelector": {"matchLabels": {"app": "db"}}}


@pytest.mark.parametrize(
    ("request_", "given", "expected"),
    [
        (
            "1. TCP 8443 to 10.4.0.0/16\n2. DNS, port 53, in kube-system",
            [{"to": [of_namespace("kube-system"), CIDR]}, {"ports": ports(8443, 53)}],
            [
                {"to": [of_namespace("kube-system")], "ports": ports(53)},
                {"to": [CIDR], "ports": ports(8443)},
            ],
        ),
        (
            "The db may be reached, on 5432 only, and DNS (53) anywhere.",
            [{"to": [DB]}, {"ports": ports(5432)}, {"ports": ports(53)}],
            [{"to": [DB], "ports": ports(5432)}, {"ports": ports(53)}],
        ),
        (
            "The db, and DNS on port 53.",
            [{"to": [DB]}, {"ports": ports(53)}],
            [{"to": [DB]}, {"ports": ports(53)}],
        ),
        (
            "The db on 5432, everybody else on 80.",
            [{"to": [DB], "ports": ports(5432)}, {"ports": ports(80)}],
            [{"to": [DB], "ports": ports(5432)}, {"ports": ports(80)}],
        ),
    ],
)
def test_peers_and_ports_that_stand_apart_are_one_rule(request_, given, expected):
    made = policy(egress=given)
    by_words(made, request_)
    assert made["spec"]["egress"] == expected


@pytest.mark.parametrize(
    ("request_", "schedule"),
    [
        ("Der Lauf ist um 05:40, jeden Tag.", "40 5 * * *"),
        ("tem que rodar às 05:40 e só de segunda a sábado", "40 5 * * 1-6"),
        ("It runs every day at 03:00 now, make it 05:00.", "1 1 1 1 1"),
        ("It runs every weekday at 7am and every saturday at 9am.", "1 1 1 1 1"),
        ("It runs every day at 7am, except holidays.", "1 1 1 1 1"),
        ("Something else entirely.", "1 1 1 1 1"),
    ],
)
def test_a_job_runs_at_the_only_time_that_is_told(request_, schedule):
    job = {"kind": "CronJob", "metadata": {"name": "x"}, "spec": {"schedule": "1 1 1 1 1"}}
    by_words(job, request_)
    assert job["spec"]["schedule"] == schedule


@pytest.mark.parametrize(
    ("request_", "name", "target"),
    [
        (
            "aiming at 65 % CPU and an average of 700Mi of memory per pod",
            "cpu",
            ("Utilization", 65),
        ),
        ("65 % CPU and an average of 700Mi of memory per pod", "memory", ("AverageValue", "700Mi")),
        ("scale on cpu, at about 250m per pod", "cpu", ("Value", "9")),
        ("an average cpu of 250m", "cpu", ("AverageValue", "250m")),
        ("cpu at 40 %, memory limit 512Mi", "memory", ("Value", "9")),
    ],
)
def test_a_resource_is_scaled_by_the_figure_of_its_own_clause(request_, name, target):
    held = {"name": name, "target": {"type": "Value", "value": "9"}}
    by_words(
        {"kind": "HorizontalPodAutoscaler", "spec": {"metrics": [{"resource": held}]}}, request_
    )
    assert tuple(held["target"].values()) == target


@pytest.mark.parametrize(
    ("request_", "target"),
    [
        ("- port 9443 called admin, same number on the pods", 9443),
        ("- port 9443 called admin, which the pods call so too", "admin"),
        ("- port 80, the same number\n- port 9443 called admin", "admin"),
    ],
)
def test_the_same_number_is_that_number(request_, target):
    port = {"name": "admin", "port": 9443, "targetPort": "admin"}
    by_words({"kind": "Service", "spec": {"ports": [port]}}, request_)
    assert port["targetPort"] == target


@pytest.mark.parametrize("written", [("UDP", "SCTP"), ("TCP",), ("TCP", "UDP")])
def test_both_protocols_are_two_ports_with_two_names(written):
    ports = [{"name": "gossip", "port": 7946, "protocol": each} for each in written]
    obj = {"kind": "Service", "spec": {"ports": ports}}
    for _ in range(2):
        by_words(obj, "Gossip is port 7946, both tcp and udp.")
    found = obj["spec"]["ports"]
    assert [(each["port"], each["protocol"]) for each in found] == [(7946, "TCP"), (7946, "UDP")]
    assert len({each["name"] for each in found}) == 2


@pytest.mark.parametrize(
    ("request_", "target"),
    [
        ("The pods listen on UDP 18125. A Service x, port 8125.", 18125),
        ("Its pods are listening at port 18125, or listen on 9000.", 8125),
        ("A Service x, port 8125.", 8125),
    ],
)
def test_a_service_leads_to_where_its_pods_listen(request_, target):
    port = {"port": 8125, "targetPort": 8125}
    by_words({"kind": "Service", "spec": {"ports": [port]}}, request_)
    assert port["targetPort"] == target


@pytest.mark.parametrize(
    ("request_", "chosen"),
    [
        ("Pods labelled `app: core` only from pods labelled `role: till` of market.",
         {"matchLabels": {"app": "core"}}),
        ("Every pod only from pods labelled `role: till`, not app: core.", {}),
        ("Only pods labelled `role: till` may come in.", {}),
        ("Pods labelled app=core and tier=a, only from pods labelled role=till", {}),
    ],
)  # fmt: skip
def test_a_policy_is_for_the_pods_whose_label_no_peer_has(request_, chosen):
    labels = {"role": "till", "kubernetes.io/metadata.name": "market"}
    made = policy(podSelector={}, ingress=[{"from": [{"podSelector": {"matchLabels": labels}}]}])
    by_words(made, request_)
    assert made["spec"]["podSelector"] == chosen
    [peer] = made["spec"]["ingress"][0]["from"]
    assert peer["podSelector"] == {"matchLabels": {"role": "till"}}
    name = {"kubernetes.io/metadata.name": "market"}
    assert peer["namespaceSelector"] == {"matchLabels": name}


LOGS = {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]}


@pytest.mark.parametrize(
    ("request_", "more"),
    [
        ("They may list pods and read their logs, but not exec into them.", [LOGS]),
        ("They may list pods, and not read the logs.", []),
        ("They may list pods.", []),
    ],
)
def test_logs_are_read_by_a_right_of_their_own(request_, more):
    pods = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "describe", "logs"],
            "resourceNames": ["*"]}  # fmt: skip
    role = {"kind": "Role", "metadata": {"name": "x"}, "rules": [pods]}
    for _ in range(2):
        by_words(role, request_)
    assert role["rules"] == [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}, *more]


@pytest.mark.parametrize(
    ("request_", "place"),
    [
        ("the rights of view, but only inside the namespace `barometer`", "barometer"),
        ("view, just in the barometer namespace", "barometer"),
        ("view, only in the namespace a or only in the namespace b", None),
        ("a ClusterRoleBinding; it lives only in the namespace barometer", None),
        ("view in all namespaces", None),
    ],
)
def test_rights_inside_one_namespace_are_bound_there(request_, place):
    made = {"kind": "ClusterRoleBinding", "metadata": {"name": "x"}}
    by_words(made, request_)
    kind = "RoleBinding" if place else "ClusterRoleBinding"
    assert (made["kind"], made["metadata"].get("namespace")) == (kind, place)


@pytest.mark.parametrize(
    ("request_", "place", "home"),
    [
        ("The service account eel in namespace pond reads logs over in namespace lake.",
         "lake", "pond"),
        ("Service account eel (in the pond namespace) may list pods of the lake namespace.",
         "lake", "pond"),
        ("The account eel in namespace pond may list pods.", "pond", "pond"),
        ("Account eel of namespace pond, for namespace lake and namespace sea.", "pond", "pond"),
    ],
)  # fmt: skip
def test_rights_are_where_they_are_used(request_, place, home):
    role = {"kind": "Role", "metadata": {"name": "r", "namespace": "pond"}, "rules": []}
    subject = {"kind": "ServiceAccount", "name": "eel", "namespace": "lake"}
    binding = {
        "kind": "RoleBinding",
        "metadata": {"name": "r", "namespace": "pond"},
        "subjects": [subject],
    }
    by_words(role, request_)
    by_words(binding, request_)
    assert role["metadata"]["namespace"] == binding["metadata"]["namespace"] == place
    assert subject["namespace"] == home


PODS, SPACES = {"app": "gauge"}, {"team": "watch"}


def chosen(**labels):
    return {f"{key}Selector": {"matchLabels": dict(each)} for key, each in labels.items()}


@pytest.mark.parametrize(
    "peers",
    [
        [chosen(pod=SPACES)],
        [chosen(pod={**PODS, **SPACES})],
        [chosen(namespace={**PODS, **SPACES})],
        [chosen(pod=PODS), chosen(namespace=SPACES)],
        [chosen(namespace=SPACES)],
        [chosen(pod=PODS, namespace=SPACES)],
    ],
)
def test_pods_of_some_namespaces_are_one_peer_however_they_were_written(peers):
    made = policy(ingress=[{"from": peers}])
    by_words(made, "only pods labelled app=gauge that run in a namespace labelled team=watch")
    assert made["spec"]["ingress"][0]["from"] == [chosen(pod=PODS, namespace=SPACES)]


def test_pods_and_namespaces_that_stand_apart_are_two_peers():
    peers = [chosen(pod=PODS), chosen(namespace=SPACES)]
    made = policy(ingress=[{"from": [*peers]}])
    by_words(
        made, "pods labelled app=gauge next to them, any pod in namespaces labelled team=watch"
    )
    assert made["spec"]["ingress"][0]["from"] == peers


def test_labels_of_a_peer_choose_nothing_where_every_pod_is_meant():
    made = policy(podSelector={"matchLabels": PODS}, ingress=[{"from": [chosen(pod=PODS)]}])
    by_words(made, "all pods there take traffic only from pods labelled app=gauge")
    assert made["spec"]["podSelector"] == {}


def test_a_peer_of_two_rules_belongs_where_its_own_port_is():
    till, desk = chosen(pod={"role": "till"}), chosen(pod={"role": "desk"})
    ports = [{"protocol": "TCP", "port": number} for number in (8443, 9102)]
    made = policy(ingress=[{"from": [till, desk], "ports": ports[:1]},
                           {"from": [desk], "ports": ports[1:]}])  # fmt: skip
    by_words(made, "- role=till, on TCP 8443\n- role=desk, on TCP 9102 and nothing else")
    assert [rule["from"] for rule in made["spec"]["ingress"]] == [[till], [desk]]


def test_who_cuts_off_every_pod_chooses_nobody_by_the_labels_of_another_policy():
    made = policy(podSelector={}, policyTypes=["Egress"])
    by_words(made, "nothing leaves; a second one lets them reach the pods app=dns")
    assert made["spec"]["podSelector"] == {}


def test_the_number_of_a_service_that_exists_is_not_replaced():
    service = {"kind": "Service", "metadata": {}, "spec": {"ports": [{"port": 443}]}}
    by_words(service, "port 80 goes", new=False)
    assert service["spec"]["ports"] == [{"port": 443}]


def test_metrics_are_known_by_other_languages_words():
    kinds = ("cpu", "memory")
    metrics = [{"type": "Resource", "resource": {"name": each}} for each in kinds]
    made = {"kind": "HorizontalPodAutoscaler", "metadata": {}, "spec": {"metrics": metrics}}
    by_words(made, "que no pasen del 60 % de la CPU ni del 80 % de la memoria")
    assert [each["resource"]["name"] for each in made["spec"]["metrics"]] == ["cpu", "memory"]


@pytest.mark.parametrize(
    ("request_", "verbs"),
    [
        ("It may get and patch deployments, and not one verb more.", ["get", "patch"]),
        ("On deployments only get and list.", ["get", "list"]),
        ("It may get and patch deployments.", ["get"]),
        ("It may only get deployments, without being able to list them.", ["get"]),
    ],
)
def test_rights_are_the_verbs_that_are_listed_where_there_are_no_others(request_, verbs):
    rules = [{"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get"]}]
    role = {"kind": "Role", "metadata": {"name": "a"}, "rules": rules}
    by_words(role, request_)
    assert role["rules"][0]["verbs"] == verbs


def test_a_port_is_called_what_is_said_after_it():
    service = {
        "kind": "Service",
        "metadata": {"name": "a"},
        "spec": {"ports": [{"port": 443}, {"port": 8081}]},
    }
    by_words(service, "On the Service let it be 8081, and call that port admin.", new=False)
    assert [each["name"] for each in service["spec"]["ports"]] == ["https", "admin"]


@pytest.mark.parametrize(
    ("request_", "protocol"),
    [
        ("One port more: UDP, 514 on the Service.", "UDP"),
        ("One port more, 514, for TCP and UDP.", None),
        ("One port more, 514.", None),
    ],
)
def test_the_port_that_is_named_speaks_what_is_said(request_, protocol):
    held = {"ports": [{"port": 8088}, {"port": 514}]}
    by_words({"kind": "Service", "metadata": {}, "spec": held}, request_, new=False)
    assert [each.get("protocol") for each in held["ports"]] == [None, protocol]


@pytest.mark.parametrize(("request_", "address"), [
    ("A normal virtual IP, not headless.", None), ("A headless Service.", "None"),
])  # fmt: skip
def test_who_wants_no_headless_service_gets_an_address(request_, address):
    service = {"kind": "Service", "metadata": {}, "spec": {"clusterIP": "None"}}
    by_words(service, request_)
    assert service["spec"].get("clusterIP") == address


@pytest.mark.parametrize(
    ("request_", "left"),
    [
        ("A claim of 40Gi from the default class.", None),
        ("A claim, no particular storage class.", None),
        ("A claim of class default.", "default"),
    ],
)
def test_the_default_class_is_chosen_by_naming_none(request_, left):
    claim = {"kind": "PersistentVolumeClaim", "metadata": {}, "spec": {}}
    claim["spec"]["storageClassName"] = "default"
    by_words(claim, request_)
    assert claim["spec"].get("storageClassName") == left


@pytest.mark.parametrize(
    ("request_", "low", "high"),
    [
        ("A single replica is enough at night; up to 12 may run by day.", 1, 12),
        ("Never fewer than three pods and never more than 17.", 3, 17),
        ("Between 2 and 9 replicas.", 2, 9),
        ("Take away at most 2 pods every minute.", 4, 5),
        ("At least 2 pods, no: at least 3 pods. Scale at 80 %.", 4, 5),
    ],
)
def test_an_autoscaler_goes_as_far_as_is_said(request_, low, high):
    spec = {"minReplicas": 4, "maxReplicas": 5}
    by_words({"kind": "HorizontalPodAutoscaler", "metadata": {}, "spec": spec}, request_)
    assert (spec["minReplicas"], spec["maxReplicas"]) == (low, high)


@pytest.mark.parametrize(
    ("request_", "behavior"),
    [
        ("Use a stabilization window of two minutes.", {"scaleDown": 120}),
        ("Wait 300 seconds before it scales down.", {"scaleDown": 300}),
        ("Wait 300 seconds before scaling down.", {"scaleDown": 300}),
        ("debe usar una ventana de estabilización de 15 minutos", {"scaleDown": 900}),
        ("When scaling up, a stabilization window of 30 s.", {"scaleUp": 30}),
        ("A window for 30 seconds, or 60 seconds, to stabilize.", {}),
    ],
)
def test_an_autoscaler_is_as_calm_as_is_said(request_, behavior):
    spec = {}
    by_words({"kind": "HorizontalPodAutoscaler", "metadata": {}, "spec": spec}, request_)
    found = {k: v["stabilizationWindowSeconds"] for k, v in spec.get("behavior", {}).items()}
    assert found == behavior


def test_a_metric_that_nobody_named_goes():
    cpu = {"type": "Resource", "resource": {"name": "cpu"}}
    own = {"type": "Pods", "pods": {"metric": {"name": "hits"}}}
    spec = {"metrics": [cpu, own, {"type": "Pods"}]}
    by_words({"kind": "HorizontalPodAutoscaler", "metadata": {}, "spec": spec}, "by CPU and hits")
    assert spec["metrics"] == [cpu, own]


@pytest.mark.parametrize(
    ("request_", "kept"),
    [
        ("A PriorityClass that nobody gets without asking for it.", False),
        ("A PriorityClass, not the default.", False),
        ("The priority of pods that choose none.", True),
        ("The default PriorityClass.", True),
    ],
)
def test_a_priority_is_everybodys_only_where_that_is_said(request_, kept):
    made = {"kind": "PriorityClass", "metadata": {}, "globalDefault": True}
    by_words(made, request_)
    assert ("globalDefault" in made) == kept


BOTH_WAYS = {
    "ingress": [{"from": [{"podSelector": {}}]}],
    "egress": [{"to": [{"podSelector": {}}]}],
    "policyTypes": ["Ingress", "Egress"],
}


@pytest.mark.parametrize(
    ("request_", "left"),
    [
        ("No pod may be reached from anywhere. What the pods send out must go on as before.",
         {"podSelector": {}, "policyTypes": ["Ingress"]}),
        ("Incoming traffic stays; nothing may leave, not even to the neighbours.",
         {"podSelector": {}, "policyTypes": ["Egress"]}),
        ("Every pod may talk to every other one of its namespace, only.",
         {"podSelector": {}, **BOTH_WAYS}),
    ],
)  # fmt: skip
def test_a_policy_shuts_the_way_that_is_to_be_shut(request_, left):
    made = {"kind": "NetworkPolicy", "metadata": {}, "spec": copy.deepcopy(BOTH_WAYS)}
    by_words(made, request_)
    assert made["spec"] == left


@pytest.mark.parametrize(
    ("request_", "types"),
    [
        ("- outgoing: none\n- incoming: not a matter of this policy, they stay", ["Egress"]),
        ("Incoming traffic is blocked. Leave outgoing traffic alone.", ["Ingress"]),
        ("- outgoing: none except DNS\n- incoming: stays", None),
        ("- outgoing: none\n- incoming: none", None),
        ("No outgoing traffic.", None),
    ],
)
def test_a_direction_is_shut_and_the_other_one_left_alone(request_, types):
    rule = {"from": [{"podSelector": {"matchLabels": {"a": "b"}}}]}
    obj = {"kind": "NetworkPolicy", "spec": {"policyTypes": ["Ingress"], "ingress": [rule]}}
    by_words(obj, request_)
    shut = "ingress" not in obj["spec"] and "egress" not in obj["spec"]
    assert (obj["spec"]["policyTypes"] if shut else None) == types


@pytest.mark.parametrize(
    ("request_", "kind", "node", "target"),
    [
        ("Port 514, every node opens 31514 for it.", "NodePort", 31514, None),
        ("Port 514, every node opens some port for it.", "NodePort", 31080, 31514),
        ("Port 514, nodes 31514 or 31515.", "NodePort", 31080, 31514),
        ("Port 514 leads to 31514.", "ClusterIP", 31080, 31514),
    ],
)
def test_the_only_port_that_a_node_can_open_is_the_nodes(request_, kind, node, target):
    port = {"port": 514, "targetPort": 31514, "nodePort": 31080}
    by_words({"kind": "Service", "spec": {"type": kind, "ports": [port]}}, request_)
    assert (port["nodePort"], port.get("targetPort")) == (node, target)


@pytest.mark.parametrize(
    ("request_", "address"),
    [
        ("The Service that governs the set: nodes, port 7687, without a cluster IP.", "None"),
        ("Peers use the headless service nodes, applications the service api.", "None"),
        ("Service nodes is headless.", "None"),
        ("Peers use the headless service peers, applications the service nodes.", None),
        ("Service nodes, and a service peers without a cluster IP.", None),
        ("Service nodes, not headless.", None),
    ],
)
def test_a_service_is_headless_where_that_is_said_of_it(request_, address):
    obj = {"kind": "Service", "metadata": {"name": "nodes"}, "spec": {"ports": []}}
    by_words(obj, request_)
    assert obj["spec"].get("clusterIP") == address


FRONT, BACK = {"app": "front"}, {"app": "back"}


@pytest.mark.parametrize(
    ("request_", "way", "own"),
    [
        ("Only pods with label app=front may reach pods with label app=back on 80.", "from", BACK),
        ("Pods with app=back may be reached only by pods with app=front.", "from", BACK),
        ("Pods with app=front may only talk to pods with app=back.", "to", FRONT),
        ("Pods with app=front and pods with app=back.", "from", FRONT),
    ],
)
def test_who_reaches_whom_is_not_the_wrong_way_round(request_, way, own):
    other = BACK if own == FRONT else FRONT
    swapped = (other, own) if "and pods" not in request_ else (own, other)
    peer = {"podSelector": {"matchLabels": swapped[1]}}
    key = {"from": "ingress", "to": "egress"}[way]
    spec = {"podSelector": {"matchLabels": swapped[0]}, key: [{way: [peer]}]}
    by_words({"kind": "NetworkPolicy", "spec": spec}, request_)
    assert spec["podSelector"] == {"matchLabels": own}
    assert spec[key][0][way] == [{"podSelector": {"matchLabels": other}}]


def test_pods_that_traffic_goes_to_are_the_policy_s_own():
    api, payments = {"app": "api"}, {"team": "payments"}
    there = {"namespaceSelector": {"matchLabels": payments}}
    ports = [{"protocol": "TCP", "port": 8443}]
    rules = [{"from": [{"podSelector": {"matchLabels": api}}], "ports": ports}, {"from": [there]}]
    spec = {"podSelector": {}, "ingress": rules}
    request = (
        "Let ingress traffic to pods labelled app=api only in from any pod in namespaces labelled"
        " team=payments on TCP port 8443."
    )
    by_words({"kind": "NetworkPolicy", "spec": spec}, request)
    assert spec["podSelector"] == {"matchLabels": api}
    assert spec["ingress"] == [{"from": [there], "ports": ports}]
