"""The parameters of a skill in the making: one for one meaning, each with a good name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from tiphys.domain.errors import LimitExceeded
from tiphys.propose.induce.model import (
    ABSENT,
    Address,
    Branch,
    Else,
    Leaf,
    Node,
    Parameter,
    Piece,
    Ref,
    Row,
    Vector,
)
from tiphys.propose.induce.places import Place, keys_of
from tiphys.propose.induce.reading import camel, kebab
from tiphys.propose.induce.signature import FieldSchema, definition_of, nullable

MOST = 64
_CONTAINERS = ("containers", "initContainers")


class Registry:
    """Hands out parameters; asks the API server's schema what each may hold."""

    def __init__(self, pieces: Sequence[Piece], primary: int, field_schema: FieldSchema) -> None:
        self._pieces = pieces
        self._primary = primary
        self._field_schema = field_schema
        self._known: dict[Any, Parameter] = {}
        self._by_name: dict[str, Parameter] = {}

    def parameters(self) -> Iterator[Parameter]:
        """Required ones first, each group in the order of discovery. LimitExceeded."""
        found = list(self._by_name.values())
        if len(found) > MOST:
            raise LimitExceeded(f"{len(found)} parameters, a skill has at most {MOST}")
        yield from (p for p in found if p.default is ABSENT)
        yield from (p for p in found if p.default is not ABSENT)

    def get(self, name: str) -> Parameter:
        """A parameter by name."""
        return self._by_name[name]

    def has(self, name: str, vector: Vector) -> bool:
        """Whether a parameter of this name has just these values."""
        return name in self._by_name and self._by_name[name].vector == vector

    def plain(self, name: str, place: Place, vector: Vector, address: Address) -> None:
        """A parameter that every skill has."""
        self._add(name, place, vector, address, stated=True)

    def parameter(self, place: Place, vector: Vector, address: Address, *, stated: bool) -> Ref:
        """The parameter for a value: a known one where place and values are the same."""
        if place.sort == "quantity":
            vector = tuple(v if v is ABSENT else str(v) for v in vector)
        scope = None if place.shared else self._scope(address)
        for (base, where, values), known in self._known.items():
            if base == place.parameter and where == scope and _agree(values, vector):
                known.vector = tuple(
                    b if a is ABSENT else a for a, b in zip(known.vector, vector, strict=True)
                )
                return Ref(known.name)
        name = self._name(place.parameter, address)
        self._known[place.parameter, scope, _frozen(vector)] = self._add(
            name, place, vector, address, stated=stated
        )
        return Ref(name)

    def fallback(self, place: Place, address: Address, other: Ref) -> Else:
        """A parameter that is null as long as it is to be what another one is."""
        base = self._by_name[other.name]
        scope = None if place.shared else self._scope(address)
        known = self._known.get((place.parameter, scope, ("null", other.name)))
        if known is None:
            name = self._name(place.parameter, address)
            known = self._add(name, place, base.vector, address, stated=False)
            known.definition = nullable(known.definition)
            known.definition["description"] += f" The same as {other.name} if left out."
            known.vector, known.default = tuple(None for _ in base.vector), None
            self._known[place.parameter, scope, ("null", other.name)] = known
        return Else(known.name, other)

    def flag(self, name: str, vector: Vector, description: str, words: tuple[str, ...]) -> str:
        """A boolean parameter that is false unless it is asked for."""
        free = self._free(name)
        definition = {"type": "boolean", "description": description}
        self._by_name[free] = Parameter(free, vector, definition, False, words)
        return free

    def _add(
        self, name: str, place: Place, vector: Vector, address: Address, *, stated: bool
    ) -> Parameter:
        piece = self._pieces[address[0]]
        where = f"{piece.kind} {'.'.join(map(str, address[1]))}"
        field = self._field_schema(piece.api_version, piece.kind, address[1])
        definition = definition_of(vector, place, field, where)
        default = ABSENT if stated and ABSENT not in vector else _first(vector)
        if definition["type"] == "object" and place.parameter == "env":
            default = {} if stated else default
        made = Parameter(name, vector, definition, default, place.words, place.question)
        made.because = "the request states it" if stated else "it often differs"
        self._by_name[name] = made
        return made

    def _scope(self, address: Address) -> tuple[Any, ...]:
        number, path = address
        at = next((i for i, part in enumerate(path) if part in _CONTAINERS), None)
        return (number, path[: at + 2] if at is not None else ())

    def _name(self, base: str, address: Address) -> str:
        if base not in self._by_name:
            return base
        probe = next((str(p) for p in address[1] if str(p).endswith("Probe")), "")
        if probe and base == "healthPath":
            return self._free(camel(probe.removesuffix("Probe"), "path"))
        for word in (self._container(address), self._role(address[0])):
            # `metricsPort` of a list `ports` says it once.
            same = word.lower().endswith(base.lower())
            name = camel(word, "" if same else base) if word else ""
            if name and name not in self._by_name:
                return name
        keyed = camel(*keys_of(address[1])[-3:])
        return self._free(keyed or base)

    def _free(self, name: str) -> str:
        free, number = name, 2
        while free in self._by_name:
            free, number = f"{name}{number}", number + 1
        return free

    def _container(self, address: Address) -> str:
        """The name of a port's or container's item, where it is not the first of its kind."""
        node: Node = self._pieces[address[0]].tree
        found = ""
        for part in address[1]:
            if isinstance(node, Row) and isinstance(part, int):
                node = node.items[part]
                if isinstance(node, Branch) and isinstance(name := node.items.get("name"), Leaf):
                    found = str(_first(name.values))
            elif isinstance(node, Branch):
                node = node.items[str(part)]
        own = self._pieces[self._primary].names[0]
        return "" if found == own else found

    def _role(self, number: int) -> str:
        piece = self._pieces[number]
        own, main = str(_first(piece.names)), str(self._pieces[self._primary].names[0])
        if number == self._primary or own == main:
            return kebab(piece.kind)
        return own.removeprefix(f"{main}-") if len(own) <= 30 else kebab(piece.kind)


def optional(parameter: Parameter) -> Parameter:
    """The parameter with null for its default, for what is left out unless it is given."""
    return replace(parameter, definition=nullable(parameter.definition), default=None)


def _first(vector: Sequence[Any]) -> Any:
    return next(value for value in vector if value is not ABSENT)


def _frozen(vector: Vector) -> tuple[Any, ...]:
    return tuple(v if v is ABSENT or isinstance(v, str | int) else repr(v) for v in vector)


def _agree(values: Any, vector: Vector) -> bool:
    if len(values) != len(vector) or values[:1] == ("null",):
        return False
    return all(
        a is ABSENT or b is ABSENT or (a == b and type(a) is type(b))
        for a, b in zip(values, _frozen(vector), strict=True)
    ) and any(a is not ABSENT and b is not ABSENT for a, b in zip(values, vector, strict=True))
