"""What the steps of a reading share: the text, the schema, who claimed which words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tiphys.library.schema import refuses
from tiphys.propose.reading.coerce import NAMES, coerce, kind_of
from tiphys.propose.reading.model import Reading
from tiphys.propose.reading.nouns import Noun, noun_at

_WORD = re.compile(r"""[^\s,;()"'`|*]+""")
_FREE, _USED, _SET_ASIDE = 0, 1, 2

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Found:
    """A value and the words it was read from."""

    value: Any
    start: int
    end: int


class Sheet:
    """Collects what was found for each property; words that one step claimed are closed to others.

    Words set aside are closed too, but count as unused: a figure that must not be guessed at.
    """

    def __init__(self, text: str, schema: Mapping[str, Any], namespaces: frozenset[str]) -> None:
        self.text = text
        self.properties: Mapping[str, Mapping[str, Any]] = schema["properties"]
        self.required = frozenset(schema.get("required", ()))
        self.namespaces = namespaces
        self.found: dict[str, list[Found]] = {}
        self._marks = bytearray(len(text))
        leading = [p for n in self.properties for p in self.phrases(n) if self._names(n)]
        self._stop = re.compile(phrase_pattern(leading), re.IGNORECASE) if leading else None

    def free(self, span: Span) -> bool:
        """Whether nobody claimed any of these characters."""
        return not any(self._marks[span[0] : span[1]])

    def offer(self, name: str, raw: str, span: Span) -> bool:
        """Claim the words for a property if `raw` can be its value."""
        value = coerce(raw, name, self.properties[name])
        return value is not None and self.claim(name, value, span)

    def claim(self, name: str, value: Any, *spans: Span) -> bool:
        """Claim the words for a property if it accepts the value."""
        if refuses(self.properties[name], value) is not None:
            return False
        for span in spans:
            self.mark(span)
        self.found.setdefault(name, []).append(Found(value, spans[0][0], spans[-1][1]))
        return True

    def mark(self, span: Span, *, used: bool = True) -> None:
        """Close these characters to the steps that follow."""
        size = max(0, span[1] - span[0])
        self._marks[span[0] : span[1]] = bytes([_USED if used else _SET_ASIDE]) * size

    def phrases(self, name: str) -> list[str]:
        """The words that stand for a property, longest first, in lower case."""
        hints = self.properties[name].get("x-tiphys", {}).get("words", [])
        words = {own_words(name), name.lower(), *(hint.lower() for hint in hints)}
        return sorted(words, key=lambda word: (-len(word), word))

    def noun_at(self, position: int, *, any_type: bool = False) -> Noun | None:
        """The noun phrase after `position`; words that lead to another name end it."""
        return noun_at(self.text, position, stop=self._stop, any_type=any_type)

    def with_format(self, wanted: str) -> list[str]:
        """Properties that hold texts of a format."""
        return [n for n, d in self.properties.items() if d.get("format") == wanted]

    def _names(self, name: str) -> bool:
        return self.properties[name].get("format") in NAMES

    def of_kind(self, *kinds: str) -> list[str]:
        """Properties of these JSON types."""
        return [n for n, d in self.properties.items() if kind_of(d) in kinds]

    def reading(self) -> Reading:
        """What was found, in the schema's order; what was found twice is a contradiction."""
        values, sources, twice = {}, {}, {}
        for name in self.properties:
            found = sorted(self.found.get(name, ()), key=lambda f: f.start)
            different = list({repr(f.value): f for f in reversed(found)}.values())[::-1]
            if len(different) > 1:
                in_order = dict.fromkeys(repr(f.value) for f in found)
                by_value = {repr(f.value): f.value for f in found}
                twice[name] = tuple(by_value[key] for key in in_order)
            elif different:
                values[name] = different[0].value
                sources[name] = self._words(different[0])
        return Reading(values, sources, twice, tuple(self._unused()))

    def _words(self, found: Found) -> str:
        return " ".join(self.text[found.start : found.end].split())

    def _unused(self) -> Iterator[str]:
        for match in _WORD.finditer(self.text):
            figure = any(character.isdigit() for character in match[0])
            if figure and _USED not in self._marks[match.start() : match.end()]:
                yield match[0].rstrip(".:")


def own_words(name: str) -> str:
    """A property's name in words: `memoryLimit` is "memory limit"."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).lower()


def phrase_pattern(phrases: Iterable[str]) -> str:
    """A pattern that matches any of the phrases as whole words, the longest first."""
    ordered = sorted(set(phrases), key=lambda phrase: (-len(phrase), phrase))
    forms = (r"[\s-]+".join(map(re.escape, phrase.split())) for phrase in ordered)
    return rf"(?<![\w-])(?:{'|'.join(forms)})s?(?![\w-])"


def phrase_key(words: str) -> str:
    """A phrase as it is looked up: `Memory-Limit` and `memory  limit` are one."""
    return re.sub(r"[\s_-]+", " ", words).strip().lower()
