"""What objects of one answer owe each other, and what a kind can't do without.

Labels that a selector misses, a service without a selector, an account without its namespace: there
is one way to make them right, so no model is asked.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from tiphys.ports import Object
from tiphys.propose.author.fields import (
    containers_of,
    dicts,
    items,
    map_at,
    metadata_of,
    pod_specs,
)
from tiphys.propose.author.sentences import stated_labels
from tiphys.propose.author.words.by_words import by_words

_WORKLOADS = ("DaemonSet", "Deployment", "ReplicaSet", "StatefulSet")
_RBAC = "rbac.authorization.k8s.io"
_APPS = ("Deployment", "ReplicaSet", "StatefulSet")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NOT_IN_NAMES = re.compile(r"[^a-z0-9-]+")
# The keys that such a secret must have, and nothing else is read of it.
_KEYS_OF_TYPES = {
    "kubernetes.io/basic-auth": ("password", "username"),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
}


def link(objects: Sequence[Object], request: str = "", *, new: bool = True) -> None:
    """Set in place what follows from the rest, and from the only words that can be meant."""
    for each in objects:
        metadata = metadata_of(each)
        if not metadata.get("name"):
            metadata["name"] = _name(objects)
        _tolerate(each)
        for pod in pod_specs(each):
            _pod(pod, each)
        if each["kind"] in _WORKLOADS:
            _selector(each)
    for each in objects:
        rule = _RULES.get(each["kind"])
        if rule and (new or rule is not _service):  # what exists chooses its pods already
            rule(each, objects)
        by_words(each, request, new=new)


def select_stated(objects: Sequence[Object], request: str) -> None:
    """A Service of pods that exist already chooses them by the labels that the request states."""
    if any(True for each in objects for _ in pod_specs(each)):
        return
    stated = stated_labels(request)
    services = [each for each in objects if each["kind"] == "Service"]
    for each in services if len(services) == 1 else ():
        spec = map_at(each, "spec")
        chosen = spec.get("selector")
        if stated and isinstance(chosen, dict) and not chosen.items() <= stated.items():
            spec["selector"] = stated


def _name(objects: Sequence[Object]) -> str:
    """The name that the others have; the API server says what is wrong with none."""
    names = [name for each in objects if (name := metadata_of(each).get("name"))]
    return str(names[0]) if names else ""


def _pod(spec: dict[str, Any], owner: Object) -> None:
    _spell_names(spec)
    for number, each in enumerate(c for c in spec["containers"] if isinstance(c, dict)):
        each.setdefault(
            "name", metadata_of(owner).get("name", "main") + ("" if not number else f"-{number}")
        )
    if owner["kind"] in ("Job", "CronJob") and spec.get("restartPolicy") not in (
        "Never",
        "OnFailure",
    ):
        spec["restartPolicy"] = "OnFailure"


def _spell_names(spec: dict[str, Any]) -> None:
    """Names of containers and volumes as a server takes them: "emptyDir" is empty-dir."""
    boxes = containers_of(spec)
    mounts = [mount for box in boxes for mount in items(box.get("volumeMounts"))]
    for each in (*boxes, *mounts, *items(spec.get("volumes"))):
        if isinstance(each, dict) and isinstance(name := each.get("name"), str):
            apart = _HUMP.sub("-", name).lower()
            each["name"] = _NOT_IN_NAMES.sub("-", apart).strip("-")[:63].rstrip("-") or name


def _tolerate(obj: Object) -> None:
    """Without a value a taint is tolerated whatever its value, by pods and by runtime classes."""
    for each in (each for holder in dicts(obj) for each in dicts(holder.get("tolerations"))):
        if each.get("key") and not each.get("value"):
            each.setdefault("operator", "Exists")


def _secret(obj: Object, _objects: Sequence[Object]) -> None:
    """What the type calls for has the key that it demands, where one other key may be meant."""
    wanted = _KEYS_OF_TYPES.get(str(obj.get("type")), ())
    for held in (obj.get(key) for key in ("data", "stringData")):
        if isinstance(held, dict):
            lacks = [key for key in wanted if key not in held]
            other = [key for key in held if key not in wanted]
            if len(lacks) == len(other) == 1:
                held[lacks[0]] = held.pop(other[0])


def _selector(obj: Object) -> None:
    selector = map_at(obj, "spec", "selector")
    labels = map_at(obj, "spec", "template", "metadata", "labels")
    matched = map_at(obj, "spec", "selector", "matchLabels")
    if not labels and not matched and not selector.get("matchExpressions"):
        labels["app"] = metadata_of(obj).get("name", "app")
    if not matched and not selector.get("matchExpressions"):
        matched |= {"app": labels["app"]} if "app" in labels else labels
    for key, value in matched.items():
        labels[key] = value
    if not matched:
        del selector["matchLabels"]


def _labels_of_pods(objects: Sequence[Object]) -> list[tuple[Object, dict[str, Any]]]:
    found = []
    for each in objects:
        if each["kind"] in _WORKLOADS:
            found.append((each, map_at(each, "spec", "template", "metadata", "labels")))
        elif each["kind"] == "Pod":
            labels = metadata_of(each).get("labels")
            found.append((each, labels if isinstance(labels, dict) else {}))
    return found


def _service(obj: Object, objects: Sequence[Object]) -> None:
    spec = map_at(obj, "spec")
    pods = _labels_of_pods(objects)
    if spec.get("type") == "ExternalName" or len(pods) != 1:
        return
    [(owner, labels)] = pods
    _where_they_listen(spec, owner)
    chosen = spec.get("selector")
    if not labels and owner["kind"] == "Pod":
        labels = metadata_of(owner)["labels"] = dict(
            chosen or {"app": metadata_of(owner).get("name")}
        )
    if isinstance(chosen, dict) and chosen and chosen.items() <= labels.items():
        return
    matched = map_at(owner, "spec").get("selector", {}).get("matchLabels")
    spec["selector"] = dict(matched if isinstance(matched, dict) and matched else labels)


def _where_they_listen(spec: dict[str, Any], owner: Object) -> None:
    """A Service's only port leads by itself to its own number, where no pod need listen."""
    listens = {
        number
        for pod in pod_specs(owner)
        for container in dicts(pod.get("containers"))
        for port in dicts(container.get("ports"))
        if container.get("image") and isinstance(number := port.get("containerPort"), int)
    }
    ports = [*dicts(spec.get("ports"))]
    if len(ports) != 1 or len(listens) != 1 or ports[0].get("port") in listens:
        return
    if ports[0].get("targetPort") in (None, ports[0].get("port")):
        [ports[0]["targetPort"]] = listens


def _stateful_set(obj: Object, objects: Sequence[Object]) -> None:
    spec = map_at(obj, "spec")
    services = {
        metadata_of(each).get("name"): map_at(each, "spec").get("clusterIP")
        for each in objects
        if each["kind"] == "Service"
    }
    headless = [name for name, address in services.items() if address == "None"]
    own = metadata_of(obj).get("name")
    if spec.get("serviceName", own) in (own, "", None) and own not in services:  # a guess
        spec["serviceName"] = headless[0] if len(headless) == 1 else own
    for each in items(spec.get("volumeClaimTemplates")):
        if isinstance(each, dict):
            _claim(each, objects)


def _claim(obj: Object, _objects: Sequence[Object]) -> None:
    spec = map_at(obj, "spec")
    if not spec.get("accessModes"):
        spec["accessModes"] = ["ReadWriteOnce"]


def _autoscaler(obj: Object, _objects: Sequence[Object]) -> None:
    target = map_at(obj, "spec", "scaleTargetRef")
    target.setdefault("kind", "Deployment")
    if target["kind"] in _APPS:
        target["apiVersion"] = "apps/v1"
    for found in dicts(map_at(obj, "spec").get("metrics")):
        for key, kind in _TARGETS.items():
            if key in found:
                found["type"] = kind


def _ingress(obj: Object, _objects: Sequence[Object]) -> None:
    notes = metadata_of(obj).get("annotations")
    if isinstance(notes, dict):  # how a class was named before there was a field for it
        for key in [each for each in notes if str(each).endswith(("ingress.class", "/class"))]:
            map_at(obj, "spec").setdefault("ingressClassName", notes.pop(key))
        if not notes:
            del metadata_of(obj)["annotations"]
    for rule in items(map_at(obj, "spec").get("rules")):
        http = rule.get("http") if isinstance(rule, dict) else None
        for path in items(http.get("paths") if isinstance(http, dict) else None):
            if isinstance(path, dict):
                path.setdefault("pathType", "Prefix")
                path.setdefault("path", "/")


def _binding(obj: Object, objects: Sequence[Object]) -> None:
    ref = map_at(obj, "roleRef")
    ref["apiGroup"] = _RBAC
    roles = [o for o in objects if o["kind"] == "Role" == ref.get("kind")]
    places = [
        m.get("namespace") for m in map(metadata_of, roles) if m.get("name") == ref.get("name")
    ]
    if obj["kind"] == "RoleBinding" and len(places) == 1 and places[0]:  # it binds no other
        metadata_of(obj)["namespace"] = places[0]
    place = metadata_of(obj).get("namespace")
    for each in items(obj.get("subjects")):
        if not isinstance(each, dict):
            continue
        if each.get("kind") == "ServiceAccount":
            each.pop("apiGroup", None)
            made = [o for o in objects if o["kind"] == "ServiceAccount"]
            homes = [
                m.get("namespace")
                for m in map(metadata_of, made)
                if m.get("name") == each.get("name")
            ]
            if homes and homes[0]:
                each["namespace"] = homes[0]
            elif place:
                each.setdefault("namespace", place)
        else:
            each["apiGroup"] = _RBAC
            each.pop("namespace", None)


_TARGETS = {
    "averageUtilization": "Utilization",
    "averageValue": "AverageValue",
    "value": "Value",
}


def _slice(obj: Object, objects: Sequence[Object]) -> None:
    """Its ports are those that the addresses listen on, where its Service forwards to."""
    labels = metadata_of(obj).get("labels")
    owner = labels.get("kubernetes.io/service-name") if isinstance(labels, dict) else None
    services = [o for o in objects if o["kind"] == "Service" and metadata_of(o)["name"] == owner]
    for each in dicts(obj.get("ports")):
        for port in dicts([map_at(o, "spec").get("ports") for o in services]):
            target = port.get("targetPort")
            if port.get("name") == each.get("name") and isinstance(target, int):
                each["port"] = target


def _priority(obj: Object, objects: Sequence[Object]) -> None:
    """A class that comes with a workload is that workload's."""
    pods = [pod for each in objects for pod in pod_specs(each)]
    if sum(each["kind"] == "PriorityClass" for each in objects) == 1:
        for pod in pods:
            pod.setdefault("priorityClassName", metadata_of(obj)["name"])


def _account(obj: Object, objects: Sequence[Object]) -> None:
    """An account that comes with a workload is that workload's."""
    if sum(each["kind"] == "ServiceAccount" for each in objects) == 1:
        for pod in (pod for each in objects for pod in pod_specs(each)):
            if not pod.get("serviceAccountName"):
                pod["serviceAccountName"] = metadata_of(obj)["name"]


_RULES = {
    "ClusterRoleBinding": _binding,
    "HorizontalPodAutoscaler": _autoscaler,
    "EndpointSlice": _slice,
    "Ingress": _ingress,
    "PersistentVolumeClaim": _claim,
    "PriorityClass": _priority,
    "RoleBinding": _binding,
    "Secret": _secret,
    "Service": _service,
    "ServiceAccount": _account,
    "StatefulSet": _stateful_set,
}
