"""Names by which one object uses another, where they lead nowhere and only one can be meant."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from tiphys.ports import Object
from tiphys.propose.author.fields import items, metadata_of
from tiphys.propose.author.links import pod_specs

# The fields by which a pod names what it uses: (the field that holds it, the name in it, the kind).
_USES = (
    ("secret", "secretName", "Secret"),
    ("configMap", "name", "ConfigMap"),
    ("persistentVolumeClaim", "claimName", "PersistentVolumeClaim"),
    ("secretRef", "name", "Secret"),
    ("configMapRef", "name", "ConfigMap"),
    ("secretKeyRef", "name", "Secret"),
    ("configMapKeyRef", "name", "ConfigMap"),
)
# Every cluster is born with these, as ClusterRoles.
BUILT_IN_ROLES = frozenset({"admin", "cluster-admin", "edit", "view"})


def lead_somewhere(objects: Sequence[Object], request: str) -> tuple[str, ...]:
    """Set such names in place; what was set.

    A name that the request has is right as it stands: that object may exist already.
    """
    notes: list[str] = []
    for each in objects:
        notes += _role(each, objects)
        for pod in pod_specs(each):
            for holder, key, kind in _used(pod):
                made = [str(metadata_of(o).get("name")) for o in objects if o["kind"] == kind]
                name = str(holder[key])
                if len(made) == 1 and name != made[0] and not _is_said(name, request):
                    holder[key] = made[0]
                    notes.append(f"{key} is {made[0]}, the only {kind} there is")
    return tuple(notes)


def _is_said(name: str, request: str) -> bool:
    """Whether the request has it as a name, which is in small letters."""
    return name == name.lower() and bool(
        re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", request)
    )


def _used(value: Any) -> Iterator[tuple[dict[str, Any], str, str]]:
    if isinstance(value, dict):
        for field, key, kind in _USES:
            holder = value.get(field)
            if isinstance(holder, dict) and isinstance(holder.get(key), str):
                yield holder, key, kind
        for child in value.values():
            yield from _used(child)
    else:
        for child in items(value):
            yield from _used(child)


def _role(obj: Object, objects: Sequence[Object]) -> Iterator[str]:
    ref = obj.get("roleRef")
    if not isinstance(ref, dict) or ref.get("kind") != "Role":
        return
    name = ref.get("name")
    own = any(o["kind"] == "Role" and metadata_of(o).get("name") == name for o in objects)
    if name in BUILT_IN_ROLES and not own:
        ref["kind"] = "ClusterRole"
        yield f"roleRef.kind is ClusterRole: {name} comes with the cluster"
