"""All topics over one request."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tiphys.verify.critic import sealed
from tiphys.verify.critic.masking import HIDDEN, secrets_of
from tiphys.verify.critic.model import Remark, undecided
from tiphys.verify.critic.quantities import parse_quantity
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
    given = list(objects)
    world = World.of(given)
    words = Words.of(request, world)
    ruled = (_softened(each, world) for topic in TOPICS for each in topic(words, world))
    found = list(dict.fromkeys([*ruled, *sealed.rule(request, given)]))
    hidden = {value for each in given if isinstance(each, Mapping) for value in secrets_of(each)}
    return tuple(_scrubbed(each, hidden) for each in _bounded(found))


def _softened(remark: Remark, world: World) -> Remark:
    """Undecided where the very value stands at another place of its kind.

    Which of several workloads or totals a sentence is about is where reading goes wrong most.
    """
    asked = remark.requirement
    if remark.ruling != "contradicted" or asked.kind not in ("image", "resources", "setting"):
        return remark
    elsewhere = "it stands elsewhere; which one the words are about is not clear"
    if asked.kind == "setting":
        key, _, value = asked.value.partition("=")
        words = {str(part) for k, field in world.leaves for part in (k, field.value)}
        return undecided(asked, elsewhere) if value and {key, value} <= words else remark
    if asked.kind == "image":
        images = {field.value for key, field in world.leaves if key == "image"}
        return undecided(asked, elsewhere) if len(images) > 1 and asked.value in images else remark
    what, _, amount = asked.value.rpartition(" ")
    of = "cpu" if "cpu" in what else "memory" if "memory" in what else ""
    quantity = parse_quantity(amount)
    totals = [field for key, field in world.leaves if of and of in key and ".hard." in field.path]
    if quantity is not None and any(parse_quantity(each.value) == quantity for each in totals):
        return undecided(asked, elsewhere)
    return remark


def _scrubbed(remark: Remark, hidden: Collection[str]) -> Remark:
    """Without the values of Secrets, should the request itself repeat one."""
    asked = remark.requirement
    if not any(v in part for v in hidden for part in (asked.value, asked.quote, remark.found)):
        return remark

    def clean(text: str) -> str:
        for value in sorted(hidden, key=len, reverse=True):
            text = text.replace(value, HIDDEN)
        return text

    scrubbed = replace(asked, value=clean(asked.value), quote=clean(asked.quote))
    return replace(remark, requirement=scrubbed, found=clean(remark.found))


def _bounded(found: Sequence[Remark]) -> Sequence[Remark]:
    if len(found) <= _LIMIT:
        return found
    return sorted(found, key=lambda remark: remark.ruling != "contradicted")[:_LIMIT]
