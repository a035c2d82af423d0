"""A second apply changes nothing, and deletion leaves nothing behind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tiphys.domain.errors import ApiRefusal, Unavailable
from tiphys.domain.policy import SYSTEM_NAMESPACES, Policy
from tiphys.domain.wording import counted
from tiphys.ports import ClusterApi, Object
from tiphys.verify.check import ClusterCheck, Finding, Sandbox
from tiphys.verify.drift import (
    claim_of_set,
    differences,
    made_by_set,
    other_managers,
    same_but_for_version,
    scaled_elsewhere,
    takes_claims_along,
    without_status,
)
from tiphys.verify.inventory import (
    Inventory,
    Polling,
    delete,
    force_away,
    get,
    reference,
    uid_of,
    why_left,
)
from tiphys.verify.subject import Subject
from tiphys.verify.trials import Trial, trials

_PATIENCE = 20.0  # seconds until what is left counts as left
_NAMESPACE_PATIENCE = 30.0  # an empty one takes five
_SETTLING = 5.0  # seconds that controllers get to see an object; a busy cluster is no fault
_ORDER = {"Namespace": 0, "CustomResourceDefinition": 1}


def check_idempotence(subject: Subject, _policy: Policy, sandbox: Sandbox) -> Finding:
    """`fail` names what a second apply changes, or what is left and what holds it."""
    found = [trial for trial in trials(subject) if trial.objects]
    if not found:
        return Finding("skipped", "nothing to apply")
    with sandbox.alone:
        return _try_all(found, sandbox)


def _try_all(found: Sequence[Trial], sandbox: Sandbox) -> Finding:
    problems: list[str] = []
    by_design: list[str] = []
    inventories: dict[frozenset[str], Inventory] = {}
    for trial in found:
        new = Inventory(sandbox.api, trial.namespaces)
        inventory = inventories.setdefault(trial.namespaces, new)
        by_design += _Run(sandbox, trial, inventory, problems).all()
        if problems or trial is found[-1]:
            problems += _remove_namespaces(sandbox.api, found)
        if problems:
            return Finding("fail", f"{trial.name}: {problems[0]}", (*problems, *by_design))
    objects = counted(sum(len(trial.objects) for trial in found), "object")
    aside = f", but for {counted(len(by_design), 'thing')} by design" if by_design else ""
    done = f"{objects} applied twice: no change; removed: nothing left{aside}"
    return Finding("pass", done, tuple(by_design))


class _Run:
    """One trial on the cluster; what is wrong is added to `problems`."""

    def __init__(
        self, sandbox: Sandbox, trial: Trial, inventory: Inventory, problems: list[str]
    ) -> None:
        self._sandbox = sandbox
        self._api = sandbox.api
        self._trial = trial
        self._problems = problems
        self._by_design: list[str] = []
        self._inventory = inventory
        outside = [o for o in trial.objects if not o["metadata"].get("namespace")]
        inside = [o for o in trial.objects if o["metadata"].get("namespace")]
        sets = [o for o in inside if o["kind"] == "StatefulSet"]
        self._sets = [o for o in sets if o["apiVersion"].startswith("apps/")]
        self._objects = [*sorted(outside, key=lambda o: _ORDER.get(o["kind"], 2)), *inside]

    def all(self) -> list[str]:
        """Apply twice, remove, and wait; what is by design though it looks bad. Unavailable."""
        self._problems += scaled_elsewhere(self._objects)
        self._make_room()
        if taken := self._taken():
            words = "is on the cluster before the change: it would be overwritten"
            self._problems += [f"{reference(each)} {words}" for each in taken]
            return []
        try:
            self._apply_twice()
        finally:
            self._remove()
        return self._by_design

    def _make_room(self) -> None:
        """Its namespaces are there, and take pods."""
        names = self._trial.namespaces
        _wait_for_the_end_of(self._api, names)
        for name in names - self._trial.own_namespaces:
            self._sandbox.ensure_namespace(name)
        for each in (o for o in self._objects if o["kind"] == "Namespace"):
            self._api.apply(each)
        if any(each["kind"] == "Pod" for each in self._objects):  # nobody tries a second time
            polling = Polling(_PATIENCE)
            while not all(self._api.get("v1", "ServiceAccount", "default", n) for n in names):
                if not polling.again():
                    raise Unavailable("a namespace got no default service account: try again")

        self._clear_old_claims()

    def _clear_old_claims(self) -> None:
        """Claims that a test's own run of the same StatefulSets has left, by design too."""
        if not self._sets:
            return
        listed = (self._api.list("v1", "PersistentVolumeClaim", n) for n in self._trial.namespaces)
        claims = [each for found in listed for each in found if self._stays(each)]
        for each in claims:
            delete(self._api, each)
        polling = Polling(_PATIENCE)
        while self._inventory.still(claims) and polling.again():
            pass

    def _stays(self, left: Object) -> bool:
        return any(claim_of_set(left, each) for each in self._sets)

    def _taken(self) -> Sequence[Object]:
        """Shared objects that something else has made: they are not ours to change or delete."""
        places = (None, *SYSTEM_NAMESPACES)
        shared = [o for o in self._objects if o["metadata"].get("namespace") in places]
        shared = [o for o in shared if o["kind"] != "Namespace"]
        polling = Polling(_PATIENCE)  # the test's own clean-up may not be over
        while taken := [each for each in shared if get(self._api, each)]:
            if not polling.again():
                break
        return taken

    def _apply_twice(self) -> None:
        first: list[Object] = []
        for each in self._objects:
            try:
                first.append(self._api.apply(each))
            except ApiRefusal as refusal:
                self._problems.append(f"{reference(each)} is refused: {refusal}")
                return
            self._inventory.add(first[-1])
        self._settle()
        for each, was in zip(self._objects, first, strict=True):
            self._problems += self._again(each, was)

    def _settle(self) -> None:
        """Wait until the controllers have seen the objects, and write nothing but status."""
        polling = Polling(_SETTLING)
        seen: list[Any] = []
        while polling.again():
            live = [found for each in self._objects if (found := get(self._api, each))]
            now = [(uid_of(o), without_status(o)) for o in live]
            if now == seen and all(_observed(o) and self._has_its_claims(o) for o in live):
                return
            seen = now

    def _has_its_claims(self, live: Object) -> bool:
        """Whether a set that takes its claims along owns them all: it does so only afterwards."""
        if live["kind"] != "StatefulSet" or not takes_claims_along(live):
            return True
        found = self._api.list("v1", "PersistentVolumeClaim", live["metadata"]["namespace"])
        claims = [each for each in found if made_by_set(each, live)]
        templates = live["spec"].get("volumeClaimTemplates") or ()
        wanted = live["spec"].get("replicas", 1) * len(templates)
        return len(claims) >= wanted and all(_owned_by(each, live) for each in claims)

    def _again(self, wanted: Object, first: Object) -> list[str]:
        """Apply on the condition that nobody writes meanwhile: what changes is our doing."""
        polling = Polling(_SETTLING)
        rewritten = False
        while True:
            live = get(self._api, wanted)
            if live is None or uid_of(live) != uid_of(first):
                words = f"{reference(wanted)} goes away by itself, and each apply makes it anew"
                if "ttlSecondsAfterFinished" not in (wanted.get("spec") or {}):
                    return [words]
                self._by_design.append(words)
                return []
            version = live["metadata"].get("resourceVersion")
            given = {**wanted, "metadata": {**wanted["metadata"], "resourceVersion": version}}
            try:
                second = self._api.apply(given)
            except ApiRefusal as refusal:
                if refusal.reason == "Conflict" and polling.again():
                    continue
                return [f"{reference(wanted)}: a second apply is refused: {refusal}"]
            if second["metadata"].get("resourceVersion") == version:
                return []
            if not rewritten and same_but_for_version(live, second):
                # Claims are stored once more in another encoding, with every field as it was.
                rewritten = True
                continue
            changed = ", ".join(differences(live, second)) or "metadata.managedFields"
            writers = other_managers(live)
            by = f", which {' and '.join(writers)} may write too" if writers else ""
            return [f"{reference(wanted)}: a second apply changes {changed}{by}"]

    def _remove(self) -> None:
        """Delete in reverse order; what is left is a problem, unless it stays by design."""
        mine = [each for each in reversed(self._objects) if each["kind"] != "Namespace"]
        for each in mine:
            try:
                delete(self._api, each)
            except ApiRefusal as refusal:
                self._problems.append(f"{reference(each)} can't be deleted: {refusal}")
        left, kept = self._inventory.wait_until_gone(_PATIENCE, self._stays)
        self._problems += [f"{reference(o)} is left after removal: {why_left(o)}" for o in left]
        force_away(self._api, left)
        claims = [each for each in kept if each["kind"] == "PersistentVolumeClaim"]
        for each in self._sets:  # how many there are depends on how far the set had come
            if any(claim_of_set(claim, each) for claim in claims):
                words = f"the claims that {reference(each)} made"
                self._by_design.append(f"stays after removal by design: {words}")
        for claim in claims:
            delete(self._api, claim)
        if left or kept:
            rest, _ = self._inventory.wait_until_gone(_PATIENCE, lambda _left: False)
            force_away(self._api, rest)


def _observed(obj: Object) -> bool:
    """Whether its controller has seen its newest spec, where one says so."""
    if obj["kind"] not in ("DaemonSet", "Deployment", "PodDisruptionBudget", "StatefulSet"):
        return True
    seen = (obj.get("status") or {}).get("observedGeneration", 0)
    return bool(seen >= obj["metadata"].get("generation", 0))


def _owned_by(obj: Object, owner: Object) -> bool:
    references = obj["metadata"].get("ownerReferences") or ()
    return any(each.get("uid") == uid_of(owner) for each in references)


def _wait_for_the_end_of(api: ClusterApi, names: frozenset[str]) -> None:
    """Return when none of these namespaces is on its way out. Unavailable."""
    polling = Polling(_PATIENCE)
    while any(_ending(api.get("v1", "Namespace", name)) for name in names):
        if not polling.again():
            raise Unavailable(f"a namespace does not end: {', '.join(sorted(names))}; try again")


def _ending(namespace: Object | None) -> bool:
    return namespace is not None and bool(namespace["metadata"].get("deletionTimestamp"))


def _remove_namespaces(api: ClusterApi, done: Sequence[Trial]) -> list[str]:
    """Delete the namespaces that the change makes, all at once, as each takes five seconds."""
    names = {name for trial in done for name in trial.own_namespaces}.difference(SYSTEM_NAMESPACES)
    inventory = Inventory(api, frozenset())
    live = [found for name in sorted(names) if (found := api.get("v1", "Namespace", name))]
    for each in live:
        delete(api, each)
    polling = Polling(_NAMESPACE_PATIENCE)
    while (left := inventory.still(live)) and polling.again():
        live = left
    force_away(api, left)
    return [f"{reference(each)} is left after removal: {why_left(each)}" for each in left]


CHECK = ClusterCheck("idempotence", None, 3, check_idempotence)
