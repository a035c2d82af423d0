"""What a cluster holds, and what of it is left of a change that was taken away again.

A cluster is shared by checks that run side by side, so that not everything that is new is ours:
inside the change's namespaces everything counts, outside only what leads back to the change.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tiphys.domain.errors import ApiRefusal
from tiphys.ports import ClusterApi, Kind, Object

_THREADS = 8
_FIRST_POLL = 0.02  # seconds
_LAST_POLL = 0.5
_GROWTH = 1.5
_LONGEST_GRACE = 180.0  # seconds that a pod may ask for to end
# What the cluster's own controllers hold and let go when they get to it, which may be late.
_ITS_OWN_FINALIZERS = frozenset(
    {
        "batch.kubernetes.io/job-tracking",
        "foregroundDeletion",
        "kubernetes.io/pv-protection",
        "kubernetes.io/pvc-protection",
    }
)
_CONTROLLERS_GRACE = 90.0  # seconds
# Made and removed by the cluster in its own time, for every namespace or beside what is ours.
_ITS_OWN_KINDS = frozenset({"Endpoints", "EndpointSlice", "Event", "Lease"})
_ITS_OWN = frozenset({("ConfigMap", "kube-root-ca.crt"), ("ServiceAccount", "default")})


@dataclass
class Inventory:
    """The objects of some namespaces, and those without one. `ours` are uids of the change.

    It can serve one trial after the other, as long as each leaves nothing.
    """

    api: ClusterApi
    namespaces: frozenset[str]
    ours: set[str] = field(default_factory=set)
    _first: Mapping[str, Any] | None = None  # metadata of the first object that was ours

    def add(self, live: Object) -> None:
        """It is ours; what is older than the first of them is not, unless it is added too."""
        self._first = self._first or live["metadata"]
        self.ours.add(uid_of(live))

    def left(self) -> list[Object]:
        """What is ours or came after it, without what the cluster keeps for itself."""
        return [each for each in self._all() if self._counts(each)]

    def still(self, known: Sequence[Object]) -> list[Object]:
        """Those of `known` that are still here, as they are now."""
        looked = (get(self.api, each) for each in known)
        pairs = zip(known, looked, strict=True)
        return [now for each, now in pairs if now is not None and uid_of(now) == uid_of(each)]

    def wait_until_gone(
        self, patience: float, spared: Callable[[Object], bool]
    ) -> tuple[list[Object], list[Object]]:
        """Wait until nothing is left but what is `spared`. What is left in vain, and the spared.

        `patience` is in seconds. Beyond that pods may take as long as their grace period, and
        the cluster its time for what only its own finalizers hold.
        """
        polling = Polling(patience)
        while pods := self._pods():  # the last to go: until then a look at everything is wasted
            polling.extend(max(map(_grace, pods)))
            if not polling.again():
                break
        while True:
            found = self.left()
            kept = [each for each in found if spared(each)]
            waiting = [each for each in found if not spared(each)]
            if not waiting:
                return [], kept
            while waiting:
                polling.extend(max(map(_grace, waiting)))
                if not polling.again():
                    return self.still(waiting), kept
                waiting = self.still(waiting)

    def _pods(self) -> list[Object]:
        pods = (p for name in self.namespaces for p in self.api.list("v1", "Pod", name))
        return [each for each in pods if self._counts(each)]

    def _all(self) -> Iterator[Object]:
        places: list[tuple[Kind, str | None]] = []
        for kind in self.api.kinds():
            places += [(kind, n) for n in (self.namespaces if kind.namespaced else (None,))]
        with ThreadPoolExecutor(_THREADS, "inventory") as pool:
            for found in pool.map(partial(_list, self.api), places):
                yield from found

    def _counts(self, obj: Object) -> bool:
        uid, metadata = uid_of(obj), obj["metadata"]
        if uid in self.ours:
            return bool(obj["kind"] != "Namespace")  # they go last, all at once
        if obj["kind"] in _ITS_OWN_KINDS or self._is_older(metadata):
            return False
        if metadata.get("namespace"):
            return (obj["kind"], metadata["name"]) not in _ITS_OWN
        owners = {each.get("uid") for each in metadata.get("ownerReferences") or ()}
        return bool(owners & self.ours) or self._leads_here(obj)

    def _is_older(self, metadata: Mapping[str, Any]) -> bool:
        """Whether it was made before anything of ours: a look at everything would tell it dearly.

        Versions are the store's revisions, the same count for every kind; times are whole seconds.
        """
        if self._first is None:
            return True
        version, first = (str(each.get("resourceVersion")) for each in (metadata, self._first))
        if version.isdecimal() and first.isdecimal() and int(version) < int(first):
            return True
        made, since = (str(each.get("creationTimestamp")) for each in (metadata, self._first))
        return made < since

    def _leads_here(self, obj: Object) -> bool:
        """Whether an object outside namespaces, such as a volume, was made for one inside."""
        spec = obj.get("spec") or {}
        refs = [spec.get(key) for key in ("claimRef", "parentRef")]
        return any(isinstance(r, dict) and r.get("namespace") in self.namespaces for r in refs)


class Polling:
    """Waits that grow, up to a deadline `patience` seconds from now."""

    def __init__(self, patience: float) -> None:
        self._started = time.monotonic()
        self._patience = patience
        self._extra = 0.0
        self._delay = _FIRST_POLL

    def extend(self, seconds: float) -> None:
        """Allow that much beyond the patience, in all."""
        self._extra = max(self._extra, min(seconds, _LONGEST_GRACE))

    def again(self) -> bool:
        """Wait a moment; False once the time is over."""
        if time.monotonic() > self._started + self._patience + self._extra:
            return False
        time.sleep(self._delay)
        self._delay = min(self._delay * _GROWTH, _LAST_POLL)
        return True


def get(api: ClusterApi, obj: Object) -> Object | None:
    """The live object that `obj` names, or None; also when its kind is gone."""
    metadata = obj["metadata"]
    try:
        return api.get(obj["apiVersion"], obj["kind"], metadata["name"], metadata.get("namespace"))
    except ApiRefusal as refusal:
        if refusal.reason == "UnknownKind":
            return None
        raise


def delete(api: ClusterApi, obj: Object) -> None:
    """Ask for the deletion of what `obj` names; nothing happens if it or its kind is gone."""
    metadata = obj["metadata"]
    try:
        api.delete(obj["apiVersion"], obj["kind"], metadata["name"], metadata.get("namespace"))
    except ApiRefusal as refusal:
        if refusal.reason not in ("UnknownKind", "NotFound"):
            raise


def force_away(api: ClusterApi, objects: Sequence[Object]) -> None:
    """Delete without finalizers, as well as that goes: the cluster is shared."""
    for each in objects:
        metadata = each["metadata"]
        named = {key: metadata[key] for key in ("name", "namespace") if key in metadata}
        bare = {"apiVersion": each["apiVersion"], "kind": each["kind"]}
        with suppress(ApiRefusal):
            delete(api, each)
            api.patch({**bare, "metadata": {**named, "finalizers": None}})


def reference(obj: Mapping[str, Any]) -> str:
    """`Deployment/shop/web`, or `ClusterRole/reader` outside namespaces."""
    metadata = obj["metadata"]
    place = [metadata["namespace"]] if metadata.get("namespace") else []
    return "/".join([obj["kind"], *place, metadata["name"]])


def why_left(obj: Object) -> str:
    """What holds an object that should be gone, as far as its metadata tell."""
    metadata = obj["metadata"]
    if metadata.get("deletionTimestamp"):
        if finalizers := metadata.get("finalizers"):
            return f"held by finalizer {', '.join(finalizers)}"
        return "its deletion has begun and does not end"
    owners = metadata.get("ownerReferences") or ()
    if owners:
        return "owned by " + ", ".join(f"{each['kind']}/{each['name']}" for each in owners)
    return "nothing owns it, so nothing removes it"


def uid_of(obj: Mapping[str, Any]) -> str:
    """The uid of a live object."""
    return str(obj["metadata"].get("uid"))


def _list(api: ClusterApi, place: tuple[Kind, str | None]) -> Sequence[Object]:
    kind, namespace = place
    try:
        return api.list(kind.api_version, kind.kind, namespace)
    except ApiRefusal as refusal:
        if refusal.reason in ("UnknownKind", "NotFound"):  # a CRD that just went away
            return ()
        raise


def _grace(obj: Object) -> float:
    metadata = obj["metadata"]
    held = frozenset(metadata.get("finalizers") or ())
    if metadata.get("deletionTimestamp") and held and held <= _ITS_OWN_FINALIZERS:
        return _CONTROLLERS_GRACE
    return float(metadata.get("deletionGracePeriodSeconds") or 0)
