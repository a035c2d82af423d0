"""Which values become parameters, which of them are one and the same, and what stays as it is."""

from __future__ import annotations

from collections.abc import Sequence

from tiphys.propose.induce.model import (
    Address,
    Choice,
    Const,
    Expression,
    Joined,
    Piece,
    Ref,
    Variables,
    Vector,
)
from tiphys.propose.induce.optional import add_conditions
from tiphys.propose.induce.places import (
    NAME,
    NAME_LABELS,
    NAMESPACE,
    NAMESPACE_LABEL,
    Place,
    fits,
    is_label,
    is_local,
    keys_of,
    place_of,
)
from tiphys.propose.induce.reading import Case, camel, kebab
from tiphys.propose.induce.registry import Registry
from tiphys.propose.induce.scene import Scene, agrees, some, varies
from tiphys.propose.induce.signature import FieldSchema, own_words

# What a request's words must not loosen by chance, and what is the API's own vocabulary.
_NEVER = frozenset(
    "apiVersion kind apiGroup apiGroups verbs resources resourceNames nonResourceURLs operator "
    "effect protocol policyTypes topologyKey operations finalizers drop restartPolicy pathType "
    "allowPrivilegeEscalation privileged readOnlyRootFilesystem runAsNonRoot seccompProfile".split()
)
_SHORT = 3  # characters below which a text is found in any request
_FALLBACKS = {
    # The parameter in front is null, and then the other counts, where both were equal.
    "requests.memory": ("limits", "memory"),
    "limits.cpu": ("requests", "cpu"),
}


def choose(cases: Sequence[Case], pieces: Sequence[Piece], field_schema: FieldSchema) -> Choice:
    """Decide every leaf of the merged objects. InvalidInput where a value fits no parameter."""
    scene = Scene(cases, pieces)
    chooser = _Chooser(scene, Registry(pieces, scene.primary, field_schema))
    expressions = chooser.run()
    conditions = add_conditions(pieces, expressions, chooser.registry)
    parameters = tuple(chooser.registry.parameters())
    return Choice(parameters, expressions, conditions, scene.scope, scene.primary)


class _Chooser:
    def __init__(self, scene: Scene, registry: Registry) -> None:
        self.registry = registry
        self._scene = scene
        self._expressions: dict[Address, Expression] = {}
        self._names: dict[int, Expression] = {}  # of each piece

    def run(self) -> dict[Address, Expression]:
        scene = self._scene
        self.registry.plain("name", NAME, scene.names, (scene.primary, ("metadata", "name")))
        if scene.space == Ref("namespace"):
            address = next(a for a in scene.leaves if a[1] == ("metadata", "namespace"))
            self.registry.plain("namespace", NAMESPACE, scene.spaces, address)
        for number in scene.order:
            self._name(number)
        for address in scene.leaves:
            self._decide(address)
        return self._expressions

    def _name(self, number: int) -> None:
        piece = self._scene.pieces[number]
        address = (number, ("metadata", "name"))
        made = self._scene.related(piece.names)
        if made is None:
            base = f"{camel(kebab(piece.kind)) or 'object'}Name"
            what = f"Name of the {kebab(piece.kind).replace('-', ' ')}."
            place = Place(base, "name", format="dns-subdomain", description=what)
            made = self._parameter(place, address)
        self._names[number] = self._expressions[address] = made

    def _decide(self, address: Address) -> Expression:
        if address not in self._expressions:
            self._expressions[address] = self._decided(address)
        return self._expressions[address]

    def _decided(self, address: Address) -> Expression:
        number, path = address
        vector = self._scene.vector(address)
        place = place_of(self._scene.pieces[number].kind, path)
        space = keys_of(path)[-1] == "namespace" or path[-1] == NAMESPACE_LABEL
        if space and self._scene.space and self._scene.is_space(vector):
            return self._scene.space
        if is_label(path):
            return self._label(address, place)
        return self._field(address, place)

    def _field(self, address: Address, place: Place | None) -> Expression:
        if isinstance(self._scene.leaves[address], Variables):
            return self._parameter(place or Place("env"), address)
        if made := self._name_like(address, place):
            return made
        if place is not None and fits(place, self._scene.vector(address)):
            return self._known(address, place)
        return self._other(address)

    def _name_like(self, address: Address, place: Place | None) -> Expression | None:
        """What is made from the names of the set, or lives in one object only."""
        path, vector = address[1], self._scene.vector(address)
        named = place is not None and place.sort == "name"
        if not named and not is_local(path) and not (varies(vector) and place is None):
            return None
        made = self._named(vector) or self._scene.related(vector)
        if made is None or (is_local(path) and not named and not varies(vector)):
            return Const(some(vector)) if is_local(path) and not varies(vector) else None
        # The name of something else that the request gives is nobody's derivative.
        other = isinstance(made, Joined) and made not in self._names.values()
        if place is not None and other and not is_local(path) and self._stated(place, address):
            return None
        return made

    def _known(self, address: Address, place: Place) -> Expression:
        if (fallback := self._fallback(address, place)) is not None:
            return fallback
        vector = self._scene.vector(address)
        if place.always or varies(vector) or self._stated(place, address):
            return self._parameter(place, address)
        return Const(some(vector))

    def _label(self, address: Address, place: Place | None) -> Expression:
        key, vector = str(address[1][-1]), self._scene.vector(address)
        if key in NAME_LABELS or varies(vector):
            if (made := self._named(vector) or self._scene.related(vector)) is not None:
                return made
            if place is not None and place.sort == "name":
                return self._parameter(place, address)
        if place is not None and place.sort == "name" and key == NAMESPACE_LABEL:
            return self._parameter(place, address)
        short = key.rpartition("/")[2]
        base = camel(short) or "label"
        own = Place(base, shared=True, format="dns-label", words=(own_words(base),),
                    description="Value of a label.")  # fmt: skip
        told = self._scene.mentioned(short) and self._stated(own, address)
        if told or varies(vector) or key in NAME_LABELS:
            return self._parameter(own, address)
        return Const(some(vector))

    def _other(self, address: Address) -> Expression:
        """A field that nothing is known about: a parameter if it differs or is asked for."""
        path, vector = address[1], self._scene.vector(address)
        keys, value = keys_of(path), some(vector)
        key = keys[-1]
        name = camel(key if isinstance(path[-1], str) else key.removesuffix("s")) or "value"
        beside = self._scene.beside(address, "name") if key == "value" else None
        name = camel(str(some(beside))) or name if beside else name
        place = Place(name, words=(own_words(name),))
        if not varies(vector):
            long = not isinstance(value, str) or len(value) >= _SHORT
            if is_local(path) or not _NEVER.isdisjoint(keys) or not long:
                return Const(value)
            if not isinstance(value, bool | int | str) or not self._stated(place, address):
                return Const(value)
        return self._parameter(place, address)

    def _fallback(self, address: Address, place: Place) -> Expression | None:
        path, vector = address[1], self._scene.vector(address)
        other = _FALLBACKS.get(".".join(keys_of(path)[-2:]))
        if other and "resources" in path and self._scene.beside(address, *other) == vector:
            base = self._decide((address[0], (*path[:-2], *other)))
            if isinstance(base, Ref):
                return self.registry.fallback(place, address, base)
        if place.parameter == "servicePort" and self.registry.has("port", vector):
            return self.registry.fallback(place, address, Ref("port"))
        return None

    def _named(self, vector: Vector) -> Expression | None:
        """The name of an object of the set."""
        for number, expression in self._names.items():
            if agrees(vector, self._scene.pieces[number].names):
                return expression
        return None

    def _parameter(self, place: Place, address: Address) -> Ref:
        vector = self._scene.vector(address)
        return self.registry.parameter(place, vector, address, stated=self._stated(place, address))

    def _stated(self, place: Place, address: Address) -> bool:
        key = own_words(keys_of(address[1])[-1])
        words = (*place.words, key, own_words(place.parameter))
        return self._scene.stated(place, self._scene.vector(address), words)
