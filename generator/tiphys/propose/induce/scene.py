"""The merged objects with all that is asked of them: who is main, what stands in which request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tiphys.propose.induce.model import (
    ABSENT,
    Address,
    Expression,
    Leaf,
    Piece,
    Ref,
    Variables,
    Vector,
    walk,
)
from tiphys.propose.induce.places import Place
from tiphys.propose.induce.reading import CLUSTER_KINDS, Case
from tiphys.propose.induce.relations import related
from tiphys.propose.induce.stated import Stated

_FIRST = ("Namespace", "Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job", "Pod")


class Scene:
    """Read-only views on cases and pieces.

    `leaves` come in the order in which parameters are named: the main object's first, workloads
    before what points to them, containers before those that run before them. `space` is what
    stands for the namespace, None where there is none.
    """

    def __init__(self, cases: Sequence[Case], pieces: Sequence[Piece]) -> None:
        self.pieces = pieces
        self.scope = cases[0].scope
        self.names = tuple(case.name for case in cases)
        kind = cases[0].sources[cases[0].primary].kind
        self.primary = next(
            n for n, p in enumerate(pieces) if p.names[0] == self.names[0] and p.kind == kind
        )
        self.order = sorted(range(len(pieces)), key=self._rank)
        self._stated = [Stated(case.request) for case in cases]
        found: dict[Address, Leaf | Variables] = {
            (n, path): node
            for n in self.order
            for path, node in walk(pieces[n].tree)
            if isinstance(node, Leaf | Variables)
        }
        self.leaves = dict(sorted(found.items(), key=lambda each: "initContainers" in each[0][1]))
        self.spaces, self.space = self._namespace()

    def vector(self, address: Address) -> Vector:
        """A leaf's value in each case."""
        return self.leaves[address].values

    def beside(self, address: Address, *keys: str) -> Vector | None:
        """The values of a neighbour, by its last keys; None if there is none."""
        found = self.leaves.get((address[0], (*address[1][: -len(keys)], *keys)))
        return found.values if found else None

    def related(self, vector: Vector) -> Expression | None:
        """How texts are made from the name, or None."""
        return related(vector, self.names, self.spaces, self.space)

    def is_space(self, vector: Vector) -> bool:
        """Whether it is the namespace in every case."""
        return self.space is not None and agrees(vector, self.spaces)

    def stated(self, place: Place, vector: Vector, words: Sequence[str]) -> bool:
        """Whether every case that has the value was asked for it."""
        return all(
            _told(stated, value, place, words)
            for stated, value in zip(self._stated, vector, strict=True)
            if value is not ABSENT
        )

    def mentioned(self, text: str) -> bool:
        """Whether every request has these words, in upper or lower case."""
        return all(stated.text(text, fold=True) for stated in self._stated)

    def _rank(self, number: int) -> tuple[bool, int, int]:
        kind = self.pieces[number].kind
        weight = _FIRST.index(kind) if kind in _FIRST else len(_FIRST)
        return number != self.primary, weight, number

    def _namespace(self) -> tuple[tuple[str, ...], Ref | None]:
        if self.scope == "cluster":
            own = self.pieces[self.primary].kind == "Namespace"
            return self.names, Ref("name") if own else None
        found = [""] * len(self.names)
        for number, piece in enumerate(self.pieces):
            if piece.kind not in CLUSTER_KINDS:
                values = self.leaves[number, ("metadata", "namespace")].values
                found = [old if v is ABSENT else v for old, v in zip(found, values, strict=True)]
        return tuple(found), Ref("namespace")


def varies(vector: Vector) -> bool:
    """Whether the cases that have it differ."""
    there = [value for value in vector if value is not ABSENT]
    return any(value != there[0] or type(value) is not type(there[0]) for value in there)


def agrees(vector: Vector, other: Sequence[Any]) -> bool:
    """Whether both are the same wherever the first has something."""
    return all(a is ABSENT or a == b for a, b in zip(vector, other, strict=True))


def some(vector: Vector) -> Any:
    """The value of the first case that has one."""
    return next(value for value in vector if value is not ABSENT)


def _told(stated: Stated, value: Any, place: Place, words: Sequence[str]) -> bool:
    if place.sort == "quantity":
        return stated.quantity(str(value))
    if isinstance(value, bool):
        return value and any(stated.text(word, fold=True) for word in words)
    if isinstance(value, int):
        plain = place.always and value > 1 and stated.number(value)
        return plain or stated.number_by(value, words)
    return stated.value(value)
