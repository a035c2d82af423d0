"""Amounts that a request says in words, in figures: "forty gibibytes", "half a gig", "minus ten".

Small models misread them. Quoted text and what is part of a name stay as they are.
"""

from __future__ import annotations

import re
from functools import lru_cache

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_SMALL = {word: number for number, word in enumerate(_ONES)}
_LARGE = {word: 10 * number for number, word in enumerate(_TENS, 2)}
_MANY = {"hundred": 100, "thousand": 1000}
_DOZENS = {"half a dozen": 6, "a dozen": 12, "dozen": 12}

_QUOTED = re.compile(r"(\"[^\"\n]*\"|`[^`\n]*`)")
_BEFORE = r"(?<![\w./:=@-])"
# A hyphen may lead to a unit ("ten-minute"), and to nothing else.
_AFTER = r"(?!\w|[./:=@_]\w|-(?!(?:second|minute|hour|day|week)\b)\w)"
_ONE = "|".join(sorted(_SMALL, key=len, reverse=True))
_TEN = "|".join(_LARGE)
_BELOW_100 = rf"(?:(?:{_TEN})(?:[-\s](?:{'|'.join(_ONES[1:10])}))?|{_ONE})"
_NUMBER = re.compile(
    rf"{_BEFORE}(?:(?P<dozen>half\s+a\s+dozen|a\s+dozen|dozen)"
    rf"|(?P<words>(?:(?:an?|{_BELOW_100})\s+(?:hundred|thousand)(?:\s+(?:and\s+)?{_BELOW_100}(?!\s+(?:hun|thou)))?)"
    rf"|{_BELOW_100}))(?=(?P<unit>\W)|\Z){_AFTER}",
    re.IGNORECASE,
)
_MODES = {
    "RWO": "ReadWriteOnce",
    "RWX": "ReadWriteMany",
    "ROX": "ReadOnlyMany",
    "RWOP": "ReadWriteOncePod",
}
_MODE = re.compile(rf"{_BEFORE}(?:{'|'.join(_MODES)})\b")
_MINUS = re.compile(rf"{_BEFORE}(?:minus|negative)\s+(?=\d)", re.IGNORECASE)
_HALVES = (
    (re.compile(rf"{_BEFORE}half\s+an?\s+(?:gi?g\w*|gi?b)\b", re.I), "512Mi"),
    (re.compile(rf"{_BEFORE}half\s+an?\s+(?:meg\w*|mi?b)\b", re.I), "512Ki"),
    (re.compile(rf"{_BEFORE}an?\s+(?:gigs?|gigabyte|gibibyte)\b", re.I), "1Gi"),
    (re.compile(rf"{_BEFORE}half\s+an?\s+(?:v?cpu|core)\b", re.I), "500m of cpu"),
    (re.compile(rf"{_BEFORE}(?:a\s+)?quarter\s+of\s+an?\s+(?:v?cpu|core)\b", re.I), "250m of cpu"),
)
_PARTS_OF_HOURS = (
    (re.compile(rf"{_BEFORE}(?<!every )half\s+an\s+hour\b", re.I), "30 minutes"),
    (re.compile(rf"{_BEFORE}(?<!cada )(?:media|meia)\s+hora\b", re.I), "30 minutos"),
    (re.compile(rf"{_BEFORE}(?:ein(?:er?|en)\s+)?halben?\s+stunde\b", re.I), "30 Minuten"),
    (re.compile(rf"{_BEFORE}une\s+demi-heure\b", re.I), "30 minutes"),
    (re.compile(rf"{_BEFORE}(?<!every )(?:a\s+)?quarter\s+of\s+an\s+hour\b", re.I), "15 minutes"),
)
_SIZE = re.compile(
    rf"{_BEFORE}(\d+(?:\.\d+)?)\s?-?(?:(?P<Gi>gigs?|gigabytes?|gibibytes?|gib)"
    r"|(?P<Mi>megs?|megabytes?|mebibytes?|mib)|(?P<Ti>terabytes?|tebibytes?|tib))\b",
    re.IGNORECASE,
)
_UNITS = {
    60: "minute minutes minuto minutos minuti minuten",
    3600: "hour hours hora horas heure heures ora ore stunde stunden uren",
}
SECONDS = {unit: seconds for seconds, units in _UNITS.items() for unit in units.split()}
# "Every ten minutes" and "ten past" are times of the clock, not spans.
_SPAN = re.compile(
    rf"{_BEFORE}(?P<clock>(?:every|each|at|alle|jede\w*|um|cada|las|toutes\s+les|ogni|elke|om)\s+)?"
    rf"(?P<number>\d{{1,4}})[-\s](?P<unit>{'|'.join(sorted(SECONDS, key=len, reverse=True))})\b"
    rf"(?!\s+(?:past|after|before|to)\s+(?:the\s+hour|noon|midnight|\d|{_ONE}))(?!\s*\()",
    re.IGNORECASE,
)


SPAN = r"(?<![\w.])(\d{1,5})(?:\s+|-)?s(?:ec(?:ond)?s?)?\b"  # of seconds, in such a text


@lru_cache(maxsize=64)  # many rules read the same request
def in_figures(request: str) -> str:
    """The request with such amounts written as Kubernetes takes them, the rest to the letter."""
    parts = _QUOTED.split(request)
    return "".join(part if i % 2 else _plain(part) for i, part in enumerate(parts))


def _plain(text: str) -> str:
    for form, figure in (*_HALVES, *_PARTS_OF_HOURS):
        text = form.sub(figure, text)
    text = _NUMBER.sub(_figure, text)
    text = _MODE.sub(lambda match: _MODES[match[0]], text)
    text = _MINUS.sub("-", text)
    text = _SIZE.sub(lambda match: f"{match[1]}{match.lastgroup}", text)
    return _SPAN.sub(_span, text)


def _figure(match: re.Match[str]) -> str:
    if match["dozen"]:
        return str(_DOZENS[" ".join(match["dozen"].lower().split())])
    words = [word for word in re.split(r"[-\s]+", match["words"].lower()) if word != "and"]
    if words in (["one"], ["zero"]):  # mostly no amounts: "the one Secret"
        return match[0]
    total = 0
    for word in words:
        if word in _MANY:
            total = max(total, 1) * _MANY[word]
        else:
            total += _SMALL.get(word, _LARGE.get(word, 0))
    return str(total)


def _span(match: re.Match[str]) -> str:
    if match["clock"]:
        return match[0]
    seconds = int(match["number"]) * SECONDS[match["unit"].lower()]
    return f"{match[0]} ({seconds} seconds)"
