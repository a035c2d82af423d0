"""What is proposed leaves what is already approved in its namespaces alone.

Two releases that hold the same object would overwrite each other with every sync, and a workload
whose selector also fits another's pods takes them for its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tiphys.domain.policy import Policy
from tiphys.domain.wording import counted
from tiphys.library import CLUSTER_FOLDER
from tiphys.ports import Object
from tiphys.verify.check import Finding, StaticCheck, failed_or_passed
from tiphys.verify.reading import documents_below
from tiphys.verify.subject import Subject, release_folder

_WORKLOADS = ("DaemonSet", "Deployment", "ReplicaSet", "StatefulSet")
_CONFINING = ("LimitRange", "ResourceQuota")
_TEMPLATES = {"CronJob": ("spec", "jobTemplate", "spec", "template", "metadata", "labels")}
_Identity = tuple[str, str, str, str]  # group, kind, namespace, name


@dataclass(frozen=True, slots=True)
class _Placed:
    """An object and the release folder that holds it."""

    folder: str
    found: Object

    @property
    def identity(self) -> _Identity:
        group = self.found["apiVersion"].rpartition("/")[0]
        metadata = self.found["metadata"]
        return group, self.found["kind"], self.namespace, metadata["name"]

    @property
    def namespace(self) -> str:
        folder = self.folder.split("/")[1]
        own = self.found["metadata"].get("namespace")
        return str(own or ("" if folder == CLUSTER_FOLDER else folder))

    def __str__(self) -> str:
        return f"{self.found['kind']}/{self.found['metadata']['name']}"


def check_collision(subject: Subject, _policy: Policy) -> Finding:
    """`fail` names both sides of each collision."""
    changed = set(subject.release_folders)
    if not changed:
        return Finding("skipped", "no release is changed")
    problems: list[str] = []
    seen = 0
    for namespace in sorted({folder.split("/")[1] for folder in changed}):
        placed = list(_placed(subject, namespace))
        seen += len({each.folder for each in placed})
        problems += _twice(placed, changed)
        problems += _poached(placed, changed)
        problems += _diverted(placed, changed)
        if subject.agent:
            problems += _confined(placed, changed)
    return failed_or_passed(problems, f"{counted(seen, 'release')} side by side, nothing shared")


def _placed(subject: Subject, namespace: str) -> Iterator[_Placed]:
    # What is proposed has passed the syntax check; what was there before is not on trial.
    everything = documents_below(
        subject.reader, subject.rev, f"manifests/{namespace}", skip_broken=True
    )
    for path, found in everything:
        folder = release_folder(path)
        if folder is not None and _is_object(found):
            yield _Placed(folder, found)


def _is_object(found: Any) -> bool:
    if not isinstance(found, dict) or not isinstance(found.get("metadata"), dict):
        return False
    names = (found.get("apiVersion"), found.get("kind"), found["metadata"].get("name"))
    return all(isinstance(name, str) for name in names)


def _twice(placed: list[_Placed], changed: set[str]) -> Iterator[str]:
    first: dict[_Identity, _Placed] = {}
    for each in placed:
        other = first.setdefault(each.identity, each)
        if other is not each and changed & {each.folder, other.folder}:
            where = "twice" if other.folder == each.folder else f"also in {other.folder}"
            yield f"{each.folder}: {each} is {where}"


def _poached(placed: list[_Placed], changed: set[str]) -> Iterator[str]:
    workloads = [each for each in placed if each.found["kind"] in _WORKLOADS]
    for one in workloads:
        selector = _labels(one.found, "spec", "selector", "matchLabels")
        if not selector or _labels(one.found, "spec", "selector", "matchExpressions"):
            continue
        for other in workloads:
            if other is one or other.namespace != one.namespace:
                continue
            labels = _labels(other.found, "spec", "template", "metadata", "labels")
            if changed & {one.folder, other.folder} and selector.items() <= labels.items():
                yield f"{one.folder}: {one} selects the pods of {other} in {other.folder}"


def _diverted(placed: list[_Placed], changed: set[str]) -> Iterator[str]:
    """Traffic that a Service meant for its own release's pods would reach another's."""
    pods = [each for each in placed if _pod_labels(each.found)]
    for service in placed:
        selector = _labels(service.found, "spec", "selector")
        if service.found["kind"] != "Service" or not selector:
            continue
        met = [p for p in pods if selector.items() <= _pod_labels(p.found).items()]
        met = [p for p in met if p.namespace == service.namespace]
        if any(p.folder == service.folder for p in met):
            for other in met:
                if other.folder != service.folder and changed & {other.folder, service.folder}:
                    where = f"{other} in {other.folder}"
                    yield f"{service.folder}: {service} also selects the pods of {where}"


def _confined(placed: list[_Placed], changed: set[str]) -> Iterator[str]:
    """Limits for a namespace in which others live already."""
    for each in placed:
        others = {p.folder for p in placed if p.folder != each.folder and _pod_labels(p.found)}
        if each.found["kind"] in _CONFINING and each.folder in changed and others:
            yield f"{each.folder}: {each} limits {sorted(others)[0]} too; a person may propose it"


def _pod_labels(found: Object) -> Mapping[str, str]:
    template = ("metadata", "labels") if found["kind"] == "Pod" else _TEMPLATES.get(
        found["kind"], ("spec", "template", "metadata", "labels")
    )  # fmt: skip
    return _labels(found, *template)


def _labels(found: Object, *path: str) -> Mapping[str, str]:
    value: Any = found
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    if not isinstance(value, dict):
        return {"": ""} if value else {}
    return {str(k): str(v) for k, v in value.items()}


CHECK = StaticCheck("collision", "static", 2, check_collision)
