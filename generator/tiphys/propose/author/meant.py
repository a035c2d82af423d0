"""Fields that a request means without naming them, found by how near in meaning its sentences are.

Patterns know one wording in one language each. A sentence encoder knows that "Läuft der vorige Lauf
noch, wird der neue ausgelassen" is about runs that overlap, so the author may be told which field
that is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from tiphys.library.prompts import load_folder
from tiphys.ports import Embedder, Object
from tiphys.propose.author.cards import IMAGE
from tiphys.propose.author.fields import dicts
from tiphys.propose.author.missing import IN_CONTEXT, WORKLOADS
from tiphys.propose.author.sentences import BREAK
from tiphys.propose.author.types import Meant
from tiphys.propose.kinds import asked_kinds

_NEAR = 0.45  # what is nearer is told to the model; calibrated on the tasks' first half
_BESIDE = 0.6  # and of a kind that nobody named, where others are
_CLEAR = 0.02  # nearer than the second
_ALONE = 0.1  # what one sentence is worth less than two
_SENTENCE = re.compile(rf"(?<=[.;:!?])\s+|{BREAK}")
_CLAUSE = re.compile(r",\s+(?!\d)|\s+(?:and|but|und|aber|et|mais|y|pero|e|mas)\s+")
_CONDITION = re.compile(
    r"\s*(?:if|when|whenever|should|while|as\s+soon\s+as|wenn|falls|sollte|sobald|si|quand|lorsque"
    r"|cuando|se|quando)\b",
    re.IGNORECASE,
)
_LEAST, _MOST = 12, 40  # letters of a clause; clauses of a request


@dataclass(frozen=True, slots=True)
class _Meaning:
    """A `field`, or an object of the kind that it `makes`; neither: nothing of the sort.

    `means` are sentences that say so.
    """

    means: tuple[str, ...]
    field: str = ""
    kinds: frozenset[str] = frozenset()
    keys: tuple[str, ...] = ()
    makes: str = ""

    @property
    def name(self) -> str:
        """What is told; "" for nothing of the sort."""
        return self.field or self.makes


def meant(
    request: str, embedder: Embedder, *, context: str = "", kinds: Sequence[str] = ()
) -> tuple[Meant, ...]:
    """At most one field for each clause, of the kinds in question: named, existing, or `kinds`.

    Or a kind that nobody named, where an object of it is what the clause is about.
    """
    about = {*asked_kinds(request), *IN_CONTEXT.findall(context), *kinds}
    about |= {"pods"} if about.intersection(WORKLOADS) else set()
    known = [each for each in _meanings() if not each.field or each.kinds & about]
    clauses = list(dict.fromkeys(_clauses(request)))[:_MOST]
    if not clauses:
        return ()
    import numpy  # with the encoder's weights, where a model may write

    sentences = [(each, text) for each in known for text in each.means]
    said = numpy.asarray(embedder.embed(clauses, query=True))
    vectors = numpy.asarray(embedder.embed([text for _, text in sentences], query=False))
    found: dict[tuple[Any, ...], Meant] = {}  # of what has several values the one
    for clause, scores in zip(clauses, (said @ vectors.T).tolist(), strict=True):
        meanings = (each for each, _ in sentences)
        nearest, score = _nearest(list(zip(meanings, scores, strict=True)))
        what = (nearest.keys, nearest.makes)
        before = found.get(what)
        if not nearest.name or nearest.makes in about:
            continue
        least = _BESIDE if nearest.makes and about else _NEAR
        if score >= least and (before is None or score > before.score):
            with_pods = WORKLOADS if "pods" in nearest.kinds else ()
            found[what] = Meant(
                clause,
                nearest.field or f"an object of kind {nearest.makes}",
                nearest.keys,
                nearest.kinds.union(with_pods),
                score,
                nearest.makes,
            )
    return tuple(each for each in found.values() if each.sure or not _is_part(each, found.values()))


def _is_part(one: Meant, found: Iterable[Meant]) -> bool:
    """Whether it is a part of a sentence that as a whole is nearer to something else."""
    return any(one.said != each.said and one.said in each.said and one.score < each.score
               for each in found)  # fmt: skip


def _nearest(scored: Sequence[tuple[_Meaning, float]]) -> tuple[_Meaning, float]:
    """What is meant, and how near by the two nearest sentences that mean it; 0 if it isn't clear.

    One sentence may come near by accident; one that is all but the same counts alone too. Of what
    means nothing the nearest counts.
    """
    best: dict[tuple[Any, ...], list[tuple[float, _Meaning]]] = {}
    for each, score in scored:
        best.setdefault((each.keys, each.makes), []).append((score, each))
    means = []
    for held in best.values():
        held.sort(key=lambda pair: -pair[0])
        (score, each), (second, _) = held[0], held[1 if held[0][1].name and held[1:] else 0]
        means.append((max((score + second) / 2, score - _ALONE), each))
    means.sort(key=lambda pair: -pair[0])
    (score, nearest), *rest = means
    clear = not rest or score - rest[0][0] >= _CLEAR
    return nearest, score if clear else 0.0


def lacking(fields: Sequence[Meant], objects: Sequence[Object]) -> tuple[Meant, ...]:
    """Those that are beyond doubt, and that no object of their kinds has."""
    return tuple(
        each
        for each in fields
        if each.sure
        and any(obj.get("kind") in each.kinds for obj in objects)
        and not any(_has(obj, each.keys) for obj in objects if obj.get("kind") in each.kinds)
    )


def _has(obj: Object, keys: Sequence[str]) -> bool:
    return any(key in each for each in dicts(obj) for key in keys)


def _clauses(request: str) -> Iterator[str]:
    """Sentences and, where they have parts, those too; without images, which say nothing."""
    for sentence in _SENTENCE.split(IMAGE.sub("", request)):
        parts = [each for each in _CLAUSE.split(sentence) if not _CONDITION.match(each)]
        for text in dict.fromkeys((sentence, *parts)):
            plain = " ".join(text.split())
            if len(plain) > _LEAST:
                yield plain


@cache
def _meanings() -> tuple[_Meaning, ...]:
    return tuple(
        _Meaning(
            tuple(each["means"]),
            each.get("field", ""),
            frozenset(each.get("in", ())),
            tuple(each.get("key", "").split("|")),
            each.get("makes", ""),
        )
        for held in load_folder("meanings")
        for each in held
    )
