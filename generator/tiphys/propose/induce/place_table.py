"""The table of well-known fields: a path's last keys, and the parameter that it becomes.

Words are those by which a request names the value; names are those of the starter skills.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Sort = Literal["value", "name", "port", "quantity"]


@dataclass(frozen=True, slots=True)
class Place:
    """A field that often differs.

    `always` makes it a parameter even where no request states it. `shared` makes equal values of
    several objects or containers one parameter. A `name` may be the release's own name, or one
    made from it.
    """

    parameter: str
    sort: Sort = "value"
    always: bool = True
    shared: bool = False
    format: str = ""
    choices: tuple[str, ...] = ()
    description: str = ""
    words: tuple[str, ...] = ()
    question: str = ""


NAME = Place(
    "name", "name", format="dns-label", description="Name of what is made.",
    question="What should it be called?",
)  # fmt: skip
NAMESPACE = Place(
    "namespace", "name", format="dns-label",
    description="Namespace that it lives in; it must exist.", question="In which namespace?",
)  # fmt: skip


def _p(parameter: str, description: str, words: str = "", **more: object) -> Place:
    split = tuple(word.strip() for word in words.split(",") if word.strip())
    return Place(parameter, description=description, words=split, **more)  # type: ignore[arg-type]  # keywords are given below


def quantity(parameter: str, description: str, words: str) -> Place:
    """A place that holds an amount."""
    return _p(parameter, description, words, sort="quantity", format="quantity")


def reference(parameter: str, what: str, words: str = "", *, always: bool = True) -> Place:
    """A place that names `what`, which is another object."""
    return _p(
        parameter, f"Name of {what}.", words, sort="name", format="dns-subdomain", shared=True,
        always=always,
    )  # fmt: skip


_PORT = _p(
    "port", "Port that the container listens on.",
    "port, listens on, listening on, listen on, container port", sort="port", format="port",
    shared=True, question="On which port does the container listen?",
)  # fmt: skip
_SERVICE_PORT = _p(
    "servicePort", "Port under which other pods reach the service.",
    "service port, exposed on, exposed as, cluster port", sort="port", format="port", shared=True,
)  # fmt: skip
_HOST = _p(
    "host", "Host name under which people reach it.",
    "host, hostname, host name, domain, url, under, reachable at, available at",
    format="dns-subdomain",
    shared=True, question="Under which host name?",
)  # fmt: skip
_HEALTH = _p(
    "healthPath", "HTTP path that answers 2xx or 3xx when the container is well.",
    "health check path, healthcheck path, health check at, health endpoint at, readiness path, "
    "liveness path, probe path", shared=True,
)  # fmt: skip
_COUNTED = "Number of seconds."

# The longest path that fits wins; `Kind:` in front limits an entry to one kind.
TABLE: dict[str, Place] = {
    "image": _p(
        "image", "Container image with a tag or digest.", "container image, docker image",
        format="image", shared=True, question="Which container image, with its tag?",
    ),
    "spec.replicas": _p(
        "replicas", "Number of identical pods.", "replicas, replica, copies, instances, pods",
    ),
    "ports.containerPort": _PORT,
    "Service:spec.ports.port": _SERVICE_PORT,
    "Service:spec.ports.targetPort": _PORT,
    "Service:spec.ports.nodePort": _p("nodePort", "Port on every node.", "node port", sort="port"),
    "Service:spec.externalName": _p(
        "externalName", "Host name that the service stands for.", "external name, points to, host",
        format="dns-subdomain", question="Which host name does it stand for?",
    ),
    "Ingress:service.port.number": replace(
        _SERVICE_PORT, words=("service port", "port"), description="Port of the Service.",
        question="Which port of the service?",
    ),
    "httpGet.port": _PORT,
    "tcpSocket.port": _PORT,
    "grpc.port": _PORT,
    "NetworkPolicy:ports.port": _p(
        "port", "Port that is opened.", "port, on port", sort="port", shared=True,
        question="On which port?",
    ),
    "httpGet.path": _HEALTH,
    "httpGet.host": _HOST,
    "requests.cpu": quantity(
        "cpuRequest", "CPU that is set aside for each pod.",
        "cpu request, cpu requests, cpu, cores, core, vcpu",
    ),
    "requests.memory": quantity(
        "memoryRequest", "Memory that is set aside for each pod.",
        "memory request, memory requests, requested memory",
    ),
    "limits.cpu": quantity(
        "cpuLimit", "CPU that each pod may use at most.", "cpu limit, cpu limits"
    ),
    "limits.memory": quantity(
        "memoryLimit", "Memory that each pod may use at most.", "memory limit, memory, ram"
    ),
    "requests.ephemeral-storage": quantity(
        "scratchRequest", "Scratch space that is set aside for each pod.", "ephemeral storage"
    ),
    "limits.ephemeral-storage": quantity(
        "scratchLimit", "Scratch space that each pod may use.", "ephemeral storage limit"
    ),
    "requests.storage": quantity(
        "size", "How much space.",
        "size, storage, disk, space, disk space, volume, volume of, capacity, claim of",
    ),
    "storageClassName": reference(
        "storageClass", "the storage class", "storage class, storageclass"
    ),
    "accessModes": _p(
        "accessMode", "Who may mount it at the same time.", "access mode", always=False,
        shared=True,
        choices=("ReadWriteOnce", "ReadWriteMany", "ReadWriteOncePod", "ReadOnlyMany"),
    ),
    "emptyDir.sizeLimit": _p(
        "scratchSize", "Space that a scratch volume may take.", "scratch space, scratch volume",
        sort="quantity", format="quantity", always=False, shared=True,
    ),
    "schedule": _p(
        "schedule", "When it runs, as five cron fields.", "schedule, cron, crontab", format="cron",
        question="When should it run?",
    ),
    "timeZone": _p("timeZone", "Time zone of the schedule.", "time zone, timezone"),
    "concurrencyPolicy": _p(
        "concurrencyPolicy", "What happens when a run is due while the last one is still going.",
        "concurrency policy, overlapping runs", always=False,
    ),
    "backoffLimit": _p(
        "backoffLimit", "Retries after a failure before it is given up.",
        "retries, retry, backoff limit, attempts", always=False,
    ),
    "activeDeadlineSeconds": _p(
        "activeDeadlineSeconds", _COUNTED, "deadline, active deadline, timeout, time limit",
        always=False,
    ),
    "ttlSecondsAfterFinished": _p(
        "ttlSecondsAfterFinished", "Seconds after which the finished job is deleted.",
        "ttl, time to live, delete after, clean up after, removed after", always=False,
    ),
    "completions": _p("completions", "How often it must succeed.", "completions", always=False),
    "parallelism": _p(
        "parallelism", "Pods that run at the same time.", "parallelism, in parallel, parallel",
        always=False,
    ),
    "terminationGracePeriodSeconds": _p(
        "gracePeriodSeconds", "Seconds that a pod has for its shutdown.",
        "grace period, graceful shutdown", always=False,
    ),
    "command": _p(
        "command", "Command that replaces the image's entrypoint, one word an item.",
        "command, entrypoint, run, runs, running, execute",
    ),
    "args": _p("args", "Arguments, one word an item.", "arguments, args"),
    "Ingress:rules.host": _HOST,
    "Ingress:tls.hosts": _HOST,
    "Ingress:paths.path": _p("path", "Path that is routed.", "path, path prefix"),
    "ingressClassName": reference("ingressClass", "the ingress class", "ingress class"),
    "tls.secretName": reference(
        "tlsSecret", "the Secret with the certificate", "tls secret, certificate secret"
    ),
    "backend.service.name": reference("service", "the Service behind it", "backend service"),
    "scaleTargetRef.name": reference("target", "what is scaled", "scale target"),
    "minReplicas": _p(
        "minReplicas", "Fewest pods.",
        "min replicas, minimum replicas, minimum, min, at least, between",
    ),
    "maxReplicas": _p(
        "maxReplicas", "Most pods, whatever the load.",
        "max replicas, maximum replicas, maximum, max, at most, up to, no more than",
        question="How many pods at most?",
    ),
    "target.averageUtilization": _p(
        "cpuPercent", "Average use that is aimed at, in percent of what is requested.",
        "cpu utilization, cpu usage, average cpu, cpu target, percent",
    ),
    "PodDisruptionBudget:minAvailable": _p(
        "minAvailable", "Pods that must stay.", "min available, available, at least"
    ),
    "PodDisruptionBudget:maxUnavailable": _p(
        "maxUnavailable", "Pods that may be away at the same time.",
        "max unavailable, unavailable, at most",
    ),
    "PriorityClass:value": _p(
        "value", "How important its pods are; the higher the more.", "value, priority, priority of",
        question="Which priority value?",
    ),
    "PriorityClass:description": _p("description", "What people read about it.", always=False),
    "serviceAccountName": reference(
        "serviceAccount", "the account that it runs as", "service account, serviceaccount"
    ),
    "serviceName": reference("service", "the Service behind it", "headless service"),
    "priorityClassName": reference("priorityClass", "the priority class", "priority class"),
    "runtimeClassName": reference("runtimeClass", "the runtime class", "runtime class"),
    "imagePullSecrets.name": reference(
        "pullSecret", "the Secret that images are pulled with", "pull secret"
    ),
    "configMapRef.name": reference(
        "envFromConfigMap", "the ConfigMap whose keys become environment variables",
        "environment from configmap, env from configmap, settings from configmap",
    ),
    "secretRef.name": reference(
        "envFromSecret", "the Secret whose keys become environment variables",
        "environment from secret, env from secret, credentials from secret",
    ),
    "configMapKeyRef.name": reference("configMap", "the ConfigMap that is read", "configmap"),
    "configMap.name": reference("configMap", "the ConfigMap that is read", "configmap"),
    "secretKeyRef.name": reference("secret", "the Secret that is read", "secret"),
    "secret.secretName": reference("secret", "the Secret that is read", "secret"),
    "persistentVolumeClaim.claimName": reference("claim", "the volume claim", "volume claim, pvc"),
    "volumeMounts.mountPath": _p(
        "mountPath", "Where the volume is mounted.", "mounted at, mount path, mounted under",
        always=False, shared=True,
    ),
    "roleRef.name": reference("role", "the role that is granted", "role"),
    "subjects.name": reference("subject", "who gets it", "to, for, group, user"),
    "ipBlock.cidr": _p("cidr", "Addresses that are meant, as a CIDR.", "cidr, range"),
    "containers.name": reference("container", "the container", always=False),
    "initContainers.name": reference("container", "the container", always=False),
    "metadata.generateName": reference("prefix", "what is made, its first part", always=False),
    "ConfigMap:data": _p(
        "data", "The settings, written as KEY=VALUE. Not for passwords.", "",
        question="Which settings? Write each as KEY=VALUE.",
    ),
    "env": _p(
        "env", "Environment variables, written as KEY=VALUE. For settings, not for passwords."
    ),
}  # fmt: skip
