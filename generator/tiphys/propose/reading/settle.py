"""Which figure belongs to which word where several stand close together: "port 80 replicas 3"."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from tiphys.propose.reading.sheet import Span

COLON = 3


@dataclass(frozen=True, slots=True)
class Candidate:
    """A figure that stands beside a phrase of a property.

    `rank` is 3 with a colon between them, 2 side by side, 1 with a small word between.
    """

    name: str
    raw: str
    figure: Span
    phrase: Span
    rank: int


Claims = dict[tuple[str, Span], list[Candidate]]  # by property and phrase


def settle(claims: Claims) -> Iterator[Candidate]:
    """At most one figure for each phrase, and one property for each figure; the rest is open."""
    _leave_taken(claims)
    nearest = [best for found in claims.values() if (best := _nearest(found))]
    wanted: dict[Span, list[Candidate]] = defaultdict(list)
    for each in nearest:
        wanted[each.figure].append(each)
    for each in nearest:
        rivals = [other for other in wanted[each.figure] if other.name != each.name]
        if all(_strength(each) > _strength(rival) for rival in rivals):
            yield each


def _leave_taken(claims: Claims) -> None:
    """Take away from each phrase what is another's only figure, until that changes nothing."""
    for _ in range(len(claims)):
        taken: dict[Span, str] = {}
        for (name, _phrase), found in claims.items():
            if len(found) == 1 or (found and found[0].rank == COLON):
                taken.setdefault(found[0].figure, name)
        left = {
            key: [c for c in found if taken.get(c.figure, c.name) == c.name]
            if len(found) > 1
            else found
            for key, found in claims.items()
        }
        if left == claims:
            return
        claims.update(left)


def _nearest(found: list[Candidate]) -> Candidate | None:
    highest = max((candidate.rank for candidate in found), default=0)
    best = [candidate for candidate in found if candidate.rank == highest]
    return best[0] if len({candidate.raw for candidate in best}) == 1 else None


def _strength(candidate: Candidate) -> tuple[int, int]:
    """A colon beats a neighbour, and a longer phrase says more."""
    return candidate.rank, candidate.phrase[1] - candidate.phrase[0]
