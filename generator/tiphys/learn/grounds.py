"""Ground for one answer on a cluster that others use after it: laid out, and cleared again.

To make and remove a namespace takes the cluster longer than to judge an answer, so a namespace
stays for the next answer to the same task, which waits until it is empty.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any

from tiphys.domain.errors import ApiRefusal, InvalidInput, Unavailable
from tiphys.ports import ClusterApi, Object

_POLL = 0.05  # seconds
_GONE = 60.0  # seconds that what is being deleted gets
_SERVED = 10.0  # seconds until a new kind is served
_ADMISSION = "admissionregistration.k8s.io/v1"
_POLICY = re.compile(r"ValidatingAdmissionPolicy '([^']+)'")
_PROTECTED = frozenset({"CustomResourceDefinition", "PersistentVolume", "PersistentVolumeClaim"})
_MARK = "tiphys.test/ground"
_SYSTEM = frozenset({"default", "kube-node-lease", "kube-public", "kube-system"})
# What controllers make in a namespace, and what takes its time to go.
_DERIVED = (
    ("apps/v1", "ReplicaSet"),
    ("batch/v1", "Job"),
    ("v1", "Pod"),
    ("v1", "PersistentVolumeClaim"),
    ("discovery.k8s.io/v1", "EndpointSlice"),
)
# Others refer to these when they are admitted, so they are applied before them.
_FIRST = (
    "Namespace",
    "CustomResourceDefinition",
    "PriorityClass",
    "RuntimeClass",
    "StorageClass",
    "IngressClass",
    "ServiceAccount",
    "ConfigMap",
    "Secret",
    "LimitRange",
    "ResourceQuota",
)


class Grounds:
    """Lays objects out: those that name no namespace in `home`, if the request names none either.

    `named` is the namespace that the request is about, "" for none. `unmade` are namespaces that an
    answer has to make itself; every other that an object names is made for it.
    """

    def __init__(self, api: ClusterApi, home: str, named: str, unmade: frozenset[str]) -> None:
        self._api = api
        self._home = home
        self._named = named
        self._unmade = unmade
        self._spaces: list[str] = []
        self._changed: list[str] = []  # namespaces that an answer describes
        self._made: dict[tuple[str, str, str], Object] = {}

    def __enter__(self) -> Grounds:
        if self.place not in self._unmade:
            self._space(self.place)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._clear()

    @property
    def place(self) -> str:
        """The namespace that the request is about."""
        return self._named or self._home

    def lay(self, objects: Sequence[Object]) -> None:
        """Apply objects; of those that others do not build upon all are tried in a dry run first.

        InvalidInput, in the server's words, for what it refuses.
        """
        order = {kind: number for number, kind in enumerate(_FIRST)}
        first = sorted((o for o in objects if o["kind"] in order), key=lambda o: order[o["kind"]])
        for each in first:
            self._apply(self._placed(each))
        rest = [self._placed(each) for each in objects if each["kind"] not in order]
        for each in rest if len(rest) > 1 else ():
            self._send(each, dry_run=True)
        for each in rest:
            self._apply(each)

    def _space(self, name: str) -> None:
        """An empty namespace."""
        if name in self._spaces or name in _SYSTEM:
            return
        old = self._api.get("v1", "Namespace", name)
        if old is not None and _MARK not in (old["metadata"].get("annotations") or {}):
            raise Unavailable(f"namespace {name} is somebody else's on this cluster")
        if old is not None and old["metadata"].get("deletionTimestamp"):
            self._wait_gone(old)
            old = None
        if old is None:
            made = {"name": name, "annotations": {_MARK: ""}}
            self._api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": made})
        self._spaces.append(name)
        for api_version, kind in _DERIVED if old else ():
            self._wait_empty(name, api_version, kind)
        _until(
            lambda: self._api.get("v1", "ServiceAccount", "default", name) is not None,
            _GONE,
            Unavailable(f"namespace {name} gets no service account"),
        )

    def _placed(self, obj: Object) -> Object:
        """The object with its namespace, which is there then. ApiRefusal for an unknown kind."""
        if not self._api.namespaced(obj["apiVersion"], obj["kind"]):
            return obj
        given = obj["metadata"].get("namespace")
        if not given or (given == "default" and not self._named):
            given = self._home
        if isinstance(given, str) and given not in self._unmade:
            self._space(given)
        return {**obj, "metadata": {**obj["metadata"], "namespace": given}}

    def _apply(self, obj: Object) -> None:
        key = _key(obj)
        if key not in self._made and key[1] not in self._spaces:
            self._expect_absent(obj)
        live = self._send(obj)
        self._made[key] = live
        if obj["kind"] == "Namespace":
            self._changed.append(key[2])
            mark = {"name": key[2], "annotations": {_MARK: ""}}
            self._api.patch({"apiVersion": "v1", "kind": "Namespace", "metadata": mark})
        if obj["kind"] == "CustomResourceDefinition":
            _until(
                lambda: self._serves(live["spec"]),
                _SERVED,
                InvalidInput(f"{obj['metadata']['name']}: the API server does not serve it"),
            )

    def _send(self, obj: Object, *, dry_run: bool = False) -> Object:
        """Apply; a policy of an earlier answer may refuse for a moment after it was deleted."""
        deadline = time.monotonic() + _SERVED
        while True:
            try:
                return self._api.apply(obj, dry_run=dry_run)
            except ApiRefusal as refusal:
                policy = _POLICY.search(str(refusal))
                if not policy or time.monotonic() > deadline:
                    raise
                if self._api.get(_ADMISSION, "ValidatingAdmissionPolicy", policy[1]) is not None:
                    raise
            time.sleep(_POLL)

    def _expect_absent(self, obj: Object) -> None:
        """What the cluster has of its own is not to be replaced: that would spoil it for others."""
        old = self._get(obj)
        if old is None or (obj["kind"] == "Namespace" and _key(obj)[2] in self._spaces):
            return
        if old["metadata"].get("deletionTimestamp") or _marked(old):
            self._delete(old)
            self._wait_gone(old)
        else:
            raise InvalidInput(f"{obj['kind']} {obj['metadata']['name']} is the cluster's own")

    def _serves(self, spec: Any) -> bool:
        try:
            for version in (each["name"] for each in spec["versions"] if each["served"]):
                self._api.list(f"{spec['group']}/{version}", spec["names"]["kind"])
        except ApiRefusal:
            return False
        return True

    def _clear(self) -> None:
        """Delete what was laid, without waiting for it to be gone."""
        for each in reversed(self._made.values()):
            if each["kind"] != "Namespace":
                self._delete(each)
        for name in self._spaces:
            for claim in self._api.list("v1", "PersistentVolumeClaim", name):
                self._delete(claim)
        for name in self._changed:
            # A pod that takes its time would hold the namespace up for longer still.
            with suppress(Unavailable):
                self._wait_empty(name, "v1", "Pod")
            self._api.delete("v1", "Namespace", name)

    def _get(self, obj: Object) -> Object | None:
        metadata = obj["metadata"]
        return self._api.get(
            obj["apiVersion"], obj["kind"], metadata["name"], metadata.get("namespace")
        )

    def _delete(self, obj: Object) -> None:
        metadata = obj["metadata"]
        named = {key: metadata[key] for key in ("name", "namespace") if key in metadata}
        bare = {"apiVersion": obj["apiVersion"], "kind": obj["kind"]}
        try:
            self._api.delete(
                obj["apiVersion"], obj["kind"], metadata["name"], metadata.get("namespace")
            )
            if metadata.get("finalizers") and obj["kind"] not in _PROTECTED:
                self._api.patch({**bare, "metadata": {**named, "finalizers": None}})
        except ApiRefusal as refusal:
            if refusal.reason not in ("UnknownKind", "NotFound", "Conflict"):
                raise

    def _wait_empty(self, namespace: str, api_version: str, kind: str) -> None:
        def empty() -> bool:
            left = self._api.list(api_version, kind, namespace)
            for each in left if kind == "PersistentVolumeClaim" else ():
                # A set's controller may make it after the set has gone, and nobody removes it.
                if not each["metadata"].get("deletionTimestamp"):
                    self._delete(each)
            return not left

        _until(
            empty,
            _GONE,
            Unavailable(f"a {kind} of an earlier answer stays in namespace {namespace}"),
        )

    def _wait_gone(self, obj: Object) -> None:
        name = obj["metadata"]["name"]
        _until(
            lambda: self._get(obj) is None,
            _GONE,
            Unavailable(f"{obj['kind']} {name} of an earlier answer does not go"),
        )


def _until(done: Callable[[], bool], seconds: float, late: Exception) -> None:
    deadline, pause = time.monotonic() + seconds, _POLL
    while not done():
        if time.monotonic() > deadline:
            raise late
        time.sleep(pause)
        pause = min(pause * 1.5, 0.5)


def _key(obj: Object) -> tuple[str, str, str]:
    metadata = obj["metadata"]
    return obj["kind"], metadata.get("namespace") or "", metadata["name"]


def _marked(obj: Object) -> bool:
    return obj["kind"] == "Namespace" and _MARK in (obj["metadata"].get("annotations") or {})
