"""Figures in words and digits: whole numbers, spans of time, percentages, quantities."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

NUMBERS = {
    word: number
    for number, words in enumerate(
        [
            "zero null", "one ein eine einen einem einer un une uno una", "two zwei deux dos due",
            "three drei trois tres tre", "four vier quatre cuatro quattro",
            "five fünf cinq cinco cinque", "six sechs seis sei", "seven sieben sept siete sette",
            "eight acht huit ocho otto", "nine neun neuf nueve nove", "ten zehn dix diez dieci",
            "eleven elf onze once", "twelve zwölf douze doce dodici",
        ]
    )
    for word in words.split()
    if word != "null"
}  # fmt: skip
_WORDS = "|".join(sorted(NUMBERS, key=len, reverse=True))
WHOLE = rf"(?:-?\d{{1,3}}(?:,\d{{3}})+|-?\d{{1,12}}|(?:{_WORDS})(?![\w-]))"
_ENDS = r"(?![\w%]|[.,:/]\d)"

_UNITS = {
    1: "seconds second secs sec s sekunden sekunde secondes seconde segundos segundo secondi",
    60: "minutes minute mins min m minuten minutos minuto minuti",
    3600: "hours hour hrs hr h stunden stunde heures heure horas hora ore ora",
    86400: "days day d tage tag tagen jours jour días día giorni",
}
_SECONDS = {unit: seconds for seconds, units in _UNITS.items() for unit in units.split()}
_TIME = "|".join(sorted(_SECONDS, key=len, reverse=True))
_PERCENT = r"(?:\s?%|\s(?:percent|per\s+cent|prozent|pour\s+cent|por\s+ciento|per\s+cento)(?!\w))"

_SIZE = {
    "k": "k", "m": "M", "g": "G", "t": "T", "p": "P", "e": "E",
    "ki": "Ki", "mi": "Mi", "gi": "Gi", "ti": "Ti", "pi": "Pi", "ei": "Ei",
    "kilo": "k", "mega": "M", "giga": "G", "tera": "T", "gig": "G", "gigs": "G",
    "kibi": "Ki", "mebi": "Mi", "gibi": "Gi", "tebi": "Ti",
}  # fmt: skip
_BYTES = re.compile(
    r"(\d{1,15}(?:[.,]\d{1,9})?)\s?(?:([kmgtpe]i?)(?:b|o)?|(gigs?|(?:kilo|mega|giga|tera|kibi|mebi|"
    r"gibi|tebi)(?=byte|octet))(?:(?:byte|octet)s?)?)(?!\w)",
    re.IGNORECASE,
)
_PARTS = {
    r"(?:a\s+)?half(?:\s+an?)?": "500m", r"(?:a\s+|one\s+)?quarter(?:\s+(?:of\s+)?an?)?": "250m",
    r"(?:one|1)\s+and\s+a\s+half": "1500m", r"(?:eine?n?\s+)?halbe[nrs]?": "500m",
    r"(?:un\s+)?demi[-\s]?": "500m", r"medi[oa]": "500m", r"mezzo": "500m",
}  # fmt: skip
_CORES = re.compile(
    rf"(?:(?P<part>{'|'.join(_PARTS)})|(?P<milli>\d{{1,6}})\s?m(?:illi)?(?:[-\s]?(?=cores?|v?cpus?|\W|\Z))|"
    rf"(?P<cores>\d{{1,6}}(?:[.,]\d{{1,3}})?)|(?P<word>{_WORDS}))(?!\w)",
    re.IGNORECASE,
)


def in_bytes(definition: Mapping[str, Any]) -> bool:
    """Whether a quantity is a size: its default and examples say so, or say nothing."""
    shown = [definition.get("default"), *definition.get("examples", ())]
    texts = [text for text in shown if isinstance(text, str)]
    return not texts or any(text[-1] in "kiMGTPE" for text in texts)


def figure_pattern(name: str, definition: Mapping[str, Any]) -> str:
    """A pattern of the figures that a property takes, units included; no groups that capture."""
    if definition.get("format") == "quantity":
        form = _BYTES if in_bytes(definition) else _CORES
        return re.sub(r"\((?:\?P<\w+>)?(?!\?)", "(?:", form.pattern) + _ENDS
    if definition.get("format") == "port":
        return r"\d{1,5}(?:/(?:tcp|udp)(?!\w))?" + _ENDS
    if name.endswith("Seconds"):
        return rf"{WHOLE}(?:[\s-]?(?:{_TIME})(?![\w.]))?{_ENDS}"
    if name.endswith("Percent"):
        return rf"{WHOLE}(?:{_PERCENT}|{_ENDS})"
    return WHOLE + _ENDS


def has_unit(raw: str) -> bool:
    """Whether a figure says itself what it counts."""
    return bool(re.search(r"[^\d.,\s-]", raw)) and raw.strip().lower() not in NUMBERS


def whole(raw: str, name: str, definition: Mapping[str, Any]) -> int | None:
    """A whole number as the property counts it: seconds, percent, or just a number."""
    found = re.fullmatch(rf"({WHOLE})\s*-?\s*(.*)", raw.strip(), re.IGNORECASE | re.DOTALL)
    if not found:
        return None
    number, unit = _integer(found[1], definition), found[2].strip().lower()
    if number is None or not unit:
        return number
    if name.endswith("Seconds") and unit in _SECONDS:
        return number * _SECONDS[unit]
    if name.endswith("Percent") and re.fullmatch(_PERCENT, f" {unit}".replace(" %", "%")):
        return number
    if definition.get("format") == "port" and unit in ("/tcp", "/udp"):
        return number
    return None


def _integer(raw: str, definition: Mapping[str, Any]) -> int | None:
    if raw.lower() in NUMBERS:
        return NUMBERS[raw.lower()]
    if "," in raw and not definition.get("maximum", 0) > 100_000:
        return None  # "80,443" is a list before it is a large number
    return int(raw.replace(",", ""))


def quantity(raw: str, definition: Mapping[str, Any]) -> str | None:
    """A quantity as Kubernetes writes it: 10 GB is 10G, 1,5 GiB is 1.5Gi, half a core is 500m."""
    raw = raw.strip()
    if in_bytes(definition):
        size = _BYTES.fullmatch(raw)
        unit = _SIZE[(size[2] or size[3]).lower()] if size else ""
        return f"{size[1].replace(',', '.')}{unit}" if size else None
    raw = re.sub(r"(?i)\s*(?:v?cpus?|(?<!milli)cores?)\Z", "", raw)
    cores = _CORES.fullmatch(raw)
    if not cores:
        return None
    if cores["part"]:
        parts = (part for form, part in _PARTS.items() if re.fullmatch(form, raw, re.IGNORECASE))
        return next(parts, None)
    if cores["milli"]:
        return f"{cores['milli']}m"
    return cores["cores"].replace(",", ".") if cores["cores"] else str(NUMBERS[raw.lower()])
