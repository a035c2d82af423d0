"""How well requests find their skill: a fixed set, measured the same way for every embedder.

Half of the set (`is_dev`) chooses the calibration, the other half is reported, so no figure is of
requests that anything was fitted to.
"""

from __future__ import annotations

import hashlib
import itertools
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tiphys.domain.beyond import BEYOND
from tiphys.domain.errors import InvalidInput, NotFound
from tiphys.domain.ranking import Calibration, Lexicon, intent, summary, words
from tiphys.library import strict_yaml
from tiphys.ports import Document, Embedder

KINDS = ("paraphrase", "synonym", "near-miss", "typo", "language", "full", "unserved")
_WEIGHTS = [step / 10 for step in range(0, 31, 2)]
_SLOPES = [float(step) for step in (4, 6, 8, 10, 12, 15, 20, 25, 30, 40)]


@dataclass(frozen=True, slots=True)
class Case:
    """A request and the skill that serves it, None where none does."""

    text: str
    skill: str | None
    kind: str

    @property
    def is_dev(self) -> bool:
        """Whether it belongs to the half that calibrations are fitted on; fixed by its text."""
        return hashlib.sha256(self.text.encode()).digest()[0] % 2 == 0


@dataclass(frozen=True, slots=True)
class Sides:
    """Lexical score and cosine of one case with every skill, and with everything beyond them."""

    case: Case
    skills: Mapping[str, tuple[float, float]]
    beyond: Sequence[tuple[float, float]]

    def scores(self, calibration: Calibration) -> dict[str, float]:
        """The score of every skill."""
        far = max(calibration.nearness(*pair) for pair in self.beyond)
        return {
            skill: calibration.score(calibration.nearness(*pair), far)
            for skill, pair in self.skills.items()
        }


@dataclass(frozen=True, slots=True)
class Figures:
    """Shares in 0..1. `top1` and `top5` are of served requests, whatever the score.

    `false_match`: unserved requests that some skill claims; `false_reject`: served requests that no
    skill claims. `kinds` maps a kind to its top-1 (for `unserved`: the share rightly refused).
    """

    cases: int
    top1: float
    top5: float
    false_match: float
    false_reject: float
    kinds: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Speed:
    """Milliseconds of this process's CPU time, warm."""

    load_ms: float
    query_ms: float
    document_ms: float


def read_cases(path: Path) -> tuple[Case, ...]:
    """The requests in a file; NotFound, InvalidInput."""
    if not path.is_file():
        raise NotFound(f"there is no {path}: name a set of requests with --set FILE")
    loaded: Any = strict_yaml.load(path.read_text(encoding="utf-8"), source=str(path))
    try:
        cases = tuple(Case(**entry) for entry in loaded)
    except TypeError as problem:
        raise InvalidInput(f"{path}: an entry is not text, skill and kind: {problem}") from None
    if len({case.text for case in cases}) != len(cases):
        raise InvalidInput(f"{path}: the same text comes twice")
    for case in cases:
        if case.kind not in KINDS or (case.skill is None) != (case.kind == "unserved"):
            raise InvalidInput(f"{path}: kind {case.kind!r} does not fit {case.text!r}")
    return cases


def compare(
    cases: Sequence[Case], skills: Sequence[Document], embedder: Embedder
) -> tuple[list[Sides], Speed]:
    """Both sides of every case with every skill, and what the embedder costs."""
    started = time.process_time()
    embedder.embed(["warm up"], query=True)
    loaded = time.process_time()
    documents = [embedder.embed([summary(document.text)], query=False)[0] for document in skills]
    embedded = time.process_time()
    wishes = [intent(case.text) for case in cases]
    queries = [embedder.embed([wish], query=True)[0] for wish in wishes]
    asked = time.process_time()
    beyond = embedder.embed(BEYOND, query=False)
    lexicon = Lexicon()
    for document in skills:
        lexicon.put(document.skill, words(document.text))
    sides = []
    for case, wish, query in zip(cases, wishes, queries, strict=True):
        terms = words(wish)
        lexical = lexicon.scores(terms)
        pairs = {
            document.skill: (lexical.get(document.skill, 0.0), _cosine(query, vector))
            for document, vector in zip(skills, documents, strict=True)
        }
        sides.append(
            Sides(
                case,
                pairs,
                [
                    (lexicon.score_of(terms, words(text)), _cosine(query, vector))
                    for text, vector in zip(BEYOND, beyond, strict=True)
                ],
            )
        )
    return sides, Speed(
        1000 * (loaded - started),
        1000 * (asked - embedded) / len(cases),
        1000 * (embedded - loaded) / len(skills),
    )


def fit(sides: Sequence[Sides]) -> Calibration:
    """The calibration that serves these cases best.

    The weight of words is the one with the best top-1 and fewest wrong decisions; the bias puts 0.5
    where false matches and false rejects (as shares) are fewest together; the slope is the one
    that makes scores the likeliest.
    """
    found = []
    for weight in _WEIGHTS:
        edge, wrong = _edge(sides, weight)
        top1 = measure(sides, Calibration(weight, 1.0, 0.0)).top1
        found.append((top1 - wrong, -weight, edge))
    _, negative, edge = max(found)
    slopes = [Calibration(-negative, slope, -slope * edge) for slope in _SLOPES]
    return max(slopes, key=lambda calibration: _likelihood(sides, calibration))


def measure(sides: Sequence[Sides], calibration: Calibration, threshold: float = 0.5) -> Figures:
    """The figures of these cases."""
    ranks: list[tuple[Case, int, float]] = []
    for side in sides:
        scores = side.scores(calibration)
        own = scores.get(side.case.skill or "", -1.0)
        ranks.append(
            (side.case, sum(s > own for s in scores.values()), max(scores.values(), default=0.0))
        )
    return figures(ranks, threshold)


def figures(ranks: Sequence[tuple[Case, int, float]], threshold: float) -> Figures:
    """Figures from each case's rank of the right skill (0 is first) and best score."""
    served = [row for row in ranks if row[0].skill is not None]
    unserved = [row for row in ranks if row[0].skill is None]
    kinds = {
        kind: _share([rank == 0 for case, rank, _ in served if case.kind == kind])
        for kind in KINDS[:-1]
    }
    false_match = _share([best >= threshold for _, _, best in unserved])
    return Figures(
        cases=len(ranks),
        top1=_share([rank == 0 for _, rank, _ in served]),
        top5=_share([rank < 5 for _, rank, _ in served]),
        false_match=false_match,
        false_reject=_share([best < threshold for _, _, best in served]),
        kinds={**kinds, "unserved": 1.0 - false_match},
    )


def _edge(sides: Sequence[Sides], weight: float) -> tuple[float, float]:
    """The margin that divides served from unserved with the fewest wrong, and their shares."""
    plain = Calibration(weight, 1.0, 0.0)
    margins = []
    for side in sides:
        far = max(plain.nearness(*pair) for pair in side.beyond)
        best = max(plain.nearness(*pair) for pair in side.skills.values())
        margins.append((best - far, side.case.skill is not None))
    values = sorted({margin for margin, _ in margins})
    edges = [(low + high) / 2 for low, high in itertools.pairwise(values)] or values

    def wrong(edge: float) -> float:
        return _share([m >= edge for m, served in margins if not served]) + _share(
            [m < edge for m, served in margins if served]
        )

    edge = min(edges, key=wrong)
    return edge, wrong(edge)


def _likelihood(sides: Sequence[Sides], calibration: Calibration) -> float:
    """Product of the probabilities given to what is true, both classes weighing the same."""
    logs: dict[bool, list[float]] = {True: [], False: []}
    for side in sides:
        best = max(side.scores(calibration).values())
        served = side.case.skill is not None
        logs[served].append(math.log(max(1e-9, best if served else 1.0 - best)))
    return sum(sum(values) / len(values) for values in logs.values() if values)


def _share(truths: Sequence[bool]) -> float:
    return sum(truths) / len(truths) if truths else 0.0


def _cosine(one: Sequence[float], other: Sequence[float]) -> float:
    return float(sum(a * b for a, b in zip(one, other, strict=True)))
