"""The shape of a check, and what it may use."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from tiphys.domain.evidence import Outcome, Tier
from tiphys.domain.policy import SYSTEM_NAMESPACES, Policy
from tiphys.ports import ClusterApi, Lease, Object, TestRunner
from tiphys.verify.control.baseline import Ahead
from tiphys.verify.control.recording import Recording
from tiphys.verify.subject import Subject

Servers = Mapping[str, Callable[[], AbstractContextManager[ClusterApi]]]  # by minor: "1.33"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check says: `summary` is one line, `details` the cluster's or parser's own words."""

    outcome: Outcome
    summary: str
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sandbox:
    """The leased cluster that the checks of one verdict share.

    `rehearse` gives the in-process runner over another `ClusterApi`, such as a recording. `servers`
    leases bare API servers (no nodes, no controllers) of other Kubernetes minors: {"1.33": ...};
    where these are only some, `supported` names every version that skills are to say they work on.
    `type_checks` makes the cluster check the types of admission policies, where it does not anyway.
    `alone` is held by whoever has the subject's objects on the cluster while checks run side by
    side. `recordings` holds, by case name, what each passing test saw, and `ahead` what was found
    out ahead, both for the negative control.
    """

    lease: Lease
    api: ClusterApi
    runner: TestRunner
    rehearse: Callable[[ClusterApi], TestRunner]
    servers: Servers = field(default_factory=dict)
    supported: Sequence[str] = ()
    type_checks: Callable[[], AbstractContextManager[None]] = nullcontext
    recordings: dict[str, Recording] = field(default_factory=dict)
    ahead: dict[str, Ahead] = field(default_factory=dict)
    alone: threading.Lock = field(default_factory=threading.Lock)

    def ensure_namespace(self, name: str) -> None:
        """A namespace that enforces the restricted pod security standard."""
        if self.api.get("v1", "Namespace", name) is None:
            self.api.apply(restricted_namespace(name))


@dataclass(frozen=True, slots=True)
class StaticCheck:
    """A check that needs no cluster. `version` changes whenever its verdicts may."""

    name: str
    tier: Tier
    version: int
    run: Callable[[Subject, Policy], Finding]


@dataclass(frozen=True, slots=True)
class ClusterCheck:
    """A check on the leased cluster; `tier` None means whatever tier the lease offers.

    `prepare` may begin while the rules are not in force yet, and ends soon after its last argument
    says that they are. It puts nothing of the proposal on the cluster (a dry run is fine) and
    leaves what it finds out in the sandbox; where it fails, `run` does without.
    """

    name: str
    tier: Tier | None
    version: int
    run: Callable[[Subject, Policy, Sandbox], Finding]
    prepare: Callable[[Subject, Sandbox, Callable[[], bool]], None] | None = None


def failed_or_passed(problems: list[str], passed: str) -> Finding:
    """`fail` with the first problem as summary and all as details, or `pass`."""
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        return Finding("fail", problems[0] + more, tuple(problems))
    return Finding("pass", passed)


def restricted_namespace(name: str) -> Object:
    """A namespace for restricted pods only, unless it is one that a cluster is born with."""
    metadata: Object = {"name": name}
    if name not in SYSTEM_NAMESPACES:
        metadata["labels"] = {"pod-security.kubernetes.io/enforce": "restricted"}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
