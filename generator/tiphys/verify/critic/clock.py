"""Times of day in people's words: "at 3:17", "a quarter to seven", "ten past two in the night"."""

# ruff: noqa: E501 -- a list of alternatives reads better unbroken
from __future__ import annotations

import re
from typing import NamedTuple

from tiphys.verify.critic.wording import number

_HOUR = r"\d{1,2}|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twenty(?:[\s-](?:one|two|three))?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
_MINUTES = r"\d{1,2}|(?:twenty|thirty|forty|fifty)(?:[\s-](?:one|two|three|four|five|six|seven|eight|nine))?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen"
_PARTS = r"(?P<part>\s+(?:in\s+the|at)\s+(?:morning|afternoon|evening|night))?"
# "ten past two", "a quarter to seven", "half past three", "five minutes before midnight"
_AROUND = re.compile(
    rf"\b(?:(?P<half>half)|(?P<quarter>(?:a\s+)?quarter)|(?P<min>{_MINUTES})(?:\s+min(?:ute)?s?)?)\s+(?P<way>past|after|(?<!\d\s)to|before|till)\s+"
    rf"(?:(?P<word>midnight|noon|midday)|(?P<hour>{_HOUR})(?:\s*o'?clock)?)\s*(?P<ap>a\.?m\b\.?|p\.?m\b\.?)?{_PARTS}(?![\w%:])",
    re.IGNORECASE,
)
_CLOCK = re.compile(
    rf"(?:\bat|\bby|@|\baround|\bum|\ba\s+las|\balle|,|\d\s+and)\s+(?P<hour>{_HOUR})"
    rf"(?:[:.h](?P<min>\d{{2}}))?\s*(?:o'?clock)?\s*(?P<ap>a\.?m\b\.?|p\.?m\b\.?|uhr\b)?{_PARTS}"
    r"(?![\w%]|\s*(?:replicas|instances|copies|times|percent|retries|minutes|hours|Gi|Mi|cores?|least|most|pods))|(?<![\w.:/-])(?P<bare>[0-2]?\d):(?P<bmin>[0-5]\d)(?![\d:])\s*(?P<bap>a\.?m\b|p\.?m\b)?|\b(?P<word>midnight|noon|midday)\b|(?<![\w.])(?P<ah>\d{1,2})\s?(?P<aap>am|pm)\b",
    re.IGNORECASE,
)


class Time(NamedTuple):
    """Hours that it may be, the minute, and the words' start and end."""

    hours: tuple[int, ...]
    minute: int
    start: int
    end: int


def times(sentence: str, part: str) -> list[Time]:
    """Each time of day that is said; `part` is the one of the day that the sentence is about."""
    found = [t for m in _AROUND.finditer(sentence) if (t := _around(m, part))]
    for match in _CLOCK.finditer(sentence):
        if any(t.start < match.end() and match.start() < t.end for t in found):
            continue
        if time := _time(match, part):
            found.append(time)
    return sorted(found, key=lambda time: time.start)


def _around(match: re.Match[str], part: str) -> Time | None:
    away = 30 if match["half"] else 15 if match["quarter"] else int(number(match["min"]))
    if not 0 < away < 60:
        return None
    if match["part"]:
        part = match["part"].split()[-1].lower()
    word = (match["word"] or "").lower()
    if word:
        hours: tuple[int, ...] = (0,) if word == "midnight" else (12,)
    else:
        hour = int(number(match["hour"]))
        if hour >= 24:
            return None
        hours = _hours(hour, (match["ap"] or "").lower(), part, sure=False)
        if hour < 12 and not match["ap"] and not part:
            hours = (hour, hour + 12)
    if match["way"].lower() in ("to", "before", "till"):
        hours, away = tuple((h - 1) % 24 for h in hours), 60 - away
    return Time(hours, away, match.start(), match.end())


def _time(match: re.Match[str], part: str) -> Time | None:
    if match["word"]:
        hours = (0,) if match["word"].lower() == "midnight" else (12,)
        return Time(hours, 0, *match.span())
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
        if match["part"]:
            part = match["part"].split()[-1].lower()
    if not (0 <= hour < 24 and 0 <= minute < 60):
        return None
    return Time(_hours(hour, half, part, sure=sure), minute, *match.span())


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
