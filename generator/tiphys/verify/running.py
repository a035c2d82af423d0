"""Running checks: evidence and times, what a check raises, and what is done aside."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from tiphys.domain.errors import InvalidInput, TiphysError
from tiphys.domain.evidence import Evidence, Tier
from tiphys.domain.policy import Policy
from tiphys.verify.check import ClusterCheck, Finding, Sandbox
from tiphys.verify.subject import Subject

Progress = Callable[[str], None]
Timed = tuple[Finding, float]  # and its seconds


class Run:
    """Collects evidence with times, turning what a check raises into findings; for all threads.

    `names` are those of all checks, in the order in which people read them; `digest` is the
    subject's.
    """

    def __init__(
        self, digest: str, names: Sequence[str], progress: Progress, clock: Callable[[], float]
    ) -> None:
        self._digest = digest
        self._names = names
        self._progress = progress
        self._clock = clock
        self._lock = threading.Lock()
        self._evidence: list[Evidence] = []

    @property
    def failed(self) -> bool:
        """Whether anything failed or broke so far."""
        return any(e.outcome in ("fail", "error") for e in self._evidence)

    def in_order(self) -> list[Evidence]:
        """The evidence as the checks are listed, whichever lane was done first."""
        return sorted(self._evidence, key=lambda evidence: self._names.index(evidence.check))

    def add(
        self, name: str, tier: Tier, run: Callable[[], Finding], *, keep_pass: bool = True
    ) -> Finding:
        """Run a check and keep what it finds (a pass only with `keep_pass`)."""
        finding, seconds = self.attempt(name, run)
        if keep_pass or finding.outcome != "pass":
            self.keep(name, tier, (finding, seconds))
        return finding

    def attempt(self, name: str, run: Callable[[], Finding]) -> Timed:
        """Run a check; what it finds is kept by whoever asks, with `keep`."""
        with self._lock:
            self._progress(name)
        started = self._clock()
        return _attempt(run), self._clock() - started

    def skip(self, name: str, tier: Tier) -> None:
        """It is not run, as something before it did not pass."""
        self.note(name, tier, Finding("skipped", "an earlier check did not pass"))

    def note(self, name: str, tier: Tier, finding: Finding) -> None:
        """It is not run, and this is why."""
        self.keep(name, tier, (finding, 0.0))

    def keep(self, name: str, tier: Tier, timed: Timed) -> None:
        """Add a finding to the evidence."""
        finding, seconds = timed
        evidence = Evidence(
            check=name,
            subject_digest=self._digest,
            tier=tier,
            outcome=finding.outcome,
            summary=finding.summary,
            seconds=seconds,
            details=finding.details,
        )
        with self._lock:
            self._evidence.append(evidence)


@dataclass
class Aside:
    """What is done while the rules are being put in force, which is a second of mostly waiting.

    `asking` are checks that ask other servers; those of `preparing` prepare themselves.
    """

    run: Run
    asking: Sequence[ClusterCheck]
    preparing: Sequence[ClusterCheck]
    subject: Subject
    policy: Policy
    sandbox: Sandbox
    threads: ThreadPoolExecutor
    _asked: dict[str, Future[Timed]] = field(default_factory=dict)
    _prepared: list[Future[None]] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)

    def begin(self) -> None:
        """Start, in `threads`."""
        for check in self.asking:
            ask = partial(check.run, self.subject, self.policy, self.sandbox)
            self._asked[check.name] = self.threads.submit(self.run.attempt, check.name, ask)
        self._prepared += [
            self.threads.submit(check.prepare, self.subject, self.sandbox, self._over.is_set)
            for check in self.preparing
            if check.prepare
        ]

    @contextmanager
    def until_ready(self) -> Iterator[None]:
        """Until the end of this, and of what a check is at then."""
        try:
            yield
        finally:
            self._over.set()
            wait(self._prepared)

    def tell(self) -> None:
        """Keep what was found aside as evidence."""
        for check in self.asking:
            tier = check.tier or self.sandbox.lease.tier
            self.run.keep(check.name, tier, self._asked[check.name].result())


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
