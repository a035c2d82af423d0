"""Values of a request that stand nowhere, put into the one field that they can be about.

A small model copies a number from an example, or the one beside it in the request. Only a value
that the request does not account for gives way, where words around the right one name its field.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tiphys.ports import Object
from tiphys.propose.author.cards import IMAGE
from tiphys.propose.author.fields import (
    Path,
    dicts,
    items,
    map_at,
    metadata_of,
    pods_of,
    value_at,
)
from tiphys.propose.author.literals import unused
from tiphys.propose.editing.targets import TEMPLATES
from tiphys.propose.reading.spelled import in_figures

_MOST = 8
_SHAPES = (
    ("number", re.compile(r"-?\d{1,9}\Z")),
    ("quantity", re.compile(r"\d{1,9}(?:\.\d+)?(?:m|k|[KMGT]i?)\Z")),
    ("percent", re.compile(r"\d{1,3}%\Z")),
    ("path", re.compile(r"/[\w./-]*\Z")),
    ("image", re.compile(r"[\w.-]+(?::\d+)?(?:/[\w.-]+)+:[\w.-]+\Z")),
)
# "(600 seconds)" explains the clause that it stands in.
_CLAUSE = re.compile(
    r"[,;\n]|\((?!\d+ seconds\))|(?<! seconds)\)|\.\s|\b(?:and|but|while|with)\b", re.IGNORECASE
)
_SECONDS = re.compile(r"(?<![\w.])(\d{1,6})[-\s]?(?:s|sec|secs|seconds?)\b", re.IGNORECASE)
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
# What people say, and what the field is called.
_SAID = {
    "copy": "replica", "copie": "replica", "instance": "replica", "ram": "memory", "core": "cpu",
    "retry": "backoff", "retrie": "backoff", "size": "storage", "disk": "storage",
    "listen": "port", "expire": "ttl", "keep": "history", "exist": "count",
}  # fmt: skip
_CALLED = re.compile(
    r"(?P<before>(?:\S+\s+){0,3})\b(?:name|named|called|call\s+(?:it|this|that)|known\s+as|as|at)\s+"
    r"[\"`](?P<name>[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?)[\"`]"
)
_PARTS = re.compile(
    r"\b(?:container|port|key|label|volume|variable|class|column|user|group|role|account|namespace"
    r"|file|entry|host|node)",
    re.IGNORECASE,
)
_BESIDE = re.compile(  # a file among those of the image
    r"\bsub-?path\b|\b(?:just|only)\s+(?:this|that|the)\s+(?:one\s+|single\s+)?file\b|\bsingle\s+file\b"
    r"|\bother\s+files\b|\b(?:stay|remain|keep\w*|be)\s+visible\b|\b(?:hid(?:e|es|ing|den)|shadow\w*)\b",
    re.IGNORECASE,
)
_EMPTY = frozenset({"spec", "metadata", "template", "the", "to", "a", "is", "of", "on", "in", "at"})


@dataclass(frozen=True, slots=True)
class _Leaf:
    number: int  # of the object
    path: Path
    value: Any


def put_in_place(request: str, objects: Sequence[Object]) -> tuple[str, ...]:
    """Set such values in place; what was set."""
    spoken = in_figures(request)
    notes = [
        *_run_the_image(request, objects),
        *_call_as_quoted(request, objects),
        *_mount_the_file(request, objects),
    ]
    for text in _unplaced(spoken, objects)[:_MOST]:
        shape = _shape(text)
        if not shape:
            continue
        words = _around(text, spoken)
        found = [leaf for leaf in _loose(spoken, objects) if _shape(leaf.value) == shape]
        ranked = sorted(((_alike(leaf, words), leaf) for leaf in found), key=lambda each: -each[0])
        sure = ranked and ranked[0][0] and (len(ranked) == 1 or ranked[0][0] > ranked[1][0])
        if sure:
            leaf = ranked[0][1]
            holder = value_at(objects[leaf.number], leaf.path[:-1])
            holder[leaf.path[-1]] = int(text) if isinstance(leaf.value, int) else text
            notes.append(f"{'.'.join(map(str, leaf.path))} is {text}, as the request says")
    return tuple(notes)


def _run_the_image(request: str, objects: Sequence[Object]) -> Iterator[str]:
    """A workload without containers runs the only image that the request names."""
    images = set(IMAGE.findall(request))
    for obj in objects if len(images) == 1 else ():
        if obj["kind"] in TEMPLATES:
            pod = map_at(obj, *map(str, TEMPLATES[obj["kind"]]), "spec")
            if not items(pod.get("containers")):
                pod["containers"] = [
                    {"name": metadata_of(obj).get("name", "main"), "image": min(images)}
                ]
                yield "containers: the image of the request"


def _call_as_quoted(request: str, objects: Sequence[Object]) -> Iterator[str]:
    """The only object is called as the request says in quotes, where that name stands nowhere."""
    called = [each for each in _CALLED.finditer(request) if not _PARTS.search(each["before"])]
    if len(objects) != 1 or not called:
        return
    names = {each["name"] for each in called}.intersection(unused(request, objects))
    if len(names) == 1:
        metadata = metadata_of(objects[0])
        if not re.search(rf"[\"`]{re.escape(str(metadata.get('name')))}[\"`]", request):
            metadata["name"] = names.pop()
            yield f"metadata.name is {metadata['name']}, as the request says"


def _mount_the_file(request: str, objects: Sequence[Object]) -> Iterator[str]:
    """A file by subPath is mounted where the request has it, not over its folder.

    Of a volume that holds one key, a file of another name that the request has is that key.
    """
    for pod in pods_of(objects):
        yield from _mount_the_key(request, pod, objects)
    for each in dicts([*objects]):
        folder, name = each.get("mountPath"), each.get("subPath")
        if isinstance(folder, str) and isinstance(name, str):
            path = f"{folder.rstrip('/')}/{name}"
            if re.search(rf"(?<![\w/.-]){re.escape(path)}(?![\w/-]|\.\w)", request):
                each["mountPath"] = path
                yield f"mountPath is {path}, as the request says"


def _mount_the_key(request: str, pod: dict[str, Any], objects: Sequence[Object]) -> Iterator[str]:
    for volume in dicts(pod.get("volumes")):
        source = volume.get("configMap")
        name = source.get("name") if isinstance(source, dict) and "items" not in source else None
        held = [
            o for o in objects if o["kind"] == "ConfigMap" and metadata_of(o).get("name") == name
        ]
        keys = [key for each in held for key in map_at(each, "data")]
        for mount in dicts([each.get("volumeMounts") for each in dicts(pod.get("containers"))]):
            folder = str(mount.get("mountPath")).rstrip("/")
            if len(keys) != 1 or mount.get("name") != volume.get("name") or "subPath" in mount:
                continue
            files = {*re.findall(rf"(?<![\w/.-]){re.escape(folder)}/([\w-]+\.\w+)(?!\w)", request)}
            if len(files) == 1 and _BESIDE.search(request):
                mount |= {"mountPath": f"{folder}/{files.pop()}", "subPath": keys[0]}
                yield f"mountPath is {mount['mountPath']}, as the request says"
            elif len(files) == 1 and files.isdisjoint(keys):
                name = files.pop()
                volume["configMap"] = {
                    **volume["configMap"],
                    "items": [{"key": keys[0], "path": name}],
                }
                yield f"{keys[0]} is the file {name}, as the request says"


def _unplaced(spoken: str, objects: Sequence[Object]) -> list[str]:
    seconds = [match[1] for match in _SECONDS.finditer(spoken)]
    values = {str(value) for obj in objects for _, value in _leaves(obj, ())}
    return [*unused(spoken, objects), *(each for each in seconds if each not in values)]


def _shape(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | str):
        return ""
    return next((name for name, form in _SHAPES if form.match(str(value))), "")


def _loose(spoken: str, objects: Sequence[Object]) -> list[_Leaf]:
    """Values that the request does not account for: it has them less often, or not at all."""
    leaves = [
        _Leaf(number, path, value)
        for number, obj in enumerate(objects)
        for path, value in _leaves(obj, ())
        if path[:1] not in (("apiVersion",), ("kind",))
    ]
    counted = Counter(str(leaf.value) for leaf in leaves)
    return [leaf for leaf in leaves if counted[str(leaf.value)] > _times(str(leaf.value), spoken)]


def _times(value: str, text: str) -> int:
    return len(re.findall(rf"(?<![\w.]){re.escape(value)}(?![\w%])", text))


def _leaves(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    children = (
        value.items() if isinstance(value, dict)
        else enumerate(value) if isinstance(value, list) else ()
    )  # fmt: skip
    for key, child in children:
        if isinstance(child, dict | list):
            yield from _leaves(child, (*path, key))
        else:
            yield (*path, key), child


def _around(text: str, spoken: str) -> set[str]:
    """Words of the clause that the value stands in."""
    match = re.search(rf"(?<![\w.]){re.escape(text)}(?!\w)", spoken)
    if match is None:
        return set()
    starts = [each.end() for each in _CLAUSE.finditer(spoken, 0, match.start())]
    end = _CLAUSE.search(spoken, match.end())
    return _words(spoken[starts[-1] if starts else 0 : end.start() if end else len(spoken)])


def _alike(leaf: _Leaf, words: set[str]) -> int:
    named = _words(" ".join(str(part) for part in leaf.path[-4:]))
    return len(named & words)


def _words(text: str) -> set[str]:
    found = (word.lower().removesuffix("s") for word in _WORD.findall(text))
    return {_SAID.get(word, word) for word in found} - _EMPTY
