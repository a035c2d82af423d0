"""What objects are called, where a request has the name right behind the word for their kind."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from tiphys.ports import Object
from tiphys.propose.author.fields import dicts, metadata_of
from tiphys.propose.kinds import named_items

_SHORT = {
    "CustomResourceDefinition": "crds?",
    "HorizontalPodAutoscaler": "hpa|(?:horizontal )?autoscaler",
    "PersistentVolume": "pv",
    "PersistentVolumeClaim": "pvc|(?:volume )?claim",
    "PodDisruptionBudget": "pdb|disruption budget",
}
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
# With a hyphen or in quotes it is no word of the sentence.
_NAME = (
    r"(?:(?P<q>[\"'`])(?P<quoted>[a-z0-9][a-z0-9.-]*)(?P=q)"
    r"|(?P<bare>[a-z0-9]+(?:-[a-z0-9]+)+))(?![\w/=@:-]|\.\w|\s+(?:class|type|kind)\b)"
)
_CALLED = r"(?P<called>[a-z0-9][a-z0-9-]*[a-z0-9])(?![\w/=@:]|-\w|\.\w)"
# "Call it x": what is to be called so can only be the one object that is asked for.
_IT = re.compile(
    rf"(?<!\()\b(?i:call\s+(?:it|this|the\s+(?:object|thing|rule|policy))|name:)"
    rf"\s+(?:{_NAME}|{_CALLED})"
)
_SPOKEN = frozenset(
    "cluster-wide long-lived one-off per-node read-only read-write so-called well-known".split()
)


def call_by_name(objects: Sequence[Object], request: str) -> Iterator[str]:
    """Name in place the only object of its kind as the request does; what was changed.

    A name that the request gives in another way stays.
    """
    count = Counter(each["kind"] for each in objects)
    for obj in (each for each in objects if count[each["kind"]] == 1):
        names = {*_names(obj["kind"], request, alone=len(objects) == 1)}
        was = str(metadata_of(obj).get("name"))
        if len(names) != 1 or was in names or _is_called(was, request):
            continue
        name = metadata_of(obj)["name"] = names.pop()
        for each in objects:
            _refer(each, (obj["kind"], was), name, anywhere=was not in request)
        yield f"metadata.name is {name}, as the request says"


def asks_for(kind: str, request: str) -> bool:
    """Whether the request has a name for an object of the kind, or speaks of a new one."""
    new = (
        r"\b(?i:new|another|second|further|additional|separate|extra|own|an?|neue[nrs]?|une?|una?)\s+"
        rf"(?:[\w-]+\s+){{0,2}}?(?i:{_words(kind)})\b"
    )
    return bool(re.search(new, request)) or any(_names(kind, request, alone=False))


def _names(kind: str, request: str, *, alone: bool) -> Iterator[str]:
    found = (*_behind(kind).finditer(request), *(_IT.finditer(request) if alone else ()))
    names = [each["quoted"] or each["bare"] or each["called"] for each in found]
    names += [name for of, name in named_items(request) if of == kind]
    yield from (name for name in names if name not in _SPOKEN)


def _words(kind: str) -> str:
    words = r"[\s-]?".join(map(re.escape, _HUMP.split(kind)))  # a model may make one up
    return f"{words}|{_SHORT[kind]}" if kind in _SHORT else words


@lru_cache(maxsize=256)
def _behind(kind: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?i:{_words(kind)})\s+(?:{_NAME}|(?i:called|named)\s+[\"'`]?{_CALLED})")


def _is_called(name: str, request: str) -> bool:
    said = r"(?:call(?:ed)?(?:\s+(?:it|this|that|the\s+\w+))?|named?|name\s+is)"
    return bool(re.search(rf"\b{said}\W{{1,4}}{re.escape(name)}(?![\w-])", request, re.IGNORECASE))


def _refer(value: Any, was: tuple[str, str], name: str, *, anywhere: bool) -> None:
    """Let references follow: those of the kind, or any text where nobody else has that name."""
    for each in dicts(value):
        for key, child in each.items():
            of_kind = key == "name" and each.get("kind") == was[0]
            if child == was[1] and (of_kind or anywhere):
                each[key] = name
