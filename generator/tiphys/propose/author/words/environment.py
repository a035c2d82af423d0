"""Variables that hold something of their own pod, as the words of a request have them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from tiphys.ports import Object
from tiphys.propose.author.fields import (
    containers_of,
    dicts,
    items,
    metadata_of,
    pod_specs,
    pods_of,
    value_at,
)

_OWN = {
    "status.podIP": re.compile(
        r"\bpod'?s?(?: own)? ip\b|\b(?:its|own) (?:own )?ip\b", re.IGNORECASE
    ),
    "status.hostIP": re.compile(r"\b(?:host|node)'?s?(?: own)? ip\b", re.IGNORECASE),
    "spec.nodeName": re.compile(
        r"\bnode'?s? (?:\w+ )?name\b|\bname of (?:the|its) (?:node|host)\b", re.I
    ),
    "metadata.namespace": re.compile(r"\bnamespace\b", re.IGNORECASE),
    "metadata.name": re.compile(
        r"\bpod'?s?(?: own)? name\b|\bname of (?:the|its) (?:own )?pod\b|\bits own name\b", re.I
    ),
    "metadata.uid": re.compile(r"\bpod'?s? uid\b", re.IGNORECASE),
    "spec.serviceAccountName": re.compile(r"\bservice ?account\b", re.IGNORECASE),
}

_SOURCES = {
    "ConfigMap": ("configMapKeyRef", "configMapRef"),
    "Secret": ("secretKeyRef", "secretRef"),
}
_ALL = re.compile(
    r"\b(?:all|every|each|everything|whole|entire)\b[^.;]{0,60}\b(?:env\w*|variables?)\b",
    re.IGNORECASE,
)


def fill_environment(obj: Object, request: str) -> Iterator[str]:
    """What a variable says of its own pod is what the request says after the variable's name.

    Of a source that is there with a prefix too, that one was meant.
    """
    for box in (box for pod in pod_specs(obj) for box in containers_of(pod)):
        for each in dicts(box.get("env")):
            ref = value_at(each, ("valueFrom", "fieldRef"))
            said = _after(str(each.get("name")), request) if isinstance(ref, dict) else ""
            paths = [path for path, words in _OWN.items() if words.search(said)]
            if len(paths) == 1 and ref.get("fieldPath") != paths[0]:
                ref["fieldPath"] = paths[0]
                yield f"{each['name']} is {paths[0]}, as the request says"
        sources = items(box.get("envFrom"))
        prefixed = [{**each, "prefix": ""} for each in dicts(sources) if each.get("prefix")]
        kept = [
            each
            for each in sources
            if not (
                isinstance(each, dict)
                and {**each, "prefix": ""} in prefixed
                and not each.get("prefix")
            )
        ]
        if len(kept) < len(sources):
            box["envFrom"] = kept
            yield "envFrom: once, with its prefix"


def _after(name: str, request: str) -> str:
    """The rest of the clause that follows a variable's name."""
    found = re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])([^\n;,.]*)", request)
    return found[1] if found else ""


def read_from(objects: Sequence[Object], request: str) -> Iterator[str]:
    """Variables with the very values of a map of the answer, which nothing reads, are read from it.

    All of its keys are there at once where the request asks for all of them.
    """
    pods = pods_of(objects)
    for obj in objects:
        kind, name = obj["kind"], str(metadata_of(obj).get("name"))
        if kind not in _SOURCES or any(name in map(str, _names(pod)) for pod in pods):
            continue
        held = {str(k): v for key in ("data", "stringData") for k, v in _pairs(obj.get(key))}
        for box in (box for pod in pods for box in containers_of(pod)):
            same = [each for each in dicts(box.get("env")) if _same(each, held)]
            if not same:
                continue
            if len(same) == len(held) and _ALL.search(request):
                box["env"] = [each for each in box["env"] if each not in same]
                if not box["env"]:
                    del box["env"]
                box["envFrom"] = [*items(box.get("envFrom")), {_SOURCES[kind][1]: {"name": name}}]
            else:
                for each in same:
                    del each["value"]
                    each["valueFrom"] = {_SOURCES[kind][0]: {"name": name, "key": each["name"]}}
            yield f"env: from {kind} {name}, which holds it"


def _names(pod: Any) -> Iterator[Any]:
    for each in dicts(pod):
        yield from (each.get(key) for key in ("name", "secretName") if "image" not in each)


def _pairs(held: Any) -> list[tuple[Any, Any]]:
    return [*held.items()] if isinstance(held, dict) else []


def _same(variable: dict[str, Any], held: dict[str, Any]) -> bool:
    name, value = variable.get("name"), variable.get("value")
    return name in held and value is not None and str(held[str(name)]) == str(value)
