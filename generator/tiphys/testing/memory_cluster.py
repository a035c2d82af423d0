"""A Kubernetes API in memory: objects are stored and nothing acts on them.

It knows a few kinds, validates no field and runs no controller. For tests of what talks to a
cluster; whether a manifest works is for a real API server to say.
"""

from __future__ import annotations

import copy
import itertools
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tiphys.domain.errors import ApiRefusal, InvalidInput
from tiphys.ports import Kind, Lease, Object

_Key = tuple[str, str, str, str]  # apiVersion, kind, namespace ("" for none), name

# What is known from the start: plural, and whether the kind lives in namespaces.
KINDS: dict[tuple[str, str], tuple[str, bool]] = {
    ("v1", "ConfigMap"): ("configmaps", True),
    ("v1", "Namespace"): ("namespaces", False),
    ("v1", "Node"): ("nodes", False),
    ("v1", "PersistentVolumeClaim"): ("persistentvolumeclaims", True),
    ("v1", "Pod"): ("pods", True),
    ("v1", "Secret"): ("secrets", True),
    ("v1", "Service"): ("services", True),
    ("v1", "ServiceAccount"): ("serviceaccounts", True),
    ("apps/v1", "DaemonSet"): ("daemonsets", True),
    ("apps/v1", "Deployment"): ("deployments", True),
    ("apps/v1", "StatefulSet"): ("statefulsets", True),
    ("batch/v1", "CronJob"): ("cronjobs", True),
    ("batch/v1", "Job"): ("jobs", True),
    ("networking.k8s.io/v1", "Ingress"): ("ingresses", True),
    ("networking.k8s.io/v1", "NetworkPolicy"): ("networkpolicies", True),
    ("rbac.authorization.k8s.io/v1", "ClusterRole"): ("clusterroles", False),
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"): ("clusterrolebindings", False),
    ("rbac.authorization.k8s.io/v1", "Role"): ("roles", True),
    ("rbac.authorization.k8s.io/v1", "RoleBinding"): ("rolebindings", True),
}


class MemoryCluster:
    """A `ClusterApi`. `kinds` are served beside those of `KINDS`: {(apiVersion, kind): ...}."""

    def __init__(self, kinds: Mapping[tuple[str, str], tuple[str, bool]] | None = None) -> None:
        self._kinds = KINDS | dict(kinds or {})
        self._objects: dict[_Key, Object] = {}
        self._versions = itertools.count(1)
        for name in ("default", "kube-system"):
            self.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})

    def version(self) -> str:
        """Always "v0.0.0"."""
        return "v0.0.0"

    def apply(self, obj: Object, *, dry_run: bool = False, manager: str = "tiphys") -> Object:  # noqa: ARG002  # nobody owns a field here
        """Merge `obj` into what is there; lists are replaced, and nothing is ever unset."""
        key = self._key(obj)
        live = self._objects.get(key)
        if live is None:
            return self._store(key, self._new(key, obj), dry_run=dry_run)
        return self._change(key, live, _merge(live, obj, unset=False), dry_run=dry_run)

    def create(self, obj: Object) -> Object:
        """Store a new object; `generateName` is honoured."""
        obj = copy.deepcopy(obj)
        metadata = obj.get("metadata")
        if isinstance(metadata, dict) and "name" not in metadata and "generateName" in metadata:
            metadata["name"] = f"{metadata['generateName']}{secrets.token_hex(3)}"
        key = self._key(obj)
        if key in self._objects:
            raise self._refusal(key, "already exists", 409, "AlreadyExists")
        return self._store(key, self._new(key, obj))

    def update(self, obj: Object) -> Object:
        """Replace all but what the server sets."""
        key = self._key(obj)
        live = self._live(key)
        version = obj["metadata"].get("resourceVersion")
        if version not in (None, live["metadata"]["resourceVersion"]):
            raise self._refusal(key, "has been modified; look again", 409, "Conflict")
        return self._change(key, live, copy.deepcopy(obj))

    def patch(self, obj: Object) -> Object:
        """JSON merge patch."""
        key = self._key(obj)
        live = self._live(key)
        return self._change(key, live, _merge(live, obj, unset=True))

    def get(
        self, api_version: str, kind: str, name: str, namespace: str | None = None
    ) -> Object | None:
        """A copy of the object, or None."""
        return copy.deepcopy(self._objects.get(self._address(api_version, kind, name, namespace)))

    def list(
        self,
        api_version: str,
        kind: str,
        namespace: str | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> Sequence[Object]:
        """Copies, by namespace and name."""
        namespaced = self.namespaced(api_version, kind)
        return [
            copy.deepcopy(self._objects[key])
            for key in sorted(self._objects)
            if key[:2] == (api_version, kind)
            and (namespace is None or not namespaced or key[2] == namespace)
            and _has(self._objects[key], labels or {})
        ]

    def delete(self, api_version: str, kind: str, name: str, namespace: str | None = None) -> bool:
        """Forget the object at once, and with a namespace all that is in it."""
        key = self._address(api_version, kind, name, namespace)
        if key[:2] == ("v1", "Namespace"):
            for inside in [each for each in self._objects if each[2] == name]:
                del self._objects[inside]
        return self._objects.pop(key, None) is not None

    def namespaced(self, api_version: str, kind: str) -> bool:
        """Whether the kind lives in namespaces."""
        return self._kind(api_version, kind)[1]

    def kinds(self) -> Sequence[Kind]:
        """Every kind that it knows, by group and kind."""
        by_group = sorted(self._kinds, key=lambda key: (key[0].rpartition("/")[0], key[1]))
        return [Kind(*key, namespaced=self._kinds[key][1]) for key in by_group]

    def _kind(self, api_version: str, kind: str) -> tuple[str, bool]:
        try:
            return self._kinds[api_version, kind]
        except KeyError:
            raise ApiRefusal(
                f'the API server serves no kind "{kind}" in "{api_version}"',
                status=404,
                reason="UnknownKind",
            ) from None

    def _key(self, obj: Object) -> _Key:
        metadata = obj.get("metadata")
        if not obj.get("apiVersion") or not obj.get("kind") or not isinstance(metadata, dict):
            raise InvalidInput("an object needs apiVersion, kind and metadata with a name")
        return self._address(
            obj["apiVersion"], obj["kind"], metadata.get("name") or "", metadata.get("namespace")
        )

    def _address(self, api_version: str, kind: str, name: str, namespace: str | None) -> _Key:
        plural, namespaced = self._kind(api_version, kind)
        if namespaced and not namespace:
            raise InvalidInput(f"{plural} live in namespaces: set metadata.namespace")
        if not name.strip("."):
            raise InvalidInput(f"{plural} need metadata.name, got {name!r}")
        return api_version, kind, (namespace or "") if namespaced else "", name

    def _live(self, key: _Key) -> Object:
        if key not in self._objects:
            raise self._refusal(key, "not found", 404, "NotFound")
        return self._objects[key]

    def _new(self, key: _Key, obj: Object) -> Object:
        if key[2] and ("v1", "Namespace", "", key[2]) not in self._objects:
            raise ApiRefusal(f'namespaces "{key[2]}" not found', status=404, reason="NotFound")
        new = copy.deepcopy(obj)
        new["metadata"] |= {
            "uid": secrets.token_hex(16),
            "creationTimestamp": "2000-01-01T00:00:00Z",
        }
        return new

    def _change(self, key: _Key, live: Object, new: Object, *, dry_run: bool = False) -> Object:
        kept = ("name", "namespace", "uid", "creationTimestamp", "resourceVersion")
        before = live["metadata"]
        new["metadata"] |= {name: before[name] for name in kept if name in before}
        if new == live:
            return copy.deepcopy(live)
        return self._store(key, new, dry_run=dry_run)

    def _store(self, key: _Key, new: Object, *, dry_run: bool = False) -> Object:
        if not dry_run:
            new["metadata"]["resourceVersion"] = str(next(self._versions))
            self._objects[key] = copy.deepcopy(new)
        return new

    def _refusal(self, key: _Key, what: str, status: int, reason: str) -> ApiRefusal:
        plural = self._kind(key[0], key[1])[0]
        return ApiRefusal(f'{plural} "{key[3]}" {what}', status=status, reason=reason)


class MemoryClusters:
    """A `ClusterProvider` of fakes; `api` gives the one that belongs to a lease.

    `leased` counts leases so far, `active` those that have not ended.
    """

    def __init__(self) -> None:
        self.leased = 0
        self._apis: dict[str, MemoryCluster] = {}

    @property
    def active(self) -> int:
        """Leases that have not ended."""
        return len(self._apis)

    @contextmanager
    def lease(self) -> Iterator[Lease]:
        """An empty cluster; its kubeconfig and server lead nowhere."""
        self.leased += 1
        name = f"memory-{self.leased}"
        api = self._apis[name] = MemoryCluster()
        try:
            yield Lease(
                id=name,
                kubeconfig=Path(name, "kubeconfig"),
                server="https://127.0.0.1:1",
                kubernetes_version=api.version(),
                tier="simulated",
            )
        finally:
            del self._apis[name]

    def api(self, lease: Lease) -> MemoryCluster:
        """The API of a lease that has not ended."""
        return self._apis[lease.id]


def _merge(old: Any, new: Any, *, unset: bool) -> Any:
    """`new` over `old`; with `unset`, a null removes the key (RFC 7386)."""
    if not (isinstance(old, dict) and isinstance(new, dict)):
        if unset and isinstance(new, dict):
            return _merge({}, new, unset=True)
        return copy.deepcopy(new)
    merged = copy.deepcopy(old)
    for key, value in new.items():
        if unset and value is None:
            merged.pop(key, None)
        else:
            merged[key] = _merge(merged.get(key), value, unset=unset)
    return merged


def _has(obj: Object, labels: Mapping[str, str]) -> bool:
    return labels.items() <= (obj["metadata"].get("labels") or {}).items()
