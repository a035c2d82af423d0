"""What a model's new version of existing objects may change."""

import copy

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tiphys.propose.rewritten import completed, rewrite_objects

OLD = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: foundry
  namespace: works
spec:
  replicas: 3
  template:
    spec:
      containers:
        - name: cast
          image: registry.example/cast:2.8
          resources:
            requests: {memory: 200Mi} # measured
            limits: {memory: 256Mi}
"""


def old():
    return yaml.safe_load(OLD)


def limit(obj):
    return obj["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["memory"]


def rewritten(request, change):
    new = old()
    change(new)
    [found] = rewrite_objects(request, OLD, [new])
    return found


def forget_the_request(obj):
    resources = obj["spec"]["template"]["spec"]["containers"][0]["resources"]
    resources.pop("requests")
    resources["limits"]["memory"] = "512Mi"


@pytest.mark.parametrize(
    "request_", ["make the memory limit half a gig", "The memory limit is 512Mi from now on."]
)
def test_what_was_forgotten_comes_back_and_what_was_asked_for_stays(request_):
    found = rewritten(request_, forget_the_request)

    expected = old()
    expected["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["memory"] = "512Mi"
    assert found == expected


@pytest.mark.parametrize(
    ("request_", "replicas", "counts"),
    [
        ("scale it to five", 5, True),
        ("double the replicas", 6, True),
        ("one more replica", 4, True),
        ("a new image, registry.example/cast:2.9", 7, False),
    ],
)
def test_a_number_counts_where_the_request_speaks_of_it(request_, replicas, counts):
    found = rewritten(request_, lambda obj: obj["spec"].update(replicas=replicas))

    assert found["spec"]["replicas"] == (replicas if counts else 3)


def test_what_is_to_go_goes():
    found = rewritten("remove the replicas field", lambda obj: obj["spec"].pop("replicas"))

    assert "replicas" not in found["spec"]


def test_a_new_object_is_not_touched():
    new = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "foundry"}, "spec": {"x": 1}}

    found = rewrite_objects("a service for it", OLD, [copy.deepcopy(new), old()])

    assert found == [new, old()]


@given(st.text(), st.text())
def test_any_context_and_any_request_leave_objects(request_, context):
    assert rewrite_objects(request_, context, [old()]) == [old()]


@pytest.mark.parametrize(
    ("request_", "stays"),
    [
        ("The measured requests can go.", False),
        ("The requests have to go, please.", False),
        ("requests are not needed", False),
        ("Where did we go wrong with the limit? Make it 512Mi.", True),
    ],
)
def test_what_can_go_goes(request_, stays):
    found = rewritten(request_, forget_the_request)
    resources = found["spec"]["template"]["spec"]["containers"][0]["resources"]
    assert ("requests" in resources) is stays


def test_a_part_adds_and_changes_and_takes_nothing_away():
    part = old()
    pod = part["spec"]["template"]["spec"]
    pod["containers"][0].pop("resources")
    pod["containers"][0]["livenessProbe"] = {"tcpSocket": {"port": 80}}
    pod["containers"].append({"name": "log", "image": "registry.example/log:1"})
    part["spec"]["replicas"] = 5
    part["spec"]["paused"] = True
    service = {"kind": "Service", "metadata": {"name": "foundry"}}

    found = completed("five replicas without a pause", [old()], [part, service])

    expected = old()
    [cast] = expected["spec"]["template"]["spec"]["containers"]
    cast["livenessProbe"] = {"tcpSocket": {"port": 80}}
    expected["spec"]["template"]["spec"]["containers"].append(pod["containers"][-1])
    expected["spec"] |= {"replicas": 5, "paused": True}
    assert found == [expected, service]


def test_what_a_part_changes_and_nobody_meant_stays():
    part = old()
    part["spec"]["replicas"] = 9
    part["spec"]["template"]["spec"]["containers"][0]["image"] = "registry.example/other:1"
    assert completed("a liveness probe on 80", [old()], [part]) == [old()]


VALUES = st.recursive(
    st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(VALUES, st.text(max_size=20))
def test_completing_an_object_with_itself_or_with_nothing_changes_nothing(value, text):
    obj = {"kind": "Any", "metadata": {"name": "any"}, "data": value}
    assert completed(text, [obj], [copy.deepcopy(obj)]) == [obj]
    assert completed(text, [obj], []) == [obj]


PORTS = """\
apiVersion: v1
kind: Service
metadata: {name: ferry}
spec:
  ports:
    - {name: web, port: 80, targetPort: web}
    - {name: metrics, port: 9090}
"""


def test_what_is_the_same_but_for_its_name_was_renamed():
    new = yaml.safe_load(PORTS)
    new["spec"]["ports"][0]["name"] = "http"

    [found] = rewrite_objects("call the port web http from now on", PORTS, [copy.deepcopy(new)])
    [again] = completed("call the port web http", [yaml.safe_load(PORTS)], [copy.deepcopy(new)])

    assert found == again == new


def test_a_name_that_nobody_meant_stays():
    new = yaml.safe_load(PORTS)
    new["spec"]["ports"][0]["name"] = "main"

    [found] = rewrite_objects("move the metrics to 9091", PORTS, [new])

    assert found == yaml.safe_load(PORTS)


WATCHED = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: foundry}
spec:
  strategy: {type: Recreate}
  template:
    spec:
      containers:
        - name: cast
          image: registry.example/cast:2.8
          resources: {limits: {cpu: 500m}}
          livenessProbe: {httpGet: {path: /live, port: 80}}
"""
ROLE = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: smith}
rules:
  - {apiGroups: [""], resources: [pods], verbs: [get, delete, list]}
"""


def changed(text, request, change):
    new = yaml.safe_load(text)
    change(new)
    [found] = rewrite_objects(request, text, [new])
    return found, new


def test_of_checks_that_exclude_each_other_the_new_one_stays():
    def change(obj):
        [box] = obj["spec"]["template"]["spec"]["containers"]
        box["livenessProbe"] = {"tcpSocket": {"port": 80}}

    found, new = changed(WATCHED, "The health check only connects to port 80.", change)
    assert found == new


def test_a_choice_and_an_amount_in_other_words_are_what_was_asked_for():
    def change(obj):
        obj["spec"]["strategy"]["type"] = "RollingUpdate"
        obj["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["cpu"] = "750m"

    found, new = changed(WATCHED, "Replace pods gradually, with 750 millicores at most.", change)
    assert found == new


@pytest.mark.parametrize(
    ("request_", "verbs"),
    [
        ("Stop it deleting pods.", ["get", "list"]),
        ("It may watch pods too.", ["get", "delete", "list", "watch"]),
    ],
)
def test_verbs_come_and_go_whatever_their_order(request_, verbs):
    def change(role):
        role["rules"][0]["verbs"] = [*reversed(verbs)]

    found, _ = changed(ROLE, request_, change)
    assert found["rules"][0]["verbs"] == verbs


DEFAULT = """\
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata:
  name: slow
  annotations:
    storageclass.kubernetes.io/is-default-class: "true"
"""


def test_a_switch_is_turned_though_nobody_says_false():
    def change(obj):
        obj["metadata"]["annotations"] = {"storageclass.kubernetes.io/is-default-class": "false"}

    found, new = changed(DEFAULT, "slow is the default class no longer", change)
    assert found == new


def test_what_belongs_to_the_old_type_goes_with_it():
    text = WATCHED.replace("type: Recreate", "type: RollingUpdate, rollingUpdate: {maxSurge: 1}")
    assert "rollingUpdate" in text

    def change(obj):
        obj["spec"]["strategy"] = {"type": "Recreate"}

    found, new = changed(text, "Stop the old pod before a new one starts.", change)
    assert found == new


def test_a_key_that_is_called_otherwise_now_is_there_once():
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {TIMEOUT: 5s, MODE: a}\n"

    def change(obj):
        obj["data"] = {"UPSTREAM_TIMEOUT": "5s", "MODE": "a"}

    found, new = changed(text, "TIMEOUT is misleading, call it UPSTREAM_TIMEOUT.", change)
    assert found == new


@pytest.mark.parametrize(("request_", "goes"), [("It moves to pool=gpu nodes.", True),
                                                ("Nodes also have pool=gpu.", False)])  # fmt: skip
def test_who_moves_to_other_nodes_leaves_the_old_ones(request_, goes):
    text = "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec:\n  nodeSelector: {disk: big}\n"

    def change(obj):
        obj["spec"]["nodeSelector"] = {"pool": "gpu"}

    found, _ = changed(text, request_, change)
    assert ("disk" not in found["spec"]["nodeSelector"]) == goes


RULES = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: releaser, annotations: {team: a1}}
rules:
  - {apiGroups: [""], resources: [configmaps], verbs: [get, list]}
"""


def test_what_comes_first_in_a_list_pushes_nothing_out_of_it():
    def change(role):
        role["rules"].insert(
            0, {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get"]}
        )
        del role["metadata"]["annotations"]

    found, new = changed(RULES, "Let it get Deployments; what works has to go on working.", change)
    assert found["rules"] == new["rules"][::-1]
    assert found["metadata"]["annotations"] == {"team": "a1"}


@given(st.lists(st.sampled_from("abcd"), max_size=4), st.lists(st.sampled_from("abcd"), max_size=4))
def test_any_list_becomes_what_it_should_whatever_the_order(before, after):
    def rules(names):
        return [{"verbs": [each], "resources": ["pods"]} for each in names]

    role = {**yaml.safe_load(RULES), "rules": rules(before)}
    found, _ = changed(yaml.safe_dump(role), "remove, add a b c d",
                         lambda obj: obj.update(rules=rules(after)))  # fmt: skip
    assert {verb for rule in found["rules"] for verb in rule["verbs"]} == {*after}


def test_the_only_container_is_the_same_whatever_a_model_calls_it():
    [before] = yaml.safe_load(WATCHED)["spec"]["template"]["spec"]["containers"]

    def change(obj):
        [box] = obj["spec"]["template"]["spec"]["containers"]
        box |= {"name": "another", "image": box["image"] + "9"}

    found, _ = changed(WATCHED, f"The image is {before['image']}9 now.", change)
    [box] = found["spec"]["template"]["spec"]["containers"]
    assert (box["name"], box["image"]) == (before["name"], before["image"] + "9")


@pytest.mark.parametrize(
    ("request_", "name"),
    [
        ("El buscador needs 18 replicas at most.", "search-api"),
        ("It scales the Deployment buscador from now on.", "buscador"),
        ('It belongs to "buscador" now.', "buscador"),
    ],
)
def test_a_reference_leads_elsewhere_only_by_a_name(request_, name):
    held = """
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: search}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: search-api}
  maxReplicas: 9
"""
    new = yaml.safe_load(held)
    new["spec"]["scaleTargetRef"]["name"] = "buscador"
    [found] = rewrite_objects(request_, held, [new])
    assert found["spec"]["scaleTargetRef"]["name"] == name


def test_a_port_that_nobody_speaks_of_gets_no_protocol():
    held = """
apiVersion: v1
kind: Service
metadata: {name: intake}
spec:
  ports: [{port: 8088}]
"""
    new = yaml.safe_load(held)
    new["spec"]["ports"] = [{"port": 8088, "protocol": "UDP"}, {"port": 514, "protocol": "UDP"}]
    [found] = rewrite_objects("One port more: UDP, 514.", held, [new])
    assert found["spec"]["ports"] == [{"port": 8088}, {"port": 514, "protocol": "UDP"}]
