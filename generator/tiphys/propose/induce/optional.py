"""What only some cases have: each such part gets a condition that a value decides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from tiphys.propose.induce.model import (
    ABSENT,
    Address,
    Branch,
    Condition,
    Expression,
    Leaf,
    Node,
    Parameter,
    Path,
    Piece,
    Ref,
    Variables,
    Vector,
    children,
    parameters_of,
    presence,
)
from tiphys.propose.induce.reading import camel, kebab
from tiphys.propose.induce.registry import Registry
from tiphys.propose.induce.signature import nullable, own_words

_SHORT_KINDS = {
    "PodDisruptionBudget": ("disruptionBudget", "disruption budget, pod disruption budget, pdb"),
    "HorizontalPodAutoscaler": ("autoscaler", "autoscaler, horizontal pod autoscaler, hpa"),
    "PersistentVolumeClaim": ("volumeClaim", "volume claim, persistent volume claim, pvc"),
}


def add_conditions(
    pieces: Sequence[Piece], expressions: Mapping[Address, Expression], registry: Registry
) -> dict[Address, Condition]:
    """A condition for each part that is missing where what holds it is there."""
    finder = _Finder(expressions, registry)
    for number, piece in enumerate(pieces):
        everywhere = tuple(True for _ in presence(piece.tree))
        finder.visit(number, piece, piece.tree, (), everywhere)
    return finder.conditions


class _Finder:
    def __init__(self, expressions: Mapping[Address, Expression], registry: Registry) -> None:
        self.conditions: dict[Address, Condition] = {}
        self._expressions = expressions
        self._registry = registry
        self._uses = Counter(name for each in expressions.values() for name in parameters_of(each))
        self._flags: dict[Vector, str] = {}

    def visit(
        self, number: int, piece: Piece, node: Node, path: Path, above: tuple[bool, ...]
    ) -> None:
        here = presence(node)
        address = (number, path)
        if here != above or isinstance(node, Variables):
            self.conditions[address] = self._condition(address, piece, node, here, above)
        for part, child in children(node):
            self.visit(number, piece, child, (*path, part), here)

    def _condition(
        self, address: Address, piece: Piece, node: Node, here: tuple[bool, ...],
        above: tuple[bool, ...],
    ) -> Condition:  # fmt: skip
        own = self._own(address, node)
        if own is not None and isinstance(node, Variables):
            return self._emptied(own, {}, required=here == above and own.default is ABSENT)
        if own is not None and own.definition["type"] in ("array", "object"):
            return self._emptied(own, [] if own.definition["type"] == "array" else {})
        if own is not None and isinstance(address[1][-1], str):
            own.definition = nullable(own.definition)
            own.default = None
            own.vector = tuple(None if value is ABSENT else value for value in own.vector)
            return Condition(own.name, given=True)
        vector: Vector = tuple(a and b for a, b in zip(here, above, strict=True))
        if vector not in self._flags:
            name, words = _called(piece, address[1], node)
            description = f"Add {words[0]}."
            self._flags[vector] = self._registry.flag(name, vector, description, words)
        return Condition(self._flags[vector])

    def _own(self, address: Address, node: Node) -> Parameter | None:
        """The parameter that fills this place and no other."""
        if not isinstance(node, Leaf | Variables):
            return None
        made = self._expressions[address]
        if isinstance(made, Ref) and (self._uses[made.name] == 1 or isinstance(node, Variables)):
            return self._registry.get(made.name)
        return None

    def _emptied(self, own: Parameter, empty: Any, *, required: bool = False) -> Condition:
        if not required and ABSENT in own.vector:
            own.default = empty
        own.vector = tuple(empty if value is ABSENT else value for value in own.vector)
        return Condition(own.name)


def _called(piece: Piece, path: Path, node: Node) -> tuple[str, tuple[str, ...]]:
    """A flag's name and the phrases that mean true."""
    if not path:
        known = _SHORT_KINDS.get(piece.kind)
        if known:
            return known[0], tuple(word.strip() for word in known[1].split(","))
        return camel(kebab(piece.kind)) or "extra", (own_words(kebab(piece.kind)),)
    last = path[-1]
    if isinstance(last, str):
        name = camel(last) or "extra"
        return (name if name != "name" else "withName"), (own_words(last) or "extra",)
    held = next((part for part in reversed(path) if isinstance(part, str)), "item")
    what = _identity(node)
    name = camel(what, held.removesuffix("s")) or camel(held) or "extra"
    return name, (own_words(f"{what} {held.removesuffix('s')}".strip()),)


def _identity(node: Node) -> str:
    if isinstance(node, Branch):
        for key in ("name", "key", "type"):
            leaf = node.items.get(key)
            if isinstance(leaf, Leaf) and isinstance(leaf.values[0], str):
                return leaf.values[0][:30]
    return ""
