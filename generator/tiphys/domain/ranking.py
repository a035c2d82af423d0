"""Ranking maths: words of a text, and one score out of a lexical and a dense one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_WORD = re.compile(r"[^\W_]+")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_STOP = frozenset(
    """a an and are as at be by can could de der die das do el en for from have i in is it la le
    les me my need of on one or our please so that the them this to und une un una want we will
    with would you your""".split()
)


@dataclass(frozen=True, slots=True)
class Fusion:
    """How a score is made of both sides.

    Cosine similarities of the model live in a narrow band: `floor` maps to 0 and `ceiling` to 1.
    `lexical_weight` (0..1) is the lexical side's share.
    """

    floor: float
    ceiling: float
    lexical_weight: float

    def score(self, lexical: float, cosine: float) -> float:
        """A score in 0..1 from a lexical score in 0..1 and a cosine in -1..1."""
        dense = min(1.0, max(0.0, (cosine - self.floor) / (self.ceiling - self.floor)))
        return self.lexical_weight * lexical + (1.0 - self.lexical_weight) * dense


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


def best_per_skill(scored: Iterable[tuple[str, float]], skills: Mapping[str, str]) -> list[str]:
    """Document ids, best first, at most one for each skill."""
    chosen: dict[str, str] = {}
    for document, _ in sorted(scored, key=lambda pair: (-pair[1], pair[0])):
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
