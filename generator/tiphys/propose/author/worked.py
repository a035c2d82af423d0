"""Requests with their right answers, shown to the model where they come near to the new one.

A small model that sees what became of like words writes better than one that sees fields alone.
Some come with the package; those that people merged are the repository's own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from tiphys.library.prompts import load_folder
from tiphys.ports import Embedder
from tiphys.propose.author.cards import IMAGE, kinds_of
from tiphys.propose.author.missing import IN_CONTEXT
from tiphys.propose.author.types import Example
from tiphys.propose.kinds import asked_kinds

_KINDS = 0.3  # what the same kinds are worth, beside how near the words come (1 at most)
_OWN = 0.1  # what was merged here is worth more: it shows how things are done here
_FAR = 0.35  # nothing that comes less near is shown
_LETTERS = 2400  # of one that is shown
_QUOTED = re.compile(r"[\"'`][^\"'`\n]{1,60}[\"'`]")
_NAME = re.compile(r"\w-\w|[/\d_=@]")
_WORDS = frozenset({"read-only", "non-root", "cluster-wide", "read-write", "anti-affinity"})


@dataclass(frozen=True, slots=True)
class Worked:
    """What was asked for, and the YAML that was right."""

    request: str
    answer: str

    @property
    def kinds(self) -> frozenset[str]:
        """Of the objects that it answers with."""
        return frozenset(IN_CONTEXT.findall(self.answer))

    @property
    def shown(self) -> Example:
        """As the model sees it."""
        return Example(f'Right for the request "{self.request.strip()}"', self.answer.strip())


def worked_for(
    request: str,
    embedder: Embedder,
    *,
    merged: Sequence[Worked] = (),
) -> Worked | None:
    """The nearest, or None: by what the words mean, without names and figures, and by the kinds."""
    known = (*merged, *_package())
    held = [each for each in known if len(each.request) + len(each.answer) <= _LETTERS]
    import numpy  # with the encoder's weights, where a model may write

    wanted = {*kinds_of(request), *asked_kinds(request)}
    vectors = numpy.asarray(embedder.embed([_plain(e.request) for e in held], query=False))
    said = numpy.asarray(embedder.embed([_plain(request)], query=True))[0]
    kinds = [len(wanted & each.kinds) / len(wanted | each.kinds) for each in held]
    score, nearest = max(
        (words + _KINDS * shared + _OWN * (each in merged), number)
        for number, (each, words, shared) in enumerate(
            zip(held, (vectors @ said).tolist(), kinds, strict=True)
        )
    )
    return held[nearest] if score >= _FAR else None


def _plain(text: str) -> str:
    """Without names, images and figures, which say nothing of what is wanted."""
    bare = _QUOTED.sub(" ", IMAGE.sub(" ", text))
    words = (each for each in bare.split() if _is_word(each))
    return " ".join(words)


def _is_word(text: str) -> bool:
    return text.strip(".,;:!?()").lower() in _WORDS or not _NAME.search(text)


@cache
def _package() -> tuple[Worked, ...]:
    return tuple(
        Worked(each["request"], each["answer"]) for held in load_folder("examples") for each in held
    )
