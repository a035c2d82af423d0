"""Runs a plan in pods: a Workflow of one of our templates, submitted once and followed to its end.

The workflow's name is made from what is judged. Who submits the same again gets "already exists"
from the API server and follows the one that runs, so an engine may die and come back.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from tiphys.argo import names
from tiphys.argo.submission import API_VERSION, submission
from tiphys.domain.errors import ApiRefusal, TiphysError, Unavailable
from tiphys.ports import Object

_ENDS = frozenset({"Succeeded", "Failed", "Error"})
_LOOK = 1.0  # seconds between two looks
_PATIENCE = 120.0  # seconds that the API server may be away
_LINES = 20
_QUIET = frozenset({"Pending", "Omitted", "Skipped", ""})


class Workflows(Protocol):
    """What the engine needs of a cluster: a part of `tiphys.ports.ClusterApi`, and logs."""

    def create(self, obj: Object) -> Object:
        """Create; ApiRefusal (reason AlreadyExists) if it is there."""

    def get(
        self, api_version: str, kind: str, name: str, namespace: str | None = None
    ) -> Object | None:
        """The live object or None."""

    def patch(self, obj: Object) -> Object:
        """JSON merge patch of the named object."""

    def delete(self, api_version: str, kind: str, name: str, namespace: str | None = None) -> bool:
        """Delete; False if it was not there."""

    def log(self, pod: str, namespace: str, container: str, lines: int) -> str:
        """The last lines that a container wrote. ApiRefusal, Unavailable."""


@dataclass(frozen=True, slots=True)
class ArgoEngine:
    """Submits to, follows and cancels on one cluster. `patience` is in seconds."""

    api: Workflows
    progress: Callable[[str], None]
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    patience: float = _PATIENCE

    def run(self, template: str, name: str, parameters: Mapping[str, str | int]) -> str:
        """The end of the workflow of that name, "" where it succeeded and else what Argo says.

        It is submitted unless it runs already. An interrupt stops it. Unavailable where the cluster
        does not answer or nobody runs workflows there.
        """
        wanted = submission(template, name, parameters)
        self._submit(wanted)
        try:
            return _Follower(self, name).to_the_end()
        except KeyboardInterrupt:
            self._stop(name)
            raise

    def _submit(self, wanted: Object) -> None:
        """Create it; one of that name that has ended makes room, one that runs is followed."""
        name = wanted["metadata"]["name"]
        for _ in range(2):
            try:
                self.api.create(wanted)
            except ApiRefusal as refusal:
                if refusal.reason != "AlreadyExists":
                    raise
            else:
                self.progress(f"submitted {name}")
                return
            if self._running(name):
                self.progress(f"{name} runs already: following it")
                return
            self._clear_away(name)
        raise Unavailable(f"workflow {name} comes back as fast as it is deleted; try again")

    def _running(self, name: str) -> bool:
        found = self.workflow(name)
        return found is not None and _phase(found) not in _ENDS

    def _clear_away(self, name: str) -> None:
        end = self.clock() + self.patience
        self.api.delete(API_VERSION, "Workflow", name, names.NAMESPACE)
        while self.workflow(name) is not None:
            if self.clock() > end:
                raise Unavailable(f"workflow {name} has ended and does not go away; delete it")
            self.sleep(_LOOK)

    def workflow(self, name: str) -> Object | None:
        """As it is now. Unavailable."""
        return self.api.get(API_VERSION, "Workflow", name, names.NAMESPACE)

    def _stop(self, name: str) -> None:
        self.progress(f"stopping {name}")
        self.api.patch(
            {
                "apiVersion": API_VERSION,
                "kind": "Workflow",
                "metadata": {"name": name, "namespace": names.NAMESPACE},
                "spec": {"shutdown": "Terminate"},
            }
        )


@dataclass(slots=True)
class _Follower:
    """Looks at one workflow until it ends, and tells what changes: a line for each node."""

    engine: ArgoEngine
    name: str
    _told: dict[str, str] = field(default_factory=dict)
    _seen: float = 0.0  # when it was last there to be looked at

    def to_the_end(self) -> str:
        self._seen = started = self.engine.clock()
        while True:
            found = self._look()
            if found is not None:
                for line in self._news(found):
                    self.engine.progress(line)
                phase = _phase(found)
                if phase in _ENDS:
                    said = _status(found).get("message") or phase
                    return "" if phase == "Succeeded" else str(said)
                if not phase and self.engine.clock() - started > self.engine.patience:
                    raise Unavailable(
                        f"nobody has begun {self.name}: does Argo's controller run, and watch the"
                        f" namespace {names.NAMESPACE}?"
                    )
            self.engine.sleep(_LOOK)

    def _look(self) -> Object | None:
        """The workflow; None while the API server is away, which is no news of the workflow."""
        now = self.engine.clock()
        try:
            found = self.engine.workflow(self.name)
        except Unavailable:
            if now - self._seen > self.engine.patience:
                raise
            return None
        if found is None:
            raise Unavailable(f"workflow {self.name} is gone: somebody deleted it; verify again")
        self._seen = now
        return found

    def _news(self, found: Object) -> Iterator[str]:
        nodes = _status(found).get("nodes")
        for key, node in sorted(nodes.items() if isinstance(nodes, dict) else ()):
            if not isinstance(node, dict) or node.get("type") != "Pod":
                continue
            phase = str(node.get("phase", ""))
            if phase in _QUIET or self._told.get(key) == phase:
                continue
            self._told[key] = phase
            said = " ".join(str(node.get("message") or "").split())[:200]
            shown = str(node.get("displayName", key))[:80]
            yield f"{shown}: {phase}" + (f" ({said})" if said else "")
            if phase in ("Failed", "Error"):
                yield from self._log(str(node.get("id", key)), node)

    def _log(self, key: str, node: Mapping[str, Any]) -> Iterator[str]:
        pod = _pod_name(self.name, key, node)
        try:
            text = self.engine.api.log(pod, names.NAMESPACE, "main", _LINES)
        except TiphysError as problem:
            yield f"  no log of {pod}: {problem}"
        else:
            yield from (f"  {line[:300]}" for line in text.splitlines() if line.strip())


def _pod_name(workflow: str, key: str, node: Mapping[str, Any]) -> str:
    """As the controller names pods: <workflow>-<template>-<hash>, where the node's id has it."""
    template = str(node.get("templateName", ""))
    return f"{workflow}-{template}-{key.rpartition('-')[2]}" if template else key


def _status(found: Object) -> Mapping[str, Any]:
    status = found.get("status")
    return status if isinstance(status, dict) else {}


def _phase(found: Object) -> str:
    return str(_status(found).get("phase") or "")
