"""Figures in twos: ranges ("between 2 and 10 replicas") and changes ("from 3 to 5 replicas")."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tiphys.propose.reading.coerce import kind_of
from tiphys.propose.reading.numbers import NUMBERS
from tiphys.propose.reading.sheet import Sheet, phrase_key

_WORDS = "|".join(sorted(NUMBERS, key=len, reverse=True))
_N = rf"(?:\d{{1,9}}|(?:{_WORDS})(?![\w-]))"
_LEAD = r"(?:(?P<lead>between|from|zwischen|von|entre|de|da|tra)\s+)?"
_JOIN = r"\s*(?:-|\u2013|\u2014|\.\.\.?)\s*|\s+(?:to|and|bis|und|à|et|a|y|e)\s+"
_RANGE = re.compile(
    rf"(?<![\w.,:/=@+-]){_LEAD}(?P<low>{_N})(?:{_JOIN})(?P<high>{_N})(?![\w%:/-]|[.,]\d)"
    r"(?:\s+(?P<noun>[^\W\d_]+))?",
    re.IGNORECASE,
)
_CHOICE = re.compile(
    rf"(?<![\w.,:/=-])(?:{_N})(?:\s*,\s*(?:{_N}))*\s+(?:or|oder|ou|o)\s+(?:{_N})(?![\w.,:/-]\w)",
    re.IGNORECASE,
)
_CHANGE = re.compile(
    r"\b(?:scale|change|increase|raise|reduce|lower|bump|grow|shrink|set|go|move|resize)\b"
    r"[^.;\n]{0,80}\Z",
    re.IGNORECASE,
)
_COUNTED = frozenset(
    """pod pods replica replicas copy copies instance instances replikate replikaten replikas
    instanzen kopien réplica réplicas réplique répliques exemplaires copias instancias repliche
    istanze""".split()
)


def read_ranges(sheet: Sheet) -> None:
    """Claim a range for a pair such as minReplicas and maxReplicas; set every other aside."""
    for match in _CHOICE.finditer(sheet.text):
        if sheet.free(match.span()):
            sheet.mark(match.span(), used=False)
    pairs = list(_pairs(sheet))
    for match in _RANGE.finditer(sheet.text):
        if not sheet.free(match.span("low")) or not sheet.free(match.span("high")):
            continue
        noun = (match["noun"] or "").lower()
        joined_by_and = re.search(r"\b(?:and|und|et|y|e)\b", match[0]) and not match["lead"]
        if joined_by_and:
            continue
        span = (match.start(), match.end("noun") if noun in _COUNTED else match.end("high"))
        low, high = _number(match["low"]), _number(match["high"])
        if len(pairs) == 1 and noun in _COUNTED and low <= high:
            sheet.claim(pairs[0][0], low, span)
            sheet.claim(pairs[0][1], high, span)
        elif target := _changed(sheet, match, noun):
            sheet.claim(target, high, span)
        else:
            sheet.mark((match.start("low"), match.end("high")), used=False)


def _pairs(sheet: Sheet) -> Iterator[tuple[str, str]]:
    """Whole numbers called minX and maxX."""
    for low in sheet.of_kind("integer"):
        high = f"max{low.removeprefix('min')}"
        if low.startswith("min") and high in sheet.of_kind("integer"):
            yield low, high


def _changed(sheet: Sheet, match: re.Match[str], noun: str) -> str | None:
    """The property that goes "from 3 to 5": its noun follows, and a verb of change leads."""
    lead = sheet.text[max(0, match.start() - 100) : match.start()]
    if match["lead"] != "from" or not _CHANGE.search(lead):
        return None
    owners = [
        name
        for name in sheet.properties
        if kind_of(sheet.properties[name]) == "integer"
        and noun in {phrase_key(phrase) for phrase in sheet.phrases(name)}
    ]
    return owners[0] if len(owners) == 1 else None


def _number(raw: str) -> int:
    return NUMBERS[raw.lower()] if raw.lower() in NUMBERS else int(raw)
