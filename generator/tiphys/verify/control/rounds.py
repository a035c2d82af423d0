"""The negative control of one case: sift, replay, then the cluster for what is left."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field

from tiphys.domain.errors import InvalidInput, Unavailable
from tiphys.domain.testreport import TestReport
from tiphys.ports import Object
from tiphys.verify.cases import Case
from tiphys.verify.check import Sandbox
from tiphys.verify.control.baseline import Ahead, Sifted, placed, sift
from tiphys.verify.control.hurry import hurried
from tiphys.verify.control.mutants import Mutant, mutants
from tiphys.verify.control.recording import Recording, key_of
from tiphys.verify.control.replay import Replay
from tiphys.verify.control.tally import Tally, waive
from tiphys.verify.control.trial import record, run_real, settle, staged, written
from tiphys.verify.control.trust import believable, writes_of_its_own

_REAL_RUNS = 12  # mutants of one case that are run on the cluster
_REAL_ONLY = 24  # ... where none can be replayed
_POSITIVES = 3  # runs with the right manifests, which must pass; a test of moods seldom does thrice
_LOOK = 0.05  # seconds: a recording does not change, so one look is enough
_REPLAYS_AT_ONCE = 16  # a replay that fails waits for its time-out
_REPLAYS_TIME = 0.5  # seconds of work that may be begun at once: a slow test is replayed in turn
_LEAST = 2.0  # seconds that an operation has on the cluster, and the most
_MOST = 30.0
_EMPTY_LEAST = 0.5  # nothing is to arrive there
_SLACK = 3.0
_NO_REPLAY = "the test can't be replayed from a recording: few mutants were tried, on the cluster"
_LATE = "the time for all tests was up before this one was tried"
# Only controllers show these; what a field holds is seen in a recording too.
_FIRST = ("document", "selector", "count", "port", "labels", "storage", "account")


@dataclass
class Budget:
    """Seconds for everything that one check runs, and for one case of it."""

    total: float = 300.0
    case: float = 120.0
    clock: Callable[[], float] = time.monotonic
    _end: float = field(init=False)

    def __post_init__(self) -> None:
        self._end = self.clock() + self.total

    def deadline(self) -> float:
        """When the case that starts now must be done."""
        return min(self._end, self.clock() + self.case)


def control_case(case: Case, sandbox: Sandbox, budget: Budget) -> Tally:
    """Judge the test of a case that has passed. Unavailable, InvalidInput.

    What there is no time for counts as survived.
    """
    return _Rounds(case, sandbox, budget).tally()


def look_ahead(case: Case, sandbox: Sandbox) -> None:
    """Find out what `control_case` would ask first, before the rules are in force.

    What only the rules refuse counts as viable here, see `_Rounds.tally`. A test that writes
    nothing of its own can't meet the rules on an empty cluster, so its end there is the same.
    """
    named = {str(obj["metadata"].get("namespace") or case.namespace) for obj in case.objects}
    for name in (*named, case.namespace):
        sandbox.ensure_namespace(name)
    tried = not writes_of_its_own(case.skill.test)
    sandbox.ahead[case.name] = _look(case, sandbox, _EMPTY_LEAST if tried else 0)


def _look(case: Case, sandbox: Sandbox, seconds: float) -> Ahead:
    """Sift the mutants, and aside run the test for so long on a cluster without the objects."""
    with ThreadPoolExecutor(1, "empty") as aside:
        empty = aside.submit(_run_empty, case, sandbox, seconds) if seconds else None
        sifted = sift(sandbox.api, case.objects, mutants(case.objects), case.namespace)
        return Ahead(sifted, empty.result() if empty else None, seconds)


def _run_empty(case: Case, sandbox: Sandbox, seconds: float) -> TestReport:
    nothing = written(case, [None] * len(case.objects))
    return run_real(case, sandbox, nothing, hurried(case.skill.test, seconds))


class _Rounds:
    def __init__(self, case: Case, sandbox: Sandbox, budget: Budget) -> None:
        self._case = case
        self._sandbox = sandbox
        self._clock = budget.clock
        self._start = budget.clock()
        self._deadline = budget.deadline()
        self._recording = Recording(seconds=_MOST)

    def tally(self) -> Tally:
        case, api = self._case, self._sandbox.api
        found = mutants(case.objects)
        if self._start >= self._deadline:
            return Tally(case.name, survived=found, unreached=len(found), remark=_LATE)
        early = self._sandbox.ahead.pop(case.name, None)
        recording = self._sandbox.recordings.get(case.name)
        if not recording:
            with self._alone():
                recording = record(case, self._sandbox)
                self._recording = recording or self._recording
                self._settle()
        self._recording = recording or self._recording
        seconds = max(_EMPTY_LEAST, min(self._recording.seconds, _MOST))
        ahead = early or self._look(seconds)
        sifted = ahead.sifted
        # Other checks have the cluster meanwhile.
        replayed = self._screen(sifted) if recording else None
        seen = replayed or frozenset()
        empty = self._noticed_empty(ahead, seconds)
        if early and not all(m.id in seen for m in sifted.viable):
            # The rules refuse some of them, which then do not count. Where all are noticed,
            # what does not count changes nothing.
            with self._alone():
                sifted = sift(api, case.objects, found, case.namespace)
        if replayed is None:  # fewer, but all of them on the cluster
            chosen = {m.id for m in mutants(case.objects, _REAL_ONLY)}
            sifted = sifted.only(chosen)
        left = [m for m in sifted.viable if m.id not in seen]
        runs = _REAL_RUNS if replayed is not None else _REAL_ONLY
        with self._alone() if left else nullcontext():
            clustered, refused, unreached = self._on_cluster(_in_turn(left), runs)
        known = {m.id for m in (*clustered, *refused)}
        survived, waived = waive([m for m in left if m.id not in known], case.skill.waivers)
        return Tally(
            case.name,
            replayed=tuple(m for m in sifted.viable if m.id in seen),
            clustered=clustered,
            survived=survived,
            waived=waived,
            equivalent=sifted.equivalent,
            refused=(*sifted.refused, *refused),
            unreached=unreached,
            empty=empty,
            remark="" if replayed is not None else _NO_REPLAY,
            seconds=self._clock() - self._start,
        )

    def _look(self, seconds: float) -> Ahead:
        with self._alone():
            return _look(self._case, self._sandbox, seconds)

    def _noticed_empty(self, ahead: Ahead, seconds: float) -> bool:
        """Whether the test fails without the objects, given `seconds` for each operation."""
        empty = ahead.empty if ahead.seconds >= seconds else None
        if empty is None:
            with self._alone():
                empty = _run_empty(self._case, self._sandbox, seconds)
                self._settle()
        return _told(empty).outcome == "fail"

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """While no other check has the objects on the cluster, with the namespaces they need."""
        with self._sandbox.alone:
            self._prepare()
            self._settle()
            yield

    def _settle(self) -> None:
        settle(self._sandbox.api, self._recording, self._case.namespace)

    def _prepare(self) -> None:
        """Namespaces for real, as a dry run leaves nothing for what lives inside them."""
        api = self._sandbox.api
        for obj in self._case.objects:
            if obj["kind"] == "Namespace" and not api.get("v1", "Namespace", key_of(obj)[2]):
                api.apply(obj)
        for obj in self._case.objects:
            if namespace := obj["metadata"].get("namespace"):
                self._sandbox.ensure_namespace(namespace)
        self._sandbox.ensure_namespace(self._case.namespace)

    def _screen(self, sifted: Sifted) -> frozenset[str] | None:
        """Ids of mutants that the test notices in the recording; None if it can't be replayed."""
        case = self._case
        test = hurried(case.skill.test, _LOOK, sleeps=False)
        own_words = writes_of_its_own(case.skill.test)
        with staged(case, test, case.manifests) as (folder, values):

            def replay(mutant: Mutant | None) -> bool | None:
                """Whether it is noticed; None if the recording can't tell."""
                if self._clock() > self._deadline:
                    return None
                api = Replay(self._recording)
                if mutant:
                    key = key_of(self._placed(mutant.index))
                    api = Replay(self._recording, key, sifted.faults[mutant.id])
                report = self._sandbox.rehearse(api).run(
                    folder, self._sandbox.lease, values=values, namespace=case.namespace
                )
                return None if api.strayed else report.outcome == "fail"

            before = self._clock()
            if replay(None) is not False:
                return None
            at_once = _REPLAYS_TIME / max(self._clock() - before, 0.001)
            candidates = [
                m
                for m in sifted.viable
                if believable(m, self._placed(m.index), self._recording, own_words=own_words)
            ]
            workers = max(1, min(_REPLAYS_AT_ONCE, int(at_once)))
            with ThreadPoolExecutor(workers, "replay") as pool:
                results = list(pool.map(replay, candidates))
        return frozenset(m.id for m, seen in zip(candidates, results, strict=True) if seen)

    def _placed(self, index: int) -> Object:
        return placed(self._sandbox.api, self._case.objects[index], self._case.namespace)

    def _on_cluster(
        self, left: Sequence[Mutant], runs: int
    ) -> tuple[tuple[Mutant, ...], tuple[Mutant, ...], int]:
        """Noticed, refused, and how many were not run."""
        noticed: list[Mutant] = []
        refused: list[Mutant] = []
        needed = max(self._recording.seconds, 0.1)
        seconds = min(max(_SLACK * needed, _LEAST), _MOST)
        ran = 0
        for mutant in left[:runs]:
            if self._clock() + 2 * needed > self._deadline:
                break
            ran += 1
            objects: list[Object | None] = list(self._case.objects)
            objects[mutant.index] = mutant.changed
            try:
                report = self._real(written(self._case, objects), seconds)
            except InvalidInput:
                refused.append(mutant)
                continue
            if report.outcome == "fail":
                noticed.append(mutant)
        for _ in noticed[:_POSITIVES]:
            if self._real(self._case.manifests, seconds).outcome != "pass":
                raise Unavailable(
                    f"{self._case.name}: the test failed with the right manifests too when it was"
                    " run again; run the checks again"
                )
        return tuple(noticed), tuple(refused), len(left) - ran

    def _real(self, manifests: Mapping[str, bytes], seconds: float) -> TestReport:
        test = hurried(self._case.skill.test, seconds)
        report = _told(run_real(self._case, self._sandbox, manifests, test))
        self._settle()
        return report


def _told(report: TestReport) -> TestReport:
    """The report of a run that says something. Unavailable."""
    if report.outcome == "error":
        raise Unavailable(report.message)
    return report


def _in_turn(left: Sequence[Mutant]) -> list[Mutant]:
    """One of each operator for each object after the other; those that need a cluster first."""
    ranks = {operator: rank for rank, operator in enumerate(_FIRST)}
    turns: Counter[tuple[str, int]] = Counter()
    keyed = []
    for mutant in left:
        group = (mutant.operator, mutant.index)
        keyed.append((turns[group], ranks.get(mutant.operator, len(_FIRST)), mutant.id, mutant))
        turns[group] += 1
    return [each[-1] for each in sorted(keyed, key=lambda each: each[:-1])]
