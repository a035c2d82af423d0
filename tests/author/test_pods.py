"""What belongs to pods and was written at the wrong place."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiphys.propose.author.pods import as_asked, as_templates, keep_apart, straighten
from tiphys.propose.author.types import Meant
from tiphys.propose.author.words.environment import fill_environment, read_from
from tiphys.propose.author.words.mounts import hold_mounts, share_scratch
from tiphys.propose.editing.targets import WORKLOADS


def pod(box, **spec):
    boxes = [{"name": "a", "image": "registry.example/a:1", **box}]
    return {"kind": "Pod", "metadata": {"name": "a"}, "spec": {"containers": boxes, **spec}}


def box_of(obj):
    return obj["spec"]["containers"][0]


def test_a_volume_that_is_described_where_it_is_mounted_becomes_one():
    obj = pod(
        {"volumeMounts": [{"name": "x", "mountPath": "/x", "emptyDir": {"medium": "Memory"}}]}
    )
    straighten(obj)
    assert box_of(obj)["volumeMounts"] == [{"name": "x", "mountPath": "/x"}]
    assert obj["spec"]["volumes"] == [{"name": "x", "emptyDir": {"medium": "Memory"}}]


def test_a_volume_that_is_there_stays_as_it_is():
    mounts = [{"name": "x", "mountPath": "/x", "emptyDir": {}}]
    obj = pod({"volumeMounts": mounts}, volumes=[{"name": "x", "secret": {"secretName": "s"}}])
    straighten(obj)
    assert obj["spec"]["volumes"] == [{"name": "x", "secret": {"secretName": "s"}}]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ({"command": ["--depth", "4"]}, {"args": ["--depth", "4"]}),
        ({"entrypoint": ["run"], "cmd": ["-x"]}, {"command": ["run"], "args": ["-x"]}),
        ({"command": ["run", "-x"]}, {"command": ["run", "-x"]}),
        ({"command": ["--x"], "args": ["y"]}, {"command": ["--x"], "args": ["y"]}),
    ],
)
def test_flags_are_no_program(written, meant):
    obj = pod(written)
    straighten(obj)
    assert obj == pod(meant)


@pytest.mark.parametrize(
    ("request_", "source"),
    [
        ("Mount the ConfigMap conf at /x.", {"configMap": {"name": "conf"}}),
        ("The secret called s, readable at /x.", {"secret": {"secretName": "s"}}),
        ("At /x the claim data. A Secret s is for something else.",
         {"persistentVolumeClaim": {"claimName": "data"}}),
        ("The Secret x holds keys, at /x. At /y the ConfigMap y.", {"secret": {"secretName": "x"}}),
        ("A scratch folder at /x.", {"emptyDir": {}}),
        ("20Gi that must last, at /x.", None),
    ],
)  # fmt: skip
def test_what_is_mounted_is_held_by_what_the_request_names(request_, source):
    obj = pod({"volumeMounts": [{"name": "x", "mountPath": "/x"}]})
    notes = [*hold_mounts(obj, request_)]
    assert obj["spec"].get("volumes") == (source and [{"name": "x", **source}])
    assert bool(notes) == bool(source)


def test_a_claim_of_a_set_holds_its_mount():
    obj = pod({"volumeMounts": [{"name": "x", "mountPath": "/x"}]})
    obj["spec"] = {"template": obj["spec"], "volumeClaimTemplates": [{"metadata": {"name": "x"}}]}
    assert not [*hold_mounts(obj, "a scratch folder at /x")]


def test_what_restarts_is_the_pod():
    obj = pod({"restartPolicy": "Never"})
    straighten(obj)
    assert (obj["spec"]["restartPolicy"], "restartPolicy" in box_of(obj)) == ("Never", False)


_words = st.sampled_from(
    ["name", "mountPath", "emptyDir", "containers", "volumeMounts", "volumes", "command", "args"]
)
_junk = st.recursive(
    st.none() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_words, inner, max_size=4),
    max_leaves=20,
)


@given(spec=_junk, request=st.text(max_size=40))
def test_whatever_was_written_the_second_time_changes_nothing(spec, request):
    obj = {"kind": "Pod", "metadata": {"name": "x"}, "spec": spec}
    straighten(obj)
    once = copy.deepcopy(obj)
    straighten(obj)
    assert obj == once
    first = len([*hold_mounts(obj, request)])
    assert (first, [*hold_mounts(obj, request)]) == (first, [])


@pytest.mark.parametrize(
    ("request_", "path"),
    [
        ("* SELF is the pod's own IP", "status.podIP"),
        ("SELF should hold the name of the node, NODE something else.", "spec.nodeName"),
        ("SELF: the namespace", "metadata.namespace"),
        ("SELF is the pod name.", "metadata.name"),
        ("SELF, whatever that is", "metadata.labels['x']"),
    ],
)
def test_what_a_variable_says_of_its_pod_is_what_was_asked_for(request_, path):
    ref = {"fieldRef": {"fieldPath": "metadata.labels['x']"}}
    obj = pod({"env": [{"name": "SELF", "valueFrom": ref}]})
    notes = [*fill_environment(obj, request_)]
    assert ref["fieldRef"]["fieldPath"] == path
    assert bool(notes) == (path != "metadata.labels['x']")


def test_a_source_with_a_prefix_is_meant_only_once():
    flags = {"configMapRef": {"name": "flags"}}
    other = {"configMapRef": {"name": "other"}}
    obj = pod({"envFrom": [flags, other, {"prefix": "F_", **flags}]})
    assert len([*fill_environment(obj, "")]) == 1
    assert box_of(obj)["envFrom"] == [other, {"prefix": "F_", **flags}]


def test_a_job_that_was_asked_for_is_not_made_again_and_again():
    job = {"template": {"spec": {"containers": []}}}
    cron = {"kind": "CronJob", "metadata": {"name": "x"}, "spec": {"jobTemplate": {"spec": job}}}
    once = {"kind": "Job", "metadata": {"name": "x"}, "spec": job}
    assert as_asked([cron], {"Job"}) == [once]
    for asked in ({"Job", "CronJob"}, {"CronJob"}, set()):
        assert as_asked([cron], asked) == [cron]
    assert as_asked([cron, once], {"Job"}) == [cron, once]


def test_a_bare_pod_becomes_the_workload_that_was_asked_for():
    made = pod({}, restartPolicy="Never")
    made["metadata"] = {"name": "a", "namespace": "shop", "labels": {"app": "a"}}
    [workload] = as_asked([made], {"Deployment", "PriorityClass"})
    assert workload["apiVersion"] == "apps/v1"
    assert (workload["kind"], workload["metadata"]["namespace"]) == ("Deployment", "shop")
    template = workload["spec"]["template"]
    assert template["metadata"] == {"labels": {"app": "a"}}
    assert template["spec"]["containers"] == made["spec"]["containers"]
    assert "restartPolicy" not in template["spec"]


def test_a_daemon_set_has_no_count_and_a_pod_no_template():
    inner = pod({})["spec"]
    labels = {"labels": {"app": "a"}}
    spec = {"replicas": 3, "selector": {"matchLabels": {"app": "a"}}, "strategy": {}}
    spec["template"] = {"metadata": labels, "spec": inner}
    web = {"kind": "Deployment", "metadata": {"name": "a"}, "spec": spec}
    assert as_asked([web], {"DaemonSet"})[0]["spec"] == {
        "selector": {"matchLabels": {"app": "a"}},
        "template": {"metadata": labels, "spec": inner},
    }
    assert as_asked([web], {"StatefulSet"})[0]["spec"]["replicas"] == 3
    [bare] = as_asked([web], {"Pod"})
    assert (bare["apiVersion"], bare["metadata"]) == ("v1", {"name": "a", **labels})
    assert bare["spec"] == inner
    assert as_asked([web], {"Deployment", "Job"}) == [web]


_NESTED = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["template", "spec", "metadata", "jobTemplate"]), inner)
    ),
    max_leaves=6,
)


@given(st.sampled_from(sorted(WORKLOADS)), st.sampled_from(sorted(WORKLOADS)), _NESTED)
def test_whatever_a_workload_holds_it_becomes_the_kind_that_was_asked_for(made, asked, spec):
    [got] = as_asked([{"kind": made, "metadata": {"name": "x"}, "spec": spec}], {asked})
    assert got["kind"] == (made if asked == "CronJob" else asked)


def test_an_init_container_has_no_ports_and_a_native_sidecar_may():
    ports = [{"containerPort": 80}]
    native = {"name": "s", "restartPolicy": "Always", "ports": ports}
    obj = pod({}, initContainers=[{"name": "i", "ports": ports}, native])
    straighten(obj)
    first, side = obj["spec"]["initContainers"]
    assert "ports" not in first
    assert side["ports"] == ports


@pytest.mark.parametrize(
    ("request_", "command", "shares"),
    [
        ("Both see the same directory at /s.", ["fetch"], True),
        ("It fetches first.", ["fetch", "--out=/s"], True),
        ("It migrates first; the web may write to /s.", ["migrate"], False),
    ],
)
def test_scratch_space_is_mounted_by_all_that_share_it(request_, command, shares):
    mount = {"name": "s", "mountPath": "/s", "readOnly": True}
    init = {"name": "i", "image": "registry.example/i:1", "command": command}
    obj = pod(
        {"volumeMounts": [mount]}, initContainers=[init], volumes=[{"name": "s", "emptyDir": {}}]
    )
    assert bool([*share_scratch(obj, request_)]) == shares
    mounts = [{"name": "s", "mountPath": "/s"}] if shares else None
    assert obj["spec"]["initContainers"][0].get("volumeMounts") == mounts


def apart(said, affinity=None):
    template = {"metadata": {"labels": {"app": "a"}}, "spec": pod({})["spec"]}
    if affinity is not None:
        template["spec"]["affinity"] = affinity
    obj = {"kind": "Deployment", "metadata": {"name": "a"}, "spec": {"template": template}}
    meant = [Meant(said, "affinity", ("podAntiAffinity",), frozenset({"Deployment"}), 0.6)]
    told = [*keep_apart(obj, meant if said else [])]
    return template["spec"].get("affinity"), told


def test_pods_that_may_not_meet_avoid_nodes_with_their_own_labels():
    found, told = apart("no two on the same node")
    [term] = found["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert term == {
        "labelSelector": {"matchLabels": {"app": "a"}}, "topologyKey": "kubernetes.io/hostname"
    }  # fmt: skip
    assert told
    found, _ = apart("preferably not on one node")
    assert [*found["podAntiAffinity"]] == ["preferredDuringSchedulingIgnoredDuringExecution"]


def test_what_keeps_pods_apart_already_stays_and_an_empty_rule_is_filled():
    there = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"x": 1}]}}
    assert apart("no two on the same node", there) == (there, [])
    assert apart("", {}) == ({}, [])
    found, _ = apart("", {"podAntiAffinity": {}})
    assert found["podAntiAffinity"]


def test_a_claim_that_a_set_mounts_and_describes_nowhere_is_its_template():
    claim = {"kind": "PersistentVolumeClaim", "metadata": {"name": "graph", "namespace": "a"},
             "spec": {"accessModes": ["ReadWriteOnce"]}}  # fmt: skip
    other = {**claim, "metadata": {"name": "other"}}
    box = {"name": "a", "volumeMounts": [{"name": "graph", "mountPath": "/srv"}]}
    spec = {"template": {"spec": {"containers": [box]}}}
    stateful = {"kind": "StatefulSet", "metadata": {"name": "a"}, "spec": spec}
    kept = as_templates([copy.deepcopy(stateful), claim, other])
    made = [{"metadata": {"name": "graph"}, "spec": claim["spec"]}]
    assert kept == [{**stateful, "spec": {**spec, "volumeClaimTemplates": made}}, other]
    spec["template"]["spec"]["volumes"] = [{"name": "graph", "persistentVolumeClaim": {}}]
    assert as_templates([stateful, claim]) == [stateful, claim]


@pytest.mark.parametrize(
    ("request_", "made"),
    [
        (
            "Load all of them as environment variables.",
            {"envFrom": [{"configMapRef": {"name": "c"}}]},
        ),
        (
            "A and B come from it.",
            {
                "env": [
                    {"name": k, "valueFrom": {"configMapKeyRef": {"name": "c", "key": k}}}
                    for k in "AB"
                ]
            },
        ),
    ],
)
def test_variables_are_read_from_the_map_that_holds_them(request_, made):
    held = {"kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"A": "1", "B": "2"}}
    obj = pod({"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]})
    assert [*read_from([held, obj], request_)]
    assert {key: box_of(obj)[key] for key in ("env", "envFrom") if key in box_of(obj)} == made
    assert not [*read_from([held, obj], request_)]


@pytest.mark.parametrize("env", [[{"name": "A", "value": "3"}], [{"name": "C", "value": "1"}], []])
def test_other_variables_stay(env):
    held = {"kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"A": "1"}}
    obj = pod({"env": env})
    assert not [*read_from([held, obj], "all as environment variables")]
    assert box_of(obj)["env"] == env
