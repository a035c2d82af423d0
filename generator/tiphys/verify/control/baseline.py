"""Which mutants mean anything: the API server is asked, and nothing is stored."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from tiphys.domain.errors import InvalidInput
from tiphys.domain.testreport import TestReport
from tiphys.ports import ClusterApi, Object
from tiphys.verify.control.mutants import Mutant
from tiphys.verify.control.recording import Key, key_of
from tiphys.verify.control.replay import Fault, overlay

_AT_ONCE = 4
_VOLATILE = ("creationTimestamp", "generation", "managedFields", "resourceVersion", "uid")
_ANY = object()  # stands where two dry runs of the same object differ


@dataclass(frozen=True, slots=True)
class Sifted:
    """Mutants by what the server says of them; `faults` has one for each that is `viable`."""

    viable: tuple[Mutant, ...]
    equivalent: tuple[Mutant, ...]
    refused: tuple[Mutant, ...]
    faults: Mapping[str, Fault]

    def only(self, ids: Collection[str]) -> Sifted:
        """Without the mutants of other ids."""
        return replace(
            self,
            viable=tuple(m for m in self.viable if m.id in ids),
            equivalent=tuple(m for m in self.equivalent if m.id in ids),
            refused=tuple(m for m in self.refused if m.id in ids),
        )


@dataclass(frozen=True, slots=True)
class Ahead:
    """What was found out first: `empty` is how the test went without the objects, if it was run.

    Each of its operations had `seconds`.
    """

    sifted: Sifted
    empty: TestReport | None
    seconds: float


def placed(api: ClusterApi, obj: Object, namespace: str) -> Object:
    """The object with its namespace filled in, as a test would send it. ApiRefusal."""
    metadata = obj["metadata"]
    if metadata.get("namespace") or not api.namespaced(obj["apiVersion"], obj["kind"]):
        return obj
    return {**obj, "metadata": {**metadata, "namespace": namespace}}


def sift(
    api: ClusterApi, objects: Sequence[Object], mutants: Sequence[Mutant], namespace: str
) -> Sifted:
    """Dry-run every mutated object beside its original. Unavailable.

    Refused: the server does not take it. Equivalent: what the server would store is the same.
    """
    with ThreadPoolExecutor(_AT_ONCE, "dry-run") as pool:
        plain = list(pool.map(lambda obj: _Original.ask(api, obj, namespace), objects))
        results = list(pool.map(lambda m: plain[m.index].against(api, m.changed), mutants))
    pairs = list(zip(mutants, results, strict=True))
    return Sifted(
        viable=tuple(m for m, result in pairs if not isinstance(result, str)),
        equivalent=tuple(m for m, result in pairs if result == "equivalent"),
        refused=tuple(m for m, result in pairs if result == "refused"),
        faults={m.id: result for m, result in pairs if not isinstance(result, str)},
    )


@dataclass(frozen=True)
class _Original:
    """An object, the name that it is tried under, and what two dry runs of it have in common."""

    sent: Object
    name: str
    stored: Any

    @staticmethod
    def ask(api: ClusterApi, obj: Object, namespace: str) -> _Original:
        sent = placed(api, obj, namespace)
        key: Key = key_of(sent)
        # Over an object that is there, a dry run would keep what others than us have set.
        name = _stand_in(key[2]) if api.get(*key) else key[2]
        one, other = (_told(api.apply(_named(sent, name), dry_run=True)) for _ in range(2))
        return _Original(sent, name, _common(one, other))

    def against(self, api: ClusterApi, changed: Object | None) -> Fault | str:
        """The fault that a changed object is, or "refused" or "equivalent"."""
        if changed is None:
            return lambda _live: None
        try:
            metadata = changed.get("metadata")
            if not isinstance(metadata, dict):
                return "refused"
            here = {**metadata, "name": self.name}
            if namespace := self.sent["metadata"].get("namespace"):
                here["namespace"] = namespace
            after = _told(api.apply({**changed, "metadata": here}, dry_run=True))
        except InvalidInput:
            return "refused"
        before, after = _quiet(self.stored, after)
        if before == after:
            return "equivalent"
        return lambda live: overlay(live, before, after)


def _stand_in(name: str) -> str:
    return f"{name[:40].rstrip('-.')}-{secrets.token_hex(2)}"


def _named(obj: Object, name: str) -> Object:
    return {**obj, "metadata": {**obj["metadata"], "name": name}}


def _told(obj: Object) -> Object:
    """What an answer says about the object, without the server's book-keeping."""
    metadata = {k: v for k, v in obj["metadata"].items() if k not in _VOLATILE and k != "name"}
    return {**{k: v for k, v in obj.items() if k != "status"}, "metadata": metadata}


def _common(one: Any, other: Any) -> Any:
    """What two answers share; allocated addresses and identifiers become `_ANY`."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return {key: _common(value, other[key]) for key, value in one.items()}
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [_common(a, b) for a, b in zip(one, other, strict=True)]
    return one if one == other else _ANY


def _quiet(before: Any, after: Any) -> tuple[Any, Any]:
    """Both without what is allocated anew each time."""
    if before is _ANY:
        return None, None
    if isinstance(before, dict) and isinstance(after, dict):
        after = dict(after)
        quiet = {}
        for key, value in before.items():
            if key in after:
                quiet[key], after[key] = _quiet(value, after[key])
            else:
                quiet[key] = _plain(value)
        return quiet, after
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        pairs = [_quiet(a, b) for a, b in zip(before, after, strict=True)]
        return [a for a, _ in pairs], [b for _, b in pairs]
    return _plain(before), after


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(child) for key, child in value.items()}
    if isinstance(value, list):
        return [_plain(child) for child in value]
    return None if value is _ANY else value
