"""How far the critic can be trusted: a labelled set, and the figures of each half.

A pair is a request with manifests that a person called good or bad. The critic's answer is bad
where it contradicts at least one requirement. It is improved on the half "tune" only; the other
half, "held-out", is what the figures of the documentation are of.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tiphys.domain.errors import InvalidInput, NotFound
from tiphys.library import strict_yaml
from tiphys.ports import Object
from tiphys.verify.critic import Remark, remarks

HALVES = ("tune", "held-out")
_Z = 1.959964  # of 95 %
Critic = Callable[[str, Sequence[Object]], Sequence[Remark]]


@dataclass(frozen=True, slots=True)
class Pair:
    """A request and manifests that do what it asks (`good`) or do not, and why.

    `fault` names what is wrong with a bad one: "port", "schedule".
    """

    id: str
    request: str
    label: Literal["good", "bad"]
    why: str
    manifests: str
    half: str
    fault: str = ""

    @property
    def objects(self) -> list[Object]:
        """The documents of the manifests. InvalidInput."""
        return strict_yaml.load_documents(self.manifests, source=self.id)


@dataclass(frozen=True, slots=True)
class Share:
    """`hits` of `of`, with the bounds of its 95 % Wilson interval."""

    hits: int
    of: int

    @property
    def value(self) -> float:
        """The share, 0 of nothing."""
        return self.hits / self.of if self.of else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Lower and upper bound; (0, 1) of nothing."""
        if not self.of:
            return 0.0, 1.0
        square, share = _Z * _Z / self.of, self.value
        middle = (share + square / 2) / (1 + square)
        spread = (
            _Z * math.sqrt(share * (1 - share) / self.of + square / (4 * self.of)) / (1 + square)
        )
        return max(0.0, middle - spread), min(1.0, middle + spread)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.hits}/{self.of} = {self.value:.1%} ({low:.1%} to {high:.1%})"


@dataclass(frozen=True, slots=True)
class Judged:
    """A pair and what the critic said about it."""

    pair: Pair
    remarks: tuple[Remark, ...]

    @property
    def objects_to(self) -> bool:
        """Whether anything asked for was found contradicted."""
        return any(each.ruling == "contradicted" for each in self.remarks)

    @property
    def agrees(self) -> bool:
        """Whether the critic and the label say the same."""
        return self.objects_to == (self.pair.label == "bad")


@dataclass(frozen=True, slots=True)
class Calibration:
    """The figures of one half.

    `false_accept`: bad pairs without a contradiction; `false_reject`: good pairs with one. `faults`
    maps the kind of fault to the bad pairs of it that were noticed.
    """

    half: str
    count: int
    agreement: Share
    kappa: float
    false_accept: Share
    false_reject: Share
    faults: Mapping[str, Share]
    wrong: tuple[Judged, ...]


def read_pairs(folder: Path) -> tuple[Pair, ...]:
    """Every pair of the folder's YAML files; NotFound, InvalidInput."""
    files = sorted(folder.glob("*.yaml"))
    if not files:
        raise NotFound(f"there is no labelled set in {folder}: name its folder")
    found: list[Pair] = []
    for file in files:
        loaded: Any = strict_yaml.load(file.read_text(encoding="utf-8"), source=str(file))
        try:
            found += [Pair(**entry) for entry in loaded]
        except TypeError as problem:
            raise InvalidInput(f"{file}: an entry is not a labelled pair: {problem}") from None
    if len({pair.id for pair in found}) != len(found):
        raise InvalidInput(f"{folder}: the same id comes twice")
    for pair in found:
        if pair.label not in ("good", "bad") or pair.half not in HALVES:
            raise InvalidInput(f"{pair.id}: its label or half is none of those that are known")
    return tuple(found)


def calibrate(pairs: Iterable[Pair], half: str, critic: Critic = remarks) -> Calibration:
    """Put the pairs of one half to the critic."""
    judged = [Judged(p, tuple(critic(p.request, p.objects))) for p in pairs if p.half == half]
    bad = [each for each in judged if each.pair.label == "bad"]
    good = [each for each in judged if each.pair.label == "good"]
    faults = {
        fault: Share(
            sum(e.objects_to for e in bad if e.pair.fault == fault),
            sum(e.pair.fault == fault for e in bad),
        )
        for fault in sorted({each.pair.fault for each in bad})
    }
    return Calibration(
        half=half,
        count=len(judged),
        agreement=Share(sum(each.agrees for each in judged), len(judged)),
        kappa=_kappa(judged),
        false_accept=Share(sum(not each.objects_to for each in bad), len(bad)),
        false_reject=Share(sum(each.objects_to for each in good), len(good)),
        faults=faults,
        wrong=tuple(each for each in judged if not each.agrees),
    )


def table(figures: Iterable[Calibration]) -> str:
    """Markdown: one row a half, then one row a kind of fault."""
    found = list(figures)
    lines = [
        "| half | N | agreement | kappa | false accept | false reject |",
        "|---|---:|---|---:|---|---|",
        *(
            f"| {each.half} | {each.count} | {each.agreement} | {each.kappa:.2f} "
            f"| {each.false_accept} | {each.false_reject} |"
            for each in found
        ),
        "",
        "| kind of fault | " + " | ".join(f"noticed ({each.half})" for each in found) + " |",
        "|---|" + "---|" * len(found),
    ]
    for fault in sorted({fault for each in found for fault in each.faults}):
        shares = (each.faults.get(fault, Share(0, 0)) for each in found)
        lines.append(f"| {fault} | " + " | ".join(f"{s.hits}/{s.of}" for s in shares) + " |")
    return "\n".join(lines) + "\n"


def _kappa(judged: Sequence[Judged]) -> float:
    """Cohen's kappa of critic and label; 0 where one of them always says the same."""
    count = len(judged)
    if not count:
        return 0.0
    said = sum(each.objects_to for each in judged) / count
    labelled = sum(each.pair.label == "bad" for each in judged) / count
    chance = said * labelled + (1 - said) * (1 - labelled)
    seen = sum(each.agrees for each in judged) / count
    return (seen - chance) / (1 - chance) if chance < 1 else 0.0
