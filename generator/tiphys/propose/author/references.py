"""Names by which one object uses another, where they lead nowhere and only one can be meant."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from tiphys.ports import Object
from tiphys.propose.author.fields import dicts, items, metadata_of, pod_specs, value_at

# The fields by which a pod names what it uses: (the field that holds it, the name in it, the kind).
_USES = (
    ("secret", "secretName", "Secret"),
    ("configMap", "name", "ConfigMap"),
    ("persistentVolumeClaim", "claimName", "PersistentVolumeClaim"),
    ("secretRef", "name", "Secret"),
    ("configMapRef", "name", "ConfigMap"),
    ("secretKeyRef", "name", "Secret"),
    ("configMapKeyRef", "name", "ConfigMap"),
)
_CLASS = "storageClassName"
# Every cluster is born with these, as ClusterRoles.
BUILT_IN_ROLES = frozenset({"admin", "cluster-admin", "edit", "view"})


def lead_somewhere(objects: Sequence[Object], request: str) -> tuple[str, ...]:
    """Set such names in place; what was set.

    A name that the request has is right as it stands: that object may exist already.
    """
    notes = [*_ports(objects), *_classes(objects, request)]
    for each in objects:
        notes += _role(each, objects)
        for pod in pod_specs(each):
            for holder, key, kind in _used(pod):
                made = [str(metadata_of(o).get("name")) for o in objects if o["kind"] == kind]
                name = str(holder[key])
                if len(made) == 1 and name != made[0] and not _is_said(name, request):
                    holder[key] = made[0]
                    notes.append(f"{key} is {made[0]}, the only {kind} there is")
    return tuple(notes)


def _ports(objects: Sequence[Object]) -> Iterator[str]:
    """A port's name that no container has is that of the only port, in probes and Services."""
    pods = [pod for each in objects for pod in pod_specs(each)]
    for pod in pods:
        probes = [
            action
            for each in dicts(pod)
            for key, probe in each.items()
            if str(key).endswith("Probe") and isinstance(probe, dict)
            for action in (probe.get("httpGet"), probe.get("tcpSocket"))
        ]
        yield from _to_the_only_port([pod], probes, "port")
    if len(pods) == 1:
        services = [each for each in objects if each["kind"] == "Service"]
        held = [port for each in services for port in dicts(each.get("spec"))]
        yield from _to_the_only_port(pods, held, "targetPort")


def _to_the_only_port(
    pods: Sequence[dict[str, Any]], holders: Sequence[Any], key: str
) -> Iterator[str]:
    ports = [
        port
        for pod in pods
        for container in dicts(pod.get("containers"))
        for port in dicts(container.get("ports"))
        if container.get("image")
    ]
    names = [port.get("name") for port in ports]  # any value, where no schema is known
    for each in holders if len(ports) == 1 else ():
        name = each.get(key) if isinstance(each, dict) else None
        if isinstance(name, str) and not name.isdigit() and name not in names:
            each[key] = ports[0].get("name") or ports[0].get("containerPort", name)
            yield f"{key} is {each[key]}, the only port there is"


def _classes(objects: Sequence[Object], request: str) -> Iterator[str]:
    """A claim beside the only volume or class there is, and of a class that nobody said, is its."""
    classes = (each for each in objects if each["kind"] == "StorageClass")
    volumes = (each for each in objects if each["kind"] == "PersistentVolume")
    made = {str(metadata_of(each).get("name")) for each in classes}
    made |= {str(value_at(each, ("spec", _CLASS)) or "") for each in volumes}
    for each in objects:
        spec = each.get("spec")
        if each["kind"] != "PersistentVolumeClaim" or not isinstance(spec, dict) or len(made) != 1:
            continue
        [name], own = made, spec.get(_CLASS)
        if own and name and own != name and not _is_said(str(own), request):
            spec[_CLASS] = name
            yield f"{_CLASS} is {name}, the only one there is"


def _is_said(name: str, request: str) -> bool:
    """Whether the request has it as a name, which is in small letters."""
    return name == name.lower() and bool(
        re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", request)
    )


def _used(value: Any) -> Iterator[tuple[dict[str, Any], str, str]]:
    if isinstance(value, dict):
        for field, key, kind in _USES:
            holder = value.get(field)
            if isinstance(holder, dict) and isinstance(holder.get(key), str):
                yield holder, key, kind
        for child in value.values():
            yield from _used(child)
    else:
        for child in items(value):
            yield from _used(child)


def _role(obj: Object, objects: Sequence[Object]) -> Iterator[str]:
    ref = obj.get("roleRef")
    if not isinstance(ref, dict) or ref.get("kind") != "Role":
        return
    name = ref.get("name")
    own = any(o["kind"] == "Role" and metadata_of(o).get("name") == name for o in objects)
    if name in BUILT_IN_ROLES and not own:
        ref["kind"] = "ClusterRole"
        yield f"roleRef.kind is ClusterRole: {name} comes with the cluster"
