"""How fast Tiphys is, each figure measured beside what it is compared with, in one run.

Machines are shared and noisy: medians and ratios of the same run mean something, single seconds
do not.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from tiphys.domain.errors import Refused
from tiphys.ports import Index, Repository
from tiphys.remember.index import follow
from tiphys.scaffold import skill_files

Progress = Callable[[str], None]
Timed = Callable[[], object]


def _nothing() -> None:
    pass


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured thing: seconds of each run, and the bound that it should keep.

    With `against` the figure is the median of the pairwise ratios to those seconds, and `bound`
    bounds that ratio; without, `bound` bounds the median in seconds (None: no bound).
    """

    name: str
    seconds: tuple[float, ...]
    bound: float | None = None
    against: tuple[float, ...] = ()

    @property
    def median(self) -> float:
        """Median seconds."""
        return statistics.median(self.seconds)

    @property
    def ratio(self) -> float | None:
        """Median of the ratios to `against`, run by run."""
        pairs = list(zip(self.seconds, self.against, strict=False))
        return statistics.median(a / b for a, b in pairs) if pairs else None

    @property
    def kept(self) -> bool:
        """Whether the bound holds; True where there is none."""
        measured = self.ratio if self.against else self.median
        return self.bound is None or (measured is not None and measured <= self.bound)


@dataclass(frozen=True, slots=True)
class Trial:
    """Something timed: `prepare` and `clean` run outside of the clock."""

    timed: Timed
    prepare: Timed = _nothing
    clean: Timed = _nothing

    def seconds(self) -> float:
        """One run."""
        self.prepare()
        try:
            return _timed(self.timed)
        finally:
            self.clean()


def cluster_figures(
    *, plain: Trial, fresh: Trial, warm: Trial, runs: int, progress: Progress
) -> Iterator[Figure]:
    """Lease-to-verdict times beside `plain`, a bare cluster start by kwokctl, in turn."""
    trials = {"plain": plain, "fresh": fresh, "warm": warm}
    seconds: dict[str, list[float]] = {name: [] for name in trials}
    for run in range(runs):
        for name, trial in trials.items():
            progress(f"clusters: run {run + 1} of {runs}, {name}")
            seconds[name].append(trial.seconds())
    base = tuple(seconds["plain"])
    yield Figure("kwokctl create cluster --wait", base)
    yield Figure("fresh lease to verdict, brief list of checks", tuple(seconds["fresh"]), 1.5, base)
    yield Figure("warm pool to verdict, brief list of checks", tuple(seconds["warm"]), 0.5, base)


def verdict_figures(
    *, brief: Trial, full: Trial, cached: Trial, runs: int, progress: Progress, where: str
) -> Iterator[Figure]:
    """What the full list of checks costs against the brief one, in turn; and a remembered verdict.

    `where` says whether a start of the cluster counts. One of each goes first, unmeasured: what
    serves requests has loaded its modules and started the servers of the other minors long ago.
    """
    for trial in (brief, full):
        progress(f"verdicts: once unmeasured, {where}")
        trial.seconds()
    seconds: dict[str, list[float]] = {"brief": [], "full": []}
    for run in range(runs):
        for name, trial in (("brief", brief), ("full", full)):
            progress(f"verdicts: run {run + 1} of {runs}, {name}, {where}")
            seconds[name].append(trial.seconds())
    base = tuple(seconds["brief"])
    yield Figure(f"brief list of checks, {where}", base)
    yield Figure(f"full list of checks, {where}", tuple(seconds["full"]), 2.0, base)
    cached.seconds()
    kept = tuple(cached.seconds() for _ in range(runs * 5))
    yield Figure(f"remembered verdict, {where}", kept, 0.2)


def memory_figures(
    *, repository: Repository, index: Index, skills: int, progress: Progress
) -> Iterator[Figure]:
    """Rebuild, incremental index and warm search in a repository of that many skills."""
    started = time.perf_counter()
    done = follow(repository, index, "main", rebuild=True,
                  progress=lambda n, total: progress(f"index: {n} of {total}"))  # fmt: skip
    if done.put < skills:
        raise Refused(f"only {done.put} of {skills} skills were indexed: {done.skipped[:1]}")
    yield Figure(f"rebuild the index of {skills} skills", (time.perf_counter() - started,))
    index.search("warm up", 5)
    yield Figure(
        f"search among {skills} skills, warm",
        tuple(_timed(partial(index.search, query, 5)) for query in _queries(50)),
        0.05,
    )
    merged = []
    dice = random.Random(13)  # noqa: S311  # test data, not secrets
    for number in range(3):
        files = synthetic_skill(f"merged-{number}", dice)
        repository.commit("main", repository.resolve("main"), {**files}, "Merge one more\n")
        merged.append(_timed(partial(follow, repository, index, "main")))
    yield Figure(f"index one merged skill among {skills}", tuple(merged), 1.0)


def help_figure(help_: Timed, *, runs: int) -> Figure:
    """A whole process answering `--help`."""
    help_()
    return Figure("tiphys --help", tuple(_timed(help_) for _ in range(runs)), 0.3)


_THINGS = """queue cache gateway billing search mail image video report invoice session ledger
catalogue basket payment shipping stock review profile login audit metric trace alert backup
archive import export feed crawler proxy relay bridge scheduler planner router broker registry
wallet voucher survey forum wiki chat calendar map weather sensor camera printer label""".split()
_DOINGS = """runs stores cleans copies syncs indexes encrypts compresses renders validates merges
splits routes limits caches replays schedules archives signs counts""".split()


def synthetic_skill(name: str, dice: random.Random) -> dict[str, bytes]:
    """A well-formed skill with a description of its own, by path from the root."""
    words = [dice.choice(_THINGS) for _ in range(6)]
    about = (
        f"A {words[0]} {words[1]} that {dice.choice(_DOINGS)} every {words[2]} of the {words[3]} "
        f"team and {dice.choice(_DOINGS)} the {words[4]} for {words[5]}."
    )
    return {f"skills/{name}/{path}": data for path, data in skill_files(name, about).items()}


def synthetic_repository_files(skills: int, *, seed: int = 7) -> Iterator[tuple[str, bytes]]:
    """Files of a repository with that many synthetic skills."""
    dice = random.Random(seed)  # noqa: S311  # test data, not secrets
    for number in range(skills):
        thing, other = dice.choice(_THINGS), dice.choice(_THINGS)
        yield from synthetic_skill(f"{thing}-{other}-{number}", dice).items()


def _queries(count: int) -> Sequence[str]:
    dice = random.Random(11)  # noqa: S311  # test data, not secrets
    return [
        f"something that {dice.choice(_DOINGS)} the {dice.choice(_THINGS)} {dice.choice(_THINGS)}"
        for _ in range(count)
    ]


def _timed(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started
