"""Variables that hold something of their own pod, as the words of a request have them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tiphys.ports import Object
from tiphys.propose.author.fields import containers_of, dicts, items, pod_specs, value_at

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
