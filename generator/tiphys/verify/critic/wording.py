"""People's words: numbers, clauses, negations, and what a phrase is about."""

# ruff: noqa: E501 -- a list of alternatives reads better unbroken
from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from itertools import islice, pairwise

from tiphys.verify.critic.language import language
from tiphys.verify.critic.model import Remark, Requirement, about, together
from tiphys.verify.critic.world import World

LIMIT = 64 * 1024
_QUOTE = 160
_MATCHES = 200
_ONES: dict[str, int | Decimal] = {
    "zero": 0, "a": 1, "an": 1, "one": 1, "single": 1, "two": 2, "three": 3, "four": 4, "five": 5,
    "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12,
    "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18,
    "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60,
    "seventy": 70, "eighty": 80, "ninety": 90, "hundred": 100, "half": Decimal("0.5"),
    "quarter": Decimal("0.25"), "dozen": 12, "couple": 2, "pair": 2,
    "ein": 1, "eine": 1, "zwei": 2, "drei": 3, "vier": 4, "fünf": 5, "sechs": 6,
    "un": 1, "une": 1, "deux": 2, "trois": 3, "quatre": 4, "cinq": 5,
    "uno": 1, "una": 1, "dos": 2, "tres": 3, "cuatro": 4, "cinco": 5, "seis": 6, "siete": 7, "ocho": 8,
    "nueve": 9, "diez": 10, "sieben": 7, "acht": 8, "neun": 9, "zehn": 10, "elf": 11, "zwölf": 12,
    "sept": 7, "huit": 8, "neuf": 9, "dix": 10, "douze": 12, "dois": 2, "duas": 2, "três": 3,
    "quatro": 4, "sete": 7, "oito": 8, "nove": 9, "dez": 10, "due": 2, "tre": 3, "quattro": 4,
}  # fmt: skip
_TENS = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
_DIGITS = "one|two|three|four|five|six|seven|eight|nine"
_PLAIN = "|".join(sorted(set(_ONES) - {"a", "an", "half", "quarter", "couple", "pair", "dozen",
                                       "hundred", "single"}, key=len, reverse=True))  # fmt: skip
# A number in digits or words: "3", "1,000", "0.5", "twenty-five", "a couple of", "half a".
NUMBER = (
    r"(?:(?<![\w.,:/-])\d{1,3}(?:,\d{3})+(?![\d.])|(?<![\w.:/@])\d{1,12}(?:\.\d{1,6})?"
    rf"|\b(?:(?:{_DIGITS})\s+and\s+a\s+half|half(?:\s+an?)?|an?\s+(?:half|quarter)(?:\s+of(?:\s+an?)?)?|a\s+(?:couple|pair)\s+of"
    rf"|a\s+dozen|an?\s+hundred|one\s+hundred|(?:{_TENS})[\s-](?:{_DIGITS})|{_PLAIN}"
    r"|a\s+single|single)\b)"
)
_TRANSLATE = str.maketrans(  # the odd ones are what is translated
    {"\u2018": "'", "\u2019": "'", "“": '"', "”": '"', "\u2013": "-", "—": "-", "\u2212": "-", "\u2011": "-",
     "\xa0": " ", "\u202f": " ", "\u2009": " ", "→": ">", "\t": " ", "\r": " "}
)  # fmt: skip
_BREAK = re.compile(r"[.;!?](?=\s)|\n\s*\n|\n(?=\s*(?:[-*•]|\d+[.)]\s|[A-Z#`]))|\n(?=[^\n]{0,40}:)")
_CLAUSE = re.compile(r"[,()]|\s-\s|\b(?:but|while|whereas|though|although)\b|[.;!?](?=\s)|\n")
_NEGATION = re.compile(
    r"\b(?:no|not|non|never|without|neither|nor|none|nobody|nothing|don't|doesn't|isn't|aren't"
    r"|mustn't|shouldn't|won't|cannot|can't|needn't|instead\s+of|rather\s+than|avoid|exclude|skip"
    r"|drop|remove|used\s+to|formerly|previously|ohne|kein\w{0,2}|nicht|nie|sans|aucune?|jamais|sin|ning[uú]na?|tampoco|não|nunca|nem|sem|senza|nessun\w?|geen|niet|zonder|nooit)\b",
    re.IGNORECASE,
)
_PAST = re.compile(
    r"\b(?:had|used\s+to|was|were|ran|lived|old|former|formerly|previous(?:ly)?|until\s+now|so\s+far|bisher|früher|hatten?|war|waren|lief|liefen"
    r"|avait|avant|était|tenía|antes|tinha|aveva|finora|had|vroeger|stond)\b",
    re.IGNORECASE,
)
_ITEMS = re.compile(
    r"\s+(?:(?:need|want|use|have|create|add|be)\w*\s+)?(?:(?:an?y?\s+)?[A-Za-z-]+(?:\s+[A-Za-z-]+)?\s*,\s*){1,5}"
    r"(?:(?:or|nor)\s+)?(?:an?y?\s+)?(?:[A-Za-z-]+\s+)?",
)
# A line that goes on in the next one, which starts no item of a list.
_WRAPPED = re.compile(r"(?<=[^\n.;:!?])\n(?=[a-zà-ÿ\"'`(]|\d+(?!\d|[.)]\s))")
_COMPARED = re.compile(
    r"\b(?:same\s+as|just\s+like|copy\s+of|unlike|than)\s+(?:for\s+|in\s+)?[`'\"]?\Z", re.IGNORECASE
)
_EVERY = re.compile(r"\b(?:both|each|all(?:\s+of\s+them)?|every\s+one)\b", re.IGNORECASE)
# "request and limit both become ..." are two of one thing.
_BOTH_AMOUNTS = re.compile(
    r"\b(?:requests?|limits?)\s+and\s+(?:\w+\s+)?(?:requests?|limits?)\s+(?:(?:are|to|should)\s+)?(?:both|each)\b"
    r"|\bboth\s+(?:the\s+)?(?:\w+\s+)?(?:requests?|limits?)\s+and\s+(?:\w+\s+)?(?:requests?|limits?)\b",
    re.IGNORECASE,
)
_OF_NEXT = re.compile(
    r"\s*(?:[\w-]+\s+){0,2}?(?:of|for|in|on)\s+(?:the\s+|our\s+)?[`'\"]?\Z", re.IGNORECASE
)


def number(words: str) -> Decimal:
    """The value of what `NUMBER` matched."""
    plain = " ".join(words.lower().replace("-", " ").split()).replace(",", "")
    if plain[:1].isdigit():
        return Decimal(plain)
    total = Decimal(0)
    for word in plain.split():
        if word == "of" or (word in ("a", "an") and plain not in ("a", "an")):
            continue
        value = Decimal(_ONES.get(word, 0))
        total = value * max(total, Decimal(1)) if word == "hundred" else total + value
    return total


def plainly(value: Decimal) -> str:
    """3 for 3.0, 0.5 for 0.50."""
    return f"{value.normalize():f}"


def pattern(words: str) -> re.Pattern[str]:
    """A pattern: `{N}` is a number in a group of its own, a space any white space."""
    spaced = words.replace("{N}", "\0").replace(" ?", r"\s*").replace(" ", r"\s+")
    spaced = spaced.replace("\0", f"({NUMBER})")
    return re.compile(spaced, re.IGNORECASE)


def within_line(match: re.Match[str]) -> bool:
    """Whether it is not the end of one line together with the beginning of the next."""
    return "\n" not in match[0].strip()


@dataclass(frozen=True)
class Words:
    """A request beside the objects that it is held against."""

    raw: str
    world: World

    @classmethod
    def of(cls, request: str, world: World) -> Words:
        """Cut to 64 Ki characters; odd quotes, dashes and spaces made plain, one for one."""
        plain = request[:LIMIT].translate(_TRANSLATE)
        # Long runs of white space carry nothing, and patterns would walk them again and again.
        plain = re.sub(r"\n{3,}", "\n\n", re.sub(r" {2,}", " ", plain))
        return cls(_WRAPPED.sub(" ", plain), world)

    @cached_property
    def english(self) -> Words:
        """The same without the sentences of other languages, for rules that know English only."""
        pieces = [
            " " * (end - start) if self.foreign(start) else self.raw[start:end]
            for start, end in pairwise(self._breaks)
        ]
        return Words("".join(pieces), self.world)

    def foreign(self, position: int) -> str:
        """The language of the sentence around a position, "" for English or where it is not sure."""
        found = language(self.raw[slice(*self.sentence(position))]) or self._language
        return "" if found == "en" else found

    @cached_property
    def _language(self) -> str:
        return language(self.raw)

    def find(self, regex: re.Pattern[str]) -> Iterator[re.Match[str]]:
        """The first 200 matches: more of one kind is no request that a person wrote."""
        return islice(regex.finditer(self.raw), _MATCHES)

    def has(self, regex: re.Pattern[str]) -> bool:
        """Whether it says so anywhere."""
        return regex.search(self.raw) is not None

    def quote(self, start: int, end: int) -> str:
        """The words themselves, on one line."""
        return " ".join(self.raw[start:end].split())[:_QUOTE]

    @cached_property
    def _breaks(self) -> Sequence[int]:
        return [0, *(m.end() for m in _BREAK.finditer(self.raw)), len(self.raw)]

    @cached_property
    def _clauses(self) -> Sequence[int]:
        return [0, *(m.end() for m in _CLAUSE.finditer(self.raw)), len(self.raw)]

    def sentence(self, position: int) -> tuple[int, int]:
        """Where the sentence around a position starts and ends."""
        return _around(self._breaks, position)

    def clause(self, position: int) -> tuple[int, int]:
        """Where the part between commas starts and ends."""
        return _around(self._clauses, position)

    def before(self, position: int, length: int = 60) -> str:
        """What stands before it in the same sentence."""
        return self.raw[max(self.sentence(position)[0], position - length) : position]

    def after(self, position: int, length: int = 60) -> str:
        """What stands behind it in the same sentence."""
        return self.raw[position : min(self.sentence(max(0, position - 1))[1], position + length)]

    def negated(self, position: int) -> bool:
        """Whether a negation stands in the same clause, shortly before."""
        start = max(self.clause(position)[0], position - 50)
        if _NEGATION.search(self.raw, start, position):
            return True
        return self.listed_out(position)

    def past(self, position: int) -> bool:
        """Whether the same clause says what was, and not what shall be."""
        start = max(self.clause(position)[0], position - 80)
        return _PAST.search(self.raw, start, position) is not None

    def listed_out(self, position: int) -> bool:
        """Whether it is an item of a list that a negation opens: "no Ingress, Service or volume"."""
        first, last = self.sentence(position)
        negations = list(_NEGATION.finditer(self.raw, max(first, position - 90), position))
        if not negations:
            return False
        found = negations[-1]
        between = self.raw[found.end() : position]
        joined = re.search(r"\b(?:or|nor)\b", self.raw[found.end() : min(last, position + 40)])
        return bool(_ITEMS.fullmatch(between) and joined)

    def worlds(self, start: int, end: int) -> list[tuple[str, World]]:
        """What the words between two positions are about: (name, its objects) or ("", all)."""
        if not self._subjects:
            return [("", self.world)]
        names = self._named(start, end)
        return [(name, self._about[name]) for name in names] or [("", self.world)]

    def rule(
        self,
        kind: str,
        value: str,
        span: tuple[int, int],
        ruling: Callable[[Requirement, World], Remark],
    ) -> Remark:
        """Rule on what the words in `span` ask, of whatever they are about."""
        requirement = Requirement(kind, value, self.quote(*span))
        return together(
            [ruling(about(requirement, name), world) for name, world in self.worlds(*span)]
        )

    @cached_property
    def _subjects(self) -> list[tuple[int, int, str]]:
        """Where workloads and containers are named; empty where there is nothing to confuse."""
        names = self.world.names[:200]
        if len(names) < 2:
            return []
        found: list[tuple[int, int, str]] = []
        for name in names:
            spoken = re.escape(name[:253]).replace(r"\-", r"[-\s_]")
            regex = re.compile(rf"(?<![\w./:@-]){spoken}(?![\w@/-]|:\d|\.\w|=)", re.IGNORECASE)
            for match in self.find(regex):
                if _COMPARED.search(self.raw, max(0, match.start() - 20), match.start()):
                    continue  # "b: same as a" goes on about b
                if self.raw[max(0, match.start() - 11) : match.start()].lower().endswith(
                    ("namespace ", "namespace `", "namespace:", "image ")
                ) or re.match(r"[`'\"]?\s+namespace\b", self.raw[match.end() : match.end() + 14]):
                    continue
                if not any(s < match.end() and match.start() < e for s, e, _ in found):
                    found.append((match.start(), match.end(), name))
        return sorted(found)

    @cached_property
    def _about(self) -> dict[str, World]:
        return {name: self.world.about(name) for _, _, name in self._subjects}

    def _named(self, start: int, end: int) -> list[str]:
        first, last = self.sentence(start)
        inside = [each for each in self._subjects if first <= each[0] < last]
        for begin, _, name in inside:
            if end <= begin <= end + 30 and _OF_NEXT.match(self.raw[end:begin]):
                return [name]
        near = self.raw[max(first, start - 30) : min(last, end + 15)]
        everyone = list(dict.fromkeys(name for _, _, name in inside or self._subjects))
        if _EVERY.search(_BOTH_AMOUNTS.sub(" ", near)) and len(everyone) > 1:
            return everyone
        earlier = [name for begin, _, name in inside if begin < start]
        if earlier:
            return earlier[-1:]
        if inside:
            return [inside[0][2]] if len(everyone) == 1 else []
        earlier_still = [each for each in self._subjects if each[0] < first]
        if not earlier_still:
            return []
        # "It" is what the last sentence that names anything was about, if that was one thing.
        start, _ = self.sentence(earlier_still[-1][0])
        last_named = {name for begin, _, name in earlier_still if begin >= start}
        return list(last_named) if len(last_named) == 1 else []


def _around(edges: Sequence[int], position: int) -> tuple[int, int]:
    index = bisect_right(edges, position)
    return edges[max(0, index - 1)], edges[min(index, len(edges) - 1)]
