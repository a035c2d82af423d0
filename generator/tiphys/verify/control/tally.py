"""What became of the mutants, and the score."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from tiphys.domain.skill import Waiver
from tiphys.domain.wording import counted
from tiphys.verify.control.mutants import Mutant

WAIVED_SHARE = 0.1  # of the mutants that mean anything


@dataclass(frozen=True, slots=True)
class Tally:
    """The mutants of one case (or of many) by fate; `seconds` is wall time.

    `replayed` and `clustered` were noticed, `equivalent` and `refused` (by the API server) don't
    count. `unreached` are those of `survived` that nobody had the time to run for real. `empty` is
    whether the test noticed an empty cluster, `remark` says what was unusual.
    """

    case: str
    replayed: tuple[Mutant, ...] = ()
    clustered: tuple[Mutant, ...] = ()
    survived: tuple[Mutant, ...] = ()
    waived: tuple[tuple[Mutant, str], ...] = ()
    equivalent: tuple[Mutant, ...] = ()
    refused: tuple[Mutant, ...] = ()
    unreached: int = 0
    empty: bool = True
    remark: str = ""
    seconds: float = 0.0

    @property
    def noticed(self) -> int:
        """Mutants that made the test fail."""
        return len(self.replayed) + len(self.clustered)

    @property
    def counted(self) -> int:
        """Mutants in the score."""
        return self.noticed + len(self.survived)

    @property
    def score(self) -> float:
        """The share that was noticed, 0..1; 1 where nothing counts."""
        return self.noticed / self.counted if self.counted else 1.0

    def summary(self) -> str:
        """One line for people."""
        aside = [
            f"{len(group)} {words}"
            for group, words in (
                (self.equivalent, "equivalent"),
                (self.refused, "refused by the server"),
                (self.waived, "waived"),
            )
            if group
        ]
        how = f"{len(self.replayed)} by replay, {len(self.clustered)} on the cluster"
        return (
            f"{self.score:.0%} of {counted(self.counted, 'mutant')} noticed"
            f" ({'; '.join([how, *([', '.join(aside)] if aside else [])])})"
        )


def together(tallies: Iterable[Tally], title: str) -> Tally:
    """The sum of several cases."""
    all_of = tuple(tallies)
    return Tally(
        title,
        replayed=tuple(m for t in all_of for m in t.replayed),
        clustered=tuple(m for t in all_of for m in t.clustered),
        survived=tuple(m for t in all_of for m in t.survived),
        waived=tuple(w for t in all_of for w in t.waived),
        equivalent=tuple(m for t in all_of for m in t.equivalent),
        refused=tuple(m for t in all_of for m in t.refused),
        unreached=sum(t.unreached for t in all_of),
        empty=all(t.empty for t in all_of),
        seconds=sum(t.seconds for t in all_of),
    )


def waive(
    survivors: Iterable[Mutant], waivers: Iterable[Waiver]
) -> tuple[tuple[Mutant, ...], tuple[tuple[Mutant, str], ...]]:
    """Survivors that stay, and those that a waiver excuses, each with its reason."""
    patterns = [(pattern_of(waiver), waiver.reason) for waiver in waivers]
    left: list[Mutant] = []
    excused: list[tuple[Mutant, str]] = []
    for mutant in survivors:
        reasons = (reason for pattern, reason in patterns if pattern.fullmatch(mutant.id))
        if reason := next(reasons, None):
            excused.append((mutant, reason))
        else:
            left.append(mutant)
    return tuple(left), tuple(excused)


def pattern_of(waiver: Waiver) -> re.Pattern[str]:
    """A waiver's glob: `*` is any text, everything else itself."""
    return re.compile(".*".join(re.escape(part) for part in waiver.mutant.split("*")), re.DOTALL)
