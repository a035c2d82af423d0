"""Values by which a merged skill comes nearest to given objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tiphys.domain.errors import InvalidInput
from tiphys.domain.skill import Skill
from tiphys.library import render, strict_yaml
from tiphys.library.schema import refuses

_MOST = 600  # renderings
_ROUNDS = 2
_CANDIDATES = 24
_FAR = 1 << 20


def fit(
    skill: Skill, known: Mapping[str, Any], target: Mapping[Any, Mapping[str, Any]]
) -> dict[str, Any]:
    """Values for `skill`, tried one after the other; `known` are tried first. InvalidInput.

    `target` maps (kind, name) to objects.
    """
    return _Fit(skill, target).run(known)


def objects_of(files: Mapping[str, bytes]) -> dict[tuple[str, str], Any]:
    """Rendered objects by kind and name."""
    return {
        (each["kind"], each["metadata"]["name"]): each
        for name, data in files.items()
        for each in strict_yaml.load_documents(data, source=name)
    }


class _Fit:
    def __init__(self, skill: Skill, target: Mapping[Any, Mapping[str, Any]]) -> None:
        self._skill = skill
        self._properties: Mapping[str, Mapping[str, Any]] = skill.schema["properties"]
        self._target = {(k, p): v for k, o in target.items() for p, v in _leaves(o, ())}
        self._left = _MOST

    def run(self, known: Mapping[str, Any]) -> dict[str, Any]:
        required = frozenset(self._skill.schema.get("required", ()))
        values = {n: known[n] for n, d in self._properties.items()
                  if n in known and refuses(d, known[n]) is None}  # fmt: skip
        for name in required - set(values):
            first = next(self._candidates(name, known), None)
            if first is None:
                raise InvalidInput(f"{self._skill.path}: nothing in the objects can be its {name}")
            values[name] = first
        for _ in range(_ROUNDS):
            before = dict(values)
            for name in self._properties:
                values = self._better(values, name, known, keep=name in required)
            if values == before:
                break
        if self._distance(values) >= _FAR:
            raise InvalidInput(f"{self._skill.path}: no values bring it near to the objects")
        return values

    def _better(
        self, values: dict[str, Any], name: str, known: Mapping[str, Any], *, keep: bool
    ) -> dict[str, Any]:
        """The nearest of the candidates for one value, left out where that is no worse."""
        without = {key: value for key, value in values.items() if key != name}
        tries = [values, *({**values, name: each} for each in self._candidates(name, known))]
        return min([without, *tries] if name in values and not keep else tries, key=self._distance)

    def _candidates(self, name: str, known: Mapping[str, Any]) -> Iterator[Any]:
        definition = self._properties[name]
        tried = [known[name]] if name in known else []
        kinds = definition.get("type", "string")
        if "boolean" in kinds:
            tried += [True, False]
        else:
            tried += list(dict.fromkeys(v for v in self._target.values() if _usual(v)))
        found = 0
        for value in tried:
            if found < _CANDIDATES and refuses(definition, value) is None:
                found += 1
                yield value

    def _distance(self, values: Mapping[str, Any]) -> int:
        self._left -= 1
        if self._left < 0:
            return _FAR
        try:
            made = objects_of(render(self._skill, values))
        except InvalidInput:
            return _FAR
        own = {(k, p): v for k, o in made.items() for p, v in _leaves(o, ())}
        missing = sum(1 for key, value in own.items() if self._target.get(key) != value)
        return 2 * missing + sum(1 for key in self._target if key not in own)


def _leaves(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, dict) and value:
        for key, child in value.items():
            yield from _leaves(child, (*path, key))
    elif isinstance(value, list) and value:
        for at, child in enumerate(value):
            yield from _leaves(child, (*path, at))
    else:
        yield path, value if not isinstance(value, dict | list) else str(value)


def _usual(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)
