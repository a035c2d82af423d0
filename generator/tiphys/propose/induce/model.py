"""What the steps of an induction hand on: merged objects, places in them, expressions for values.

A case is one set of manifests that passed, number 0 the one at hand. Objects of all cases are laid
over each other into one tree whose leaves hold a value for each case.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

Path = tuple[str | int, ...]
Address = tuple[int, Path]  # which object, and where in it


class _Absent:
    """Stands where a case has nothing."""

    def __repr__(self) -> str:
        return "absent"


ABSENT: Final = _Absent()
Vector = tuple[Any, ...]  # a JSON value or ABSENT for each case


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value that is taken as one: a scalar, or a list or map that is filled in as a whole."""

    values: Vector


@dataclass(frozen=True, slots=True)
class Branch:
    """A map: every key that any case has; `present` says which cases have the map."""

    items: Mapping[str, Node]
    present: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A list whose items are aligned over the cases."""

    items: tuple[Node, ...]
    present: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Variables:
    """The `env` of a container where every entry is a plain name and value: a map for each case."""

    values: Vector


Node = Leaf | Branch | Row | Variables


@dataclass(frozen=True, slots=True)
class Piece:
    """One object of the merged set. `file` is its template's name without the endings."""

    file: str
    kind: str
    api_version: str
    tree: Branch

    names: Vector  # its metadata.name in each case


def presence(node: Node) -> tuple[bool, ...]:
    """Which cases have it."""
    if isinstance(node, Leaf | Variables):
        return tuple(value is not ABSENT for value in node.values)
    return node.present


def children(node: Node) -> Iterator[tuple[str | int, Node]]:
    """What lies directly below, with its key or place."""
    if isinstance(node, Branch):
        yield from node.items.items()
    elif isinstance(node, Row):
        yield from enumerate(node.items)


def walk(node: Node, path: Path = ()) -> Iterator[tuple[Path, Node]]:
    """Every node, parents first."""
    yield path, node
    for part, child in children(node):
        yield from walk(child, (*path, part))


@dataclass(frozen=True, slots=True)
class Const:
    """A value that stays as it is."""

    value: Any


@dataclass(frozen=True, slots=True)
class Ref:
    """A parameter's value."""

    name: str


@dataclass(frozen=True, slots=True)
class Joined:
    """Texts and parameters' texts, one after the other."""

    parts: tuple[str | Ref, ...]


@dataclass(frozen=True, slots=True)
class Else:
    """A parameter's value, or another expression where the parameter is null."""

    name: str
    other: Ref


Expression = Const | Ref | Joined | Else


@dataclass(frozen=True, slots=True)
class Condition:
    """When an optional part is there: a boolean parameter is true, or a parameter is not null."""

    name: str
    given: bool = False


@dataclass(slots=True)
class Parameter:
    """One value of the skill's signature; `vector` holds what each case gives it, or ABSENT.

    `default` ABSENT means required. `definition` is its JSON Schema without default and hints.
    """

    name: str
    vector: Vector
    definition: dict[str, Any]
    default: Any = ABSENT
    words: tuple[str, ...] = ()
    question: str = ""
    because: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """What was decided: an expression for each leaf, a condition for each optional node."""

    parameters: tuple[Parameter, ...]
    expressions: Mapping[Address, Expression]
    conditions: Mapping[Address, Condition]
    scope: str  # namespaced or cluster
    primary: int


def parameters_of(expression: Expression) -> tuple[str, ...]:
    """Names that an expression reads."""
    if isinstance(expression, Ref):
        return (expression.name,)
    if isinstance(expression, Else):
        return (expression.name, expression.other.name)
    if isinstance(expression, Joined):
        return tuple(part.name for part in expression.parts if isinstance(part, Ref))
    return ()
