"""Whether programs may be root, as the words of a request have it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tiphys.ports import Object
from tiphys.propose.author.fields import containers_of, dicts, map_at, pods_of

_FIELD = "runAsNonRoot"
_NO_ROOT = re.compile(
    r"\bnon-?root\b|\b(?:not|never|n't)\s+(?:be\s+|run\s+)?(?:as\s+)?(?:the\s+)?root\b(?!\s+(?:file|dir))"
    r"|\brunAsNonRoot\b",
    re.IGNORECASE,
)


def not_root(objects: Sequence[Object], request: str) -> Iterator[str]:
    """Set in place where only one pod can be meant, beside its user if it has one; what was set."""
    pods = pods_of(objects)
    if len(pods) != 1 or not _NO_ROOT.search(request):
        return
    [pod] = pods
    if any(_FIELD in each for each in dicts(pod)):
        return
    boxes = [box for box in containers_of(pod) if "runAsUser" in str(box.get("securityContext"))]
    for holder in boxes or [pod]:
        map_at(holder, "securityContext")[_FIELD] = True
        yield f"{_FIELD}: the request says so"
