"""What became of objects that were tried on a cluster: the evidence that an author learns from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

# refused: the API server takes it not. denied: a guardrail. warned: an event after it was applied.
# contradicted: it stands, and is not what was asked for. open: nobody can tell whether it is.
Stage = Literal["refused", "denied", "warned", "contradicted", "open"]
_WEIGHT: Mapping[Stage, int] = {
    "refused": 0,
    "denied": 1,
    "contradicted": 2,
    "warned": 3,
    "open": 4,
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, or that can't be settled.

    `object` is like "Deployment/shop/web" ("" where none is to blame), `path` a field of it like
    "spec.replicas", `wanted` the value that the request asks for where it is known; what
    contradicts a request that wants no value there has none.
    """

    stage: Stage
    words: str
    object: str = ""
    path: str = ""
    wanted: str = ""


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a cluster and the critic said. `live` are the objects with the server's defaults."""

    problems: tuple[Problem, ...]
    covered: int
    live: tuple[Mapping[str, Any], ...]
    seconds: float = 0.0

    @property
    def good(self) -> bool:
        """Nothing is known to be wrong."""
        return bool(self.live) and all(each.stage == "open" for each in self.problems)

    @property
    def troubles(self) -> tuple[int, ...]:
        """Smaller is better: problems by stage, the worst stage first, without what is open."""
        return (0 if self.live else 1, *self._counts()[:4])

    @property
    def rank(self) -> tuple[int, ...]:
        """Smaller is better: refusals, then what is contradicted less what is covered, the rest.

        What is left out contradicts nothing, and covers nothing.
        """
        refused, denied, contradicted, warned, still_open = self._counts()
        return (
            0 if self.live else 1,
            refused,
            denied,
            contradicted - self.covered,
            warned,
            still_open,
        )

    def _counts(self) -> Sequence[int]:
        counts = [0] * len(_WEIGHT)
        for each in self.problems:
            counts[_WEIGHT[each.stage]] += 1
        return counts

    def of(self, *stages: Stage) -> Sequence[Problem]:
        """The problems of these stages."""
        return tuple(each for each in self.problems if each.stage in stages)
