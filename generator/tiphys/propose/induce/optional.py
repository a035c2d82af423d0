"""What only some cases have: each such part gets a condition that a value decides.

Parts that belong together (a volume and its mount, a ConfigMap and what reads it) come and go with
one value; parts that have nothing to do with each other have a value each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from tiphys.propose.induce.grouping import Part, grouped
from tiphys.propose.induce.model import (
    ABSENT,
    Address,
    Condition,
    Const,
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
    walk,
)
from tiphys.propose.induce.places import Place, place_of
from tiphys.propose.induce.reading import camel, kebab
from tiphys.propose.induce.registry import Registry
from tiphys.propose.induce.signature import nullable, own_words

_KINDS = {
    "PodDisruptionBudget": ("disruptionBudget", ("disruption budget", "pdb")),
    "HorizontalPodAutoscaler": ("autoscaler", ("autoscaler", "hpa")),
    "PersistentVolumeClaim": ("volumeClaim", ("volume claim", "pvc")),
}


def add_conditions(
    pieces: Sequence[Piece], expressions: dict[Address, Expression], registry: Registry
) -> dict[Address, Condition]:
    """A condition for each part that is missing where what holds it is there.

    A literal that only some cases have becomes a parameter: `expressions` are changed in place.
    """
    finder = _Finder(pieces, expressions, registry)
    found = [each for number in range(len(pieces)) for each in finder.optional(number)]
    for part in found:
        finder.fill(part)
    for group in grouped(expressions, [part for part in found if part.open]):
        finder.decide(group)
    return finder.conditions


class _Finder:
    def __init__(
        self, pieces: Sequence[Piece], expressions: dict[Address, Expression], registry: Registry
    ) -> None:
        self.conditions: dict[Address, Condition] = {}
        self._pieces = pieces
        self._expressions = expressions
        self._registry = registry

    def optional(self, number: int) -> Iterator[Part]:
        """Every part that is missing in some case that has what holds it."""
        tree = self._pieces[number].tree
        yield from self._below(number, tree, (), tuple(True for _ in presence(tree)))

    def _below(
        self, number: int, node: Node, path: Path, above: tuple[bool, ...]
    ) -> Iterator[Part]:
        here = presence(node)
        if here != above or isinstance(node, Variables):
            yield Part((number, path), node, here, above)
        for key, child in children(node):
            yield from self._below(number, child, (*path, key), here)

    def fill(self, part: Part) -> None:
        """Decide what a single value decides by being there or not."""
        node, address = part.node, part.address
        if not isinstance(node, Leaf | Variables):
            return
        own = self._own(address) or self._opened(part)
        if own is None:
            return
        if own.definition["type"] in ("array", "object"):
            empty: Any = {} if own.definition["type"] == "object" else []
            if ABSENT in own.vector:
                own.default = empty
                own.vector = tuple(empty if v is ABSENT else v for v in own.vector)
            self.conditions[address] = Condition(own.name)
            part.open = False
        elif isinstance(address[1][-1], str):
            self._null(own)
            self.conditions[address] = Condition(own.name, given=True)
            part.open = False

    def decide(self, group: Sequence[Part]) -> None:
        """One condition for parts that come and go together."""
        first = group[0]
        own = self._exclusive(group)
        if own is not None and first.address[1]:
            self._null(own)
            condition = Condition(own.name, given=True)
        else:
            vector: Vector = tuple(a and b for a, b in zip(first.here, first.above, strict=True))
            name, words = _called(self._pieces[first.address[0]], first)
            flag = self._registry.flag(name, vector, f"Add {words[0]}.", words)
            condition = Condition(flag)
        for part in group:
            self.conditions[part.address] = condition

    def _null(self, own: Parameter) -> None:
        own.definition = nullable(own.definition)
        own.default = None
        own.vector = tuple(None if value is ABSENT else value for value in own.vector)

    def _own(self, address: Address) -> Parameter | None:
        """The parameter that fills this place and no other."""
        made = self._expressions[address]
        uses = Counter(name for each in self._expressions.values() for name in parameters_of(each))
        if isinstance(made, Ref) and uses[made.name] == 1:
            return self._registry.get(made.name)
        return None

    def _opened(self, part: Part) -> Parameter | None:
        """A new parameter for a number or text that stands where others have nothing."""
        made = self._expressions[part.address]
        key = part.address[1][-1]
        if not isinstance(made, Const) or isinstance(made.value, bool) or not isinstance(key, str):
            return None
        if not isinstance(made.value, int | str) or "metadata" in part.address[1][:-1]:
            return None
        kind = self._pieces[part.address[0]].kind
        place = place_of(kind, part.address[1]) or Place(camel(key) or "extra")
        vector = part.node.values if isinstance(part.node, Leaf) else ()
        ref = self._registry.parameter(place, vector, part.address, stated=False)
        self._expressions[part.address] = ref
        return self._own(part.address)

    def _exclusive(self, group: Sequence[Part]) -> Parameter | None:
        """The one parameter that fills places of these parts and none elsewhere."""
        inside: Counter[str] = Counter()
        for part in group:
            number, path = part.address
            for below, _ in walk(part.node, path):
                inside.update(parameters_of(self._expressions.get((number, below), Const(None))))
        uses = Counter(name for each in self._expressions.values() for name in parameters_of(each))
        own = [name for name, count in inside.items() if uses[name] == count]
        if len(own) != 1:
            return None
        found = self._registry.get(own[0])
        plain = isinstance(found.definition["type"], str) and found.definition["type"] != "object"
        return found if plain and found.default is not None else None


def _called(piece: Piece, part: Part) -> tuple[str, tuple[str, ...]]:
    """A flag's name and the phrases that mean true."""
    path = part.address[1]
    if not path:
        plain = (camel(kebab(piece.kind)) or "extra", (own_words(kebab(piece.kind)),))
        return _KINDS.get(piece.kind, plain)
    last = path[-1]
    if isinstance(last, str):
        name = camel(last) or "extra"
        return (name if name != "name" else "withName"), (own_words(last) or "extra",)
    held = next((key for key in reversed(path) if isinstance(key, str)), "item").removesuffix("s")
    name = camel(part.identity, held) or camel(held) or "extra"
    return name, (own_words(f"{part.identity} {held}".strip()) or "extra",)
