"""Verified manifests as objects that a skill can be made of, or the reason why they can't."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tiphys.domain.errors import InvalidInput, LimitExceeded
from tiphys.library import strict_yaml

MOST_OBJECTS = 24
CLUSTER_KINDS = frozenset(
    "APIService ClusterRole ClusterRoleBinding CustomResourceDefinition IngressClass Namespace "
    "Node PersistentVolume PriorityClass RuntimeClass StorageClass ValidatingAdmissionPolicy "
    "ValidatingAdmissionPolicyBinding".split()
)
_WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job", "Pod", "ReplicaSet")
_RESERVED = frozenset("true false none and or not in is if else for loop".split())
_BEFORE = ("Namespace", "CustomResourceDefinition")


@dataclass(frozen=True, slots=True)
class Source:
    """One object with the name of the file that its template is to have."""

    file: str
    object: Mapping[str, Any]

    @property
    def kind(self) -> str:
        """Its kind."""
        return str(self.object["kind"])

    @property
    def name(self) -> str:
        """Its metadata.name."""
        return str(self.object["metadata"]["name"])


@dataclass(frozen=True, slots=True)
class Case:
    """One set of manifests with the request that it answered; `primary` says what it is about."""

    request: str
    sources: tuple[Source, ...]

    @property
    def primary(self) -> int:
        """The place of the object after which the others are named."""
        return min(range(len(self.sources)), key=lambda at: _rank(self.sources, at))

    @property
    def name(self) -> str:
        """What the whole is called."""
        return self.sources[self.primary].name

    @property
    def scope(self) -> str:
        """`cluster` where anything lives outside of namespaces, else `namespaced`."""
        return "cluster" if any(s.kind in CLUSTER_KINDS for s in self.sources) else "namespaced"


def read_case(request: str, manifests: Mapping[str, bytes]) -> Case:
    """Every object of some manifests, in the order of the files' names. InvalidInput."""
    sources: list[Source] = []
    for file, data in sorted(manifests.items()):
        documents = strict_yaml.load_documents(data, source=file)
        for document in documents:
            _check(document, file)
        sources += [Source(_template(each["kind"]), each) for each in documents]
    if not sources:
        raise InvalidInput("there is no object to make a skill of")
    if len(sources) > MOST_OBJECTS:
        raise LimitExceeded(f"{len(sources)} objects, at most {MOST_OBJECTS} become one skill")
    keys = [(s.object["apiVersion"], s.kind, s.name) for s in sources]
    if len(set(keys)) != len(keys):
        raise InvalidInput("the manifests hold an object twice")
    return _placed(Case(request, tuple(_renamed(sources))))


def kebab(kind: str) -> str:
    """`HorizontalPodAutoscaler` is horizontal-pod-autoscaler."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", kind)
    return re.sub(r"[^a-z0-9]+", "-", spaced.lower()).strip("-") or "object"


def camel(*words: str) -> str:
    """`("web", "cpu-request")` is webCpuRequest; "" where no letter begins it."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", " ".join(words))
    parts = re.findall(r"[a-zA-Z0-9]+", spaced)
    text = "".join(part[:1].upper() + part[1:].lower() for part in parts)[:40]
    name = text[:1].lower() + text[1:] if text[:1].isalpha() else ""
    return f"{name}Value" if name in _RESERVED else name


def _template(kind: str) -> str:
    """The name of an object's template; what others live in is applied first."""
    return f"00-{kebab(kind)}" if kind in _BEFORE else kebab(kind)


def _check(document: Any, file: str) -> None:
    metadata = document.get("metadata") if isinstance(document, dict) else None
    if not isinstance(metadata, dict) or not isinstance(metadata.get("name"), str):
        raise InvalidInput(f"{file}: holds something that is not an object with a metadata.name")
    if not isinstance(metadata.get("namespace", ""), str):
        raise InvalidInput(f"{file}: a metadata.namespace is no text")
    for field in ("apiVersion", "kind"):
        if not isinstance(document.get(field), str) or not document[field]:
            raise InvalidInput(f"{file}: an object has no {field}")
    if document["kind"] == "Secret":
        raise InvalidInput(
            f"{file}: a Secret does not become a skill, as its values would lie in the repository; "
            "let the others refer to it by name"
        )
    if not _printable(document):
        raise InvalidInput(f"{file}: a key holds a character that can't be printed")
    if document["kind"] == "List":
        raise InvalidInput(f"{file}: write the items of a List as documents of their own")


def _printable(value: Any) -> bool:
    """Whether all keys can stand in an assertion of a test."""
    if isinstance(value, dict):
        return all(str(key).isprintable() and _printable(each) for key, each in value.items())
    return not isinstance(value, list) or all(map(_printable, value))


def _placed(case: Case) -> Case:
    """The case, if its objects live where one release may put them. InvalidInput."""
    inside = [s for s in case.sources if s.kind not in CLUSTER_KINDS]
    spaces = {str(s.object["metadata"].get("namespace") or "") for s in inside}
    if len(spaces) > 1:
        named = ", ".join(sorted(space or "none" for space in spaces))
        raise InvalidInput(f"the objects live in several namespaces ({named}); one skill has one")
    if spaces == {""}:
        raise InvalidInput("no object says its namespace; write metadata.namespace into each")
    if spaces and case.scope == "cluster":
        own = {s.name for s in case.sources if s.kind == "Namespace"}
        if not spaces <= own:
            raise InvalidInput(
                "objects inside a namespace and outside of any do not make one release; split them"
            )
    return case


def _rank(sources: Sequence[Source], at: int) -> tuple[int, int, int]:
    source = sources[at]
    followers = sum(s.name == source.name or s.name.startswith(f"{source.name}-") for s in sources)
    if source.kind == "Namespace":
        return (-1, 0, at)
    if source.kind in _WORKLOADS:
        return (0, -followers, at)
    return (1, -followers, at)


def _renamed(sources: Sequence[Source]) -> Iterator[Source]:
    """Sources with file names that differ."""
    seen: set[str] = set()
    for source in sources:
        file, number = source.file, 2
        while file in seen:
            file, number = f"{source.file}-{number}", number + 1
        seen.add(file)
        yield Source(file, source.object)
