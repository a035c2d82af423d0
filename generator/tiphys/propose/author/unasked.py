"""What a model puts into pods though nobody asked: copied from an example, or made up.

A command, a variable, a mount or an amount stays only if the request (or what exists) speaks of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from tiphys.ports import Object
from tiphys.propose.author.links import pod_specs

_IMAGE = re.compile(r"[\w.-]+(?:/[\w.-]+)*:[\w][\w.-]*")
_RUNS = re.compile(
    r"\b(?:commands?|args?|arguments?|flags?|options?|entry ?point|scripts?|echo\w*|prints?|sleeps?"
    r"|execut\w*|invok\w*|curl|wget|bash|sh|python|start(?:s|ed)? (?:it )?with)\b|(?<!\w)--\w"
    r"|\bruns?\b[^.\n]{0,30}[\"'`]|\b(?:date|npm|psql|tar|rsync)\b"
    r"|\bruns? (?:the )?[\w.-]+ (?:[-/]|\w+\.(?:py|sh|js|rb)\b)",
    re.IGNORECASE,
)
_ALL_KEYS = re.compile(r"env\w*|variables?|\ball (?:of )?(?:its|the) (?:keys|values|entries)", re.I)
_TOKEN = re.compile(r"[A-Za-z]{3,}")
_SHELLS = frozenset({"sh", "bash", "bin", "exec"})
_NUMBER = re.compile(r"\d+")
Test = Callable[[Any], bool]


def take_out_unasked(known: str, obj: Object) -> tuple[str, ...]:
    """Take it out in place; what was taken out. `known` is the request with what exists."""
    asked = _Asked(known)
    gone: list[str] = []
    for pod in pod_specs(obj):
        for container in _containers(pod):
            gone += asked.strip(container)
        gone += _unused_volumes(pod, known)
    return tuple(dict.fromkeys(gone))


class _Asked:
    """What a text speaks of."""

    def __init__(self, text: str) -> None:
        self._text = text.lower()
        self._words = {w.lower() for w in _TOKEN.findall(_IMAGE.sub(" ", text))}
        self._numbers = set(_NUMBER.findall(text))
        self._runs = bool(_RUNS.search(_IMAGE.sub(" ", text)))
        self._keys = bool(_ALL_KEYS.search(text))

    def strip(self, container: dict[str, Any]) -> Iterator[str]:
        for key in ("command", "args"):
            if key in container and not (self._runs or self._spells(container[key])):
                del container[key]
                yield key
        lists: tuple[tuple[str, Test], ...] = (
            ("env", self._variable),
            ("envFrom", self._source),
            ("volumeMounts", self._mount),
        )
        for key, test in lists:
            if isinstance(items := container.get(key), list) and not all(map(test, items)):
                container[key] = [each for each in items if test(each)]
                if not container[key]:
                    del container[key]
                yield key

    def _spells(self, value: Any) -> bool:
        words = {w.lower() for w in _TOKEN.findall(str(value))} - _SHELLS
        return words <= self._words

    def _says(self, value: Any) -> bool:
        return bool(value) and str(value).lower() in self._text

    def _variable(self, item: Any) -> bool:
        if not isinstance(item, dict):
            return True
        name = str(item.get("name") or "")
        return self._says(name) or self._says(name.replace("_", " "))

    def _source(self, item: Any) -> bool:
        names = [each.get("name") for each in _dicts(item)]
        return self._keys and any(map(self._says, names))

    def _mount(self, item: Any) -> bool:
        if not isinstance(item, dict):
            return True
        path = str(item.get("mountPath", "")).rstrip("/")
        return self._says(path) or self._says(item.get("name"))


def _containers(pod: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for key in ("initContainers", "containers"):
        yield from (each for each in pod.get(key) or () if isinstance(each, dict))


def _unused_volumes(pod: dict[str, Any], known: str) -> Iterator[str]:
    """Volumes that no container mounts any more, unless the text names what they hold."""
    volumes = pod.get("volumes")
    if not isinstance(volumes, list):
        return
    mounts = [m for each in _containers(pod) for m in each.get("volumeMounts") or ()]
    mounted = {each.get("name") for each in mounts if isinstance(each, dict)}
    kept = [
        each
        for each in volumes
        if not isinstance(each, dict)
        or each.get("name") in mounted
        or any(str(name) in known for found in _dicts(each) for name in _names(found))
    ]
    if len(kept) < len(volumes):
        yield "volumes"
        if kept:
            pod["volumes"] = kept
        else:
            del pod["volumes"]


def _names(source: dict[str, Any]) -> Iterator[str]:
    for key in ("name", "claimName", "secretName"):
        if isinstance(source.get(key), str) and len(source[key]) > 1:
            yield source[key]


def _dicts(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for child in value.values():
            yield from _dicts(child)
