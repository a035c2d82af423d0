"""Times at which something runs: five cron fields as sets, and what may be asked of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_DAYS = "sun mon tue wed thu fri sat".split()
_MACROS = {
    "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
}  # fmt: skip
_BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_PART = re.compile(r"(\*|\?|\w{1,3})(?:-(\w{1,3}))?(?:/(\d{1,2}))?\Z")


@dataclass(frozen=True, slots=True)
class Cron:
    """Five fields as sets; days of the week are 0 (Sunday) to 6. `either`: a day of either set."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either: bool = False


@dataclass(frozen=True, slots=True)
class Wish:
    """What words ask of a schedule; None where they leave it open. Sets of sets are alternatives.

    `every_minutes`/`every_hours` is a step of equal lengths (`within`: in some hours of the day),
    `weekly` any one day of the week.
    """

    minutes: frozenset[int] | None = None
    hours: tuple[frozenset[int], ...] | None = None
    days: frozenset[int] | None = None
    weekdays: frozenset[int] | None = None
    every_minutes: int = 0
    every_hours: int = 0
    runs_a_day: int = 0
    weekly: bool = False
    within: bool = False

    def met_by(self, cron: Cron) -> bool | None:  # noqa: PLR0911  # one case after the other
        """Whether a schedule does that; None where it can't be said."""
        every_day = cron.days == frozenset(range(1, 32)) and cron.weekdays == frozenset(range(7))
        if cron.months != frozenset(range(1, 13)):
            return False if (self.every_minutes or self.every_hours) else None
        if self.every_minutes:
            steps = frozenset(range(0, 60, self.every_minutes))
            return _evenly(cron.minutes, 60, self.every_minutes, len(steps)) and (
                self.hours is not None or len(cron.hours) == 24
            )
        if self.every_hours:
            return len(cron.minutes) == 1 and self._spaced(cron.hours)
        if self.runs_a_day and len(cron.hours) * len(cron.minutes) != self.runs_a_day:
            return False
        if self.minutes is not None and cron.minutes != self.minutes:
            return False
        if self.hours is not None and cron.hours not in self.hours:
            return False
        if self.hours is None and not self.runs_a_day and len(cron.hours) > 1:
            return False
        if self.weekly or self.weekdays is not None or self.days is not None:
            return not cron.either and self._on_days(cron)
        return every_day

    def _spaced(self, hours: frozenset[int]) -> bool:
        if self.within:
            ordered = sorted(hours)
            gaps = [(b - a) % 24 for a, b in pairwise([*ordered, *ordered[:1]])]
            return sum(gap != self.every_hours for gap in gaps) <= 1  # the night, or the day
        return _evenly(hours, 24, self.every_hours, len(range(0, 24, self.every_hours)))

    def _on_days(self, cron: Cron) -> bool:
        if self.weekly:
            return len(cron.weekdays) == 1 and len(cron.days) == 31
        if self.weekdays is not None:
            return cron.weekdays == self.weekdays and len(cron.days) == 31
        return cron.days == self.days and len(cron.weekdays) == 7


def parse(text: str) -> Cron | None:
    """A cron expression of five fields or a macro; None for anything else."""
    text = _MACROS.get(text.strip().lower(), text)
    parts = text.split()
    if len(parts) != 5 or len(text) > 200:
        return None
    found = [_field(part, i) for i, part in enumerate(parts)]
    if any(each is None for each in found):
        return None
    minutes, hours, days, months, weekdays = (each or frozenset() for each in found)
    either = not parts[2].startswith(("*", "?")) and not parts[4].startswith(("*", "?"))
    return Cron(minutes, hours, days, months, frozenset(d % 7 for d in weekdays), either)


def _field(text: str, index: int) -> frozenset[int] | None:
    low, high = _BOUNDS[index]
    found: set[int] = set()
    for piece in text.split(","):
        match = _PART.match(piece)
        if match is None:
            return None
        if match[1] in "*?":
            first, last = low, 6 if index == 4 else high
        else:
            start = _value(match[1], index)
            end = _value(match[2], index) if match[2] else (high if match[3] else start)
            if start is None or end is None:
                return None
            first, last = start, end
        step = int(match[3] or 1)
        if not (low <= first <= last <= high) or step < 1:
            return None
        found.update(range(first, last + 1, step))
    return frozenset(found)


def _value(word: str, index: int) -> int | None:
    if word.isdigit():
        return int(word)
    names = _MONTHS if index == 3 else _DAYS if index == 4 else []
    lower = word.lower()
    return names.index(lower) + (index == 3) if lower in names else None


def _evenly(values: frozenset[int], whole: int, step: int, count: int) -> bool:
    ordered = sorted(values)
    if len(ordered) != count:
        return False
    if whole % step:
        return values == frozenset(range(0, whole, step))
    return all(b - a == step for a, b in pairwise(ordered))
