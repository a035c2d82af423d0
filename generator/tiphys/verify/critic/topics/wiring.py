"""Parts that do not fit together, whatever was asked: a reference to what the objects lack."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tiphys.verify.critic.model import Field, Remark, Requirement, contradicted, shown
from tiphys.verify.critic.wording import Words
from tiphys.verify.critic.world import (
    Obj,
    World,
    at,
    dig,
    many,
    name_of,
    namespace_of,
    pod_labels,
    pod_path,
    selects,
    table,
    text,
)

_PROBES = ("readinessProbe", "livenessProbe", "startupProbe")


def rule(words: Words, world: World) -> Iterator[Remark]:
    """One contradiction for each reference that leads nowhere, or to the wrong neighbour."""
    for part in (_selectors, _scalers, _backends, _probes, _keys, _names):
        for field in part(words, world):
            yield contradicted(Requirement("wiring", "", "parts that belong together"), field)


def _makers(world: World) -> list[Obj]:
    return [o for o in world.workloads if text(o, "kind") not in ("Job", "CronJob")]


def _selectors(_words: Words, world: World) -> Iterator[Field]:
    """A Service or budget that misses the workload it stands beside, or finds only another."""
    makers = _makers(world)
    names = {name_of(o) for o in makers}
    for obj in world.kinds("Service", "PodDisruptionBudget"):
        steps: tuple[str, ...] = ("spec", "selector")
        if text(obj, "kind") == "PodDisruptionBudget":
            steps = (*steps, "matchLabels")
        selector = table(obj, *steps)
        if not selector or not makers:
            continue
        found = {name_of(o) for o in makers if selects(selector, pod_labels(o))}
        pairs = shown(", ".join(f"{k}={v}" for k, v in sorted(selector.items())))
        own = name_of(obj)
        if not found and (own in names or len(makers) == 1):
            yield Field(at(obj, ".".join(steps)), f"{pairs}, which no pod here has")
        elif found and own in names - found:
            yield Field(at(obj, ".".join(steps)), f"{pairs}, which are the pods of {min(found)}")


def _scalers(words: Words, world: World) -> Iterator[Field]:
    makers = _makers(world)
    names = {name_of(o) for o in makers}
    for obj in world.kinds("HorizontalPodAutoscaler") if makers else ():
        target = text(obj, "spec", "scaleTargetRef", "name")
        kind = text(obj, "spec", "scaleTargetRef", "kind")
        alike = [o for o in makers if name_of(o) == target]
        own = name_of(obj)
        lost = target and target not in names and target not in words.raw
        if lost or (target in names and own in names and own != target):
            yield Field(at(obj, "spec.scaleTargetRef.name"), target)
        elif kind and alike and all(text(o, "kind") != kind for o in alike):
            yield Field(at(obj, "spec.scaleTargetRef.kind"), kind)


def _backends(words: Words, world: World) -> Iterator[Field]:
    services = {name_of(o): o for o in world.kinds("Service")}
    for obj in world.kinds("Ingress") if services else ():
        for i, entry in enumerate(many(obj, "spec", "rules")):
            for j, path in enumerate(many(entry, "http", "paths")):
                place = f"spec.rules[{i}].http.paths[{j}].backend.service"
                backend = text(path, "backend", "service", "name")
                if not backend:
                    continue
                if backend not in services:
                    if backend not in words.raw:
                        yield Field(at(obj, f"{place}.name"), backend)
                    continue
                ports = many(services[backend], "spec", "ports")
                for key, own in (("number", "port"), ("name", "name")):
                    wanted = dig(path, "backend", "service", "port", key)
                    if wanted is not None and wanted not in [dig(p, own) for p in ports]:
                        why = f"{wanted}, which Service {backend} does not have"
                        yield Field(at(obj, f"{place}.port.{key}"), why)


def _probes(_words: Words, world: World) -> Iterator[Field]:
    for box in world.main_containers:
        names = {dig(port, "name") for port in many(box.spec, "ports")}
        for probe in _PROBES:
            for way in ("httpGet", "tcpSocket"):
                port = dig(box.spec, probe, way, "port")
                if isinstance(port, str) and not port.isdigit() and port not in names:
                    where = f"{box.path}.{probe}.{way}.port"
                    yield Field(where, f"{port}, which no port of the container is called")


def _keys(_words: Words, world: World) -> Iterator[Field]:
    """A key of a ConfigMap or Secret that it does not have."""
    known = {
        (text(o, "kind"), namespace_of(o), name_of(o)): {
            *table(o, "data"), *table(o, "stringData"), *table(o, "binaryData")
        }
        for o in world.kinds("ConfigMap", "Secret")
    }  # fmt: skip
    for box in world.containers if known else ():
        place = namespace_of(box.owner)
        for i, variable in enumerate(many(box.spec, "env")):
            for way, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
                source = table(variable, "valueFrom", way)
                keys = known.get((kind, place, text(source, "name")))
                key = text(source, "key")
                if keys is not None and key not in keys and source.get("optional") is not True:
                    yield Field(
                        f"{box.path}.env[{i}].valueFrom.{way}.key", f"{key}, which is not there"
                    )
    for obj in world.workloads if known else ():
        for i, volume in enumerate(many(obj, *pod_path(obj), "volumes")):
            for way, kind, name in (
                ("configMap", "ConfigMap", "name"),
                ("secret", "Secret", "secretName"),
            ):
                keys = known.get((kind, namespace_of(obj), text(volume, way, name)))
                for j, item in enumerate(many(volume, way, "items")):
                    if keys is not None and text(item, "key") not in keys:
                        where = f"{'.'.join(pod_path(obj))}.volumes[{i}].{way}.items[{j}].key"
                        yield Field(at(obj, where), f"{text(item, 'key')}, which is not there")


# Where a name stands, and the kind of what it should be.
_REFERENCES = (
    ("serviceAccountName", "ServiceAccount"),
    ("claimName", "PersistentVolumeClaim"),
    ("serviceName", "Service"),
    ("policyName", "ValidatingAdmissionPolicy"),
    ("priorityClassName", "PriorityClass"),
    ("runtimeClassName", "RuntimeClass"),
)


def _names(words: Words, world: World) -> Iterator[Field]:
    """A name that neither an object of the kind nor the request has, beside objects of the kind."""
    yield from _roles(words, world)
    for key, kind in _REFERENCES:
        own = {name_of(o) for o in world.kinds(kind)} | {"default", ""}
        for inner, field in world.leaves if len(own) > 2 else ():
            if inner == key and isinstance(field.value, str) and field.value not in own:  # noqa: SIM102  # two thoughts
                if not _said(field.value, words.raw):
                    yield field


def _roles(words: Words, world: World) -> Iterator[Field]:
    accounts = {name_of(o): namespace_of(o) for o in world.kinds("ServiceAccount")}
    for obj in world.kinds("RoleBinding", "ClusterRoleBinding"):
        role = text(obj, "roleRef", "name")
        own = {name_of(o) for o in world.kinds(text(obj, "roleRef", "kind"))}
        if role and own and role not in own and not _said(role, words.raw):
            yield Field(at(obj, "roleRef.name"), role)
        for i, subject in enumerate(many(obj, "subjects")):
            home = accounts.get(text(subject, "name"))
            place = text(subject, "namespace")
            if home and place and place != home and text(subject, "kind") == "ServiceAccount":
                yield Field(at(obj, f"subjects[{i}].namespace"), place)


def _said(name: str, raw: str) -> bool:
    plain = re.sub(r"[-_.\s]", "", name).lower()
    return plain in re.sub(r"[-_.\s]", "", raw).lower()
