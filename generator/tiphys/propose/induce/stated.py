"""Whether a value of an object stands in the request that the object answers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from tiphys.library.formats import canonical_quantity
from tiphys.propose.reading.numbers import NUMBERS

_FIGURE = re.compile(r"(?<![\w.])(\d{1,15}(?:\.\d{1,9})?)\s?([kKmMgGtTpPeE]i?)?[bB]?(?![\w])")
_NEAR = 48  # characters between a number and the word that says what it counts
_UNIT = {"K": "k", "g": "G", "t": "T", "p": "P", "e": "E"}


class Stated:
    """A request as something to look literals up in; nothing else of its text is ever used."""

    def __init__(self, request: str) -> None:
        self._text = request[: 64 * 1024]
        self._lower = self._text.lower()
        self._numbers = {int(n) for n in re.findall(r"(?<![\w.])\d{1,12}(?![\w]|\.\d)", self._text)}
        self._numbers |= {NUMBERS[w] for w in re.findall(r"[a-zà-ü]+", self._lower) if w in NUMBERS}
        self._sizes = {canonical_quantity(f"{n}{_unit(u)}") for n, u in _FIGURE.findall(self._text)}

    def text(self, value: str, *, fold: bool = False) -> bool:
        """Whether the text stands there as a whole word or phrase."""
        if not value.strip():
            return False
        text, wanted = (self._lower, value.lower()) if fold else (self._text, value)
        at = text.find(wanted)
        while at >= 0:
            before, after = text[:at][-1:], text[at + len(wanted) :][:2]
            if not _continues(before, wanted[0], "") and not _continues(
                after[:1], wanted[-1], after[1:]
            ):
                return True
            at = text.find(wanted, at + 1)
        return False

    def number(self, value: int) -> bool:
        """Whether the number stands there, in figures or as a word."""
        return value in self._numbers

    def number_by(self, value: int, words: Sequence[str]) -> bool:
        """Whether the number stands close to one of the words."""
        forms = [rf"(?<![\w.]){value}(?![\w]|\.\d)"]
        forms += [rf"\b{word}\b" for word, number in NUMBERS.items() if number == value]
        for form in forms:
            for match in re.finditer(form, self._lower):
                around = self._lower[max(0, match.start() - _NEAR) : match.end() + _NEAR]
                if any(re.search(rf"(?<!\w){re.escape(w.lower())}", around) for w in words):
                    return True
        return False

    def quantity(self, value: str) -> bool:
        """Whether the amount stands there: 1024Mi is 1Gi, `512 MB` may be 512Mi."""
        wanted = canonical_quantity(value)
        loose = {wanted, wanted.removesuffix("i")}
        return not loose.isdisjoint(self._sizes) or self.text(value)

    def value(self, value: Any) -> bool:
        """Whether any scalar stands there; lists and maps by their parts."""
        if isinstance(value, bool) or value is None:
            return False
        if isinstance(value, int):
            return self.number(value)
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return bool(value) and all(self.text(k) and self._part(v) for k, v in value.items())
        if isinstance(value, list):
            return bool(value) and all(map(self._part, value))
        return False

    def _part(self, value: Any) -> bool:
        return value == "" or self.value(value)


def _unit(unit: str) -> str:
    if len(unit) == 2:  # a letter and an i
        return f"{unit[0].upper()}i"
    return _UNIT.get(unit, unit)


def _continues(char: str, edge: str, beyond: str) -> bool:
    """Whether the character beside a word belongs to a longer word of the same sort."""
    if not char or not (edge.isalnum() or edge == "_"):
        return char.isalnum() and edge == "/"
    if char.isalnum() or char in "_-":
        return True
    return char in ".:/@" and beyond[:1].isalnum()
