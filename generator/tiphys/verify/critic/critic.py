"""All topics over one request."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tiphys.verify.critic.model import Remark
from tiphys.verify.critic.topics import TOPICS
from tiphys.verify.critic.wording import Words
from tiphys.verify.critic.world import World

_LIMIT = 400


def remarks(request: str, objects: Iterable[Any]) -> tuple[Remark, ...]:
    """A ruling on each requirement that could be read, the same for any order of the objects.

    `request` is read up to 64 Ki characters; `objects` may be live ones or plain manifests. At most
    400 remarks, contradictions first kept. Empty for a request of only white space.
    """
    if not request.strip():
        return ()
    world = World.of(objects)
    words = Words.of(request, world)
    found = list(dict.fromkeys(each for topic in TOPICS for each in topic(words, world)))
    return tuple(_bounded(found))


def _bounded(found: Sequence[Remark]) -> Sequence[Remark]:
    if len(found) <= _LIMIT:
        return found
    return sorted(found, key=lambda remark: remark.ruling != "contradicted")[:_LIMIT]
