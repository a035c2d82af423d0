"""Fields that a request calls by their own names, such as "a topology spread constraint"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache

from tiphys.library.openapi import Field, Schemas
from tiphys.ports import Object
from tiphys.propose.author.fields import dicts
from tiphys.propose.author.literals import leaves_of
from tiphys.propose.author.types import Unsaid
from tiphys.propose.kinds import named_kinds

_DEEP = 9  # levels of fields, down to those of a container of a CronJob
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_DENIED = re.compile(r"\b(?:no|not|without|never|any|instead\s+of|nor)\s+(?:\w+\s+){0,2}\Z", re.I)
# Words for something else too: kinds, and what may be said of a dashboard.
_SPOKEN = frozenset({*(each.lower() for each in named_kinds()), "readonly"})
_OF_VALUES = "openAPIV3Schema"  # what a custom resource holds, in words of its own
_OTHERS = frozenset({"status", "metadata", "apiVersion", "kind"})


def called(request: str, objects: Sequence[Object], schemas: Schemas) -> Iterator[Unsaid]:
    """Those of the objects' kinds that none of them has, though the request has their words."""
    keys = (str(key) for obj in objects for each in dicts(obj) for key in each)
    told = " ".join((*keys, *(str(leaf) for obj in objects for leaf in leaves_of(obj)))).lower()
    for obj in objects:
        root = schemas.of(str(obj.get("apiVersion")), str(obj.get("kind")))
        for path in _paths(root, ()) if root is not None else ():
            name = path[-1]
            said = None if name.lower() in told else _words(name).search(request)
            if said and not _DENIED.search(request[: said.start()]):
                told += f" {name.lower()}"
                yield Unsaid(said[0], f'the request says "{said[0]}": set {".".join(path)}')


def _paths(field: Field, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Of fields whose names are two words or more; one word is a word of common speech."""
    inner = field.item if field.type == "list" else field
    for name, each in inner.fields.items() if inner is not None and len(path) < _DEEP else ():
        if path or name not in _OTHERS:
            if _HUMP.search(name) and name.lower() not in _SPOKEN:
                yield *path, name
            if name != _OF_VALUES:
                yield from _paths(each, (*path, name))


@cache
def _words(name: str) -> re.Pattern[str]:
    words = r"[\s-]".join(map(re.escape, _HUMP.split(name.removesuffix("s"))))
    return re.compile(rf"(?<![\w-]){words}(?:s|es)?(?![\w-])", re.IGNORECASE)
