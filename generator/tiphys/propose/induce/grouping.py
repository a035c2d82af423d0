"""Which optional parts belong together: one defines a name that the other uses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tiphys.propose.induce.model import (
    Address,
    Branch,
    Const,
    Expression,
    Leaf,
    Node,
    Ref,
    walk,
)

_NAMING = frozenset({"name", "port", "targetPort", "key", "claimName", "secretName"})


@dataclass(slots=True)
class Part:
    """An optional node: the cases that have it, and those that have what holds it.

    `open` says that nothing decides yet whether it is there.
    """

    address: Address
    node: Node
    here: tuple[bool, ...]
    above: tuple[bool, ...]
    open: bool = True

    @property
    def identity(self) -> str:
        """The name of a list's item; "" where it has none."""
        leaf = self.node.items.get("name") if isinstance(self.node, Branch) else None
        if not isinstance(leaf, Leaf):
            return ""
        return next((v[:30] for v in leaf.values if isinstance(v, str)), "")


def grouped(expressions: Mapping[Address, Expression], parts: Sequence[Part]) -> list[list[Part]]:
    """The parts, those together that the same cases have and that share a name."""
    groups: list[tuple[list[Part], set[Any], set[Any]]] = []
    for part in parts:
        defined, used = _names(expressions, part)
        joined = [part]
        rest = []
        for members, known, needed in groups:
            same = members[0].here == part.here
            if same and (known & (defined | used) or defined & needed):
                joined = [*members, *joined]
                defined, used = defined | known, used | needed
            else:
                rest.append((members, known, needed))
        groups = [*rest, (joined, defined, used)]
    return [members for members, _, _ in groups]


def _names(expressions: Mapping[Address, Expression], part: Part) -> tuple[set[Any], set[Any]]:
    """Names that a part defines, and names that it uses."""
    number, path = part.address
    defined: set[Any] = set()
    if not path:
        name = expressions[number, ("metadata", "name")]
        defined = set() if name == Ref("name") else {name}
    elif isinstance(path[-1], int) and isinstance(part.node, Branch):
        own = expressions.get((number, (*path, "name")))
        defined = {own} if own is not None and own != Ref("name") else set()
    used = {
        expressions[number, below]
        for below, node in walk(part.node, path)
        if isinstance(node, Leaf) and below and below[-1] in _NAMING
    }
    used -= {Ref("name"), Ref("namespace")}
    return defined, {each for each in used if not isinstance(each, Const) or _plain(each.value)}


def _plain(value: Any) -> bool:
    return isinstance(value, str)
