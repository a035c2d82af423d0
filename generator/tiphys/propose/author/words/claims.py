"""Classes of storage as the words of a request have them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tiphys.ports import Object
from tiphys.propose.author.fields import dicts, metadata_of

_CLAIM = ("PersistentVolumeClaim", "StatefulSet")
_FIELD = "storageClassName"


def without_classes(objects: Sequence[Object], request: str) -> Iterator[str]:
    """Take out in place those that nobody named and nothing makes; what was taken out."""
    made = [metadata_of(each).get("name") for each in objects if each["kind"] == "StorageClass"]
    for obj in (each for each in objects if each["kind"] in _CLAIM):
        for each in dicts(obj):
            name = each.get(_FIELD)
            if isinstance(name, str) and name and not (name in made or _is_said(name, request)):
                del each[_FIELD]
                yield f"{_FIELD} left out: not asked for"


def _is_said(name: str, request: str) -> bool:
    return bool(re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", request, re.IGNORECASE))
