"""What a model changed in objects that exist, as single fields: the rest is not its to touch.

A model writes whole objects again and forgets or embellishes as it goes. Only what differs counts,
and of that only what the request can have meant.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from tiphys.domain.errors import InvalidInput
from tiphys.library import strict_yaml
from tiphys.library.patching import FieldPatch, apply_patches
from tiphys.ports import Object
from tiphys.propose.author.fields import value_at
from tiphys.propose.author.unasked import is_spoken_of
from tiphys.propose.reading.numbers import NUMBERS
from tiphys.propose.reading.spelled import in_figures

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Adapted:
    """`files` that change, with what they hold then; or `questions`; or neither: not an edit."""

    files: Mapping[str, bytes]
    patches: tuple[FieldPatch, ...] = ()
    questions: tuple[str, ...] = ()


_TAKING_OUT = re.compile(
    r"\b(?:remove|delete|drop|without|no longer|unset|disable|get rid|strip|instead|rather than"
    r"|t(?:ake|akes|aken|aking|ook) (?:\w+ ){0,6}?(?:out|away|off)|(?:go|goes|gone) away|any ?more"
    r"|stop\w* (?:\w+ ){0,3}?\w+ing|too (?:generous|wide|broad|many|much)"
    r"|not needed|(?:can|may|must|should|(?:has|have|is|are) to) (?:all )?go\b"
    r"(?! (?:on|to|into|up|down|through|via|in)\b)"
    r"|entfern|entf[aä]ll|lösch|weg\b|raus\b|nicht mehr|ohne\b|statt\b"
    r"|supprim|retir|enl[eè]v|sans\b|n.est plus|ne sont plus|au lieu"
    r"|quita|elimin|borra|sin\b|ya no\b|en lugar|en vez"
    r"|remov|tire|tirar|apag|sem\b|podem? sair|não [^.\n]*\bmais\b|em vez"
    r"|togli|rimuov|senza\b|non [^.\n]*\bpiù\b|invece|verwijder|zonder\b|niet meer)",
    re.I,
)
_RELATIVE = re.compile(
    r"\b(?:double|twice|triple|half|halve|more|fewer|less|another|additional|increase|decrease|raise"
    r"|lower|single|once)\b"
)
_MOVING = re.compile(r"\b(?:moves?|only|onto|over to)\b", re.I)
_CHOICE = re.compile(r"[A-Z][a-z]+(?:[A-Z][a-z]+)*")  # "RollingUpdate"
_AMOUNT = re.compile(r"-?(\d+(?:\.\d+)?)(m|k|[KMGT]i?|%)?")
_ONE_OF = (
    {"httpGet", "tcpSocket", "exec", "grpc"},
    {"minAvailable", "maxUnavailable"},
    {"value", "valueFrom"},
    {"averageUtilization", "averageValue", "value"},
    {"resource", "containerResource", "pods", "object", "external"},
    {"emptyDir", "configMap", "secret", "persistentVolumeClaim", "hostPath", "projected", "nfs"},
)
_WORKLOAD = "deployments?|statefulsets?|replicasets?|secrets?|services?|claims?|maps?|accounts?"
_CONTEXT = "context.yaml"
_SETS = frozenset({"hosts", "verbs", "resources", "resourceNames", "accessModes"})
_NAMED = ("name", "host", "containerPort", "port", "mountPath", "key", "ip")


def rewrite(request: str, files: Mapping[str, bytes], objects: Sequence[Object]) -> Adapted | None:
    """What a model's new version of objects in `files` changes in them; None if none is there.

    InvalidInput.
    """
    held = held_in(files)
    there = [each for found in held.values() for each in found]
    pairs = [(old, new) for new in objects if (old := _like(new, there)) is not None]
    if not pairs:
        return None
    patches = tuple(patch for old, new in pairs for patch in changes(request, old, new))
    return Adapted(applied(patches, files, held), patches)


def rewrite_objects(request: str, context: str, objects: Sequence[Object]) -> list[Object]:
    """The objects, of those that exist only with what the request can have meant.

    `context` is YAML of what exists; where it can't be edited the objects stay as they are.
    """
    try:
        found = rewrite(request, {_CONTEXT: context.encode()}, objects)
    except InvalidInput:
        return [*objects]
    if found is None:
        return [*objects]
    after = strict_yaml.load_documents(found.files.get(_CONTEXT, context.encode()), source=_CONTEXT)
    return [_like(each, after) or each for each in objects]


def completed(request: str, before: Sequence[Object], part: Sequence[Object]) -> list[Object]:
    """The objects of `before` with what `part` adds and changes; nothing goes.

    Of what it changes, only what the request can have meant; other objects of `part` are added.
    """
    made = copy.deepcopy([*before])
    for new in part:
        old = _like(new, made)
        if old is None:
            made.append(new)
            continue
        for op, path, was, value in [*_differences(old, new, ())]:
            holder = value_at(old, path[:-1])
            if op == "append":
                value_at(old, path).append(value)
            elif op == "set" and (was is None or _meant(value, request)):
                holder[path[-1]] = value
    return made


def held_in(files: Mapping[str, bytes]) -> dict[str, list[Object]]:
    """The objects of each file; what can't be read can't be edited, and is left out."""
    held: dict[str, list[Object]] = {}
    for path, data in files.items():
        with suppress(InvalidInput):
            found = strict_yaml.load_documents(data, source=path)
            held[path] = [each for each in found if isinstance(each, dict)]
    return held


def _like(obj: Object, there: Sequence[Object]) -> Object | None:
    """The first of these with the same kind and name."""
    names = [(o.get("kind"), (o.get("metadata") or {}).get("name")) for o in (obj, *there)]
    return next((o for o, name in zip(there, names[1:], strict=True) if name == names[0]), None)


def applied(
    patches: Sequence[FieldPatch], files: Mapping[str, bytes], held: Mapping[str, list[Object]]
) -> dict[str, bytes]:
    """The files that the patches change, as they are then. InvalidInput."""
    changed: dict[str, bytes] = {}
    for patch in patches:
        path = next(path for path, found in held.items() if any(_is(o, patch) for o in found))
        changed[path] = apply_patches(changed.get(path, files[path]), [patch])
    return changed


def _is(obj: Object, patch: FieldPatch) -> bool:
    metadata = obj.get("metadata") or {}
    same = (obj.get("kind"), metadata.get("name")) == (patch.kind, patch.name)
    return same and patch.namespace in (None, metadata.get("namespace"))


def changes(request: str, before: Object, after: Mapping[str, Any]) -> tuple[FieldPatch, ...]:
    """The patches that lead from one to the other, as far as the request speaks of them."""
    metadata = before["metadata"]
    removing = bool(_TAKING_OUT.search(request))
    found = []
    for op, path, old, new in _differences(before, after, ()):
        if path[:1] in (("apiVersion",), ("kind",)) or path[:2] in _IDENTITY:
            continue
        if op == "remove" and path[0] == "metadata" and not _is_named(path, old, request):
            continue
        if op == "remove" and not removing and not _gives_way(path, before, after, request):
            continue
        if op == "set" and old is not None and not (_meant(new, request) or _chosen(old, new)):
            continue
        if op == "set" and old is not None and _is_led_astray(path, new, request):
            continue
        if op == "set" and old is None and _is_of_another(path, before, request):
            continue
        if op == "set" and old is None and not is_spoken_of(str(path[-1]), request):
            continue
        found.append(
            FieldPatch(before["kind"], metadata["name"], path, new, op, metadata.get("namespace"))
        )
    return tuple(found)


_IDENTITY = (("metadata", "name"), ("metadata", "namespace"))


def _is_named(path: Path, old: Any, request: str) -> bool:
    """Whether the request speaks of labels or annotations, or of this one."""
    words = {*re.findall(r"[A-Za-z]{3,}", f"{path[-1]} {old}"), "label", "annot", "note"}
    return any(each.lower() in request.lower() for each in words - {"annotations", "labels"})


def _gives_way(path: Path, before: Object, after: Mapping[str, Any], request: str) -> bool:
    """Whether another field stands there now that can't stand beside it, or took its name over."""
    key, was, beside = path[-1], value_at(before, path[:-1]), value_at(after, path[:-1])
    if not isinstance(beside, Mapping) or not isinstance(was, Mapping):
        return False
    if any(key in each and each & beside.keys() for each in _ONE_OF):
        return True
    if str(was.get("type")).lower() == str(key).lower():  # {type: RollingUpdate, rollingUpdate: }
        return bool(beside.get("type") != was["type"])
    come = beside.keys() - was.keys()
    if path[-2:-1] == ("nodeSelector",):
        return bool(come) and bool(_MOVING.search(request))
    return len(come) == 1 and bool(re.search(rf"(?<![\w.-]){re.escape(str(key))}(?!\w)", request))


def _is_of_another(path: Path, before: Object, request: str) -> bool:
    """Whether a port that the request does not name would get a protocol that it had not."""
    number = value_at(before, (*path[:-1], "port"))
    return path[-1] == "protocol" and not re.search(rf"(?<!\d){number}(?!\d)", request)


def _is_led_astray(path: Path, new: Any, request: str) -> bool:
    """Whether a reference to another object would hold a mere word: a name is called one."""
    if not str(path[-2:-1]).count("Ref") or path[-1] != "name" or not str(new).isalpha():
        return False
    called = rf"(?:\b(?:to|onto|at|called|named|is|be|use|an?|by|{_WORKLOAD})\s+|[\"'`=:]\s*){new}"
    return not re.search(rf"{called}(?![\w-])", request, re.IGNORECASE)


def _chosen(old: Any, new: Any) -> bool:
    """Whether one of a few values that Kubernetes knows was replaced by another."""
    return all(isinstance(each, str) and bool(_CHOICE.fullmatch(each)) for each in (old, new))


def _meant(value: Any, request: str) -> bool:
    """Whether a replaced value can come from the request: it stands there, or is no plain one."""
    if str(value).lower() in ("true", "false") or not isinstance(value, str | int | float):
        return True
    low = request.lower()
    amount = _AMOUNT.fullmatch(str(value))
    if amount and (_RELATIVE.search(low) or _in_words(amount[1], low)):
        return True
    if amount and amount[2]:  # "750 millicores"
        value = amount[1]
    words = [w for w in re.split(r"[^A-Za-z0-9.]+", str(value)) if w]
    low += in_figures(request).lower()
    return not words or any(word.lower() in low for word in words)


def _in_words(number: str, low: str) -> bool:
    return any(str(NUMBERS.get(word)) == number for word in re.findall(r"\w+", low))


def _differences(before: Any, after: Any, path: Path) -> Iterator[tuple[Any, Path, Any, Any]]:
    """(op, path, old, new) of the smallest places that differ."""
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in [*before, *(key for key in after if key not in before)]:
            if key not in after:
                yield "remove", (*path, key), before[key], None
            elif key not in before:
                yield "set", (*path, key), None, after[key]
            else:
                yield from _differences(before[key], after[key], (*path, key))
    elif isinstance(before, Sequence) and _is_list(before) and _is_list(after):
        yield from _of_lists(before, after, path)
    else:
        yield "set", path, before, after


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _of_lists(
    before: Sequence[Any], after: Sequence[Any], path: Path
) -> Iterator[tuple[Any, Path, Any, Any]]:
    """Items with a name are told apart by it, words of a set by themselves, others by position."""
    if path and path[-1] in _SETS:
        yield from _of_words(before, after, path)
        return
    key = next((k for k in _NAMED if _all_have(k, [*before, *after])), None)
    yield from _by_name(key, before, after, path) if key else _by_place(before, after, path)


def _of_words(
    before: Sequence[Any], after: Sequence[Any], path: Path
) -> Iterator[tuple[Any, Path, Any, Any]]:
    """Words whose order says nothing."""
    for item in after:
        if item not in before:
            yield "append", path, None, item
    for number in range(len(before) - 1, -1, -1):
        if before[number] not in after:
            yield "remove", (*path, number), before[number], None


def _by_place(
    before: Sequence[Any], after: Sequence[Any], path: Path
) -> Iterator[tuple[Any, Path, Any, Any]]:
    """Items that are the same wherever they stand, then those that have most in common."""
    come = [item for item in after if item not in before]
    gone = []
    for number, item in enumerate(before):
        if item in after:
            continue
        nearest = max(come, key=partial(_in_common, item), default=None)
        if nearest is None:
            gone.append(number)
            continue
        come.remove(nearest)
        yield from _differences(item, nearest, (*path, number))
    for item in come:
        yield "append", path, None, item
    for number in reversed(gone):
        yield "remove", (*path, number), before[number], None


def _in_common(one: Any, other: Any) -> int:
    return len(_leaves(one, ()) & _leaves(other, ()))


def _leaves(value: Any, path: Path) -> set[tuple[Path, str]]:
    """Where the scalars are, those of lists anywhere in them."""
    if isinstance(value, Mapping):
        return {leaf for key, child in value.items() for leaf in _leaves(child, (*path, key))}
    if _is_list(value):
        return {leaf for child in value for leaf in _leaves(child, (*path, ""))}
    return {(path, str(value))}


def _by_name(
    key: str, before: Sequence[Any], after: Sequence[Any], path: Path
) -> Iterator[tuple[Any, Path, Any, Any]]:
    old = {item[key]: (number, item) for number, item in enumerate(before)}
    new = {item[key]: item for item in after}
    if path[-1:] == ("containers",) and len(old) == len(new) == 1 and old.keys() != new.keys():
        [(number, item)], [other] = old.values(), new.values()  # a model calls it what it likes
        yield from _differences(item, {**other, key: item[key]}, (*path, number))
        return
    for was, name in _renamed(key, old, new):
        number, _ = old.pop(was)
        del new[name]
        yield "set", (*path, number, key), was, name
    for name, (number, item) in old.items():
        if name in new:
            yield from _differences(item, new[name], (*path, number))
    for name, item in new.items():
        if name not in old:
            yield "append", path, None, item
    for name, (number, item) in reversed(old.items()):
        if name not in new:
            yield "remove", (*path, number), item, None


def _renamed(
    key: str, old: Mapping[Any, tuple[int, Any]], new: Mapping[Any, Any]
) -> list[tuple[Any, Any]]:
    """Names, before and after, of items that are the same but for their name."""
    gone = {was: {**item, key: None} for was, (_, item) in old.items() if was not in new}
    come = {name: {**item, key: None} for name, item in new.items() if name not in old}
    pairs = [(was, name) for was in gone for name in come if gone[was] == come[name]]
    return pairs if len(dict(pairs)) == len({name for _, name in pairs}) == len(pairs) else []


def _all_have(key: str, items: Sequence[Any]) -> bool:
    values = [item.get(key) for item in items if isinstance(item, Mapping)]
    whole = len(values) == len(items) and all(isinstance(v, str | int) for v in values)
    return bool(items) and whole
