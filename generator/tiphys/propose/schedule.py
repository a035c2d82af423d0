"""Schedules in words ("every night at 2:30", "hourly") as cron fields."""

from __future__ import annotations

import re
from collections.abc import Iterator

_DAYS = {
    day: number
    for number, days in enumerate(
        [
            "sunday sonntag dimanche domingo",
            "monday montag lundi lunes",
            "tuesday dienstag mardi martes",
            "wednesday mittwoch mercredi miércoles",
            "thursday donnerstag jeudi jueves",
            "friday freitag vendredi viernes",
            "saturday samstag samedi sábado",
        ]
    )
    for day in days.split()
}
_TIME = (
    r"(?:\s+(?:at|um|à|a las|alle)\s+(?P<hour>\d{1,2})(?:[:.h](?P<minute>\d{2}))?"
    r"\s*(?P<half>am|pm)?)?"
)
_EVERY = r"\b(?:every|each|jede[nrs]?|chaque|cada|ogni)\s+"
_MINUTES = re.compile(rf"{_EVERY}(\d{{1,2}})\s*(?:minutes|minuten|minutos|minuti|min)\b", re.I)
_HOURS = re.compile(rf"{_EVERY}(\d{{1,2}})\s*(?:hours|stunden|heures|horas|ore)\b", re.I)
_HOURLY = re.compile(rf"\bhourly\b|\bstündlich\b|{_EVERY}(?:hour|stunde|heure|hora|ora)\b", re.I)
_WEEKLY = re.compile(rf"{_EVERY}(?P<day>{'|'.join(_DAYS)})s?{_TIME}", re.I)
_DAILY = re.compile(
    rf"(?:\bdaily\b|\bnightly\b|\btäglich\b|{_EVERY}(?:day|night|morning|tag|nacht|jour|nuit|día|noche|giorno|notte)\b)"
    rf"{_TIME}",
    re.I,
)


def cron_from_words(text: str) -> Iterator[tuple[int, int, str]]:
    """(start, end, five cron fields) for each schedule in words that leaves nothing to guess.

    A day without an hour is left out: it would have to be guessed.
    """
    for match in _MINUTES.finditer(text):
        step = int(match[1])
        if 0 < step < 60 and 60 % step == 0:
            yield *match.span(), f"*/{step} * * * *"
    for match in _HOURS.finditer(text):
        step = int(match[1])
        if 0 < step < 24 and 24 % step == 0:
            yield *match.span(), f"0 */{step} * * *"
    for match in _HOURLY.finditer(text):
        yield *match.span(), "0 * * * *"
    for form in (_WEEKLY, _DAILY):
        for match in form.finditer(text):
            clock = _clock(match)
            if clock is not None:
                day = match.groupdict().get("day")
                yield (
                    *match.span(),
                    f"{clock[1]} {clock[0]} * * {_DAYS[day.lower()] if day else '*'}",
                )


def _clock(match: re.Match[str]) -> tuple[int, int] | None:
    if match["hour"] is None:
        return None
    hour, minute = int(match["hour"]), int(match["minute"] or 0)
    half = (match["half"] or "").lower()
    if half and not 1 <= hour <= 12:
        return None
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    return (hour, minute) if hour < 24 and minute < 60 else None
