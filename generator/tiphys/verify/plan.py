"""The list of checks, and running it: static ones first, the rest on one leased cluster."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from functools import partial

from tiphys.domain.errors import InvalidInput, TiphysError
from tiphys.domain.evidence import Evidence, Tier, Verdict, decide
from tiphys.domain.policy import Policy
from tiphys.verify.check import ClusterCheck, Finding, Sandbox, StaticCheck
from tiphys.verify.checks import behaviour, render, schema, scope, syntax
from tiphys.verify.subject import Subject

STATIC_CHECKS: tuple[StaticCheck, ...] = (scope.CHECK, syntax.CHECK, render.CHECK)
CLUSTER_CHECKS: tuple[ClusterCheck, ...] = (schema.CHECK, behaviour.CHECK)

Progress = Callable[[str], None]


def verify(
    subject: Subject,
    *,
    policy: Policy,
    sandbox: Callable[[], AbstractContextManager[Sandbox]],
    progress: Progress = lambda _message: None,
    clock: Callable[[], float] = time.monotonic,
) -> Verdict:
    """Run every check that the ones before it leave worth running, and decide.

    A cluster is leased only when the static checks pass. A check that raises becomes evidence:
    `fail` for a subject's fault, `error` for anything else.
    """
    run = _Run(subject, progress, clock)
    for check in STATIC_CHECKS:
        if run.failed:
            run.skip(check.name, check.tier)
        else:
            run.add(check.name, check.tier, partial(check.run, subject, policy))
    if run.failed:
        for cluster_check in CLUSTER_CHECKS:
            run.skip(cluster_check.name, cluster_check.tier or "simulated")
    else:
        try:
            _on_cluster(run, subject, sandbox)
        except TiphysError as problem:  # only the lease's end is left to raise; what was seen stays
            progress(f"the cluster did not end cleanly: {problem}")
    return decide(subject.head_sha, run.evidence)


def _on_cluster(
    run: _Run, subject: Subject, sandbox: Callable[[], AbstractContextManager[Sandbox]]
) -> None:
    with ExitStack() as stack:
        leased: list[Sandbox] = []

        def lease() -> Finding:
            leased.append(stack.enter_context(sandbox()))
            version = leased[0].lease.kubernetes_version
            return Finding("pass", f"a fresh control plane, Kubernetes {version}")

        started = run.add("cluster", "api", lease, keep_pass=False)
        for check in CLUSTER_CHECKS:
            if not leased:
                run.note(check.name, check.tier or "simulated", started)
            elif run.failed:
                run.skip(check.name, check.tier or leased[0].lease.tier)
            else:
                tier = check.tier or leased[0].lease.tier
                run.add(check.name, tier, partial(check.run, subject, leased[0]))


class _Run:
    """Collects evidence with times, turning what a check raises into findings."""

    def __init__(self, subject: Subject, progress: Progress, clock: Callable[[], float]) -> None:
        self._subject = subject
        self._progress = progress
        self._clock = clock
        self.evidence: list[Evidence] = []

    @property
    def failed(self) -> bool:
        return any(e.outcome in ("fail", "error") for e in self.evidence)

    def add(
        self, name: str, tier: Tier, run: Callable[[], Finding], *, keep_pass: bool = True
    ) -> Finding:
        self._progress(name)
        started = self._clock()
        finding = _attempt(run)
        if keep_pass or finding.outcome != "pass":
            self._keep(name, tier, finding, self._clock() - started)
        return finding

    def skip(self, name: str, tier: Tier) -> None:
        self.note(name, tier, Finding("skipped", "an earlier check did not pass"))

    def note(self, name: str, tier: Tier, finding: Finding) -> None:
        self._keep(name, tier, finding, 0.0)

    def _keep(self, name: str, tier: Tier, finding: Finding, seconds: float) -> None:
        self.evidence.append(
            Evidence(
                check=name,
                subject_digest=self._subject.digest,
                tier=tier,
                outcome=finding.outcome,
                summary=finding.summary,
                seconds=seconds,
                details=finding.details,
            )
        )


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
