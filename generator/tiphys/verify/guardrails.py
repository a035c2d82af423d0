"""The rules that a target branch keeps: admission policies, read from it and put in force.

They are data of the base, never of the proposal. The API server evaluates them itself.
"""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from tiphys.domain.errors import ApiRefusal, InvalidInput, LimitExceeded, NotFound, Unavailable
from tiphys.ports import ClusterApi, Object, RepositoryReader
from tiphys.verify.reading import documents_below

GUARDRAILS = "manifests/guardrails"
_API = "admissionregistration.k8s.io/v1"
POLICY, BINDING = "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"
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

    def of_kind(self, kind: str) -> tuple[tuple[str, Object], ...]:
        """Those of one kind with the file of each, in order."""
        return tuple((path, found) for path, found in self.objects if found["kind"] == kind)

    @property
    def policies(self) -> frozenset[str]:
        """The names of the policies."""
        return frozenset(found["metadata"]["name"] for _, found in self.of_kind(POLICY))


def load(reader: RepositoryReader, rev: str, folder: str = GUARDRAILS) -> Guardrails:
    """The guardrails of a revision. InvalidInput, LimitExceeded name what is none."""
    found: list[tuple[str, Object]] = []
    for path, document in documents_below(reader, rev, folder):
        _check(path, document)
        found.append((path, document))
        if len(found) > _MOST:
            raise LimitExceeded(f"{GUARDRAILS}: {len(found)} objects, at most {_MOST}")
    _check_names(found)
    try:
        return Guardrails(tuple(found), reader.tree_id(rev, folder))
    except NotFound:
        return Guardrails()


def install(
    guardrails: Guardrails,
    api: ClusterApi,
    *,
    meanwhile: Callable[[], None] = lambda: None,
    seconds: float = 30.0,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Put them in force on a cluster, and return when they are.

    `meanwhile` is called once everything is written and only a wait of about a second is left.

    InvalidInput if the server does not take one of them or one denies what is none of its
    business, Unavailable after `seconds`.

    The server takes changes up about once a second: it lists the bindings it knows, then looks up
    the policy of each. Both reach it in the order in which they were made, so once a canary that
    was made last denies, every binding is known; and every policy is, unless it was late by more
    than all the bindings took and came in the midst of that very look. Policies go first for that.
    """
    if not guardrails:
        meanwhile()
        return
    for path, found in (*guardrails.of_kind(POLICY), *guardrails.of_kind(BINDING)):
        try:
            api.apply(found)
        except ApiRefusal as refusal:
            name = found["metadata"]["name"]
            raise InvalidInput(f"{path}: {found['kind']}/{name}: {refusal}") from refusal
    deadline = clock() + seconds
    name = f"{_CANARY}{secrets.token_hex(4)}"  # an old one may still be in force
    canary = _canary(name)
    try:
        for obj in canary:
            api.apply(obj)
        meanwhile()
        while not _denied(api, name, guardrails):
            if clock() > deadline:
                raise Unavailable(
                    f"the guardrails were not in force after {seconds:g} s; try again"
                )
            sleep(_LOOK_SECONDS)
    finally:
        for obj in reversed(canary):
            api.delete(obj["apiVersion"], obj["kind"], name)


def complaints(
    guardrails: Guardrails,
    api: ClusterApi,
    *,
    seconds: float = 60.0,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> list[str]:
    """What the type check of the installed policies says. Unavailable if it says nothing."""
    deadline = clock() + seconds
    found: list[str] = []
    for path, obj in guardrails.of_kind(POLICY):
        while not (checked := _type_check(api, obj["metadata"]["name"])):
            if clock() > deadline:
                raise Unavailable(f"{path}: its types were not checked after {seconds:g} s")
            sleep(_LOOK_SECONDS)
        warnings = checked.get("expressionWarnings", ())
        found += [f"{path}: {w['fieldRef']}: {' '.join(w['warning'].split())}" for w in warnings]
    return found


def _type_check(api: ClusterApi, name: str) -> Object | None:
    live = api.get(_API, POLICY, name) or {}
    status, generation = live.get("status", {}), live.get("metadata", {}).get("generation")
    if status.get("observedGeneration") != generation:
        return None
    return {"expressionWarnings": (), **status.get("typeChecking", {})}


def denied_by_policy(refusal: ApiRefusal, obj: Object, rules: Guardrails) -> str | None:
    """The policy's words, if one of these policies and nothing else refused the object.

    Held to the server's exact form, so that no name or text of an object can pass for it.
    """
    name = " ".join(json.dumps(obj["metadata"].get("name"), ensure_ascii=False).split())
    said = re.fullmatch(
        rf"[a-z0-9.-]+ {re.escape(name)} is forbidden: "
        rf"({POLICY} '([^']+)' (?:with binding '[^']+' )?denied request: .*)",
        str(refusal),
        re.DOTALL,
    )
    known = said and said[2] in rules.policies
    return said[1].replace(POLICY, "policy", 1) if said and known else None


def loose_ends(guardrails: Guardrails) -> list[str]:
    """Policies that nothing binds and bindings of nothing: they would stop nothing, silently."""
    bound = {found["spec"].get("policyName") for _, found in guardrails.of_kind(BINDING)}
    problems = []
    for path, found in guardrails.objects:
        name = found["metadata"]["name"]
        if found["kind"] == POLICY and name not in bound:
            problems.append(f"{path}: {POLICY}/{name}: no binding puts it in force")
        elif (
            found["kind"] == BINDING and found["spec"].get("policyName") not in guardrails.policies
        ):
            problems.append(f"{path}: {BINDING}/{name}: its policyName names no policy here")
    return problems


def _check(path: str, document: object) -> None:
    if not isinstance(document, dict) or document.get("kind") not in (POLICY, BINDING):
        raise InvalidInput(f"{path}: guardrails are {POLICY} and {BINDING}")
    if document.get("apiVersion") != _API:
        raise InvalidInput(f"{path}: use apiVersion {_API}")
    metadata = document.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    if not isinstance(name, str) or name.startswith(_CANARY):
        raise InvalidInput(f"{path}: a {document['kind']} needs a name of its own")
    spec = document.get("spec")
    if not isinstance(spec, dict):
        raise InvalidInput(f"{path}: {document['kind']}/{name} needs a spec")
    if "paramKind" in spec or "paramRef" in spec:  # the cluster of a verdict has no such objects
        raise InvalidInput(f"{path}: {name}: write parameters into the policy, as a variable")


def _check_names(found: list[tuple[str, Object]]) -> None:
    seen: dict[tuple[str, str], str] = {}
    for path, document in found:
        key = document["kind"], document["metadata"]["name"]
        if key in seen:
            raise InvalidInput(f"{path}: {'/'.join(key)} is in {seen[key]} too; one would win")
        seen[key] = path


def _denied(api: ClusterApi, name: str, rules: Guardrails) -> bool:
    bait = _bait(name)
    try:
        api.apply(bait, dry_run=True)
    except ApiRefusal as refusal:
        if words := denied_by_policy(refusal, bait, rules):
            raise InvalidInput(
                f"{words} (to a {bait['kind']} that only shows when rules are in force: "
                f"let the names {_CANARY}* through)"
            ) from refusal
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
        {"apiVersion": _API, "kind": POLICY, "metadata": {"name": name}, "spec": policy},
        {"apiVersion": _API, "kind": BINDING, "metadata": {"name": name}, "spec": binding},
    )
