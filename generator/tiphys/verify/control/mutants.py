"""Small faults in a case's objects: typed, named, few, the same every time."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tiphys.ports import Object
from tiphys.verify.control.sites import Path, Site, sites

LIMIT = 120
_SHOWN = 60  # characters of a value in `change`


@dataclass(frozen=True, slots=True)
class Mutant:
    """The objects of a case with one fault in one place.

    `id` is stable, for example `Deployment/web:spec.replicas:changed`; `index` says which object,
    `changed` is that object with the fault, None where the whole document is dropped. `path` leads
    to what was changed, () for the document. `change` says for people what was done.
    """

    id: str
    operator: str
    index: int
    path: Path
    changed: Object | None
    change: str

    def applied(self, objects: Sequence[Object]) -> tuple[Object, ...]:
        """The mutated list of objects."""
        new = () if self.changed is None else (self.changed,)
        return (*objects[: self.index], *new, *objects[self.index + 1 :])


def mutants(objects: Sequence[Object], limit: int = LIMIT) -> tuple[Mutant, ...]:
    """At most `limit` mutants, spread evenly over objects and operators; pure and deterministic.

    Takes any list of JSON values; what is no Kubernetes object can only be dropped.
    """
    found = [(index, site) for index, obj in enumerate(objects) for site in (None, *sites(obj))]
    groups: dict[tuple[int, str], list[int]] = {}
    for number, (index, site) in enumerate(found):
        groups.setdefault((index, site.operator if site else "document"), []).append(number)
    chosen = sorted(_spread(list(groups.values()), limit))
    titles = _titles(objects)
    made = (_mutant(objects, titles, *found[number]) for number in chosen)
    return tuple(_unique(each for each in made if each is not None))


def _spread(groups: Sequence[Sequence[int]], limit: int) -> Iterator[int]:
    """A fair share of each group, evenly from its whole length."""
    share = dict.fromkeys(range(len(groups)), 0)
    left = min(limit, sum(len(group) for group in groups))
    while left:
        for number, group in enumerate(groups):
            if left and share[number] < len(group):
                share[number] += 1
                left -= 1
    for number, group in enumerate(groups):
        for at in range(share[number]):
            yield group[at * len(group) // share[number]]


def _titles(objects: Sequence[Any]) -> list[str]:
    titles = []
    seen: Counter[str] = Counter()
    for number, obj in enumerate(objects, 1):
        metadata = obj.get("metadata") if isinstance(obj, dict) else None
        name = metadata.get("name") if isinstance(metadata, dict) else None
        title = f"{obj.get('kind')}/{name}" if isinstance(obj, dict) else f"document/{number}"
        seen[title] += 1
        titles.append(title if seen[title] == 1 else f"{title}#{seen[title]}")
    return titles


def _mutant(
    objects: Sequence[Any], titles: Sequence[str], index: int, site: Site | None
) -> Mutant | None:
    title = titles[index]
    if site is None:
        return Mutant(f"{title}:dropped", "document", index, (), None, "the document is left out")
    old = _at(objects[index], site.path)
    new = None if site.make is None else site.make(old)
    if site.make is not None and new == old and type(new) is type(old):
        return None
    changed = _put(objects[index], site.path, new, drop=site.make is None)
    where = _words(objects[index], site.path)
    verb = site.verb.split(" ")[0]
    if verb == "renamed":
        where = f"{where}.{site.verb.removeprefix('renamed ')}"
    change = f"{_show(old)} left out" if site.make is None else f"{_show(old)} -> {_show(new)}"
    return Mutant(f"{title}:{where}:{verb}", site.operator, index, site.path, changed, change)


def _unique(made: Iterator[Mutant]) -> Iterator[Mutant]:
    seen: Counter[str] = Counter()
    for mutant in made:
        seen[mutant.id] += 1
        count = seen[mutant.id]
        yield mutant if count == 1 else replace(mutant, id=f"{mutant.id}#{count}")


def _at(value: Any, path: Path) -> Any:
    for part in path:
        value = value.get(part) if isinstance(value, dict) else value[part]
    return value


def _put(value: Any, path: Path, new: Any, *, drop: bool) -> Any:
    """A copy with `new` at `path`, or without what is there; what is beside it is shared."""
    part, rest = path[0], path[1:]
    if isinstance(value, list):
        at = int(part)
        inner = (
            [] if drop and not rest else [_put(value[at], rest, new, drop=drop) if rest else new]
        )
        return [*value[:at], *inner, *value[at + 1 :]]
    if drop and not rest:
        return {key: child for key, child in value.items() if key != part}
    return {**value, part: _put(value[part], rest, new, drop=drop) if rest else new}


def _words(value: Any, path: Path) -> str:
    """The path for people: list members by name, odd keys in brackets."""
    text = ""
    for part in path:
        if isinstance(part, int):
            value = value[part]
            name = value.get("name") if isinstance(value, dict) else None
            text += f"[{name if isinstance(name, str) and name else part}]"
        else:
            value = value.get(part) if isinstance(value, Mapping) else None
            odd = not isinstance(part, str) or "." in part or "/" in part
            text += f"[{part}]" if odd else f".{part}"
    return text.removeprefix(".")


def _show(value: Any) -> str:
    if value is None:
        return "nothing"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."
