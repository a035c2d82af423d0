"""The list of checks, and running it: static ones first, the rest on one leased cluster."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from functools import partial

from tiphys.domain.errors import InvalidInput, TiphysError, Unavailable
from tiphys.domain.evidence import Verdict, decide
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
from tiphys.verify.running import Aside, Progress, Run
from tiphys.verify.subject import Subject


@dataclass(frozen=True, slots=True)
class Plan:
    """Which checks run, in which order.

    `static` ones come first and need no cluster. `gate` ones are quick: what the API server refuses
    is not worth running. Then each group runs side by side, once the one before has passed.
    `aside` ones ask other servers: they run while the rules are put in force here, and count once
    the gate is passed.
    """

    static: tuple[StaticCheck, ...]
    gate: tuple[ClusterCheck, ...]
    groups: tuple[tuple[ClusterCheck, ...], ...]
    aside: tuple[ClusterCheck, ...] = ()

    @property
    def on_cluster(self) -> tuple[ClusterCheck, ...]:
        """Every check that needs the lease, in order."""
        return (*self.gate, *(check for group in self.groups for check in group), *self.aside)

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
    (
        (behaviour.CHECK,),
        (privilege.CHECK,),
        (control.CHECK, idempotence.CHECK),
        (regression.CHECK,),
    ),
    (matrix.CHECK,),
)


def with_model(plan: Plan, model: Model) -> Plan:
    """The same list, with a model that the critic may ask for objections."""
    asking = critic.critic_check(model)
    gate = (asking if check.name == asking.name else check for check in plan.gate)
    return replace(plan, gate=tuple(gate))


# The least that says whether a thing works at all: the yardstick for what the rest costs.
BRIEF = Plan(_STATIC, (schema.CHECK,), ((behaviour.CHECK,), (regression.CHECK,)))


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
    names = [*(c.name for c in plan.static), "cluster", *(c.name for c in plan.on_cluster)]
    run = Run(subject.digest, names, progress, clock)
    for check in plan.static:
        if run.failed:
            run.skip(check.name, check.tier)
        else:
            run.add(check.name, check.tier, partial(check.run, subject, policy))
    if run.failed:
        for cluster_check in plan.on_cluster:
            run.skip(cluster_check.name, cluster_check.tier or "simulated")
    elif plan.on_cluster:
        try:
            _on_cluster(run, subject, policy, sandbox, plan)
        except TiphysError as problem:  # only the lease's end is left to raise; what was seen stays
            progress(f"the cluster did not end cleanly: {problem}")
    return decide(subject.head_sha, run.in_order())


def _on_cluster(
    run: Run,
    subject: Subject,
    policy: Policy,
    sandbox: Callable[[], AbstractContextManager[Sandbox]],
    plan: Plan,
) -> None:
    with ExitStack() as stack:
        leased: list[Sandbox] = []
        aside: list[Aside] = []

        def lease() -> Finding:
            leased.append(stack.enter_context(sandbox()))
            threads = stack.enter_context(ThreadPoolExecutor(len(plan.on_cluster), "aside"))
            aside.append(
                Aside(run, plan.aside, plan.on_cluster, subject, policy, leased[0], threads)
            )
            with aside[0].until_ready():
                _guard(subject, leased[0], aside[0].begin)
            version = leased[0].lease.kubernetes_version
            return Finding("pass", f"a fresh control plane, Kubernetes {version}")

        started = run.add("cluster", "api", lease, keep_pass=False)
        if started.outcome != "pass":
            for check in plan.on_cluster:
                run.note(check.name, check.tier or "simulated", started)
            return
        follow = partial(_follow, run, subject, policy, leased[0])
        if follow([(check,) for check in plan.gate]):
            follow(plan.groups)
            aside[0].tell()
        else:
            for check in plan.on_cluster[len(plan.gate) :]:
                run.skip(check.name, check.tier or leased[0].lease.tier)


def _guard(subject: Subject, sandbox: Sandbox, meanwhile: Callable[[], None]) -> None:
    """Put the base's rules in force; that they are broken is not the proposal's fault."""
    try:
        install(subject.guardrails, sandbox.api, meanwhile=meanwhile)
    except InvalidInput as problem:
        raise Unavailable(f"the target's own guardrails do not work: {problem}") from problem


def _follow(
    run: Run,
    subject: Subject,
    policy: Policy,
    sandbox: Sandbox,
    groups: Iterable[tuple[ClusterCheck, ...]],
) -> bool:
    """Run the groups in turn until a check does not pass; whether all did."""

    def passes(check: ClusterCheck) -> bool:
        tier = check.tier or sandbox.lease.tier
        finding = run.add(check.name, tier, partial(check.run, subject, policy, sandbox))
        return finding.outcome in ("pass", "skipped")

    going = True
    for group in groups:
        if going:
            with ThreadPoolExecutor(len(group), "check") as pool:
                going = all(list(pool.map(passes, group)))
        else:
            for check in group:
                run.skip(check.name, check.tier or sandbox.lease.tier)
    return going
