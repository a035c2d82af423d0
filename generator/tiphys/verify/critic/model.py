"""What was asked for, and what is to be said about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

Ruling = Literal["covered", "contradicted", "undecided"]

_SHOWN = 120


@dataclass(frozen=True, slots=True, order=True)
class Requirement:
    """One thing asked for: `kind` such as "port", `value` read from the words, `quote` the words.

    `of` names what it is about, where the text says so and there is more than one candidate.
    """

    kind: str
    value: str
    quote: str
    of: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Remark:
    """A ruling on one requirement.

    `path` is like `Deployment/shop/web:spec.replicas` ("" where no field is to blame), `found` what
    stands there, or why nothing can be said.
    """

    requirement: Requirement
    ruling: Ruling
    path: str = ""
    found: str = ""

    @property
    def line(self) -> str:
        """One line for people."""
        of = f" ({self.requirement.of})" if self.requirement.of else ""
        asked = f"asked: {self.requirement.quote}{of}"
        if self.requirement.kind == "unasked":
            asked = "not asked for"
        if self.ruling == "undecided":
            return f"{asked}; undecided: {self.found}"
        where = f"{self.path} is {self.found}" if self.path else self.found
        return f"{asked}; found: {where}"


class Field(NamedTuple):
    """A value and where it stands."""

    path: str
    value: Any


def shown(value: Any) -> str:
    """A value as it may be printed: short and on one line."""
    text = " ".join(str(value).split()) or '""'
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def covered(requirement: Requirement, field: Field) -> Remark:
    """The field holds it."""
    return Remark(requirement, "covered", field.path, shown(field.value))


def contradicted(requirement: Requirement, field: Field) -> Remark:
    """The field should hold it and holds something else."""
    return Remark(requirement, "contradicted", field.path, shown(field.value))


def undecided(requirement: Requirement, why: str) -> Remark:
    """Nothing can be said, because of `why`."""
    return Remark(requirement, "undecided", "", why)


def by_fields(
    requirement: Requirement,
    fields: Iterable[Field],
    same: Callable[[Any], bool | None],
    missing: Remark,
) -> Remark:
    """Covered if a field holds it, contradicted if all hold something else; `missing` without any.

    `same` may answer None: then the value does not settle it.
    """
    candidates = list(fields)
    answers = [(same(field.value), field) for field in candidates]
    for answer, field in answers:
        if answer:
            return covered(requirement, field)
    for answer, field in answers:
        if answer is None:
            return undecided(requirement, f"{field.path} is {shown(field.value)}")
    return contradicted(requirement, candidates[0]) if candidates else missing


def together(remarks: Sequence[Remark]) -> Remark:
    """What rulings on several subjects of one requirement come to: every one has to meet it."""
    for ruling in ("contradicted", "undecided"):
        for remark in remarks:
            if remark.ruling == ruling:
                return remark
    return remarks[0]


def about(requirement: Requirement, name: str) -> Requirement:
    """The same requirement of one named thing."""
    return replace(requirement, of=name)
