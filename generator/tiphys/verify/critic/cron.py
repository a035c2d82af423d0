"""Times at which something runs: five cron fields as sets, and people's words for them."""

# ruff: noqa: E501 -- a list of alternatives reads better unbroken
from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from tiphys.verify.critic.wording import NUMBER, number

_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_DAYS = "sun mon tue wed thu fri sat".split()
_LONG_DAYS = "sunday monday tuesday wednesday thursday friday saturday".split()
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

    `every_minutes`/`every_hours` is a step of equal lengths.
    """

    minutes: frozenset[int] | None = None
    hours: tuple[frozenset[int], ...] | None = None
    days: frozenset[int] | None = None
    weekdays: frozenset[int] | None = None
    every_minutes: int = 0
    every_hours: int = 0
    runs_a_day: int = 0

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
            count = len(range(0, 24, self.every_hours))
            return len(cron.minutes) == 1 and _evenly(cron.hours, 24, self.every_hours, count)
        if self.runs_a_day and len(cron.hours) * len(cron.minutes) != self.runs_a_day:
            return False
        if self.minutes is not None and cron.minutes != self.minutes:
            return False
        if self.hours is not None and cron.hours not in self.hours:
            return False
        if self.hours is None and not self.runs_a_day and len(cron.hours) > 1:
            return False
        if self.weekdays is not None:
            return not cron.either and cron.weekdays == self.weekdays and len(cron.days) == 31
        if self.days is not None:
            return not cron.either and cron.days == self.days and len(cron.weekdays) == 7
        return every_day


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


_EVERY = re.compile(
    rf"\bevery\s+(?:(?P<other>other|second)\s+|(?P<n>{NUMBER})[\s-]*)?(?:(?P<half>half)[\s-]+(?:an?\s+)?|(?P<quarter>quarter)\s+(?:of\s+)?(?:an?\s+)?)?"
    r"(?P<unit>minutes?|mins?|hours?|h)\b(?!\s+(?:before|after|or|until|at\s+most))|\b(?P<hourly>hourly)\b|\bonce\s+an?\s+(?P<an>hour)\b|\b(?P<m>minutely)\b",
    re.IGNORECASE,
)
_DAILY = re.compile(
    r"\b(?:(?:every|each)\s+(?:single\s+)?(?P<part>day|night|morning|evening|afternoon|midnight|noon)|(?P<ly>daily|nightly)|once\s+a\s+(?P<once>day|night)"
    r"|(?:in\s+the\s+)(?P<in>night|morning|evening)|(?P<twice>twice)\s+(?:a\s+day|daily)|every\s+(?P<wd>weekday|working\s+day|business\s+day|workday)|(?P<wds>on\s+(?:weekdays|working\s+days|workdays)|weekdays)|(?P<mf>monday\s+(?:to|through|till|until|-)\s+friday|mon\s?-\s?fri))\b",
    re.IGNORECASE,
)
_WEEKLY = re.compile(
    rf"\b(?:every|each|on|weekly\s+on|once\s+a\s+week\s+on)\s+(?P<days>(?:{'|'.join(_LONG_DAYS)})s?(?:\s*(?:,|and|,\s*and|&)\s*(?:{'|'.join(_LONG_DAYS)})s?){{0,6}})"
    rf"(?:\s+(?P<part>night|morning|evening|afternoon))?|\b(?P<plural>(?:{'|'.join(_LONG_DAYS)})s)\b|\bevery\s+(?P<end>weekend)\b|\b(?P<weekly>weekly|once\s+a\s+week|every\s+week)\b",
    re.IGNORECASE,
)
_MONTHLY = re.compile(
    r"\b(?:on\s+)?the\s+(?P<day>first|1st|second|2nd|third|3rd|fifteenth|15th|\d{1,2}(?:st|nd|rd|th))(?:\s+day)?\s+of\s+(?:every|each|the|a)\s+month"
    r"|\b(?:every|each)\s+(?P<first>first|1st|\d{1,2}(?:st|nd|rd|th))\s+of\s+(?:the|a)\s+month|\b(?:every|each)\s+month\s+on\s+the\s+(?P<on>first|\d{1,2}(?:st|nd|rd|th))|\b(?P<monthly>monthly|once\s+a\s+month|every\s+month)\b"
    r"|\b(?:el|le|il|am)\s+(?:d[ií]a\s+)?(?P<other>\d{1,2})(?:\.|er)?\s+(?:de\s+cada\s+mes|de\s+chaque\s+mois|di\s+ogni\s+mese|jede[ns]\s+monats?)\b",
    re.IGNORECASE,
)
_CLOCK = re.compile(
    r"(?:\bat|\bby|@|\baround|\bum|\ba\s+las|\balle|,|\d\s+and)\s+(?:(?P<half>half\s+past\s+)|(?P<q>(?:a\s+)?quarter\s+past\s+)|(?P<to>(?:a\s+)?quarter\s+to\s+))?(?P<hour>\d{1,2}|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)"
    r"(?:[:.h](?P<min>\d{2}))?\s*(?P<half2>o'?clock)?\s*(?P<ap>a\.?m\b\.?|p\.?m\b\.?|uhr\b)?(?P<part>\s+(?:in\s+the|at)\s+(?:morning|afternoon|evening|night))?"
    r"(?![\w%]|\s*(?:replicas|instances|copies|times|percent|retries|minutes|hours|Gi|Mi|cores?|least|most|pods))|(?<![\w.:/-])(?P<bare>[0-2]?\d):(?P<bmin>[0-5]\d)(?![\d:])\s*(?P<bap>a\.?m\b|p\.?m\b)?|\b(?P<word>midnight|noon|midday)\b|(?<![\w.])(?P<ah>\d{1,2})\s?(?P<aap>am|pm)\b",
    re.IGNORECASE,
)
_PAST = re.compile(
    rf"\b(?:at\s+)?(?P<n>{NUMBER})\s+minutes?\s+past(?:\s+(?:the|every|each)\s+(?:full\s+)?hour)?\b|\bat\s+minute\s+(?P<m>\d{{1,2}})\b|\bon\s+the\s+(?:full\s+)?(?P<full>hour)\b",
    re.IGNORECASE,
)
_WORK = frozenset(range(1, 6))
_ORDINAL = {"first": 1, "second": 2, "third": 3, "fifteenth": 15}


def read(sentence: str) -> tuple[Wish, int, int] | None:
    """What a sentence asks of a schedule, with the words' start and end; None if it says nothing."""
    if found := _stepwise(sentence):
        return found
    weekly, monthly, daily = (
        _WEEKLY.search(sentence),
        _MONTHLY.search(sentence),
        _DAILY.search(sentence),
    )
    spoken = monthly or weekly or daily
    if spoken is None:
        return None
    part = _part(daily, weekly)
    clock = [c for m in _CLOCK.finditer(sentence) if (c := _time(m, part))]
    ends = [spoken.end(), *(c[2] for c in clock[:1])]
    starts = [spoken.start(), *(c[3] for c in clock[:1])]
    hours: tuple[frozenset[int], ...] | None = None
    minutes = None
    runs = 2 if daily and daily["twice"] else 0
    if len(clock) == 1 and not runs:
        hours = tuple(frozenset({h}) for h in clock[0][0])
        minutes = frozenset({clock[0][1]})
    elif len(clock) == 2:
        hours = tuple(frozenset({a, b}) for a in clock[0][0] for b in clock[1][0])
        minutes = frozenset({clock[0][1], clock[1][1]})
        runs = 0
    days, weekdays = _days(monthly, weekly, daily)
    if not clock and part == "midnight":
        hours, minutes = (frozenset({0}),), frozenset({0})
    wish = Wish(minutes, hours, days, weekdays, runs_a_day=runs)
    return wish, min(starts), max(ends)


def _stepwise(sentence: str) -> tuple[Wish, int, int] | None:  # noqa: PLR0911  # one case after the other
    match = _EVERY.search(sentence)
    if match is None:
        return None
    open_hours = (
        (frozenset(range(24)),) if re.search(r"between|during|from \d", sentence, re.I) else None
    )
    if match["hourly"] or match["an"]:
        return Wish(every_hours=1), *match.span()
    unit = (match["unit"] or "minute").lower()
    count = int(number(match["n"])) if match["n"] and number(match["n"]) >= 1 else 1
    if match["other"]:
        count = 2
    half = match["half"] or (match["n"] and match["n"].lower().startswith("half"))
    quarter = match["quarter"] or (match["n"] and "quarter" in match["n"].lower())
    if unit.startswith("h") and (half or quarter):
        return Wish(every_minutes=30 if half else 15), *match.span()
    if unit.startswith("m"):
        if not 0 < count < 60:
            return None
        return Wish(every_minutes=count, hours=open_hours), *match.span()
    if not 0 < count <= 24 or open_hours:
        return None
    past = _PAST.search(sentence)
    minute = None
    if past:
        minute = 0 if past["full"] else int(number(past["n"] or past["m"]))
    if minute is not None and count == 1 and minute < 60:
        hours = (frozenset(range(24)),)
        return (
            Wish(minutes=frozenset({minute}), hours=hours),
            match.start(),
            max(match.end(), past.end() if past else 0),
        )
    return Wish(every_hours=count), *match.span()


def _part(daily: re.Match[str] | None, weekly: re.Match[str] | None) -> str:
    if daily:
        word = (
            daily["part"]
            or daily["in"]
            or daily["once"]
            or ("night" if (daily["ly"] or "").lower() == "nightly" else "")
        )
        if word:
            return word.lower()
    return (weekly["part"] or "").lower() if weekly else ""


def _time(match: re.Match[str], part: str) -> tuple[tuple[int, ...], int, int, int] | None:
    """Hours it may be, the minute, and the words' end and start."""
    if match["word"]:
        return (
            ((0,) if match["word"].lower() == "midnight" else (12,)),
            0,
            match.end(),
            match.start(),
        )
    if match["bare"]:
        hour, minute, half = int(match["bare"]), int(match["bmin"]), (match["bap"] or "").lower()
        sure = match["bare"].startswith("0") or hour > 12
    elif match["ah"]:
        hour, minute, half, sure = int(match["ah"]), 0, match["aap"].lower(), True
    else:
        hour = int(number(match["hour"]))
        minute = int(match["min"] or 0)
        half = (match["ap"] or "").lower()
        sure = bool(match["min"]) or half == "uhr"
        if match["half"]:
            minute = 30
        elif match["q"]:
            minute = 15
        elif match["to"]:
            hour, minute = hour - 1, 45
        if match["part"]:
            part = match["part"].split()[-1].lower()
    if not (0 <= hour < 24 and 0 <= minute < 60):
        return None
    return _hours(hour, half, part, sure=sure), minute, match.end(), match.start()


def _hours(hour: int, half: str, part: str, *, sure: bool) -> tuple[int, ...]:  # noqa: PLR0911  # one case after the other
    if half.startswith("a"):
        return (hour % 12,)
    if half.startswith("p"):
        return (hour % 12 + 12,)
    if hour > 12 or hour == 0:
        return (hour,)
    if part in ("evening", "afternoon") and hour < 12:
        return (hour + 12,)
    if part == "night" and hour == 12:
        return (0,)
    if part == "night" and 7 <= hour < 12:
        return (hour + 12,) if not sure else (hour, hour + 12)
    if part == "morning":
        return (hour % 12,) if not sure else (hour,)
    return (hour,)


def _days(
    monthly: re.Match[str] | None, weekly: re.Match[str] | None, daily: re.Match[str] | None
) -> tuple[frozenset[int] | None, frozenset[int] | None]:
    if monthly:
        word = (
            monthly["day"] or monthly["first"] or monthly["on"] or monthly["other"] or ""
        ).lower()
        if not word:
            return frozenset({1}), None
        return frozenset({_ORDINAL.get(word) or int(re.sub(r"\D", "", word))}), None
    if weekly:
        if weekly["end"]:
            return None, frozenset({0, 6})
        said = (weekly["days"] or weekly["plural"] or "").lower()
        chosen = frozenset(i for i, day in enumerate(_LONG_DAYS) if day in said)
        if daily and (daily["mf"] or daily["wd"]):
            chosen = _WORK
        return None, chosen or None
    if daily and (daily["wd"] or daily["wds"] or daily["mf"]):
        return None, _WORK
    return None, None
