"""What nobody asked for goes from pods, and what anybody spoke of stays."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiphys.propose.author.cards import card_objects
from tiphys.propose.author.strangers import untouched, without_accounts, without_strangers
from tiphys.propose.author.types import Task
from tiphys.propose.author.unasked import take_out_unasked


def pod(**container):
    volumes = container.pop("volumes", None)
    spec = {"containers": [{"name": "web", "image": "registry.example/web:1", **container}]}
    if volumes is not None:
        spec["volumes"] = volumes
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": spec}


MOUNT = {"name": "data", "mountPath": "/var/data"}
DATA = {"name": "data", "emptyDir": {}}


@pytest.mark.parametrize(
    ("request_", "container", "stays"),
    [
        ("Run registry.example/web:1.", {"args": ["--verbose"]}, False),
        ("A run must never start while the last one is going.", {"command": ["backup"]}, False),
        ("Start it with the arguments --queue invoices.", {"args": ["--queue", "x"]}, True),
        ("It runs `sleep 60`.", {"command": ["sleep", "60"]}, True),
        ("Print the date.", {"command": ["sh", "-c", "date"]}, True),
        ("MODE is production.", {"env": [{"name": "MODE", "value": "production"}]}, True),
        ("Set the log level to debug.", {"env": [{"name": "LOG_LEVEL", "value": "debug"}]}, True),
        ("Only on nodes with disk=ssd.", {"env": [{"name": "MODE", "value": "x"}]}, False),
        ("All variables of web-conf.", {"envFrom": [{"configMapRef": {"name": "web-conf"}}]}, True),
        ("Mount web-conf.", {"envFrom": [{"configMapRef": {"name": "web-conf"}}]}, False),
        ("Keep /var/data.", {"volumeMounts": [MOUNT], "volumes": [DATA]}, True),
        ("A volume called data.", {"volumeMounts": [MOUNT], "volumes": [DATA]}, True),
        ("Run the web.", {"volumeMounts": [MOUNT], "volumes": [DATA]}, False),
    ],
)
def test_what_stays_is_what_was_spoken_of(request_, container, stays):
    obj = pod(**container)
    before = copy.deepcopy(obj)
    gone = take_out_unasked(request_, obj)
    assert (obj == before, not gone) == (stays, stays)
    if not stays:
        assert obj == pod()


ADDED = {"capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}}
DROPPED = {"capabilities": {"drop": ["ALL"]}}


@pytest.mark.parametrize(
    ("request_", "left"),
    [
        ("All capabilities dropped.", DROPPED),
        ("Drop all capabilities but NET_BIND_SERVICE.", ADDED),
        ("It needs the net bind service capability only.", ADDED),
    ],
)
def test_a_capability_is_added_where_it_is_named(request_, left):
    obj = pod(securityContext=copy.deepcopy(ADDED))
    take_out_unasked(request_, obj)
    assert obj == pod(securityContext=left)


@pytest.mark.parametrize(
    ("request_", "mount", "stays"),
    [
        ("Scratch space at /var/data.", {**MOUNT, "subPath": "web"}, False),
        ("The sub-path orders of it, at /var/data.", {**MOUNT, "subPath": "x"}, True),
        ("The folder orders, at /var/data.", {**MOUNT, "subPath": "orders"}, True),
        ("At /etc/web.conf.", {"name": "c", "mountPath": "/etc/web.conf", "subPath": "k"}, True),
    ],
)
def test_a_part_of_a_volume_is_a_file_or_spoken_of(request_, mount, stays):
    obj = pod(volumeMounts=[copy.deepcopy(mount)])
    take_out_unasked(request_, obj)
    [left] = obj["spec"]["containers"][0]["volumeMounts"]
    assert ("subPath" in left) == stays


def test_single_entries_go_and_the_others_stay():
    obj = pod(env=[{"name": "MODE", "value": "x"}, {"name": "REGION", "value": "north"}])
    assert take_out_unasked("REGION is north.", obj) == ("env",)
    assert obj["spec"]["containers"][0]["env"] == [{"name": "REGION", "value": "north"}]


_junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["name", "env", "envFrom", "containers", "volumeMounts", "volumes", "args"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(request=st.text(max_size=60), spec=_junk)
def test_whatever_a_model_writes_the_second_time_changes_nothing(request, spec):
    obj = {"kind": "Pod", "metadata": {"name": "x"}, "spec": spec}
    take_out_unasked(request, obj)
    once = copy.deepcopy(obj)
    assert take_out_unasked(request, obj) == ()
    assert obj == once


VIEW = {"apiVersion": "rbac/v1", "kind": "ClusterRole", "metadata": {"name": "view"}}
BINDING = {"apiVersion": "rbac/v1", "kind": "RoleBinding", "metadata": {"name": "see"}}
AUTOSCALER = {"apiVersion": "v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "web"}}
TIDE = {"apiVersion": "coast.example/v1", "kind": "Tide", "metadata": {"name": "one"}}


def crd(kind):
    spec = {"names": {"kind": kind}}
    return {"kind": "CustomResourceDefinition", "metadata": {"name": "x"}, "spec": spec}


def namespace(name, **more):
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, **more}}


@pytest.mark.parametrize(
    ("request_", "objects", "kept"),
    [
        ("Let editors see, by the cluster role view.", [VIEW, BINDING], [BINDING]),
        ("All of it in default.", [namespace("default"), BINDING], [BINDING]),
        ("Label it.", [namespace("default", labels={"a": "b"}), BINDING], None),
        ("A tide.", [crd("Tide"), TIDE], [TIDE]),
        ("A CRD Ebb and a tide.", [crd("Ebb"), TIDE], None),
        ("web (a Deployment) should scale by itself.", [pod(), AUTOSCALER], [AUTOSCALER]),
        ("A Pod web, and scale it.", [pod(), AUTOSCALER], None),
        ("Run the image web, and scale it.", [pod(), AUTOSCALER], None),
        ("web should scale by itself.", [pod()], None),
        ("The cluster role view.", [VIEW], None),
    ],
)
def test_what_is_there_already_is_not_made_again(request_, objects, kept):
    found, notes = without_strangers(Task(request_), objects, {"Tide"})

    assert found == (objects if kept is None else kept)
    assert bool(notes) == (kept is not None)


EXISTING = """
kind: NetworkPolicy
metadata: {name: dome-access, namespace: observatory}
"""


@pytest.mark.parametrize(
    ("request_", "made", "told"),
    [
        ("The weather pods must reach the dome too.", "weather-access", True),
        ("The weather pods must reach the dome too.", "dome-access", False),
        ("Add a policy weather-access for the weather pods.", "weather-access", False),
    ],
)
def test_a_change_changes_something_that_exists(request_, made, told):
    policy = {"kind": "NetworkPolicy", "metadata": {"name": made, "namespace": "observatory"}}
    lines = untouched(Task(request_, context=EXISTING), [policy])
    assert bool(lines) is told
    assert all("change NetworkPolicy dome-access" in line.words for line in lines)


def test_something_new_changes_nothing():
    assert untouched(Task("Run web."), [{"kind": "Pod", "metadata": {"name": "web"}}]) == ()


HELPER = {"name": "hey", "image": "alpine:latest"}


@pytest.mark.parametrize(
    ("request_", "stays"),
    [
        ("Run registry.example/web:1.", False),
        ("Run registry.example/web:1 with alpine beside it.", True),
        ("registry.example/web:1 and an init container that makes room.", True),
        ("registry.example/web:1, and wait for the database before it starts.", True),
    ],
)
def test_a_container_that_nobody_spoke_of_goes(request_, stays):
    obj = pod()
    obj["spec"]["initContainers"] = [dict(HELPER)]
    obj["spec"]["containers"].append(dict(HELPER))
    take_out_unasked(request_, obj)
    assert (len(obj["spec"]["containers"]) == 2) is stays
    assert bool(obj["spec"]["initContainers"]) is stays


COPIED = {
    "ports": [{"name": "http", "containerPort": 8000}],
    "resources": {"requests": {"memory": "128Mi"}, "limits": {"memory": "256Mi"}},
}


@pytest.mark.parametrize(
    ("request_", "stays"),
    [
        ("It serves pages, and never needs more memory than it requests.", []),
        ("It listens on port 8000.", ["ports"]),
        ("It requests 128Mi.", ["resources"]),
        ("registry.example/web:8000.1 serves, within its memory", []),
    ],
)
def test_figures_of_an_example_go_unless_one_was_asked_for(request_, stays):
    obj = pod(**copy.deepcopy(COPIED))
    take_out_unasked(request_, obj, card_objects())
    [box] = obj["spec"]["containers"]
    assert [key for key in COPIED if key in box] == stays


def test_a_second_container_is_no_reason_for_an_init_container():
    obj = pod()
    obj["spec"]["initContainers"] = [dict(HELPER)]
    obj["spec"]["containers"].append({"name": "tail", "image": "registry.example/tail:1"})
    take_out_unasked("A second container of registry.example/tail:1 beside web.", obj)
    assert len(obj["spec"]["containers"]) == 2
    assert obj["spec"]["initContainers"] == []


def test_the_last_container_stays_whatever_its_image():
    obj = pod(image="registry.example/other:2")
    take_out_unasked("Run registry.example/web:1.", obj)
    assert len(obj["spec"]["containers"]) == 1


@pytest.mark.parametrize(
    ("request_", "stays"),
    [
        ("Do not mount a service account token.", False),
        ("A service account web without its service account token.", True),
        ("Run it as web.", True),
    ],
)
def test_who_speaks_only_of_an_accounts_token_wants_no_account(request_, stays):
    obj = pod()
    obj["spec"]["serviceAccountName"] = "web"
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "web"}}
    left = without_accounts(request_, [obj, account])
    assert (account in left) == stays
    assert ("serviceAccountName" in obj["spec"]) == stays


@pytest.mark.parametrize(
    ("main", "request_", "runs"),
    [
        ("web", "First registry.example/pull:1, then registry.example/web:1", "web"),
        ("web", "First registry.example/pull:1, then registry.example/lint:1", "lint"),
        ("pull", "First registry.example/pull:1, then registry.example/lint:1", "lint"),
    ],
)
def test_the_last_init_container_runs_where_nobody_named_what_runs(main, request_, runs):
    first, last = ({"name": e, "image": f"registry.example/{e}:1"} for e in ("pull", "lint"))
    obj = pod(image=f"registry.example/{main}:1")
    obj["spec"]["initContainers"] = [first, last]
    take_out_unasked(request_, obj)
    [box] = obj["spec"]["containers"]
    assert box["image"] == f"registry.example/{runs}:1"


@pytest.mark.parametrize(
    ("request_", "stays"),
    [
        ("Run registry.example/web:2.11.", False),
        ("Run two of registry.example/web:3.11.", True),
        ("Zwei Kopien von registry.example/web:1", True),
        ("It exists with no pod running.", True),
    ],
)
def test_a_tag_counts_no_pods(request_, stays):
    obj = {"kind": "Deployment", "spec": {"replicas": 2, "template": {"spec": pod()["spec"]}}}
    take_out_unasked(request_, obj)
    assert ("replicas" in obj["spec"]) is stays


@pytest.mark.parametrize(
    ("request_", "left"),
    [
        ("It waits until `nslookup mydb` works, and reads the host's /var/log.", []),
        ("It shares the node's network and sees its processes.", ["hostNetwork", "hostPID"]),
        ("It resolves names of the cluster.", ["dnsPolicy", "hostAliases"]),
    ],
)
def test_a_pod_has_nothing_of_the_node_that_nobody_spoke_of(request_, left):
    obj = pod()
    obj["spec"] |= {"hostNetwork": True, "hostPID": True, "dnsPolicy": "ClusterFirst"}
    obj["spec"]["hostAliases"] = [{"ip": "192.0.2.1", "hostnames": ["mydb"]}]
    take_out_unasked(request_, obj)
    assert sorted(obj["spec"].keys() - {"containers"}) == left


def test_mounts_are_passed_on_only_where_that_was_asked_for():
    for request_, stays in (
        ("/var/log read-only", False),
        ("/var/log, with what is mounted there later", True),
    ):
        mount = {"name": "log", "mountPath": "/var/log", "mountPropagation": "HostToContainer"}
        obj = pod(volumeMounts=[mount], volumes=[{"name": "log", "hostPath": {"path": "/var/log"}}])
        take_out_unasked(request_, obj)
        assert ("mountPropagation" in mount) is stays


def test_a_source_of_variables_stays_where_they_are_named():
    for request_, stays in (("takes DB_USER from db-creds", True), ("runs beside db-creds", False)):
        obj = pod(envFrom=[{"secretRef": {"name": "db-creds"}}])
        take_out_unasked(request_, obj)
        assert ("envFrom" in obj["spec"]["containers"][0]) is stays


@pytest.mark.parametrize(
    ("path", "stays"),
    [("/etc/nginx/conf.d", False), ("/etc/nginx/nginx.conf", True)],
)
def test_a_directory_is_no_file_of_its_volume(path, stays):
    mount = {"name": "conf", "mountPath": path, "subPath": "nginx.conf"}
    obj = pod(volumeMounts=[mount], volumes=[{"name": "conf", "configMap": {"name": "conf"}}])
    take_out_unasked(f"nginx.conf of the map conf is mounted at {path}", obj)
    assert ("subPath" in mount) is stays
