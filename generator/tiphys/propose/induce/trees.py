"""Assertion trees: what the live objects must look like, with the values where they were put in.

A tree must accept what the API server makes of the manifest (quantities in its own writing, empty
things left out, lists that admission extends) and nothing that differs from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tiphys.propose.induce.leaves import (
    Tree,
    field,
    holds,
    iterated,
    jmespath,
    leaf,
    live,
    plain_key,
    text,
    variables,
    zero_for,
    zero_of,
)
from tiphys.propose.induce.model import (
    Address,
    Branch,
    Choice,
    Condition,
    Const,
    Expression,
    Leaf,
    Node,
    Piece,
    Ref,
    Row,
    Variables,
    children,
)

# Maps that the API server leaves out when they are empty; other empty maps mean something.
_MAPS = frozenset(
    "labels annotations nodeSelector matchLabels data binaryData limits requests".split()
)
_SELECTORS = frozenset({"matchLabels", "selector"})
# Admission adds to these lists of a bare pod.
_EXTENDED = frozenset({"volumes", "volumeMounts", "tolerations", "imagePullSecrets"})


class Trees:
    """Writes the tree of each object."""

    def __init__(self, pieces: Sequence[Piece], choice: Choice) -> None:
        self._pieces = pieces
        self._choice = choice
        self._known = {each.name: each for each in choice.parameters}

    def of(self, number: int, without: Sequence[tuple[str, ...]] = ()) -> Tree:
        """The whole object's tree; `without` are fields that somebody else sets."""
        piece = self._pieces[number]
        skip = {("status",), *without}
        return self._branch((number, ()), piece.tree, piece, skip)

    def expression(self, address: Address) -> Expression | None:
        """What fills a leaf, or None where there is none."""
        return self._choice.expressions.get(address)

    def _branch(
        self, address: Address, node: Branch, piece: Piece, skip: set[tuple[str, ...]]
    ) -> Tree:
        tree: Tree = {}
        path = address[1]
        for key, child in node.items.items():
            here: Address = (address[0], (*path, key))
            if here[1] in skip:
                continue
            self.member(tree, here, key, child, piece, skip)
        plain = tree and all(isinstance(child, Leaf) for child in node.items.values())
        if plain and path[-1:] and path[-1] in _SELECTORS:
            tree = {"(length(@))": len(tree), **tree}
        if "containers" in node.items and "hostNetwork" not in node.items:
            tree["(hostNetwork || hostPID || hostIPC || `false`)"] = False
        if path[-1:] == ("capabilities",) and "add" not in node.items:
            tree["(add == null)"] = True
        return tree

    def member(
        self, tree: Tree, here: Address, key: str, child: Node, piece: Piece,
        skip: set[tuple[str, ...]],
    ) -> None:  # fmt: skip
        """Add what is expected of a map's key to the map's tree."""
        name = field(key)
        condition = self._choice.conditions.get(here)
        if isinstance(child, Variables):
            filled = jmespath(self._choice.expressions[here])
            tree[f"({name} || `[]`)->variables"] = variables(filled)
            return
        if isinstance(child, Leaf):
            self._leaf(tree, here, key, piece, condition)
            return
        if isinstance(child, Row):
            below: Any = self._row(here, child, piece, skip)
        else:
            below = self._branch(here, child, piece, skip)
        if condition is not None:
            empty = isinstance(below, list) and not below
            if not empty:
                tree[f"~.({holds(condition)} && [{name}] || `[]`)"] = below
        elif isinstance(child, Row) and not child.items:
            tree[f"({name} || `[]`)"] = []
        elif (
            isinstance(child, Row)
            and piece.kind == "Pod"
            and key in _EXTENDED
            and isinstance(below, list)
        ):
            tree[f"({name}[0:{len(below)}])"] = below
        elif below or key not in _MAPS:
            tree[plain_key(key)] = below

    def _leaf(
        self, tree: Tree, here: Address, key: str, piece: Piece, condition: Condition | None
    ) -> None:
        expression = self._choice.expressions[here]
        name = field(key)
        if isinstance(expression, Const):
            value = live(expression.value, piece.kind, here)
            zero = zero_of(key, value)
            if value is None:
                return
            if condition is not None:
                tree[f"~.({holds(condition)} && [{name}] || `[]`)"] = iterated(text(value))
            else:
                tree[f"({name} || {zero})" if zero else plain_key(key)] = text(value)
            return
        zero = self._zero(key, expression)
        if condition is not None and zero not in ("`[]`", "`{}`"):
            held = f"[{name} || {zero}]" if zero else f"[{name}]"
            tree[f"~.({holds(condition)} && {held} || `[]`)"] = {"(@)": leaf(expression)}
        else:
            tree[f"({name} || {zero})" if zero else plain_key(key)] = leaf(expression)
            if zero == "`{}`":
                tree[f"(length({name} || `{{}}`))"] = f"(length({jmespath(expression)}))"

    def _row(
        self, here: Address, node: Row, piece: Piece, skip: set[tuple[str, ...]]
    ) -> list[Any] | Tree:
        conditions = [
            self._choice.conditions.get((here[0], (*here[1], i))) for i, _ in children(node)
        ]
        items = [
            self.item((here[0], (*here[1], i)), each, piece, skip) for i, each in children(node)
        ]
        if not any(conditions):
            return items
        # A list with optional items: how many, and each one wherever it now stands.
        tree: Tree = {}
        counts = ", ".join(
            f"length({holds(c)} && `[1]` || `[]`)" if c else "`1`" for c in conditions
        )
        tree["(length(@))"] = f"(sum([{counts}]))"
        for at, (item, condition) in enumerate(zip(items, conditions, strict=True)):
            before = conditions[:at]
            places = _places(before)
            for place, when in places:
                asked = [*when, *([holds(condition)] if condition else [])]
                if asked:
                    test = " && ".join(f"({each})" for each in asked)
                    tree[f"~.({test} && [@[{place}]] || `[]`)"] = iterated(item)
                else:
                    tree[f"(@[{place}])"] = item
        return tree

    def item(self, here: Address, node: Node, piece: Piece, skip: set[tuple[str, ...]]) -> Any:
        """What is expected of an item of a list."""
        if isinstance(node, Leaf):
            expression = self._choice.expressions[here]
            if isinstance(expression, Const):
                return text(live(expression.value, piece.kind, here))
            return leaf(expression)
        if isinstance(node, Row):
            return self._row(here, node, piece, skip)
        return self._branch(here, node, piece, skip) if isinstance(node, Branch) else {}

    def _zero(self, key: str, expression: Expression) -> str:
        """What stands for a field that the server leaves out where this value is empty."""
        if isinstance(expression, Ref):
            return zero_for(key, self._known[expression.name])
        return ""


def _places(before: Sequence[Condition | None]) -> list[tuple[int, list[str]]]:
    """Where an item may stand, and when, given the items in front of it.

    Conditions of one name count once: they are true together.
    """
    fixed = sum(condition is None for condition in before)
    names = list(dict.fromkeys(holds(c) for c in before if c is not None))
    sizes = {n: sum(c is not None and holds(c) == n for c in before) for n in names}
    found: list[tuple[int, list[str]]] = [(fixed, [])]
    for name in names[:3]:
        found = [
            pair
            for place, when in found
            for pair in ((place + sizes[name], [*when, name]), (place, [*when, f"!({name})"]))
        ]
    return found
