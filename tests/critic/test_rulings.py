"""What the critic says about one requirement at a time."""

# ruff: noqa: E501 -- one case a line
from __future__ import annotations

from typing import Any

import pytest

from tests.critic.things import against, ingress, rulings, scaler, service, thing, workload

COVERED, CONTRADICTED, UNDECIDED = {"covered"}, {"contradicted"}, {"undecided"}


def limits(memory: str, cpu: str = "1") -> dict[str, Any]:
    return {"limits": {"memory": memory, "cpu": cpu}, "requests": {"memory": "64Mi", "cpu": "100m"}}


def claim(size: str) -> Any:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}}
    return {"metadata": {"name": "data"}, "spec": spec}


def night(schedule: str, **spec: Any) -> Any:
    return workload("report", "CronJob", schedule=schedule, **spec)


@pytest.mark.parametrize(
    ("request_", "kind", "objects", "expected"),
    [
        ("three replicas", "count", [workload(replicas=3)], COVERED),
        ("3 replicas", "count", [workload(replicas=2)], CONTRADICTED),
        ("a single replica", "count", [workload()], COVERED),
        ("drei Repliken", "count", [workload(replicas=2)], CONTRADICTED),
        ("3 replicas", "count", [workload(replicas=3), scaler(1, 5)], CONTRADICTED),
        ("scale between 2 and 6 replicas", "count", [workload(), scaler(2, 6)], COVERED),
        ("scale between 2 and 6 replicas", "count", [workload(), scaler(2, 8)],
         COVERED | CONTRADICTED),
        ("scale between 2 and 6 replicas", "count", [workload(replicas=2)], CONTRADICTED),
        ("at least 2 replicas", "count", [workload(replicas=3)], COVERED),
        ("at least 2 replicas", "count", [workload(replicas=1)], CONTRADICTED),
        ("3 replicas", "count", [thing("ConfigMap", "x")], UNDECIDED),
        ("our cluster has 5 nodes", "count", [workload(replicas=2)], set()),
        ("port 8080", "port", [workload()], COVERED),
        ("it listens on 9090", "port", [workload()], CONTRADICTED),
        ("listens on 8080, Service port 80", "port", [workload(), service()], COVERED),
        ("listens on 80, Service port 8080", "port", [workload(), service()], CONTRADICTED),
        ("port 8080", "port", [workload(), service(target=8081)], CONTRADICTED),
        ("no port", "none", [workload(port=0)], COVERED),
        ("no port", "none", [workload()], CONTRADICTED),
        ("image registry.example/web:1.0", "image", [workload()], COVERED),
        ("image registry.example/web:1.1", "image", [workload()], CONTRADICTED),
        ("image registry.example/web:1.0", "image", [workload(image="registry.example/web")],
         CONTRADICTED),
        ("image registry.example/web", "image", [workload()], COVERED),
        (f"image registry.example/web@sha256:{'a' * 64}", "image", [workload()], CONTRADICTED),
        ("move from registry.example/web:0.9 to registry.example/web:1.0", "image", [workload()],
         COVERED),
        ("memory limit 512Mi", "resources", [workload(resources=limits("0.5Gi"))], COVERED),
        ("memory limit of 512 megabytes", "resources", [workload(resources=limits("512Mi"))],
         COVERED),
        ("memory limit 512Mi", "resources", [workload(resources=limits("512M"))], CONTRADICTED),
        ("memory request 512Mi", "resources", [workload(resources=limits("512Mi"))], CONTRADICTED),
        ("a tenth of memory", "resources", [workload()], set()),
        ("half a core", "resources", [workload(resources=limits("1Gi", "500m"))], COVERED),
        ("half a core", "resources", [workload(resources=limits("1Gi", "5"))], CONTRADICTED),
        ("no CPU limit", "none", [workload(resources=limits("1Gi"))], CONTRADICTED),
        ("256Mi memory limit, half a core", "resources",
         [workload(resources={"limits": {"memory": "256Mi"}, "requests": {"cpu": "0.5"}})], COVERED),
        ("20Gi disk", "storage",
         [workload("db", "StatefulSet", volumeClaimTemplates=[claim("20Gi")])], COVERED),
        ("20Gi disk", "storage",
         [workload("db", "StatefulSet", volumeClaimTemplates=[claim("2Gi")])], CONTRADICTED),
        ("20Gi disk", "storage", [workload("db", "StatefulSet")], CONTRADICTED),
        ("namespace shop", "namespace", [workload(), service()], COVERED),
        ("namespace shop", "namespace", [workload(), thing("ConfigMap", "x", "other")],
         CONTRADICTED),
        ("in the shop namespace", "namespace", [workload()], COVERED),
        ("in a namespace of its own", "namespace", [workload()], set()),
        ("called web", "name", [workload()], COVERED),
        ("called webb", "name", [workload()], CONTRADICTED),
        ("every night at 2", "schedule", [night("0 2 * * *")], COVERED),
        ("every night at 2", "schedule", [night("0 14 * * *")], CONTRADICTED),
        ("every night at 11", "schedule", [night("0 23 * * *")], COVERED),
        ("every Sunday at 3:30 am", "schedule", [night("30 3 * * 7")], COVERED),
        ("every Sunday at 3:30 am", "schedule", [night("30 3 * * 1")], CONTRADICTED),
        ("every 15 minutes", "schedule", [night("*/15 * * * *")], COVERED),
        ("every 15 minutes", "schedule", [night("15 * * * *")], CONTRADICTED),
        ("every six hours", "schedule", [night("0 */6 * * *")], COVERED),
        ("weekdays at 8", "schedule", [night("0 8 * * 1-5")], COVERED),
        ("on the 1st of every month at 6:00", "schedule", [night("0 6 1 * *")], COVERED),
        ("schedule 0 2 * * MON-FRI", "schedule", [night("0 2 * * 1-5")], COVERED),
        ("schedule @daily", "schedule", [night("0 0 * * *")], COVERED),
        ("Europe/Berlin", "schedule", [night("0 2 * * *", timeZone="Europe/Berlin")], COVERED),
        ("Europe/Berlin", "schedule", [night("0 2 * * *")], CONTRADICTED),
        ("at 2:00 UTC every day", "schedule", [night("0 2 * * *")], COVERED | UNDECIDED),
        ("never overlapping", "runs", [night("0 2 * * *", concurrencyPolicy="Allow")], CONTRADICTED),
        ("at most 2 retries", "runs", [workload("m", "Job", backoffLimit=2)], COVERED),
        ("at most 2 retries", "runs", [workload("m", "Job")], CONTRADICTED),
        ("stop it after 10 minutes", "runs", [workload("m", "Job", activeDeadlineSeconds=600)],
         COVERED),
        ("reachable at shop.example.com", "exposure", [ingress("shop.example.com")], COVERED),
        ("reachable at shop.example.com", "exposure", [ingress("shop.example.org")], CONTRADICTED),
        ("not reachable from outside", "exposure", [workload(), service()], COVERED),
        ("not reachable from outside", "exposure", [workload(), service(type="NodePort")],
         CONTRADICTED),
        ("only inside the cluster", "exposure", [workload(), ingress("a.example")], CONTRADICTED),
        ("without a Service", "none", [workload(), service()], CONTRADICTED),
        ("no Ingress, Service or volume", "none", [workload(), service()],
         COVERED | CONTRADICTED),
        ("with a disruption budget", "object", [workload()], CONTRADICTED),
        ("on every node", "object", [workload()], CONTRADICTED),
        ("LOG_LEVEL=debug", "setting", [workload(env=[{"name": "LOG_LEVEL", "value": "debug"}])],
         COVERED),
        ("LOG_LEVEL=debug", "setting", [workload(env=[{"name": "LOG_LEVEL", "value": "info"}])],
         CONTRADICTED),
        ("LOG_LEVEL=debug", "setting", [workload()], CONTRADICTED),
        ("health check at /healthz", "probe",
         [workload(readinessProbe={"httpGet": {"path": "/healthz", "port": "http"}})], COVERED),
        ("health check at /healthz", "probe",
         [workload(readinessProbe={"httpGet": {"path": "/health", "port": "http"}})], CONTRADICTED),
        ("pull policy Never", "field", [workload(imagePullPolicy="Always")], CONTRADICTED),
    ],
)  # fmt: skip
def test_ruling(request_: str, kind: str, objects: list[Any], expected: set[str]) -> None:
    assert rulings(request_, *objects, kind=kind) == expected


def test_a_contradiction_names_what_was_asked_and_what_is_there() -> None:
    (found,) = against("Run web with 3 replicas", workload(replicas=5))
    assert found.line == "asked: 3 replicas; found: Deployment/shop/web:spec.replicas is 5"


TWO = [workload("storefront", replicas=3), workload("mailer", replicas=2)]


@pytest.mark.parametrize(
    ("request_", "fine"),
    [
        ("Run storefront with 3 replicas and mailer with 2 replicas.", True),
        ("Run storefront with 2 replicas and mailer with 3 replicas.", False),
        ("3 replicas of storefront and 2 replicas of mailer", True),
        ("2 replicas of storefront and 3 replicas of mailer", False),
        ("We need the storefront. It gets 3 replicas.\nAnd the mailer. It gets 2 replicas.", True),
        ("We need the storefront. It gets 2 replicas.\nAnd the mailer. It gets 3 replicas.", False),
        ("storefront and mailer, both with 2 replicas", False),
    ],
)
def test_each_workload_gets_its_own(request_: str, fine: bool) -> None:
    assert (not against(request_, *TWO)) is fine


@pytest.mark.parametrize(
    "extra",
    [
        service(type="LoadBalancer"),
        ingress("web.example.com"),
        thing("RoleBinding", "x", roleRef={"kind": "ClusterRole", "name": "cluster-admin"}),
        thing("ClusterRoleBinding", "x", None),
        thing("Namespace", "elsewhere", None),
        workload("x", pod={"hostNetwork": True}),
        workload("x", pod={"volumes": [{"name": "v", "hostPath": {"path": "/"}}]}),
        workload("x", securityContext={"privileged": True}),
        workload("x", securityContext={"capabilities": {"add": ["SYS_ADMIN"]}}),
        workload("x", pod={"securityContext": {"runAsUser": 0}}),
        thing("CustomResourceDefinition", "x", None),
    ],
    ids=lambda o: o["kind"],
)
def test_what_widens_reach_has_to_be_asked_for(extra: Any) -> None:
    found = against(
        "Please run registry.example/web:1.0 as web with 2 replicas", workload(replicas=2), extra
    )
    assert "unasked" in {r.requirement.kind for r in found}


def test_what_was_asked_for_is_no_widening() -> None:
    request = "Expose web to the internet with a load balancer"
    assert not against(request, workload(), service(type="LoadBalancer"))


def test_a_service_that_selects_nothing_is_noticed() -> None:
    astray = service()
    astray["spec"]["selector"] = {"app": "wbe"}
    assert [r.requirement.kind for r in against("Run web", workload(), astray)] == ["wiring"]


@pytest.mark.parametrize("key", ["data", "stringData"])
def test_a_secrets_value_is_not_repeated_from_the_request(key: str) -> None:
    from tiphys.verify.critic import remarks

    found = remarks(
        f'Secret db with x={SECRET}, "{SECRET}"', [thing("Secret", "db", **{key: {"x": SECRET}})]
    )
    assert found
    assert SECRET not in repr(found)


SECRET = "hunter2-Zm9vYmFy"


@pytest.mark.parametrize(
    "obj",
    [
        thing("Secret", "db", stringData={"password": SECRET, "other": SECRET}),
        thing("Secret", "db", data={"x": SECRET}),
        workload(env=[{"name": "DB_PASSWORD", "value": SECRET}]),
        workload(args=["--password", SECRET]),
        workload(args=[f"--token={SECRET}"]),
        workload(env=[{"name": "URL", "value": f"postgres://u:{SECRET}@db/x"}]),
        thing("ConfigMap", "c", data={"api_key": SECRET, "conf": f"password = {SECRET}\n"}),
    ],
)
@pytest.mark.parametrize(
    "request_",
    ["Run web, DB_PASSWORD=other, password=other, x=other", f"DB_PASSWORD={SECRET}",
     f"Secret db with password={SECRET}, api_key={SECRET}", "conf=1 URL=2 --token=3"],
)  # fmt: skip
def test_no_secret_is_ever_said(obj: Any, request_: str) -> None:
    from tiphys.verify.critic import remarks

    assert SECRET not in repr(remarks(request_, [obj]))
