"""The list of checks, and running it: static ones first, the rest on one leased cluster."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial

from tiphys.domain.errors import InvalidInput, TiphysError, Unavailable
from tiphys.domain.evidence import Evidence, Tier, Verdict, decide
from tiphys.domain.policy import Policy
from tiphys.ports import Model
from tiphys.verify import scripts
from tiphys.verify.check import ClusterCheck, Finding, Sandbox, StaticCheck
from tiphys.verify.checks import (
    behaviour,
    collision,
    control,
    critic,
    form,
    guardrails,
    idempotence,
    matrix,
    privilege,
    regression,
    render,
    schema,
    scope,
    syntax,
)
from tiphys.verify.guardrails import install
from tiphys.verify.subject import Subject


@dataclass(frozen=True, slots=True)
class Plan:
    """Which checks run, in which order.

    `static` ones come first and need no cluster. `gate` ones are quick: what the API server refuses
    is not worth running. `lanes` run side by side; in a lane one check follows the other, as they
    use the same namespaces. `aside` ones ask other servers: they run while the rules are put in
    force here, and count once the gate is passed.
    """

    static: tuple[StaticCheck, ...]
    gate: tuple[ClusterCheck, ...]
    lanes: tuple[tuple[ClusterCheck, ...], ...]
    aside: tuple[ClusterCheck, ...] = ()

    @property
    def on_cluster(self) -> tuple[ClusterCheck, ...]:
        """Every check that needs the lease, in order."""
        return (*self.gate, *(check for lane in self.lanes for check in lane), *self.aside)

    @property
    def versions(self) -> dict[str, int]:
        """The version of every check by its name: together they say what a verdict means."""
        checks: tuple[StaticCheck | ClusterCheck, ...] = (*self.static, *self.on_cluster)
        return {check.name: check.version for check in checks}


_STATIC = (
    scope.CHECK,
    syntax.CHECK,
    form.CHECK,
    scripts.CHECK,
    render.CHECK,
    collision.CHECK,
)

FULL = Plan(
    _STATIC,
    (schema.CHECK, guardrails.CHECK, critic.CHECK),
    ((behaviour.CHECK, privilege.CHECK, control.CHECK, idempotence.CHECK, regression.CHECK),),
    (matrix.CHECK,),
)


def with_model(plan: Plan, model: Model) -> Plan:
    """The same list, with a model that the critic may ask for objections."""
    asking = critic.critic_check(model)
    gate = (asking if check.name == asking.name else check for check in plan.gate)
    return replace(plan, gate=tuple(gate))


# The least that says whether a thing works at all: the yardstick for what the rest costs.
BRIEF = Plan(_STATIC, (schema.CHECK,), ((behaviour.CHECK, regression.CHECK),))

Progress = Callable[[str], None]
_Timed = tuple[Finding, float]  # and its seconds


def verify(
    subject: Subject,
    *,
    policy: Policy,
    sandbox: Callable[[], AbstractContextManager[Sandbox]],
    plan: Plan = FULL,
    progress: Progress = lambda _message: None,
    clock: Callable[[], float] = time.monotonic,
) -> Verdict:
    """Run every check that the ones before it leave worth running, and decide.

    A cluster is leased only when the static checks pass. A check that raises becomes evidence:
    `fail` for a subject's fault, `error` for anything else.
    """
    run = _Run(subject, plan, progress, clock)
    for check in plan.static:
        if run.failed:
            run.skip(check.name, check.tier)
        else:
            run.add(check.name, check.tier, partial(check.run, subject, policy))
    if run.failed:
        for cluster_check in plan.on_cluster:
            run.skip(cluster_check.name, cluster_check.tier or "simulated")
    else:
        try:
            _on_cluster(run, subject, policy, sandbox, plan)
        except TiphysError as problem:  # only the lease's end is left to raise; what was seen stays
            progress(f"the cluster did not end cleanly: {problem}")
    return decide(subject.head_sha, run.in_order())


def _on_cluster(
    run: _Run,
    subject: Subject,
    policy: Policy,
    sandbox: Callable[[], AbstractContextManager[Sandbox]],
    plan: Plan,
) -> None:
    with ExitStack() as stack:
        leased: list[Sandbox] = []
        aside: dict[str, Future[_Timed]] = {}

        def lease() -> Finding:
            leased.append(stack.enter_context(sandbox()))
            work = stack.enter_context(ThreadPoolExecutor(len(plan.on_cluster), "aside"))
            for check in plan.aside:
                ask = partial(check.run, subject, policy, leased[0])
                aside[check.name] = work.submit(run.attempt, check.name, ask)
            with _prepared(subject, leased[0], plan, work):
                _guard(subject, leased[0])
            version = leased[0].lease.kubernetes_version
            return Finding("pass", f"a fresh control plane, Kubernetes {version}")

        started = run.add("cluster", "api", lease, keep_pass=False)
        if started.outcome != "pass":
            for check in plan.on_cluster:
                run.note(check.name, check.tier or "simulated", started)
            return
        tier = leased[0].lease.tier
        follow = partial(_lane, run, subject, policy, leased[0])
        if follow(plan.gate):
            with ThreadPoolExecutor(len(plan.lanes), "lane") as pool:
                list(pool.map(follow, plan.lanes))
            for check in plan.aside:
                run.keep(check.name, check.tier or tier, aside[check.name].result())
        else:
            for check in plan.on_cluster[len(plan.gate) :]:
                run.skip(check.name, check.tier or tier)


@contextmanager
def _prepared(
    subject: Subject, sandbox: Sandbox, plan: Plan, work: ThreadPoolExecutor
) -> Iterator[None]:
    """Let checks prepare themselves meanwhile; no one is kept waiting for a new case of theirs."""
    over = threading.Event()
    preparing = [
        work.submit(check.prepare, subject, sandbox, over.is_set)
        for check in plan.on_cluster
        if check.prepare
    ]
    try:
        yield
    finally:
        over.set()
        wait(preparing)


def _guard(subject: Subject, sandbox: Sandbox) -> None:
    """Put the base's rules in force; that they are broken is not the proposal's fault."""
    try:
        install(subject.guardrails, sandbox.api)
    except InvalidInput as problem:
        raise Unavailable(f"the target's own guardrails do not work: {problem}") from problem


def _lane(
    run: _Run, subject: Subject, policy: Policy, sandbox: Sandbox, lane: Iterable[ClusterCheck]
) -> bool:
    """Run the checks in turn until one does not pass; whether all did."""
    going = True
    for check in lane:
        tier = check.tier or sandbox.lease.tier
        if going:
            finding = run.add(check.name, tier, partial(check.run, subject, policy, sandbox))
            going = finding.outcome in ("pass", "skipped")
        else:
            run.skip(check.name, tier)
    return going


class _Run:
    """Collects evidence with times, turning what a check raises into findings."""

    def __init__(
        self, subject: Subject, plan: Plan, progress: Progress, clock: Callable[[], float]
    ) -> None:
        self._subject = subject
        self._plan = plan
        self._progress = progress
        self._clock = clock
        self._lock = threading.Lock()
        self._evidence: list[Evidence] = []

    @property
    def failed(self) -> bool:
        return any(e.outcome in ("fail", "error") for e in self._evidence)

    def in_order(self) -> list[Evidence]:
        """The evidence as the checks are listed, whichever lane was done first."""
        plan = self._plan
        names = [*(c.name for c in plan.static), "cluster", *(c.name for c in plan.on_cluster)]
        return sorted(self._evidence, key=lambda evidence: names.index(evidence.check))

    def add(
        self, name: str, tier: Tier, run: Callable[[], Finding], *, keep_pass: bool = True
    ) -> Finding:
        finding, seconds = self.attempt(name, run)
        if keep_pass or finding.outcome != "pass":
            self.keep(name, tier, (finding, seconds))
        return finding

    def attempt(self, name: str, run: Callable[[], Finding]) -> _Timed:
        with self._lock:
            self._progress(name)
        started = self._clock()
        return _attempt(run), self._clock() - started

    def skip(self, name: str, tier: Tier) -> None:
        self.note(name, tier, Finding("skipped", "an earlier check did not pass"))

    def note(self, name: str, tier: Tier, finding: Finding) -> None:
        self.keep(name, tier, (finding, 0.0))

    def keep(self, name: str, tier: Tier, timed: _Timed) -> None:
        finding, seconds = timed
        evidence = Evidence(
            check=name,
            subject_digest=self._subject.digest,
            tier=tier,
            outcome=finding.outcome,
            summary=finding.summary,
            seconds=seconds,
            details=finding.details,
        )
        with self._lock:
            self._evidence.append(evidence)


def _attempt(run: Callable[[], Finding]) -> Finding:
    try:
        return run()
    except InvalidInput as problem:
        return Finding("fail", str(problem), (str(problem),))
    except TiphysError as problem:
        return Finding("error", str(problem), (str(problem),))
    except Exception as problem:  # noqa: BLE001  # our own bug must not read as the subject's fault
        words = f"the check itself broke: {type(problem).__name__}: {problem}"
        return Finding("error", words, (words,))
