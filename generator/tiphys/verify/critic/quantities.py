"""Kubernetes quantities and people's sizes, compared by value."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

_SUFFIX = {
    "n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("1e-3"), "": Decimal(1),
    "k": Decimal(10**3), "M": Decimal(10**6), "G": Decimal(10**9), "T": Decimal(10**12),
    "P": Decimal(10**15), "E": Decimal(10**18), "Ki": Decimal(2**10), "Mi": Decimal(2**20),
    "Gi": Decimal(2**30), "Ti": Decimal(2**40), "Pi": Decimal(2**50), "Ei": Decimal(2**60),
}  # fmt: skip
_QUANTITY = re.compile(
    r"([+-]?\d{1,18}(?:\.\d{0,18})?|[+-]?\.\d{1,18})(?:[eE]([+-]?\d{1,2})|(\w{0,2}))\Z"
)
_DURATION = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def parse_quantity(value: Any) -> Decimal | None:
    """ "500m" -> 0.5, "1Gi" -> 1073741824, 2 -> 2; None for what is no quantity."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    found = _QUANTITY.match(str(value).strip()[:64])
    if found is None:
        return None
    number, exponent, suffix = found.groups()
    if exponent is not None:
        return Decimal(number) * Decimal(10) ** int(exponent)
    return Decimal(number) * _SUFFIX[suffix] if suffix in _SUFFIX else None


def sizes(number: Decimal, unit: str) -> tuple[tuple[Decimal, ...], tuple[Decimal, ...]]:
    """The bytes that a size in words certainly means, and those that it may mean.

    "Mi" and "MiB" are binary. "MB" and "megabytes" are used for both, so both are meant. "M" is
    decimal for Kubernetes, and not always so for people.
    """
    letter = unit[:1].upper()
    decimal = number * _SUFFIX[letter if letter != "K" else "k"]
    binary = number * _SUFFIX[f"{letter}i"]
    rest = unit[1:].lower()
    if rest.startswith(("i", "ebi", "ibi")):
        return (binary,), (binary,)
    if rest == "":
        return (decimal,), (decimal, binary)
    return (decimal, binary), (decimal, binary)


def seconds(number: Decimal, unit: str) -> Decimal:
    """A duration in seconds; the unit's first letter counts: s, m, h, d, w."""
    return number * _DURATION[unit[0].lower()]
