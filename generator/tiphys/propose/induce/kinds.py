"""What the kinds are called by people who ask for them. Nothing of a request comes in here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tiphys.propose.induce.reading import kebab


@dataclass(frozen=True, slots=True)
class Wording:
    """`makes` names the object, `wish` what people say instead; `task` is a request in short."""

    makes: str
    wish: str
    task: str


_WORDS: dict[str, Wording] = {
    kind: Wording(*words)
    for kind, words in {
        "Deployment": (
            "a Deployment",
            "run, deploy or host an application, app, API, backend or worker from an image",
            "deploy an app from a container image",
        ),
        "StatefulSet": (
            "a StatefulSet",
            "run a database, cache, queue, broker or other store whose pods keep a name and a disk",
            "run a database that keeps its data",
        ),
        "DaemonSet": (
            "a DaemonSet",
            "run an agent, collector or exporter on every node",
            "run an agent on each node",
        ),
        "Job": (
            "a Job",
            "run a task, migration, import or script once, to its end",
            "run a task once",
        ),
        "CronJob": (
            "a CronJob",
            "run a task on a schedule: nightly, hourly, daily, weekly, every few minutes",
            "run a task every night",
        ),
        "Pod": ("a single Pod", "run one bare pod, for a try or for debugging", "start one pod"),
        "Service": (
            "a Service",
            "give pods one address and port inside the cluster",
            "make it reachable for other pods",
        ),
        "Ingress": (
            "an Ingress",
            "expose it to the outside under a host name, domain or URL, over HTTP or HTTPS",
            "publish it under a host name",
        ),
        "ConfigMap": (
            "a ConfigMap",
            "keep settings, configuration files or environment variables",
            "with settings in a config map",
        ),
        "PersistentVolumeClaim": (
            "a PersistentVolumeClaim",
            "reserve storage, a disk or a volume that outlives the pods",
            "with a volume for its data",
        ),
        "ServiceAccount": (
            "a ServiceAccount",
            "give a workload an identity of its own",
            "with a service account of its own",
        ),
        "Role": (
            "a Role",
            "say which objects of a namespace may be read, watched or changed: permissions, RBAC",
            "allowed to read certain objects",
        ),
        "ClusterRole": (
            "a ClusterRole",
            "say which objects may be read or changed in the whole cluster: permissions, RBAC",
            "permissions for the whole cluster",
        ),
        "RoleBinding": (
            "a RoleBinding",
            "grant a role to a user, group or service account, give access, permissions, RBAC",
            "grant access to somebody",
        ),
        "ClusterRoleBinding": (
            "a ClusterRoleBinding",
            "grant a cluster role to a user, group or service account",
            "grant access in the whole cluster",
        ),
        "HorizontalPodAutoscaler": (
            "a HorizontalPodAutoscaler",
            "scale the number of pods with the load: autoscaling, HPA, minimum and maximum",
            "scale with the load",
        ),
        "PodDisruptionBudget": (
            "a PodDisruptionBudget",
            "keep enough pods up during drains and upgrades: PDB",
            "survive node drains",
        ),
        "NetworkPolicy": (
            "a NetworkPolicy",
            "allow or block network traffic between apps: firewall, isolation, ingress, egress",
            "only let certain apps connect",
        ),
        "ResourceQuota": (
            "a ResourceQuota",
            "cap how many pods, cores, CPU and memory a namespace that exists may use: quota",
            "cap a namespace at so many pods and cores",
        ),
        "LimitRange": (
            "a LimitRange",
            "set default requests and limits for containers of a namespace",
            "default limits for containers",
        ),
        "Namespace": (
            "a Namespace",
            "set up a space for a team, tenant, project or environment",
            "set up a namespace for a team",
        ),
        "PriorityClass": (
            "a PriorityClass",
            "rank workloads by importance: which pods go first and which are evicted",
            "rank workloads by importance",
        ),
        "StorageClass": ("a StorageClass", "offer a kind of storage", "offer a kind of storage"),
    }.items()
}


def wording(kind: str) -> Wording:
    """The words for a kind; plain ones for a kind that is not known."""
    spaced = kebab(kind).replace("-", " ")
    article = "an" if spaced[:1] in "aeiou" else "a"
    safe = kind if kind.isascii() and kind.isalnum() else "custom object"
    return _WORDS.get(kind) or Wording(
        f"{article} {safe}", f"make {article} {spaced}", f"make {article} {spaced}"
    )


def listed(words: Sequence[str]) -> str:
    """`a, b and c`."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
