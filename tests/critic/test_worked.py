"""What stays contradicted beside the wordings of the worked examples, which are no longer."""

# ruff: noqa: E501 -- one case a line
from __future__ import annotations

from typing import Any

import pytest

from tests.critic.things import against, ingress, scaler, service, thing, workload


def cron(schedule: str, zone: str = "") -> Any:
    return workload("r", "CronJob", schedule=schedule, **({"timeZone": zone} if zone else {}))


def job(policy: str) -> Any:
    return workload("r", "Job", pod={"restartPolicy": policy})


def quota(**hard: Any) -> Any:
    return thing(
        "ResourceQuota", "q", spec={"hard": {k.replace("__", "/"): v for k, v in hard.items()}}
    )


def kind(scope: str) -> Any:
    names = {"kind": "Tidezone", "plural": "tidezones"}
    spec = {"group": "sea.example", "scope": scope, "names": names, "versions": [{"name": "v1"}]}
    return thing("CustomResourceDefinition", "tidezones.sea.example", None, spec=spec)


def role(*rules: tuple[str, str, str]) -> Any:
    made = [{"apiGroups": [g], "resources": r.split(), "verbs": v.split()} for g, r, v in rules]
    return thing("Role", "r", rules=made)


def policy(own: dict[str, str], peer: Any, way: str = "ingress", **spec: Any) -> Any:
    side = "from" if way == "ingress" else "to"
    rules = {
        "podSelector": {"matchLabels": own},
        "policyTypes": [way.title()],
        way: [{side: [peer]}],
    }
    return thing("NetworkPolicy", "n", spec={**rules, **spec})


def labelled(**labels: str) -> Any:
    return {"podSelector": {"matchLabels": labels}}


def secured() -> Any:
    made = ingress("book.example.org")
    made["spec"]["rules"].append({**made["spec"]["rules"][0], "host": "press.example.org"})
    return {**made, "spec": {**made["spec"], "tls": [{"hosts": ["press.example.org"]}]}}


def fallback(port: int) -> Any:
    made = ingress("book.example.org")
    made["spec"]["defaultBackend"] = {"service": {"name": "closed", "port": {"number": port}}}
    return made


def box(name: str) -> Any:
    made = scaler(2, 9)
    target = {"type": "Utilization", "averageUtilization": 65}
    metric = {"name": "cpu", "container": name, "target": target}
    made["spec"]["metrics"] = [{"type": "ContainerResource", "containerResource": metric}]
    return made


def limited(**amounts: str) -> Any:
    return workload(resources={"limits": {k.replace("_", "-"): v for k, v in amounts.items()}})


def hosted(**pod: Any) -> Any:
    return workload("a", "DaemonSet", pod=pod)


def info(*files: str) -> Any:
    items = [{"path": each, "fieldRef": {"fieldPath": "metadata.labels"}} for each in files]
    volumes = [{"name": "i", "downwardAPI": {"items": items}}]
    return workload(
        volumeMounts=[{"name": "i", "mountPath": "/etc/lamp"}], pod={"volumes": volumes}
    )


def fed(prefix: str = "", **env: str) -> Any:
    made = workload(env=[{"name": k, "value": v} for k, v in env.items()])
    source = {"configMapRef": {"name": "flags"}, **({"prefix": prefix} if prefix else {})}
    made["spec"]["template"]["spec"]["containers"][0]["envFrom"] = [source]
    return made


def claim(name: str) -> Any:
    spec = {"storageClassName": name, "resources": {"requests": {"storage": "5Gi"}}}
    return thing("PersistentVolumeClaim", "c", spec=spec)


HOOK = thing("ValidatingWebhookConfiguration", "h", None, webhooks=[])
VOLUME = thing("PersistentVolume", "v", None, spec={"capacity": {"storage": "5Gi"}})
UNMOUNTED = "the API token must not be mounted"
EXCEPT = {"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}}
BOUND = thing(
    "RoleBinding", "b", roleRef={"kind": "Role", "name": "r"},
    subjects=[{"kind": "ServiceAccount", "name": "ci", "namespace": "shop"}],
)  # fmt: skip


@pytest.mark.parametrize(
    ("request_", "objects", "path"),
    [
        # restarts
        ("four retries, never restarting in place", [job("OnFailure")], "restartPolicy"),
        ("its pods aren't restarted in place", [job("OnFailure")], "restartPolicy"),
        ("a crash restarts the container in place", [job("Never")], "restartPolicy"),
        # times
        ("the weekly check runs on Mondays at 05:40", [cron("40 5 * * 2")], "spec.schedule"),
        ("it runs once a week at 05:40", [cron("40 5 * * *")], "spec.schedule"),
        ("it runs Wednesday to Sunday at 18:10", [cron("10 18 * * 3-6")], "spec.schedule"),
        ("move the daily run from noon to 18:10", [cron("0 12 * * *")], "spec.schedule"),
        ("at 06:15 on the 1st and the 15th of every month", [cron("15 6 15 * *")], "spec.schedule"),
        ("every second hour from 8:00 to 18:00", [cron("*/2 8-18 * * *")], "spec.schedule"),
        ("the desk in New York needs it daily at 7:15, their time", [cron("15 7 * * *", "Etc/UTC")], "spec.timeZone"),
        # what people can reach
        ("book.example.org and press.example.org, both with TLS", [secured()], "tls[0].hosts[0]"),
        ("Ingress web for book.example.org; other visitors get service closed, port 8181", [fallback(8182)], "port.number"),
        ("the Service web listens on 90", [workload(), service()], "containerPort"),
        ("the Service web gets its own load balancer", [workload(), service()], "spec.type"),
        ("the Service web is a load balancer", [workload(), service(type="NodePort")], "spec.type"),
        ("a node agent; it takes spans at 5775", [workload("a", "DaemonSet", port=0, pod={"containers": [{"name": "a", "ports": [{"containerPort": 5775, "hostPort": 5775}]}]})], "hostPort"),
        # policies
        ("NetworkPolicy n in namespace tellers: app=a is reachable from app=b", [policy({"app": "a"}, labelled(app="b"))], "metadata.namespace"),
        ("app=hay may call 0.0.0.0/0 but none of 10.0.0.0/8 and 172.16.0.0/12", [policy({"app": "hay"}, EXCEPT, "egress")], "except"),
        ("app=hay may only call 10.0.0.0/8", [policy({"app": "hay"}, EXCEPT, "egress")], "except"),
        ("pods app=vault accept connections from pods app=desk", [policy({"app": "desk"}, labelled(app="vault"))], "podSelector"),
        ("NetworkPolicy n: pods app=vault accept connections from app=desk", [policy({"app": "barn"}, labelled(app="desk"))], "podSelector"),
        ("egress only to app=b, ingress is closed", [policy({"app": "a"}, labelled(app="b"), "egress")], "policyTypes"),
        # rights
        ("she may get and list pods", [role(("", "pods", "get list"), ("", "pods/exec", "create"))], "resources"),
        ("she may get pods and forward ports to them", [role(("", "pods", "get"), ("", "pods/exec", "create"))], "resources"),
        ("it may get, create and patch Services", [role(("", "services", "*"))], "verbs"),
        ("it can no longer delete services, only get and patch them", [role(("", "services", "get list"))], "verbs"),
        ("list and watch pods, get usage", [role(("apps", "pods", "list watch"))], "apiGroups"),
        ("- get on the log subresource of pods\n- list and watch pods", [role(("", "pods pods/log", "get list delete"))], "verbs"),
        ("a new service account ci for the binding b", [BOUND], ""),
        # what nobody asked for
        ("a claim for 5Gi", [VOLUME], "kind"),
        ("Tidezone east: pier 4, namespaced", [kind("Namespaced")], "kind"),
        ("refuse Deployments without an owner", [HOOK], "kind"),
        ("one pod on each node, it sees the network of the node", [hosted(hostPID=True)], "hostPID"),
        ("one pod on each node", [hosted(hostNetwork=True)], "hostNetwork"),
        ("a node process on each node", [hosted(hostPID=True)], "hostPID"),
        ("a read-only root filesystem, a pod on each node", [hosted(volumes=[{"name": "r", "hostPath": {"path": "/"}}])], "hostPath.path"),
        ("a preStop hook of ten seconds", [HOOK], "kind"),
        ("it runs as uid 1000", [workload(securityContext={"runAsUser": 0})], "runAsUser"),
        # quotas and kinds
        ("20 claims in all, from class flash at most 6 claims", [quota(persistentvolumeclaims="20", flash__persistentvolumeclaims="7")], "persistentvolumeclaims"),
        ("not a single LoadBalancer service", [quota(**{"services.loadbalancers": "1"})], "loadbalancers"),
        ("our own kind, not per namespace", [kind("Namespaced")], "spec.scope"),
        ("our own kind, in each namespace", [kind("Cluster")], "spec.scope"),
        ("a Deployment web with an autoscaler", [workload()], ""),
        ("the label tier is gold", [workload()], "labels.tier"),
        # pods
        ("it reads /etc/lamp/notes", [info("names")], "mountPath"),
        ("20 seconds of grace", [workload(livenessProbe={"terminationGracePeriodSeconds": 10})], "terminationGracePeriodSeconds"),
        ("scale to 7", [workload(replicas=5)], "spec.replicas"),
        ("no more than 25 replicas", [workload(), scaler(2, 26)], "spec.maxReplicas"),
        ("at most 25Gi of local disk", [limited(ephemeral_storage="20Gi")], "ephemeral-storage"),
        (UNMOUNTED, [workload()], "automountServiceAccountToken"),
        ("memory request and limit both become 768Mi", [limited(memory="512Mi")], "memory"),
        ("from 2 to 9 replicas on the CPU of its container press", [workload(), box("web")], "container"),
        ("storage class furnace-fast", [claim("furnace-slow")], "storageClassName"),
        ("5Gi from storage class furnace-fast", [claim("furnace-slow")], "storageClassName"),
        ("it may do anything with Jobs; get and patch Services", [role(("batch", "jobs", "*"), ("", "services", "get delete"))], "rules[1].verbs"),
        ("no longer delete ConfigMaps, only get and list them; it may additionally patch Services", [role(("", "configmaps", "get delete"), ("", "services", "patch"))], "rules[0].verbs"),
        ("all of ConfigMap flags as variables prefixed SEASON_.", [fed("SEASONS_")], "prefix"),
        ("LOCALE comes from ConfigMap flags, key locale", [fed(LOCALE="it_IT")], "env[0].value"),
    ],
)  # fmt: skip
def test_it_is_still_seen(request_: str, objects: list[Any], path: str) -> None:
    found = against(request_, *objects)
    assert any(each.path.endswith(path) for each in found), [each.line for each in found]


@pytest.mark.parametrize(
    ("request_", "objects"),
    [
        ("it runs once a week at 05:40", [cron("40 5 * * 3")]),
        ("it runs from 8:00 to 18:00 every day", [cron("0 8,18 * * *")]),
        ("every second hour from 8:00 to 18:00", [cron("0 8-18/2 * * *")]),
        ("the weekly figures, every night at 3:00", [cron("0 3 * * *")]),
        ("weekly, at 6:00 in the morning", [cron("0 6 * * 1")]),
        ("it is set to run from 8:00 to 18:00 on weekdays", [cron("0 8-18 * * 1-5")]),
        ("shift the run at 18:10 from Tuesday to Saturday", [cron("10 18 * * 6")]),
        ("every two hours from 22:00 to 4:00", [cron("0 22,0,2,4 * * *")]),
        ("no stand-by time needed", [workload(), thing("ConfigMap", "standby")]),
        ("it gets\n1.5 cores and no more", [limited(cpu="1500m")]),
        ("the default class must not preempt others", [thing("PriorityClass", "p", None, globalDefault=True, preemptionPolicy="Never")]),
        (UNMOUNTED, [workload(pod={"automountServiceAccountToken": False})]),
        ("not a single LoadBalancer service", [quota(**{"services.loadbalancers": "0"})]),
        ("memory request and limit both become 768Mi", [limited(memory="768Mi")]),
    ],
)  # fmt: skip
def test_it_is_open(request_: str, objects: list[Any]) -> None:
    assert [each.line for each in against(request_, *objects)] == []
