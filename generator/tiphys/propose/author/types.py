"""What an author is given, and what comes out."""

from __future__ import annotations

from dataclasses import dataclass

from tiphys.domain.rehearsal import Rehearsal
from tiphys.library.openapi import Schemas
from tiphys.ports import Object
from tiphys.propose.road import Road


@dataclass(frozen=True, slots=True)
class Example:
    """A manifest shown to the model. `about` says in a few words what it is."""

    about: str
    text: str


# Of a clause and a meaning. What an answer lacks is seldom what was meant, where the model has seen
# the request too: of right answers (prompts/examples) 16 of 164 would be told to lack a field.
_SURE = 0.55


@dataclass(frozen=True, slots=True)
class Meant:
    """A field that a clause of a request comes near to, as the model is told, and how near.

    An object of one of the `kinds` that has the field has one of the `keys`. Where an object is
    meant and no field, it `makes` one of that kind.
    """

    said: str
    field: str
    keys: tuple[str, ...]
    kinds: frozenset[str]
    score: float
    makes: str = ""

    @property
    def sure(self) -> bool:
        """Whether an answer without it lacks something."""
        return self.score >= _SURE


@dataclass(frozen=True, slots=True)
class Unsaid:
    """What a request says and no field holds: the text of it, and what to tell a model."""

    said: str
    words: str


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be written. `context` is YAML of objects that exist already.

    `namespace` is where objects go that name none; "" leaves that open in the answer. `meant` are
    fields that the request seems to mean.
    """

    request: str
    namespace: str = ""
    context: str = ""
    examples: tuple[Example, ...] = ()
    meant: tuple[Meant, ...] = ()


@dataclass(frozen=True, slots=True)
class Pieces:
    """What the loop may use; each can be left out, to measure what it is worth."""

    feedback: bool = True
    mending: bool = True
    settling: bool = True
    sampling: bool = True
    steps: bool = True
    parts: bool = True
    outlines: bool = True
    literals: bool = True
    figures: bool = True


ALL = Pieces()


@dataclass(frozen=True, slots=True)
class Attempt:
    """Objects with the evidence about them. `notes` say what was changed after the model.

    `unsaid` is what the request says and it does not.
    """

    objects: tuple[Object, ...]
    rehearsal: Rehearsal
    notes: tuple[str, ...] = ()
    answer: str = ""
    unsaid: tuple[Unsaid, ...] = ()

    @property
    def faults(self) -> int:
        """How much is known to be wrong or left out."""
        known = [each for each in self.rehearsal.problems if each.stage != "open"]
        return len(known) + len(self.unsaid) + (not self.rehearsal.live)


@dataclass(frozen=True, slots=True)
class Authored:
    """The best attempt, None where no answer could be read. `ended` says why no more was done.

    `model`, `prompt` and `sampling` pin how it was made, `schemas` describe its kinds.
    """

    best: Attempt | None
    ended: str
    model: str
    prompt: str
    spent: str
    sampling: str
    calls: int
    tokens: int
    schemas: Schemas
    problems: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        """Whether nothing is known to be wrong with it."""
        return self.best is not None and self.best.rehearsal.good

    @property
    def road(self) -> Road:
        """How sure: the share of the requirements that a field is known to meet."""
        if self.best is None:
            return Road("author", 0.0, self.ended)
        found = self.best.rehearsal
        known = found.covered + len(found.of("contradicted", "open"))
        share = found.covered / known if known else 0.0
        return Road("author", share if self.good else 0.0, self.ended)
