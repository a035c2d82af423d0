"""Nodes that pods are to run on, by the label that a request states of nodes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from tiphys.ports import Object
from tiphys.propose.author.fields import dicts, metadata_of, pod_specs
from tiphys.propose.author.sentences import LABELLED

_LABEL = re.compile(
    rf"\bnode(?:s|'s)?:?\s+(?:(?:{LABELLED})\s+)*"
    r"[\"'`]?([a-z][\w./-]*)(?:=|[\"'`]?\s+(?:has\s+the\s+value|equals)\s+)[\"'`]?([\w.-]*\w)",
    re.IGNORECASE,
)
_TOPOLOGIES = {
    "zone": "topology.kubernetes.io/zone",
    "region": "topology.kubernetes.io/region",
    "hostname": "kubernetes.io/hostname",
    "host": "kubernetes.io/hostname",
    "node": "kubernetes.io/hostname",
}
_AWAY = re.compile(r"\b(?:not|never|no|avoid\w*|except|prefer\w*|rather|ideally)\b", re.IGNORECASE)
_BEFORE = 60  # letters in which somebody may say that it is no rule, or one against


def run_on(objects: Sequence[Object], request: str) -> Iterator[str]:
    """Set in place; what was set. A label of nodes is none of pods.

    Where anything chooses nodes by it already, a class for instance, it is left to that.
    """
    for found in _LABEL.finditer(request):
        key, value = found.groups()
        said = re.split(r"[.;\n]", request[max(0, found.start() - _BEFORE) : found.start()])[-1]
        chosen = any(_chooses(holder, key) for holder in dicts([*objects]))
        for obj in () if _AWAY.search(said) or chosen else objects:
            for pod in pod_specs(obj):
                pod["nodeSelector"] = {**(pod.get("nodeSelector") or {}), key: value}
                _no_label_of_pods(obj, {key: value})
                yield f"nodeSelector is {key}={value}, as the request says of nodes"


def name_topologies(objects: Sequence[Object], request: str) -> Iterator[str]:
    """Set in place the labels that clouds give nodes, where a word for one stands; what was set."""
    for each in dicts([*objects]):
        word = str(each.get("topologyKey"))
        if word in _TOPOLOGIES and not re.search(rf"\b{word}\s*[=:]|label\w*\W+{word}\b", request):
            each["topologyKey"] = _TOPOLOGIES[word]
            yield f"topologyKey is {_TOPOLOGIES[word]}"


def _chooses(holder: dict[str, Any], key: str) -> bool:
    selector, affinity = holder.get("nodeSelector"), holder.get("nodeAffinity")
    keys = [each.get("key") for each in dicts(affinity)]
    return key in keys or (isinstance(selector, dict) and key in selector)


def _no_label_of_pods(obj: Object, label: dict[str, str]) -> None:
    name = {"app": metadata_of(obj).get("name")}
    for holder in dicts(obj):
        for key in ("labels", "matchLabels"):
            if holder.get(key) == label:
                holder[key] = dict(name)
