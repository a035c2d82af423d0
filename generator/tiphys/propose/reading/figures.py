"""Figures beside the words that say what they count: "3 replicas", "port 8080", "min 2 max 10"."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from tiphys.propose.reading.coerce import coerce, kind_of
from tiphys.propose.reading.numbers import figure_pattern, has_unit
from tiphys.propose.reading.settle import Candidate, Claims, settle
from tiphys.propose.reading.sheet import Sheet, Span, own_words, phrase_key, phrase_pattern
from tiphys.propose.reading.vocabulary import FUNCTION

_COLON = r"\s*[:=]\s*[*_`\"']{0,3}"
_LINKS = r"(?:of|to|at|is|are|be|as|von|auf|ist|zu|de|du|à|est|es|en|a|di)"
_LINK = rf"(?:(?P<colon>{_COLON})|(?:\s+(?P<link>{_LINKS})(?=\s)){{0,2}}\s+)"
_OF = r"(?:\s*-?\s*|\s+(?:of|de|d'|von|di|pro|each)\s+)"
# Phrases that lead to a figure and never follow one.
_LEADING = frozenset(
    """min max minimum maximum least most than mindestens höchstens moins plus menos más mínimo
    máximo hasta port keep target seconds""".split()
)
_UPPER = (
    r"(?:at\s+most|up\s+to|no\s+more\s+than|less\s+than|under|below|max(?:imum)?(?:\s+of)?|"
    r"höchstens|bis\s+zu|au\s+plus|jusqu'à|hasta|como\s+máximo)"
)
_LOWER = (
    r"(?:at\s+least|more\s+than|over|above|no\s+(?:less|fewer)\s+than|min(?:imum)?(?:\s+of)?|"
    r"mindestens|au\s+moins|al\s+menos|como\s+mínimo)"
)
_BOUND = re.compile(rf"(?<!\w)(?:(?P<upper>{_UPPER})|(?P<lower>{_LOWER}))\s+\Z", re.IGNORECASE)
# What comes before a figure that is not wanted, or not exactly.
_HEDGE = re.compile(
    r"(?:\b(?:about|around|roughly|approximately|circa|nearly|almost|some|instead\s+of|rather\s+than|"
    r"not|no\s+longer|currently|today|now|previously|formerly|was|were|had|e\.g\.|"
    r"for\s+example|such\s+as|etwa|ungefähr|statt|bisher|derzeit|aktuell|environ|"
    r"au\s+lieu\s+de|actuellement|en\s+vez\s+de|actualmente)\s*|~\s*|≈\s*|[<>]=?\s*)"
    r"(?:(?:the|only|just|with|have|has|run|running)\s+)?\Z",
    re.IGNORECASE,
)
_NEXT = re.compile(r"\s+([^\W\d_]+)")
_NONE = re.compile(
    r"(?:^|[\s,;(])(?:no|without|zero|ohne|keine?|sans|sin|senza)\s+\Z", re.IGNORECASE
)


def read_figures(sheet: Sheet) -> None:
    """Give each figure to the one property whose words stand beside it, or to none."""
    owners = _owners(sheet)
    claims: Claims = {}
    for match in re.finditer(phrase_pattern(owners), sheet.text, re.IGNORECASE):
        key = phrase_key(match[0])
        if not sheet.free(match.span()):
            continue
        for name in owners.get(key) or owners.get(key.removesuffix("s")) or ():
            found = list(_beside(sheet, name, match))
            if found:
                claims[name, match.span()] = found
            elif _NONE.search(sheet.text, max(0, match.start() - 12), match.start()):
                _read_none(sheet, name, match)
    for each in settle(claims):
        sheet.offer(each.name, each.raw, _join(each.phrase, each.figure))


def _owners(sheet: Sheet) -> dict[str, list[str]]:
    """The properties that each phrase may mean; other phrases hide the shorter ones in them."""
    owners: dict[str, list[str]] = defaultdict(list)
    for name, definition in sheet.properties.items():
        figure = kind_of(definition) == "integer" or definition.get("format") == "quantity"
        for phrase in sheet.phrases(name):
            owners[phrase_key(phrase)] += [name] if figure else []
    return owners


def _beside(sheet: Sheet, name: str, word: re.Match[str]) -> Iterator[Candidate]:
    definition = sheet.properties[name]
    form = figure_pattern(name, definition)
    key = phrase_key(word[0])
    parts = (set(own_words(name).split()) - _LEADING) | {"port"}
    strong = bool(parts & {*key.split(), *key.removesuffix("s").split()})
    after = re.compile(rf"{_LINK}(?P<figure>{form})", re.IGNORECASE).match(sheet.text, word.end())
    if after and _wanted(sheet, name, after["figure"], after.span("figure")):
        colon = bool(after["colon"])
        weak = all(part in FUNCTION for part in key.split())
        sure = colon or strong or _counts_nothing_else(sheet, after.end())
        unit = not (weak and name.endswith("Percent")) or has_unit(after["figure"])
        if sure and unit and not _HEDGE.search(sheet.text, max(0, word.start() - 40), word.start()):
            rank = 3 if colon else 1 if after["link"] else 2
            yield Candidate(name, after["figure"], after.span("figure"), word.span(), rank)
    if set(key.split()) & _LEADING and definition.get("format") != "port":
        return
    start = max(0, word.start() - 48)
    form = rf"(?<![\w.:/@=-])(?<!\d,)(?P<figure>{form})(?={_OF}\Z)"
    for before in re.compile(form, re.IGNORECASE).finditer(sheet.text, start, word.start()):
        span = before.span("figure")
        if _wanted(sheet, name, before["figure"], span):
            yield Candidate(name, before["figure"], span, word.span(), 2)


def _wanted(sheet: Sheet, name: str, raw: str, span: Span) -> bool:
    """Whether a figure is free, accepted, and stated as what is wanted and not as a bound."""
    if not sheet.free(span) or coerce(raw, name, sheet.properties[name]) is None:
        return False
    start = max(0, span[0] - 40)
    if _HEDGE.search(sheet.text, start, span[0]):
        return False
    bound = _BOUND.search(sheet.text, start, span[0])
    if not bound or phrase_key(bound[0]) in map(phrase_key, sheet.phrases(name)):
        return True
    words = set(own_words(name).split())
    return bool(words & ({"max", "limit", "deadline"} if bound["upper"] else {"min", "request"}))


def _counts_nothing_else(sheet: Sheet, end: int) -> bool:
    """Whether what follows a figure is no noun of its own: "at least 200 customers"."""
    following = _NEXT.match(sheet.text, end)
    if not following or following[1].lower() in FUNCTION:
        return True
    noun = following[1].lower()
    counted = {
        word
        for name in sheet.properties
        if kind_of(sheet.properties[name]) in ("integer", "string")
        for phrase in (*sheet.phrases(name), own_words(name))
        for word in phrase.split()
    }
    usual = {"pod", "pods", "replica", "replicas", "copies", "instances", "replikate", "replikaten"}
    return noun in counted | usual or noun.removesuffix("s") in counted


def _read_none(sheet: Sheet, name: str, match: re.Match[str]) -> None:
    """ "no retries" is 0, where 0 is allowed."""
    if kind_of(sheet.properties[name]) == "integer":
        sheet.claim(name, 0, match.span())


def _join(one: Span, other: Span) -> Span:
    return min(one[0], other[0]), max(one[1], other[1])
