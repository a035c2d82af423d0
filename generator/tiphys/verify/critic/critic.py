"""All topics over one request."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tiphys.verify.critic import sealed
from tiphys.verify.critic.content import without_files, without_settings
from tiphys.verify.critic.doubt import softened, without_rivals
from tiphys.verify.critic.masking import HIDDEN, secrets_of
from tiphys.verify.critic.model import Remark
from tiphys.verify.critic.topics import ENGLISH, PROSE, VALUES, WHOLE
from tiphys.verify.critic.wording import Words
from tiphys.verify.critic.world import World

_LIMIT = 400


def remarks(request: str, objects: Iterable[Any], before: Iterable[Any] = ()) -> tuple[Remark, ...]:
    """A ruling on each requirement that could be read, the same for any order of the objects.

    `request` is read up to 64 Ki characters; `objects` may be live ones or plain manifests. A
    reference that stood in them `before` fits what is not among them. At most 400 remarks,
    contradictions first kept. Empty for a request of only white space.
    """
    if not request.strip():
        return ()
    given = list(objects)
    world = World.of(given)
    whole = Words.of(request, world)
    values = Words.of(files_out := without_files(request), world)
    prose = Words.of(without_settings(files_out), world)
    read = ((ENGLISH, prose.english), (PROSE, prose), (VALUES, values), (WHOLE, whole))
    ruled = (
        softened(each, world)
        for topics, words in read
        for topic in topics
        for each in topic(words, world)
    )
    found = without_rivals(list(dict.fromkeys([*ruled, *sealed.rule(request, given)])))
    if old := _values(World.of(before)):
        new = _values(world)
        found = [each for each in found if not _stood_so(each, old, new)]
    hidden = {value for each in given if isinstance(each, Mapping) for value in secrets_of(each)}
    return tuple(_scrubbed(each, hidden) for each in _bounded(found))


def _values(world: World) -> dict[tuple[str, str, str], Any]:
    """By kind, name and path: what is written by hand may leave its namespace open."""
    return {_place(field.path): field.value for _, field in world.leaves}


def _place(path: str) -> tuple[str, str, str]:
    about, _, field = path.partition(":")
    parts = about.split("/")
    return parts[0], parts[-1], field


def _stood_so(
    remark: Remark, old: Mapping[tuple[str, str, str], Any], new: Mapping[tuple[str, str, str], Any]
) -> bool:
    place = _place(remark.path)
    return remark.requirement.kind == "wiring" and place in old and old[place] == new.get(place)


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
