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
_MOST = 2
_LETTERS = 3600  # of one that is shown
_QUOTED = re.compile(r"[\"'`][^\"'`\n]{1,60}[\"'`]")
_NAME = re.compile(r"\w-\w|[/\d_=@]")
_WORDS = frozenset({"read-only", "non-root", "cluster-wide", "read-write", "anti-affinity"})


@dataclass(frozen=True, slots=True)
class Worked:
    """What was asked for, and the YAML that was right; a change has a `context` of what existed."""

    request: str
    answer: str
    context: str = ""

    @property
    def kinds(self) -> frozenset[str]:
        """Of the objects that it answers with."""
        return frozenset(IN_CONTEXT.findall(self.answer))

    @property
    def shown(self) -> Example:
        """As the model sees it."""
        about = f'Right for the request "{self.request.strip()}"'
        if self.context:
            about += f", where this existed:\n```yaml\n{self.context.strip()}\n```\nis"
        return Example(about, self.answer.strip())

    @property
    def letters(self) -> int:
        """How long it is to read."""
        return len(self.request) + len(self.context) + len(self.answer)


def worked_for(
    request: str,
    embedder: Embedder,
    *,
    context: str = "",
    merged: Sequence[Worked] = (),
) -> tuple[Worked, ...]:
    """The nearest, the best of them last: by what the words mean, without names, and by kinds.

    Changes of what exists for a request that has a `context`, new objects for one that has not.
    """
    known = (*merged, *_package())
    held = [e for e in known if bool(e.context) == bool(context) and e.letters <= _LETTERS]
    if not held:
        return ()
    import numpy  # with the encoder's weights, where a model may write

    wanted = {*IN_CONTEXT.findall(context)} or {*kinds_of(request), *asked_kinds(request)}
    vectors = numpy.asarray(embedder.embed([_plain(e.request) for e in held], query=False))
    said = numpy.asarray(embedder.embed([_plain(request)], query=True))[0]
    shares = [len(wanted & each.kinds) / len(wanted | each.kinds) for each in held]
    scored = sorted(
        (
            (words + _KINDS * shared + _OWN * (each in merged), number)
            for number, (each, words, shared) in enumerate(
                zip(held, (vectors @ said).tolist(), shares, strict=True)
            )
        ),
        reverse=True,
    )
    return tuple(held[number] for score, number in scored[:_MOST][::-1] if score >= _FAR)


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
        Worked(each["request"], each["answer"], each.get("context", ""))
        for held in load_folder("examples")
        for each in held
    )
