"""Schedules in words ("every weekday at 7am", "hourly") as cron fields."""

from __future__ import annotations

import re
from collections.abc import Iterator

_DAYS = {
    day: number
    for number, days in enumerate(
        [
            "sunday sonntag dimanche domingo domenica zondag",
            "monday montag lundi lunes lunedì maandag segunda segunda-feira",
            "tuesday dienstag mardi martes martedì dinsdag terça terça-feira",
            "wednesday mittwoch mercredi miércoles mercoledì woensdag quarta quarta-feira",
            "thursday donnerstag jeudi jueves giovedì donderdag quinta quinta-feira",
            "friday freitag vendredi viernes venerdì vrijdag sexta sexta-feira",
            "saturday samstag samedi sábado sabato zaterdag",
        ]
    )
    for day in days.split()
}
_ORDINALS = {
    word: number
    for number, words in enumerate(
        ["first ersten premier primero 1er", "second zweiten deux dos", "third dritten trois tres"],
        1,
    )
    for word in words.split()
}
_EVERY = (
    r"(?:every|each|jede[nrsm]?|chaque|tous\s+les|toutes\s+les|cada|todos\s+[lo]?os|todas\s+[la]?as"
    r"|ogni|elke|iedere)\s+"
)
_DAY = rf"(?:{'|'.join(sorted(_DAYS, key=len, reverse=True))})s?"
_TO = r"(?:to|through|thru|till|until|bis|à|au|a|al|até|tot|t/m|[-\u2013])"
_AND = r"(?:\s*,\s*|\s*&\s*|\s*,?\s+(?:and|und|et|y|e)\s+)"
_DAYS_LIST = rf"{_DAY}(?:{_AND}(?:on\s+)?{_DAY})*"
_NTH = rf"(?P<nth>\d{{1,2}}(?=st|nd|rd|th|\.|er|\s)|{'|'.join(_ORDINALS)})(?:st|nd|rd|th|\.|er)?"
_MONTH = r"(?:month|monats|mois|mes|mese)"
_WHEN = re.compile(
    r"(?<![\w-])(?:"
    rf"(?P<month>(?:(?:{_EVERY}{_MONTH}|monthly)\s+on\s+the\s+{_NTH})(?:\s+day)?)"
    rf"|(?P<month2>(?:on\s+the|every|each|the|am|jeden|le|el)\s+{_NTH.replace('nth', 'nth2')}"
    rf"(?:\s+day)?\s+(?:(?:of|de|del|di)\s+)?(?:the\s+|{_EVERY}|des\s+)?{_MONTH})"
    rf"|(?P<work>(?:{_EVERY}|on\s+)?(?:weekdays?|workdays?|working\s+days?|werktage?|"
    r"jours?\s+ouvrés?)|werktags)"
    rf"|(?P<end>(?:{_EVERY}|on\s+)weekends?)"
    rf"|(?P<first>{_DAY})\s*{_TO}\s*(?P<last>{_DAY})"
    rf"|(?:{_EVERY}|weekly\s+on\s+|on\s+|am\s+)(?P<days>{_DAYS_LIST})"
    rf"|(?P<late>nightly|{_EVERY}(?:night|evening|nacht|abend|nuits?|soirs?|noches?|tardes?|notte|sera|noites?|avond))"
    rf"|(?P<daily>daily|täglich|quotidiennement|diariamente|dagelijks|{_EVERY}(?:day|morning|tag|morgen|jours?|matins?"
    r"|días?|mañanas?|giorno|mattina|dias?|manhãs?|dag|ochtend))"
    r")(?![\w-])",
    re.IGNORECASE,
)
_HOURS_SAID = "one two three four five six seven eight nine ten eleven twelve".split()
_MINUTES_SAID = {"five": 5, "ten": 10, "twenty": 20, "twenty-five": 25}
_HALF = (
    r"(?:\s*(?P<half>[ap]\.?m\b\.?)|\s+(?P<am>in\s+the\s+morning|morgens|du\s+matin|de\s+la\s+mañana)|"
    r"\s+(?P<pm>in\s+the\s+(?:afternoon|evening)|at\s+night|nachmittags|abends|de\s+l'après-midi|"
    r"du\s+soir|de\s+la\s+(?:tarde|noche)))?"
)
_SAID = (
    rf"(?P<part>(?:a\s+)?quarter|half|{'|'.join(_MINUTES_SAID)})\s+(?P<side>past|to)\s+"
    rf"(?P<of>{'|'.join(_HOURS_SAID)}|\d{{1,2}})\b"
)
_CLOCK = (
    rf"(?:(?:{_SAID}|(?P<hour>\d{{1,2}})(?:(?:[:.]|\s?h\s?)(?P<minute>\d{{2}}))?(?:\s?(?:h|uhr|uur|o'clock)\b)?)"
    rf"{_HALF}|(?P<noon>noon|mittags?|midi|mediodía)|"
    r"(?P<midnight>midnight|mitternacht|minuit|medianoche))(?![\w:])"
)
_AT = r"(?:at|um|à|às?|a\s+las?|alle|gegen|om)"
_FILLER = (
    r"(?:\s*,?\s+(?:and|und|et|y|e|en|only|nur|seulement|sólo|solo|só|alleen|from|von|du|de|da|van"
    r"|dal)){0,4}"
)
_AFTER = re.compile(
    rf"(?:\s+(?:only|nur|sólo|solo|só|alleen))?\s*,?\s+{_AT}\s+{_CLOCK}", re.IGNORECASE
)
_BEFORE = re.compile(
    rf"(?<![\w:.])(?:{_AT}\s+|(?=\d{{1,2}}:\d{{2}})){_CLOCK}{_FILLER}\s*,?\s+\Z", re.IGNORECASE
)
_HH_MM = r"\d{1,2}[:.]\d{2}(?![:.]?\d)"
_TIMES = re.compile(
    rf"(?<!\w){_AT}\s+(?P<times>{_HH_MM}(?:\s*,\s*(?:{_AT}\s+)?{_HH_MM})*{_AND}(?:{_AT}\s+)?{_HH_MM})",
    re.IGNORECASE,
)
_NEAR = 12  # letters between times and their days
_APART = re.compile(r",\s*(?:and|und|et|y|e)\b", re.IGNORECASE)
_MINUTES = re.compile(rf"\b{_EVERY}(\d{{1,2}})\s*(?:minutes|minuten|minutos|minuti|min)\b", re.I)
_HOURS = re.compile(rf"\b{_EVERY}(\d{{1,2}})\s*(?:hours|stunden|heures|horas|ore|h)\b", re.I)
_HOURLY = re.compile(
    rf"\bhourly\b|\bstündlich\b|\b{_EVERY}(?:hour|stunde|heures?|horas?|ora)\b", re.I
)
# What follows a schedule and makes it another one than its words so far say.
_MORE = re.compile(
    rf"\s*(?:,|&|\b(?:and|und|et|y|e)\b)\s*(?:also\s+|again\s+)?(?:{_AT}\s+)?(?:on\s+)?"
    rf"(?:\d{{1,2}}(?:[:.h]\d{{2}}|\s?[ap]m|\s?uhr|\s*(?:$|[.,;]|and\b))|noon\b|midnight\b|{_EVERY}|{_DAY}\b)"
    r"|\s*,?\s+(?:on|at)\s+(?:the\s+)?(?:half|quarter|minute|\d{1,2}\s+(?:minutes\s+)?past)\b"
    r"|\s*,?\s+(?:between|except|but|only(?!\s*(?:[.,;:!]|\Z))|during|until|till|unless|while|starting|from\s+\d|"
    r"außer|zwischen|bis|sauf|entre|excepto|"
    rf"(?:on|in)\s+(?:the\s+)?(?:weekdays?|workdays?|weekends?|{_DAY}|first|last|\d|january|"
    r"february|march|april|may|june|july|august|september|october|november|december|winter|summer))\b",
    re.IGNORECASE,
)

# "on the 1st and" the 15th.
_OTHER_DAY = re.compile(
    r"(?<![\w:.])\d{1,2}(?:st|nd|rd|th|er|\.)?\s*(?:,|&|\b(?:and|und|et|y|e))\s*\Z"
)


def cron_from_words(text: str) -> Iterator[tuple[int, int, str]]:
    """(start, end, five cron fields) for each schedule in words that leaves nothing to guess.

    A day without an hour is left out, and so is a schedule with an exception: both would have to
    be guessed at.
    """
    for form, unit, fields in ((_MINUTES, 60, "*/{} * * * *"), (_HOURS, 24, "0 */{} * * *")):
        for match in form.finditer(text):
            step = int(match[1])
            if 0 < step < unit and unit % step == 0 and not _MORE.match(text, match.end()):
                yield *match.span(), fields.format(step)
    for match in _HOURLY.finditer(text):
        if not _MORE.match(text, match.end()) and not _AFTER.match(text, match.end()):
            yield *match.span(), "0 * * * *"
    yield from _several(text)
    yield from _once_a_day(text)


def _once_a_day(text: str) -> Iterator[tuple[int, int, str]]:
    """Of "every Sunday at 3 am" and "at 6:30 on weekdays"."""
    for match in _WHEN.finditer(text):
        after = _AFTER.match(text, match.end())
        before = _BEFORE.search(text, max(0, match.start() - 40), match.start())
        clock = after or before
        if clock is None or (after and before):
            continue
        if _OTHER_DAY.search(text, max(0, match.start() - 40), match.start()):
            continue
        start, end = min(match.start(), clock.start()), max(match.end(), clock.end())
        if any(each.start() < end and start < each.end() for each in _TIMES.finditer(text)):
            continue
        time, days = _time(clock, late=bool(match["late"])), _days(match)
        if time is not None and days is not None and not _MORE.match(text, end):
            yield start, end, f"{time[1]} {time[0]} {days}"


def _several(text: str) -> Iterator[tuple[int, int, str]]:
    """Of "at 6:40, 12:40 and 18:40", which is daily where no days are named."""
    days = [*_WHEN.finditer(text)]
    for match in _TIMES.finditer(text):
        told = {
            tuple(map(int, re.split("[:.]", each))) for each in re.findall(_HH_MM, match["times"])
        }
        hours, minutes = sorted({each[0] for each in told}), {each[1] for each in told}
        if len(minutes) != 1 or hours[-1] > 23 or max(minutes) > 59 or len(days) > 1:
            continue
        start, end, on = *match.span(), "* * *"
        for when in days:
            gap = max(when.start() - end, start - when.end())
            apart = _APART.search(text, min(end, when.end()), max(start, when.start()))
            on = (_days(when) or "") if gap <= _NEAR and not apart else ""
            start, end = min(start, when.start()), max(end, when.end())
        if on:
            yield start, end, f"{minutes.pop()} {','.join(map(str, hours))} {on}"


def _days(match: re.Match[str]) -> str | None:
    """The last three cron fields: day of the month, month, day of the week."""
    if match["month"] or match["month2"]:
        word = (match["nth"] or match["nth2"]).lower()
        number = _ORDINALS.get(word) or (int(word) if word.isdecimal() else 0)
        return f"{number} * *" if 1 <= number <= 28 else None  # later days miss some months
    if match["work"]:
        return "* * 1-5"
    if match["first"]:
        return f"* * {_range(_number(match['first']), _number(match['last']))}"
    if match["end"]:
        return "* * 0,6"
    if match["days"]:
        words = re.findall(_DAY, match["days"].lower())
        numbers = {_number(word) for word in words}
        return f"* * {','.join(map(str, sorted(numbers)))}"
    return "* * *"


def _number(word: str) -> int:
    """Of a day of the week in any of the languages; 0 is Sunday."""
    low = word.lower()
    return _DAYS.get(low, _DAYS.get(low.removesuffix("s"), 0))


def _range(first: int, last: int) -> str:
    """Cron's words for the days from one to the other, which may lie beyond Sunday."""
    days = sorted({day % 7 for day in range(first, last + (7 if last < first else 0) + 1)})
    if len(days) == 7:
        return "*"
    return f"{first}-{last}" if first < last else ",".join(map(str, days))


def _told(match: re.Match[str]) -> tuple[int, int]:
    """Hour and minute of "ten past two" and "quarter to seven"."""
    of, part = match["of"].lower(), match["part"].lower()
    hour = int(of) if of.isdecimal() else _HOURS_SAID.index(of) + 1
    minutes = 30 if part == "half" else _MINUTES_SAID.get(part, 15)
    return (hour, minutes) if match["side"].lower() == "past" else (hour - 1, 60 - minutes)


def _time(match: re.Match[str], *, late: bool) -> tuple[int, int] | None:
    """Hour and minute; None for no time of day, or one that could be morning or evening."""
    if match["noon"] or match["midnight"]:
        return (12 if match["noon"] else 0), 0
    hour, minute = _told(match) if match["of"] else (int(match["hour"]), int(match["minute"] or 0))
    half = (match["half"] or ("a" if match["am"] else "p" if match["pm"] else ""))[:1].lower()
    if half and not 1 <= hour <= 12:
        return None
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    elif late and 5 <= hour <= 12:
        return None
    return (hour, minute) if hour < 24 and minute < 60 else None
