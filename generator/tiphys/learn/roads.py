"""Which road requests take, against the road that a person called right for them.

The half "tune" is what rules and constants are chosen on; the other half, "held-out", is what the
documentation's figures are of. No model is asked: a request that the author road would get counts
as that road, whatever a model would make of it.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tiphys.context import Ports
from tiphys.domain.errors import InvalidInput, NotFound, Unavailable
from tiphys.domain.forge import Issue
from tiphys.domain.policy import Settings
from tiphys.learn.calibrate import HALVES, Share
from tiphys.library import load_skill, make_release, release_files, strict_yaml
from tiphys.pipeline import GENERATE, Work, author
from tiphys.ports import Workbench
from tiphys.propose.reuse import Match
from tiphys.propose.road import Signs
from tiphys.verify.check import Sandbox

ROADS = ("reuse", "adapt", "author", "ask", "decline")
_BINS = 5
_RIDGE = 0.3
_BEFORE_AUTHOR = GENERATE[: GENERATE.index(author)]


@dataclass(frozen=True, slots=True)
class Case:
    """A request and its right road.

    `to` is the skill of `reuse`, the folder of `adapt`, and for `ask` the skill that lacks a value
    or the skills that fit alike; empty for the others.
    """

    half: str
    road: str
    text: str
    to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Taken:
    """The road that was taken. `skill` is what reuse had come up with, with its `confidence`."""

    case: Case
    road: str
    to: tuple[str, ...] = ()
    skill: str = ""
    confidence: float = 0.0
    signs: Signs | None = None

    @property
    def right(self) -> bool:
        """Whether road and place are those of the label."""
        return (self.road, self.to) == (self.case.road, self.case.to)


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one half. `confusion` maps (right road, road taken) to a count.

    `error` is the expected calibration error of reuse's confidence: by how much it is off from the
    share of requests whose skill was the right one, averaged over bins of equal width.
    """

    half: str
    right: Share
    each: Mapping[str, Share]
    error: float
    confusion: Mapping[tuple[str, str], int]
    wrong: tuple[Taken, ...] = field(default=())


def read_cases(path: Path) -> tuple[Case, ...]:
    """The labelled requests of a file. NotFound, InvalidInput."""
    found = []
    for entry in _loaded(path):
        try:
            to = entry.get("to", ())
            found.append(
                Case(**{**entry, "to": (to,) if isinstance(to, str) else tuple(sorted(to))})
            )
        except (AttributeError, TypeError) as problem:
            raise InvalidInput(f"{path}: an entry is no labelled request: {problem}") from None
    for case in found:
        if case.half not in HALVES or case.road not in ROADS:
            raise InvalidInput(f"{path}: half or road of {case.text!r} is none that is known")
        if bool(case.to) != (case.road in ("reuse", "adapt", "ask")):
            raise InvalidInput(f"{path}: `to` of {case.text!r} does not fit its road")
    if len({case.text for case in found}) != len(found):
        raise InvalidInput(f"{path}: the same text comes twice")
    return tuple(found)


def merged_files(path: Path, skills: Path) -> dict[str, bytes]:
    """A repository's files: the skills of a folder, and the merged things that a file lists."""
    merged: Mapping[str, Any] = _loaded(path)
    files = {
        f"skills/{one.relative_to(skills).as_posix()}": one.read_bytes()
        for one in sorted(skills.rglob("*"))
        if one.is_file()
    }
    for each in merged["releases"]:
        skill = load_skill(skills / each["skill"])
        release = make_release(skill, each["values"], request=each["request"])
        files |= release_files(release, skill)
    return files | {path: text.encode() for path, text in merged["manifests"].items()}


def take_roads(
    cases: Iterable[Case],
    files: Mapping[str, bytes],
    *,
    progress: Callable[[str], None] = lambda _message: None,
) -> list[Taken]:
    """Send every request down the stages that come before a model is asked."""
    # Here, because only who measures needs what these load.
    from tiphys.adapters.embed_use import SentenceEncoder
    from tiphys.adapters.index_chroma import ChromaIndex
    from tiphys.testing.memory_forge import MemoryForge
    from tiphys.testing.memory_repository import MemoryRepository
    from tiphys.testing.memory_verdicts import MemoryNotary, MemoryVerdicts
    from tiphys.testing.scripted_model import ScriptedModel

    repository = MemoryRepository()
    repository.commit("main", None, files, "Start\n")
    found = []
    with tempfile.TemporaryDirectory() as scratch:
        ports = Ports(
            repository=repository,
            forge=MemoryForge("bench"),
            index=ChromaIndex(Path(scratch), SentenceEncoder()),
            sandbox=_no_cluster,
            verdicts=MemoryVerdicts(),
            notary=MemoryNotary("bench"),
            settings=Settings(),
            model=ScriptedModel(),
            workbench=_no_workbench,
        )
        for number, case in enumerate(cases, 1):
            progress(f"request {number}")
            found.append(take(case, ports))
    return found


def take(case: Case, ports: Ports) -> Taken:
    """Send one request down its road, up to where a model would be asked."""
    work = Work(Issue(1, case.text[:80], case.text, "bench", "open", 0.0))
    for stage in _BEFORE_AUTHOR:
        work = stage(work, ports)
        if work.ending:
            break
    road, to = road_of(work)
    skill = work.match.skill.name if work.match else ""
    sure = work.match.score if work.match else 0.0
    return Taken(case, road, to, skill, sure, work.match.signs if work.match else None)


def road_of(work: Work) -> tuple[str, tuple[str, ...]]:
    """The road, and where it leads, of work that came to the door of the author."""
    filling, match = work.filling, work.match
    if work.adapted is not None and work.adapted.files:
        return "adapt", tuple({"/".join(path.split("/")[:3]) for path in work.adapted.files})
    if work.ending == "asked":
        rivals = work.match.rivals if work.match else ()
        return "ask", tuple(sorted(skill.name for skill in rivals)) or _names(match)
    if match is None:
        return ("decline" if work.ending else "author"), ()
    if work.draft is None or filling is None:
        unread = filling is None or filling.unused or work.question
        return ("author" if unread else "decline"), ()
    if work.draft.unserved:
        return "author", ()
    existing = filling.existing
    return ("adapt", (existing.path,)) if existing else ("reuse", (match.skill.name,))


def measure(taken: Sequence[Taken], half: str) -> Figures:
    """The figures of one half."""
    mine = [each for each in taken if each.case.half == half]
    judged = [(each.confidence, _skill_is_right(each)) for each in mine if each.skill]
    return Figures(
        half=half,
        right=Share(sum(each.right for each in mine), len(mine)),
        each={
            road: Share(
                sum(e.right for e in mine if e.case.road == road),
                sum(e.case.road == road for e in mine),
            )
            for road in ROADS
        },
        error=calibration_error(judged),
        confusion=Counter((each.case.road, each.road) for each in mine),
        wrong=tuple(each for each in mine if not each.right),
    )


def calibration_error(judged: Sequence[tuple[float, bool]]) -> float:
    """Expected calibration error of (confidence, whether it was right), 0 of nothing."""
    bins: dict[int, list[tuple[float, bool]]] = {}
    for confidence, right in judged:
        bins.setdefault(min(_BINS - 1, int(confidence * _BINS)), []).append((confidence, right))
    gaps = (
        abs(sum(confidence for confidence, _ in held) - sum(right for _, right in held))
        for held in bins.values()
    )
    return sum(gaps) / len(judged) if judged else 0.0


def fit(taken: Sequence[Taken]) -> dict[str, float]:
    """Weights and bias of confidence, by a logistic regression with a small ridge."""
    import numpy as np

    names = Signs.__slots__
    used = [(each, each.signs) for each in taken if each.signs is not None]
    x = np.array([[getattr(s, name) for name in names] + [1.0] for _, s in used])
    y = np.array([float(_skill_is_right(each)) for each, _ in used])
    w = np.zeros(x.shape[1])
    ridge = np.diag([_RIDGE] * len(names) + [0.0])
    for _ in range(30):  # Newton's steps
        p = 1.0 / (1.0 + np.exp(-x @ w))
        hessian = (x * (p * (1 - p))[:, None]).T @ x + ridge + 1e-9 * np.eye(len(w))
        w -= np.linalg.solve(hessian, x.T @ (p - y) + ridge @ w)
    return {name: round(float(v), 2) for name, v in zip([*names, "bias"], w, strict=True)}


def plain(figures: Figures) -> dict[str, Any]:
    """The figures for a program."""
    return {
        "half": figures.half,
        "right": {"hits": figures.right.hits, "of": figures.right.of,
                  "interval": figures.right.interval},
        "each": {road: {"hits": s.hits, "of": s.of} for road, s in figures.each.items()},
        "calibration_error": figures.error,
        "confusion": [{"right": r, "taken": t, "count": n}
                      for (r, t), n in sorted(figures.confusion.items())],
    }  # fmt: skip


def table(figures: Sequence[Figures]) -> str:
    """Markdown: a row for each half, then for each the roads that were taken."""
    lines = [
        "| half | right | " + " | ".join(ROADS) + " | calibration error |",
        "|---|---|" + "---|" * len(ROADS) + "---|",
    ]
    for each in figures:
        shares = (f"{each.each[road].hits}/{each.each[road].of}" for road in ROADS)
        lines.append(f"| {each.half} | {each.right} | {' | '.join(shares)} | {each.error:.2f} |")
    for each in figures:
        lines += ["", f"| {each.half}: right road | " + " | ".join(ROADS) + " |"]
        lines.append("|---|" + "---|" * len(ROADS))
        for road in ROADS:
            counts = (str(each.confusion.get((road, taken), 0)) for taken in ROADS)
            lines.append(f"| {road} | {' | '.join(counts)} |")
    return "\n".join(lines) + "\n"


def _names(match: Match | None) -> tuple[str, ...]:
    return (match.skill.name,) if match else ()


def _no_cluster() -> AbstractContextManager[Sandbox]:
    raise Unavailable("choosing a road asks no cluster")


def _no_workbench(_rev: str) -> AbstractContextManager[Workbench]:
    raise Unavailable("choosing a road asks no cluster")


def _skill_is_right(taken: Taken) -> bool:
    """Reusing it would have been right: it fits, whether or not a value is missing."""
    if taken.case.road == "adapt":
        return taken.right
    return taken.case.to == (taken.skill,)


def _loaded(path: Path) -> Any:
    if not path.is_file():
        raise NotFound(f"there is no {path}: name a folder of labelled requests with --set")
    return strict_yaml.load(path.read_text(encoding="utf-8"), source=str(path))
