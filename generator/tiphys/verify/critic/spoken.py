"""People's words for the times at which something runs."""

# ruff: noqa: E501 -- a list of alternatives reads better unbroken
from __future__ import annotations

import re

from tiphys.verify.critic.clock import Time, times
from tiphys.verify.critic.cron import Wish
from tiphys.verify.critic.wording import NUMBER, number

_LONG_DAYS = "sunday monday tuesday wednesday thursday friday saturday".split()
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
_DAYS = rf"(?:{'|'.join(_LONG_DAYS)})"
_NAMED_DAY = re.compile(rf"\b{_DAYS}", re.IGNORECASE)
_WEEKLY = re.compile(
    rf"\b(?:every|each|on|weekly\s+on|once\s+a\s+week\s+on)\s+(?P<days>(?:{'|'.join(_LONG_DAYS)})s?(?:\s*(?:,|and|,\s*and|&)\s*(?:{'|'.join(_LONG_DAYS)})s?){{0,6}})"
    rf"(?:\s+(?P<part>night|morning|evening|afternoon))?|\b(?P<plural>(?:{'|'.join(_LONG_DAYS)})s)\b|\b(?P<first>{_DAYS})s?\s*(?:to|through|thru|till|until|-)\s*(?P<last>{_DAYS})s?\b|\bevery\s+(?P<end>weekend)\b|\b(?P<weekly>weekly|once\s+a\s+week|every\s+week)\b",
    re.IGNORECASE,
)
_ORDINALS = r"(?:first|second|third|fifteenth|\d{1,2}(?:st|nd|rd|th))"
_MONTHLY = re.compile(
    rf"\b(?:on\s+)?(?P<more>(?:(?:the\s+)?{_ORDINALS}\s*(?:,|and|&|,\s*and)\s*){{0,5}})"
    r"the\s+(?P<day>first|1st|second|2nd|third|3rd|fifteenth|15th|\d{1,2}(?:st|nd|rd|th))(?:\s+day)?\s+of\s+(?:every|each|the|a)\s+month"
    r"|\b(?:every|each)\s+(?P<first>first|1st|\d{1,2}(?:st|nd|rd|th))\s+of\s+(?:the|a)\s+month|\b(?:every|each)\s+month\s+on\s+the\s+(?P<on>first|\d{1,2}(?:st|nd|rd|th))|\b(?P<monthly>monthly|once\s+a\s+month|every\s+month)\b"
    r"|\b(?:el|le|il|am)\s+(?:d[ií]a\s+)?(?P<other>\d{1,2})(?:\.|er)?\s+(?:de\s+cada\s+mes|de\s+chaque\s+mois|di\s+ogni\s+mese|jede[ns]\s+monats?)\b",
    re.IGNORECASE,
)
_PAST = re.compile(
    rf"\b(?:at\s+)?(?P<n>{NUMBER})\s+minutes?\s+past(?:\s+(?:the|every|each)\s+(?:full\s+)?hour)?\b|\bat\s+minute\s+(?P<m>\d{{1,2}})\b|\bon\s+the\s+(?:full\s+)?(?P<full>hour)\b",
    re.IGNORECASE,
)
_RUNS = re.compile(
    r"\b(?:runs?|running|cron\w*|schedul\w*|once\s+a\s+week|weekly)\b", re.IGNORECASE
)
_DEADLINE = re.compile(
    r"\b(?:releases?|deadline|due|demo|meeting|review|until|latest|delet\w+|go(?:es|ing)?\s+live|ready|finished"
    r"|holidays?|came|was|were|last|next|this)\b",
    re.IGNORECASE,
)
_FROM = re.compile(r"\bfrom\s*\Z", re.IGNORECASE)
_TO = re.compile(r"\s*(?:to|until|till)\s*", re.IGNORECASE)
_MOVES = re.compile(r"\b(?:mov|shift|chang|postpon|push|reschedul|delay)\w*\b", re.IGNORECASE)
_WORK = frozenset(range(1, 6))
_ORDINAL = {"first": 1, "second": 2, "third": 3, "fifteenth": 15}


def read(sentence: str) -> tuple[Wish, int, int] | None:
    """What a sentence asks of a schedule, with the words' start and end; None if it says nothing."""
    if found := _stepwise(sentence):
        return found
    weekly, monthly, daily = _week(sentence), _MONTHLY.search(sentence), _DAILY.search(sentence)
    if weekly and weekly["weekly"] and daily and not daily["in"]:
        weekly = None  # "the weekly figures, every night": what they are called
    spoken = monthly or weekly or daily
    part = _part(daily, weekly)
    clock = _moved(sentence, times(sentence, part))
    if spoken is None or clock is None or _no_days(sentence, spoken, timed=bool(clock)):
        return None
    ends = [spoken.end(), *(c.end for c in clock[:1])]
    starts = [spoken.start(), *(c.start for c in clock[:1])]
    hours: tuple[frozenset[int], ...] | None = None
    minutes = None
    runs = 2 if daily and daily["twice"] else 0
    if len(clock) == 1 and not runs:
        hours = tuple(frozenset({h}) for h in clock[0].hours)
        minutes = frozenset({clock[0].minute})
    elif len(clock) == 2:
        hours = tuple(frozenset({a, b}) for a in clock[0].hours for b in clock[1].hours)
        minutes = frozenset({clock[0].minute, clock[1].minute})
        runs = 0
    days, weekdays = _days(monthly, weekly, daily)
    if not clock and part == "midnight":
        hours, minutes = (frozenset({0}),), frozenset({0})
    any_day = spoken is weekly and weekdays is None
    wish = Wish(minutes, hours, days, weekdays, runs_a_day=runs, weekly=any_day)
    return wish, min(starts), max(ends)


def _week(sentence: str) -> re.Match[str] | None:
    """The words for days of the week: those that name them, if any do."""
    found = list(_WEEKLY.finditer(sentence))
    return next((each for each in found if not each["weekly"]), found[0] if found else None)


def _no_days(sentence: str, spoken: re.Match[str], *, timed: bool) -> bool:
    """Whether the words for days are not those of the runs, or can't be read for sure."""
    if spoken.re is _DAILY:  # of which days, it may say in a way that is not read
        return bool(spoken["in"] and _NAMED_DAY.search(sentence))
    if spoken.re is not _WEEKLY:
        return False
    moved = bool(spoken["first"]) and _from(sentence, spoken.start())
    return moved or _once(sentence, spoken, timed=timed)


def _moved(sentence: str, clock: list[Time]) -> list[Time] | None:
    """Without the time from which a run is moved; None where "from ... to" is no move."""
    if len(clock) < 2 or not _FROM.search(sentence[: clock[0].start]):
        return clock
    if not _TO.fullmatch(sentence, clock[0].end, clock[1].start):
        return clock
    return clock[1:] if _from(sentence, clock[0].start) else None


def _from(sentence: str, start: int) -> bool:
    """Whether what starts there is where a run is moved away from."""
    return bool(_FROM.search(sentence[:start]) and _MOVES.search(sentence))


def _once(sentence: str, weekly: re.Match[str], *, timed: bool) -> bool:
    """Whether "on Thursday" is one day by which something happens: a release, a holiday."""
    one = weekly["days"] is not None and weekly[0].lower().startswith("on")
    if not one or weekly["days"].lower().endswith("s"):
        return False
    return not (timed or _RUNS.search(sentence)) or bool(_DEADLINE.search(sentence))


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
    if not 0 < count <= 24:
        return None
    past = None if open_hours else _PAST.search(sentence)
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
    return Wish(every_hours=count, within=bool(open_hours)), *match.span()


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


def _days(
    monthly: re.Match[str] | None, weekly: re.Match[str] | None, daily: re.Match[str] | None
) -> tuple[frozenset[int] | None, frozenset[int] | None]:
    if monthly:
        word = (
            monthly["day"] or monthly["first"] or monthly["on"] or monthly["other"] or ""
        ).lower()
        if not word:
            return frozenset({1}), None
        every = [word, *re.findall(_ORDINALS, (monthly["more"] or "").lower())]
        return frozenset(_ORDINAL.get(w) or int(re.sub(r"\D", "", w)) for w in every), None
    if weekly:
        if weekly["end"]:
            return None, frozenset({0, 6})
        said = (weekly["days"] or weekly["plural"] or "").lower()
        chosen = frozenset(i for i, day in enumerate(_LONG_DAYS) if day in said)
        if daily and (daily["mf"] or daily["wd"]):
            chosen = _WORK
        if weekly["first"]:
            first, last = (_LONG_DAYS.index(weekly[g].lower()) for g in ("first", "last"))
            chosen = frozenset((first + n) % 7 for n in range((last - first) % 7 + 1))
        return None, chosen or None
    if daily and (daily["wd"] or daily["wds"] or daily["mf"]):
        return None, _WORK
    return None, None
