"""Ranking maths: words of a text, how well a document covers them, and one score out of both sides.

Nothing here reads a file or knows a model; an index keeps a `Lexicon` and asks a `Calibration`.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

_WORD = re.compile(r"[^\W_]+")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_NAME = r"[\"'`]?[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?[\"'`]?"
_SPACE = r"(?:namespaces?|ns|namensraum|espace de noms|espacio de nombres)"
_NAMES = (
    re.compile(
        r"\b(?:in|into|im|dans|en|nel|no|to|for|aus)\s+(?:the\s+|le\s+|el\s+|dem\s+|l')?"
        rf"(?:{_SPACE}\b\s*[:=]?\s*{_NAME}|{_NAME}\s+{_SPACE}\b)",
        re.IGNORECASE,
    ),
    re.compile(r"(?<!\S)namespace\s*[:=]\s*\S+", re.IGNORECASE),
    re.compile(r"(?<!\S)[a-z0-9][a-z0-9.:_-]*/[a-z0-9./_-]+:[\w.-]+"),  # an image
    re.compile(r"(?<!\S)[A-Za-z_][A-Za-z0-9_]*=\S+"),
)
_STOP = frozenset(
    """a an and are as at be by can could de der die das do el en for from have i in is it la le
    les me my need of on one or our please so that the them this to und une un una want we will
    with would you your""".split()
)
_SATURATION = 1.2  # BM25's k1: how soon a repeated word stops to count
_LENGTH = 0.6  # BM25's b: how much a long text is held against it


@dataclass(frozen=True, slots=True)
class Calibration:
    """One score out of a lexical score (0..1) and a cosine (-1..1), the same for every query.

    What counts is by how much a document beats the nearest thing that no skill serves: a question
    in another language is far from both. `slope` and `bias` are fitted so that a score of 0.5
    divides requests that are served from those that are not.
    """

    lexical: float
    slope: float
    bias: float

    def nearness(self, lexical: float, cosine: float) -> float:
        """How near a text is to the query; means something within one query only."""
        return cosine + self.lexical * lexical

    def score(self, nearness: float, beyond: float) -> float:
        """How likely the document serves the request, 0..1; `beyond` is the nearest other thing."""
        power = self.slope * (nearness - beyond) + self.bias
        return 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, power))))


class Lexicon:
    """Words of documents, kept for searching; documents come and go one by one."""

    def __init__(self) -> None:
        self._postings: dict[str, dict[str, int]] = {}
        self._lengths: dict[str, int] = {}
        self._terms: dict[str, tuple[str, ...]] = {}
        self._total = 0

    def __len__(self) -> int:
        return len(self._lengths)

    def put(self, document: str, terms: Sequence[str]) -> None:
        """Add or replace a document's words (as `words` gives them)."""
        self.remove(document)
        counts = Counter(terms)
        for term, count in counts.items():
            self._postings.setdefault(term, {})[document] = count
        self._terms[document] = tuple(counts)
        self._lengths[document] = len(terms)
        self._total += len(terms)

    def remove(self, document: str) -> None:
        """Forget a document; nothing happens if it is not there."""
        if document not in self._lengths:
            return
        self._total -= self._lengths.pop(document)
        for term in self._terms.pop(document):
            found = self._postings[term]
            del found[document]
            if not found:
                del self._postings[term]

    def scores(self, terms: Iterable[str]) -> dict[str, float]:
        """BM25 of every document that has one of the words, as a share of the highest possible.

        So 1 is a document full of every word, and a request of many words is not worth more than
        a short one.
        """
        weights = {term: self._weight(term) for term in terms}
        most = sum(weights.values())
        scores: dict[str, float] = {}
        for term, weight in weights.items():
            for document, count in self._postings.get(term, {}).items():
                worth = weight * self._saturated(count, self._lengths[document]) / most
                scores[document] = scores.get(document, 0.0) + worth
        return scores

    def score_of(self, terms: Iterable[str], document: Sequence[str]) -> float:
        """The score that a document of these words would have, were it here."""
        weights = {term: self._weight(term) for term in terms}
        counts = Counter(document)
        found = (
            weight * self._saturated(counts[term], len(document))
            for term, weight in weights.items()
            if term in counts
        )
        return sum(found) / sum(weights.values()) if weights else 0.0

    def _weight(self, term: str) -> float:
        known = len(self._postings.get(term, ()))
        return math.log(1 + (len(self) - known + 0.5) / (known + 0.5))

    def _saturated(self, count: int, length: int) -> float:
        average = self._total / len(self) if self._total else 1.0
        return count / (count + _SATURATION * (1 - _LENGTH + _LENGTH * length / average))


def intent(text: str) -> str:
    """A request without the names that it fills in: what is wanted, not where and with what.

    Otherwise every request "in namespace shop" would resemble the making of namespaces.
    """
    for form in _NAMES:
        text = form.sub(" ", text)
    return " ".join(text.split())


def summary(text: str) -> str:
    """A document's first line: what an embedder reads, while the lexical side reads all."""
    return text.strip().partition("\n")[0]


def words(text: str) -> list[str]:
    """Lower-case words without accents, split at humps and hyphens, lightly stemmed.

    Scripts without spaces give pairs of characters.
    """
    found: list[str] = []
    for raw in _WORD.findall(_HUMP.sub(" ", text)):
        word = _plain(raw)
        if _WIDE.search(word):
            found += [word[i : i + 2] for i in range(max(1, len(word) - 1))]
        elif word not in _STOP and (len(word) > 1 or word.isdigit()):
            found.append(_stem(word))
    return found


def best_per_skill(scored: Mapping[str, float], skills: Mapping[str, str]) -> list[str]:
    """Document ids, best first, at most one for each skill."""
    chosen: dict[str, str] = {}
    for document, _ in sorted(scored.items(), key=lambda pair: (-pair[1], pair[0])):
        chosen.setdefault(skills[document], document)
    return list(chosen.values())


def _plain(word: str) -> str:
    folded = unicodedata.normalize("NFKD", word.casefold())
    return "".join(c for c in folded if not unicodedata.combining(c))


def _stem(word: str) -> str:
    for ending, least in (("ies", 5), ("ing", 6), ("es", 5), ("ed", 5), ("s", 4)):
        if word.endswith(ending) and len(word) >= least and not word.endswith("ss"):
            return word[: -len(ending)] + ("y" if ending == "ies" else "")
    return word
