"""What runs on simulated nodes: rollouts, jobs, volumes, and what stays honestly undone."""

import pytest

from tests.cluster_fixtures import eventually

pytestmark = pytest.mark.cluster

LABELS = {"app": "one"}
CONTAINERS = [{"name": "main", "image": "registry.example/main:1"}]
POD = {"metadata": {"labels": LABELS}, "spec": {"containers": CONTAINERS}}
SELECTOR = {"matchLabels": LABELS}


def obj(api_version, kind, namespace, spec, name="one"):
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec}


def claim(storage_class=None):
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    return spec if storage_class is None else {**spec, "storageClassName": storage_class}


def status_of(api, live):
    metadata = live["metadata"]
    found = api.get(live["apiVersion"], live["kind"], metadata["name"], metadata["namespace"])
    return (found or {}).get("status") or {}


def test_a_deployment_rolls_out_and_its_service_finds_the_pods(api, namespace):
    wanted = obj(
        "apps/v1", "Deployment", namespace, {"replicas": 3, "selector": SELECTOR, "template": POD}
    )
    api.apply(wanted)
    api.apply(obj("v1", "Service", namespace, {"selector": LABELS, "ports": [{"port": 80}]}))
    eventually(lambda: status_of(api, wanted).get("availableReplicas") == 3)

    def addresses():
        slices = api.list("discovery.k8s.io/v1", "EndpointSlice", namespace)
        found = [a for each in slices for end in each["endpoints"] or () for a in end["addresses"]]
        return sorted(found) if len(found) == 3 else None

    pods = api.list("v1", "Pod", namespace, LABELS)
    assert eventually(addresses) == sorted(pod["status"]["podIP"] for pod in pods)
    assert {pod["spec"]["nodeName"] for pod in pods} <= {f"node-{number}" for number in range(1, 6)}

    api.delete("apps/v1", "Deployment", "one", namespace)
    eventually(lambda: not api.list("v1", "Pod", namespace))


def test_a_stateful_set_gets_its_volumes_and_they_go_with_the_claims(api, namespace):
    template = {"metadata": {"name": "data"}, "spec": claim()}
    wanted = obj(
        "apps/v1",
        "StatefulSet",
        namespace,
        {
            "replicas": 2,
            "serviceName": "one",
            "selector": SELECTOR,
            "template": POD,
            "volumeClaimTemplates": [template],
        },
    )
    api.apply(wanted)
    eventually(lambda: status_of(api, wanted).get("readyReplicas") == 2)
    claims = api.list("v1", "PersistentVolumeClaim", namespace)
    assert [each["metadata"]["name"] for each in claims] == ["data-one-0", "data-one-1"]
    assert {each["status"]["phase"] for each in claims} == {"Bound"}
    assert {each["spec"]["storageClassName"] for each in claims} == {"standard"}
    volumes = {each["spec"]["volumeName"] for each in claims}
    assert len(volumes) == 2

    api.delete("apps/v1", "StatefulSet", "one", namespace)
    for each in claims:
        api.delete("v1", "PersistentVolumeClaim", each["metadata"]["name"], namespace)
    eventually(
        lambda: not volumes & {v["metadata"]["name"] for v in api.list("v1", "PersistentVolume")}
    )


def test_a_claim_on_a_missing_class_stays_pending(api, namespace):
    lost = obj("v1", "PersistentVolumeClaim", namespace, claim("missing"), "lost")
    bound = obj("v1", "PersistentVolumeClaim", namespace, claim(), "bound")
    api.apply(lost)
    api.apply(bound)
    eventually(lambda: status_of(api, bound).get("phase") == "Bound")
    assert status_of(api, lost)["phase"] == "Pending"


def test_a_job_completes_and_a_daemon_runs_on_every_node(api, namespace):
    job = obj(
        "batch/v1",
        "Job",
        namespace,
        {
            "completions": 2,
            "parallelism": 2,
            "template": {"spec": {"restartPolicy": "Never", "containers": CONTAINERS}},
        },
    )
    daemon = obj("apps/v1", "DaemonSet", namespace, {"selector": SELECTOR, "template": POD})
    api.apply(job)
    api.apply(daemon)
    eventually(lambda: status_of(api, daemon).get("numberAvailable") == 5)

    def complete():
        status = status_of(api, job)
        conditions = {each["type"]: each["status"] for each in status.get("conditions", ())}
        return conditions.get("Complete") == "True" and status["succeeded"] == 2

    eventually(complete)


def test_a_pod_that_fits_nowhere_stays_pending(api, namespace):
    huge = {**CONTAINERS[0], "resources": {"requests": {"cpu": "1000"}}}
    pod = obj("v1", "Pod", namespace, {"containers": [huge]})
    api.apply(pod)

    def reason():
        conditions = status_of(api, pod).get("conditions", ())
        return next((each.get("reason") for each in conditions), None)

    assert eventually(reason) == "Unschedulable"
    assert status_of(api, pod)["phase"] == "Pending"


def test_init_containers_and_sidecars_are_told_apart(api, namespace):
    starting = [
        {"name": "setup", "image": "registry.example/setup:1"},
        {"name": "proxy", "image": "registry.example/proxy:1", "restartPolicy": "Always"},
    ]
    pod = obj("v1", "Pod", namespace, {"containers": CONTAINERS, "initContainers": starting})
    api.apply(pod)
    eventually(lambda: status_of(api, pod).get("phase") == "Running")
    states = status_of(api, pod)["initContainerStatuses"]
    assert [next(iter(each["state"])) for each in states] == ["terminated", "running"]
