"""The rules that a target branch keeps: admission policies, read from it and put in force.

They are data of the base, never of the proposal. The API server evaluates them itself.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from tiphys.domain.errors import ApiRefusal, InvalidInput, LimitExceeded, NotFound, Unavailable
from tiphys.library import strict_yaml
from tiphys.ports import ClusterApi, Object, RepositoryReader

GUARDRAILS = "manifests/guardrails"
_API = "admissionregistration.k8s.io/v1"
_KINDS = ("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding")
_MOST = 100  # objects
_LOOK_SECONDS = 0.05
_CANARY = "tiphys-canary-"


@dataclass(frozen=True, slots=True)
class Guardrails:
    """Policies and bindings with the file of each; `digest` is the folder's tree id ("": none)."""

    objects: tuple[tuple[str, Object], ...] = ()
    digest: str = ""

    def __bool__(self) -> bool:
        return bool(self.objects)


def load(reader: RepositoryReader, rev: str, folder: str = GUARDRAILS) -> Guardrails:
    """The guardrails of a revision. InvalidInput, LimitExceeded name what is none."""
    found: list[tuple[str, Object]] = []
    for entry in reader.entries(rev, folder):
        if not entry.path.endswith((".yaml", ".yml")):
            continue
        documents = strict_yaml.load_documents(reader.read(rev, entry.path), source=entry.path)
        for document in documents:
            _check(entry.path, document)
            found.append((entry.path, document))
    if len(found) > _MOST:
        raise LimitExceeded(f"{GUARDRAILS}: {len(found)} objects, at most {_MOST}")
    try:
        return Guardrails(tuple(found), reader.tree_id(rev, folder))
    except NotFound:
        return Guardrails()


def install(
    guardrails: Guardrails,
    api: ClusterApi,
    *,
    seconds: float = 30.0,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Put them in force on a cluster, and return when they are.

    InvalidInput if the server does not take one of them, Unavailable after `seconds`.

    The server picks policies up in the background. A canary, made last, proves that what was made
    before it is in force too: policies and bindings reach the server's evaluation in the order in
    which they were made, and all of them at once.
    """
    for path, found in guardrails.objects:
        try:
            api.apply(found)
        except ApiRefusal as refusal:
            name = found["metadata"]["name"]
            raise InvalidInput(f"{path}: {found['kind']}/{name}: {refusal}") from refusal
    if not guardrails:
        return
    deadline = clock() + seconds
    name = f"{_CANARY}{secrets.token_hex(4)}"  # an old one may still be in force
    canary = _canary(name)
    for obj in canary:
        api.apply(obj)
    while not _denied(api, name):
        if clock() > deadline:
            raise Unavailable(f"the guardrails were not in force after {seconds:g} s; try again")
        sleep(_LOOK_SECONDS)
    for obj in reversed(canary):
        api.delete(obj["apiVersion"], obj["kind"], name)


def complaints(
    guardrails: Guardrails,
    api: ClusterApi,
    *,
    seconds: float = 30.0,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> list[str]:
    """What the type check of the installed policies says. Unavailable if it says nothing."""
    deadline = clock() + seconds
    found: list[str] = []
    for path, obj in guardrails.objects:
        if obj["kind"] != _KINDS[0]:
            continue
        while not (checked := _type_check(api, obj["metadata"]["name"])):
            if clock() > deadline:
                raise Unavailable(f"{path}: its types were not checked after {seconds:g} s")
            sleep(_LOOK_SECONDS)
        warnings = checked.get("expressionWarnings", ())
        found += [f"{path}: {w['fieldRef']}: {' '.join(w['warning'].split())}" for w in warnings]
    return found


def _type_check(api: ClusterApi, name: str) -> Object | None:
    live = api.get(_API, _KINDS[0], name) or {}
    status, generation = live.get("status", {}), live.get("metadata", {}).get("generation")
    if status.get("observedGeneration") != generation:
        return None
    return {"expressionWarnings": (), **status.get("typeChecking", {})}


def denied_by_policy(refusal: ApiRefusal, obj: Object) -> str | None:
    """The policy's words, if a policy and not the schema refused the object."""
    name = obj["metadata"].get("name")
    for start in (
        f'"{name}" is forbidden: ValidatingAdmissionPolicy ',
        "ValidatingAdmissionPolicy ",
    ):
        head, found, words = str(refusal).partition(start)
        # Before it stands only the resource's name: an object's own text comes after its name.
        if found and " " not in head.strip():
            return f"policy {words}"
    return None


def _check(path: str, document: object) -> None:
    if not isinstance(document, dict) or document.get("kind") not in _KINDS:
        raise InvalidInput(f"{path}: guardrails are {' and '.join(_KINDS)}")
    if document.get("apiVersion") != _API:
        raise InvalidInput(f"{path}: use apiVersion {_API}")
    metadata = document.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    if not isinstance(name, str) or name.startswith(_CANARY):
        raise InvalidInput(f"{path}: a {document['kind']} needs a name of its own")


def _denied(api: ClusterApi, name: str) -> bool:
    try:
        api.apply(_bait(name), dry_run=True)
    except ApiRefusal as refusal:
        return name in str(refusal) and "denied request: seen" in str(refusal)
    return False


def _bait(name: str) -> Object:
    """Of a kind that hardly any other rule is about."""
    api, kind = "node.k8s.io/v1", "RuntimeClass"
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name}, "handler": "none"}


def _canary(name: str) -> tuple[Object, Object]:
    rule = {
        "apiGroups": ["node.k8s.io"],
        "apiVersions": ["v1"],
        "operations": ["CREATE"],
        "resources": ["runtimeclasses"],
        "resourceNames": [name],
    }
    policy = {
        "matchConstraints": {"resourceRules": [rule]},
        "validations": [{"expression": "false", "message": "seen"}],
    }
    binding = {"policyName": name, "validationActions": ["Deny"]}
    return (
        {"apiVersion": _API, "kind": _KINDS[0], "metadata": {"name": name}, "spec": policy},
        {"apiVersion": _API, "kind": _KINDS[1], "metadata": {"name": name}, "spec": binding},
    )
