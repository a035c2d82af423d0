"""Where an author tries out manifests before any commit: a leased cluster under the guardrails.

What a request presumes without asking for it (a namespace, a class, an account) is put there first,
so that its absence is not mistaken for a fault.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from tiphys.domain.errors import ApiRefusal, InvalidInput
from tiphys.domain.rehearsal import Problem, Rehearsal, Stage
from tiphys.library import strict_yaml
from tiphys.library.openapi import Schemas
from tiphys.ports import ApiDescription, ClusterApi, Kind, Object, RepositoryReader
from tiphys.verify.critic import Remark, remarks
from tiphys.verify.drift import claim_of_set
from tiphys.verify.guardrails import Guardrails, denied_by_policy, install
from tiphys.verify.inventory import Polling, delete, reference
from tiphys.verify.pods import too_many_pods

_PATIENCE = 3.0  # seconds that controllers get to act on what was applied
_DEFINED = 10.0  # seconds until a new kind is served; a broken definition never is
_MOST = 50  # objects of one answer
_MOST_PODS = 100  # of one answer; a model that takes a port for a count asks for thousands
# Which nodes there are is the target's business, and is not known here.
_NODES = "didn't match Pod's node affinity/selector"
# Fields that name an object of another kind which a request may take for granted.
_PRESUMED: Mapping[str, tuple[str, str]] = {
    "priorityClassName": ("scheduling.k8s.io/v1", "PriorityClass"),
    "runtimeClassName": ("node.k8s.io/v1", "RuntimeClass"),
    "serviceAccountName": ("v1", "ServiceAccount"),
    "storageClassName": ("storage.k8s.io/v1", "StorageClass"),
    "ingressClassName": ("networking.k8s.io/v1", "IngressClass"),
}
_STAND_INS: Mapping[str, Mapping[str, Any]] = {
    "PriorityClass": {"value": 1000},
    "RuntimeClass": {"handler": "stand-in"},
    "StorageClass": {"provisioner": "example.org/stand-in"},
    "IngressClass": {"spec": {"controller": "example.org/stand-in"}},
    "ServiceAccount": {},
}


class ClusterWorkbench:
    """A `Workbench` on one cluster, of one author at a time.

    `presumed` is applied once, first. `patience` is how long controllers get, in seconds.
    """

    def __init__(
        self,
        api: ClusterApi,
        description: ApiDescription,
        guardrails: Guardrails,
        *,
        presumed: Sequence[Object] = (),
        patience: float = _PATIENCE,
    ) -> None:
        self._api = api
        self._description = description
        self._guardrails = guardrails
        self._presumed = presumed
        self._patience = patience
        self._ready = False
        self._spaces: set[str] = set()  # they stay, so each is looked for once

    def kinds(self) -> Sequence[Kind]:
        """What the server serves, what is presumed included."""
        self._prepare()
        return self._description.kinds()

    def openapi(self, api_version: str) -> Mapping[str, Any]:
        """The server's own document of an API version."""
        self._prepare()
        return self._description.openapi(api_version)

    def rehearse(
        self, request: str, objects: Sequence[Object], before: Sequence[Object] = ()
    ) -> Rehearsal:
        """Try them; nothing of them is left afterwards, but for namespaces."""
        self._prepare()
        started = time.monotonic()
        given = [copy.deepcopy(each) for each in objects[:_MOST]]
        for each in given:
            self._make_room_for(each, given)
        problems: list[Problem] = []
        with self._admitted(given):
            dry = [self._dry_run(each, problems) for each in given]
        live = [found for found in dry if found is not None]
        if not problems and (crowd := too_many_pods(live, _MOST_PODS)):
            obj, words = crowd
            path = words.partition(":")[0]
            problems.append(Problem("refused", words, _name(obj), path))
        if given and not problems:
            live = self._apply(given, problems)
        found = remarks(request, live or given, before)
        problems += map(_problem, (each for each in found if each.ruling != "covered"))
        covered = sum(each.ruling == "covered" for each in found)
        return Rehearsal(tuple(problems), covered, tuple(live), time.monotonic() - started)

    def _prepare(self) -> None:
        if self._ready:
            return
        self._wait_for_definitions([each for each in self._presumed if self._put(each)])
        install(self._guardrails, self._api)
        self._ready = True

    def _wait_for_definitions(self, objects: Sequence[Object]) -> None:
        """A kind that was just defined is served a moment later, and described after that."""
        wanted = {found for each in objects for found in _defined(each)}
        polling = Polling(_DEFINED)
        while not self._are_described(wanted) and polling.again():
            pass

    def _are_described(self, defined: Collection[tuple[str, str]]) -> bool:
        schemas = Schemas(self._description.openapi)
        served = {each.kind for each in self._description.kinds()} if defined else set()
        return all(kind in served and schemas.of(version, kind) for version, kind in defined)

    def _make_room_for(self, obj: Object, others: Sequence[Object]) -> None:
        namespace = _metadata(obj).get("namespace")
        if obj.get("kind") != "Namespace" and isinstance(namespace, str):
            self._namespace(namespace)
        own = [(o.get("kind"), _metadata(o).get("name")) for o in others]  # any value, unchecked
        for key, name in _named(obj):
            api_version, kind = _PRESUMED[key]
            if (kind, name) not in own and name != "default":
                place = {"namespace": namespace} if kind == "ServiceAccount" else {}
                stand_in = {"apiVersion": api_version, "kind": kind, **_STAND_INS[kind]}
                self._put({**stand_in, "metadata": {"name": name, **place}})

    @contextmanager
    def _admitted(self, objects: Sequence[Object]) -> Iterator[None]:
        """With what a pod of the same answer needs to be let in: its class, its account."""
        pods = [each for each in objects if each.get("kind") == "Pod"]
        named = [(_PRESUMED[key][1], name) for each in pods for key, name in _named(each)]
        made: list[Object] = []
        try:
            for each in objects:
                if (each.get("kind"), _metadata(each).get("name")) in named:
                    with suppress(InvalidInput):  # the dry run says what is wrong with it
                        made.append(self._api.apply(each))
            yield
        finally:
            for each in made:
                delete(self._api, each)

    def _namespace(self, name: str) -> None:
        if name in self._spaces:
            return
        made = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        try:
            if self._api.get("v1", "Namespace", name) is None:
                self._api.apply(made)
            self._spaces.add(name)
        except InvalidInput:
            return  # the object itself will be refused for it

    def _put(self, obj: Object) -> bool:
        """Whether it is there now."""
        try:
            metadata = obj["metadata"]
            where = (obj["apiVersion"], obj["kind"], metadata["name"], metadata.get("namespace"))
            if self._api.get(*where) is None:
                self._api.apply(obj)
        except InvalidInput:
            return False  # what is missing shows in what needs it
        return True

    def _dry_run(self, obj: Object, problems: list[Problem]) -> Object | None:
        try:
            return self._api.apply(obj, dry_run=True)
        except ApiRefusal as refusal:
            denial = denied_by_policy(refusal, obj, self._guardrails)
            problems += _refusals(obj, refusal, "denied" if denial else "refused", denial)
        except InvalidInput as problem:
            problems.append(Problem("refused", str(problem), _name(obj)))
        return None

    def _apply(self, objects: Sequence[Object], problems: list[Problem]) -> list[Object]:
        """Apply for real, let controllers act, look, and take everything away again."""
        first = ("Namespace", "CustomResourceDefinition", *(kind for _, kind in _PRESUMED.values()))
        ordered = sorted(objects, key=lambda each: each["kind"] not in first)
        made: list[Object] = []
        live: list[Object] = []
        try:
            for each in ordered:
                try:
                    made.append(self._api.apply(each))
                except ApiRefusal as refusal:
                    problems += _refusals(each, refusal, "refused", None)
            waiting = self._settle(made)
            for each in made:
                metadata = each["metadata"]
                name, namespace = metadata["name"], metadata.get("namespace")
                found = self._api.get(each["apiVersion"], each["kind"], name, namespace)
                live.append(found or each)
            problems += self._warnings(made, stuck=bool(waiting))
        finally:
            for each in reversed(made):
                if each["kind"] != "Namespace":
                    delete(self._api, each)
            self._remove_claims(made)
        return live

    def _remove_claims(self, made: Sequence[Object]) -> None:
        """A StatefulSet's claims stay when it goes; the next try must not find them."""
        sets = [each for each in made if each["kind"] == "StatefulSet"]
        for place in {each["metadata"]["namespace"] for each in sets}:
            for claim in self._api.list("v1", "PersistentVolumeClaim", place):
                if any(claim_of_set(claim, each) for each in sets):
                    delete(self._api, claim)

    def _settle(self, made: Sequence[Object]) -> Sequence[Object]:
        """Wait for controllers; those that have got nowhere."""
        waiting = [each for each in made if each["kind"] in _CONTROLLED]
        polling = Polling(self._patience)
        while waiting and polling.again():
            waiting = [each for each in waiting if not self._acted_on(each)]
        return waiting

    def _acted_on(self, obj: Object) -> bool:
        metadata = obj["metadata"]
        live = self._api.get(
            obj["apiVersion"], obj["kind"], metadata["name"], metadata["namespace"]
        )
        status = (live or {}).get("status") or {}
        ready = status.get("readyReplicas", status.get("numberReady", 0))
        wanted = (obj.get("spec") or {}).get("replicas", 1)
        failed = any(
            each.get("type") == "ReplicaFailure" and each.get("status") == "True"
            for each in status.get("conditions") or ()
        )
        return bool(failed or ready >= wanted)

    def _warnings(self, made: Sequence[Object], *, stuck: bool) -> Iterator[Problem]:
        """Events that say why something made no progress; what only takes its time is no fault."""
        uids = {each["metadata"].get("uid"): _name(each) for each in made}
        seen: set[str] = set()
        for place in sorted({each["metadata"].get("namespace") or "" for each in made} - {""}):
            for event in self._api.list("v1", "Event", place):
                about = event.get("involvedObject") or {}
                words = " ".join(str(event.get("message") or "").split())[:300]
                reason = str(event.get("reason"))
                failed = reason == "FailedCreate" or (stuck and reason.startswith("Failed"))
                failed = failed and _NODES not in words
                ours = about.get("uid") in uids or _derived(about, made)
                if failed and ours and words not in seen:
                    seen.add(words)
                    yield Problem("warned", words, uids.get(about.get("uid"), ""))


def _defined(obj: Object) -> Iterator[tuple[str, str]]:
    """(apiVersion, kind) of each version that a definition serves which the server took."""
    if obj["kind"] == "CustomResourceDefinition":
        spec = obj["spec"]
        for version in spec["versions"]:
            if version["served"]:
                yield f"{spec['group']}/{version['name']}", spec["names"]["kind"]


def definitions(reader: RepositoryReader, rev: str) -> tuple[Object, ...]:
    """The custom resource definitions among the approved manifests of a revision."""
    found: list[Object] = []
    for entry in reader.entries(rev, "manifests"):
        if entry.path.endswith((".yaml", ".yml")):
            data = reader.read(rev, entry.path)
            if b"CustomResourceDefinition" in data:
                with suppress(InvalidInput):
                    found += strict_yaml.load_documents(data, source=entry.path)
    kind = "CustomResourceDefinition"
    return tuple(each for each in found if isinstance(each, dict) and each.get("kind") == kind)


_CONTROLLED = ("DaemonSet", "Deployment", "ReplicaSet", "StatefulSet")


def _derived(about: Mapping[str, Any], made: Sequence[Object]) -> bool:
    name = str(about.get("name"))
    return any(name.startswith(f"{each['metadata']['name']}-") for each in made)


def _named(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in _PRESUMED and isinstance(inner, str) and inner:
                yield key, inner
            else:
                yield from _named(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _named(inner)


def _refusals(
    obj: Object, refusal: ApiRefusal, stage: Stage, denial: str | None
) -> Iterator[Problem]:
    if denial or not refusal.causes:
        yield Problem(stage, denial or str(refusal), _name(obj))
        return
    for path, words in refusal.causes:
        yield Problem(stage, f"{path}: {words}", _name(obj), path)


def _problem(remark: Remark) -> Problem:
    stage: Stage = "contradicted" if remark.ruling == "contradicted" else "open"
    about, _, path = remark.path.partition(":")
    unasked = remark.requirement.kind == "unasked"
    wanted = "" if unasked else remark.requirement.value
    return Problem(stage, remark.line, about, path, wanted)


def _metadata(obj: Object) -> Mapping[str, Any]:
    found = obj.get("metadata")
    return found if isinstance(found, dict) else {}


def _name(obj: Object) -> str:
    try:
        return reference(obj)
    except (KeyError, TypeError, AttributeError):
        return str(obj.get("kind", ""))
