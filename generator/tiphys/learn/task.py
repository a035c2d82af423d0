"""A task of the development benchmark: a request in plain words, and what tells a right answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tiphys.learn.answers import read_answer
from tiphys.ports import Object

Half = Literal["learn", "held"]


@dataclass(frozen=True, slots=True)
class Wrong:
    """An answer that must fail, and why it is wrong."""

    why: str
    answer: str


@dataclass(frozen=True, slots=True)
class Task:
    """One request with its check. `reference` is a right answer, `context` what an edit starts at.

    `check` and `later` are operations of a Chainsaw step. `check` must hold as soon as the answer
    is applied, `later` once the cluster's controllers had time to act on it.
    `presumes` are objects that stand before the answer comes. `namespace` is the one that the
    request names, "" where it names none; the check looks there.
    """

    id: str
    family: str
    half: Half
    level: Literal["plain", "hard"]
    mode: Literal["new", "edit"]
    request: str
    reference: str
    check: tuple[Mapping[str, Any], ...]
    later: tuple[Mapping[str, Any], ...]
    wrong: tuple[Wrong, ...]
    context: str = ""
    presumes: tuple[Object, ...] = ()
    namespace: str = ""

    @property
    def objects(self) -> Sequence[Object]:
        """The documents of the reference."""
        return read_answer(self.reference)
