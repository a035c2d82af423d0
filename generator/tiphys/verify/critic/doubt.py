"""Contradictions that are not sure: the value asked for stands where it could as well be meant."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Decimal

from tiphys.verify.critic.model import Remark, undecided
from tiphys.verify.critic.quantities import parse_quantity, sizes
from tiphys.verify.critic.world import World

_ELSEWHERE = "it stands elsewhere; which one the words are about is not clear"
_RIVAL = "another value that was asked for stands there"
# Kinds of which a field holds one value, so that two of them can't both be asked of it.
_ONE_VALUED = (
    "count",
    "resources",
    "runs",
    "schedule",
    "storage",
    "budget",
    "probe",
    "autoscaling",
)
_SEVERAL = ("LimitRange/", "ResourceQuota/")
_STORAGE = ("requests.storage", "requests.ephemeral-storage")
_SAID = re.compile(r"(?P<number>\d+(?:\.\d+)?)[ -]?(?P<unit>[A-Za-z]*)\Z")
_SIZED = re.compile(r"\d[KMGTPE]i?\Z")
# Where an amount is no container's own: totals, ranges, scratch volumes, what is aimed at.
_OTHER_CPU = (".hard.", "LimitRange/", "averageValue")
_CONTAINER = re.compile(r"[cC]ontainers\[\d+\]\.resources\.")


def softened(remark: Remark, world: World) -> Remark:
    """Undecided where the very value stands at another place of its kind.

    Which of several workloads or totals a sentence is about is where reading goes wrong most.
    """
    doubt = _DOUBTS.get(remark.requirement.kind) if remark.ruling == "contradicted" else None
    if doubt is None or not doubt(remark, world):
        return remark
    return undecided(remark.requirement, _ELSEWHERE)


def without_rivals(remarks: Sequence[Remark]) -> list[Remark]:
    """Undecided where another value was asked for and stands at that very field.

    One of both says what was, what is usual, or is about something else.
    """
    held = {(each.requirement.kind, each.path) for each in remarks if each.ruling == "covered"}
    return [
        undecided(each.requirement, _RIVAL)
        if each.ruling == "contradicted"
        and each.requirement.kind in _ONE_VALUED
        and not each.path.startswith(_SEVERAL)
        and (each.requirement.kind, each.path) in held
        else each
        for each in remarks
    ]


def _setting(remark: Remark, world: World) -> bool:
    key, _, value = remark.requirement.value.partition("=")
    words = {str(part) for k, field in world.leaves for part in (k, field.value)}
    return bool(value) and {key, value} <= words


def _image(remark: Remark, world: World) -> bool:
    images = {field.value for key, field in world.leaves if key == "image"}
    return len(images) > 1 and remark.requirement.value in images


def _amount(remark: Remark, world: World) -> bool:
    """CPU or memory: the same amount at a field that is no container's request or limit."""
    asked = remark.requirement
    wanted = _meant(asked.value)
    cpu = asked.value.startswith("cpu") and asked.kind == "resources"
    return any(
        parse_quantity(field.value) in wanted
        for _, field in world.leaves
        if (
            any(part in field.path for part in _OTHER_CPU)
            if cpu
            else isinstance(field.value, str)
            and _SIZED.search(field.value)
            and not _CONTAINER.search(field.path)
        )
    )


def _meant(said: str) -> tuple[Decimal, ...]:
    found = _SAID.search(said)
    if found is None:
        return ()
    number, unit = Decimal(found["number"]), found["unit"]
    return sizes(number, unit)[1] if unit[:1].lower() in ("k", "m", "g", "t") else (number,)


def _kept(remark: Remark, world: World) -> bool:
    """Of a volume, of its class or of the claims of a set: who keeps the data is one of them."""
    return remark.requirement.value in ("Retain", "Delete") and any(
        key.lower().endswith("reclaimpolicy") and field.value == remark.requirement.value
        for key, field in world.leaves
    )


def _limited(remark: Remark, world: World) -> bool:
    """Of a quota: the number is that of one storage class, or of the storage of nodes."""
    key = remark.path.partition(":spec.hard.")[2]
    wanted = _meant(remark.requirement.value)
    return bool(key) and any(
        parse_quantity(field.value) in wanted
        for found, field in world.leaves
        if ":spec.hard." in field.path
        and (str(found).endswith(f"/{key}") or (key, found) == _STORAGE)
    )


_DOUBTS: dict[str, Callable[[Remark, World], bool]] = {
    "setting": _setting,
    "image": _image,
    "resources": _amount,
    "quota": _limited,
    "count": _limited,
    "storage": _limited,
    "manner": _kept,
}
