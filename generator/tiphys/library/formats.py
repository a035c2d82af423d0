"""Named formats of values: what a string or number must look like, checked without `pattern`.

Schemas arrive in proposals, so they may not bring regular expressions of their own (one of them can
hang a reader); these are the ones that skills need.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\Z")
_SUBDOMAIN_MAX = 253
_QUANTITY = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,9})?)(m|k|Ki|M|Mi|G|Gi|T|Ti|P|Pi|E|Ei)?\Z")
_DECIMAL = ("n", "u", "m", "", "k", "M", "G", "T", "P", "E")
_BINARY = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
_IMAGE = re.compile(
    r"(?P<name>[a-z0-9]+([._-]+[a-z0-9]+)*(:[0-9]{1,5}(?=/))?"
    r"(/[a-z0-9]+([._-]+[a-z0-9]+)*){0,9})"
    r"(:(?P<tag>[A-Za-z0-9_][A-Za-z0-9._-]{0,127}))?(@(?P<digest>sha256:[0-9a-f]{64}))?\Z"
)
_IMAGE_MAX = 400
_CRON_FIELD = re.compile(r"(\*|[0-9]{1,2}|[A-Za-z]{3})([-/,]([0-9]{1,2}|[A-Za-z]{3}|\*)){0,30}\Z")
_CRON_MACROS = frozenset({"@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@yearly"})
_CRON_FIELDS = 5
_PORT_MAX = 65535


def is_dns_label(value: str) -> bool:
    """RFC 1123 label, at most 63 characters: names of most objects and namespaces."""
    return bool(_LABEL.match(value))


def is_dns_subdomain(value: str) -> bool:
    """RFC 1123 subdomain, at most 253 characters: host names and qualified names."""
    return len(value) <= _SUBDOMAIN_MAX and all(map(is_dns_label, value.split(".")))


def is_image(value: str) -> bool:
    """An image reference that is pinned: a tag other than `latest`, or a digest."""
    if len(value) > _IMAGE_MAX:
        return False
    found = _IMAGE.match(value)
    return bool(found and (found["digest"] or (found["tag"] and found["tag"] != "latest")))


def is_quantity(value: str) -> bool:
    """A Kubernetes quantity such as 250m, 64Mi, 1.5Gi."""
    return bool(_QUANTITY.match(value))


def canonical_quantity(value: str) -> str:
    """A quantity as the API server writes it: 1024Mi is 1Gi, 0.5 is 500m.

    What is rendered then equals what is stored. Parts of a byte are left as they were written.
    """
    found = _QUANTITY.match(value)
    if not found:
        return value
    suffix = found[2] or ""
    binary = suffix.endswith("i")
    suffixes, step = (_BINARY, 1024) if binary else (_DECIMAL, 1000)
    first = 0 if binary else -_DECIMAL.index("")
    amount = Fraction(found[1]) * Fraction(step) ** (suffixes.index(suffix) + first)
    for power, unit in reversed(list(enumerate(suffixes, first))):
        count = amount / Fraction(step) ** power
        if amount and count.denominator == 1:
            return f"{count}{unit}"
    return value if amount else "0"


def is_cron(value: str) -> bool:
    """A five-field cron schedule, or a macro such as @daily."""
    fields = value.split(" ")
    return value in _CRON_MACROS or (
        len(fields) == _CRON_FIELDS and all(_CRON_FIELD.match(field) for field in fields)
    )


def is_port(value: int) -> bool:
    """A TCP or UDP port number."""
    return 1 <= value <= _PORT_MAX


TEXT_FORMATS: dict[str, Callable[[str], bool]] = {
    "dns-label": is_dns_label,
    "dns-subdomain": is_dns_subdomain,
    "image": is_image,
    "quantity": is_quantity,
    "cron": is_cron,
}
FORMATS = frozenset({*TEXT_FORMATS, "port"})


def matches(format_name: str, value: Any) -> bool:
    """Whether a JSON value has the format; its type is the `type` keyword's matter."""
    if format_name == "port":
        return not isinstance(value, int) or isinstance(value, bool) or is_port(value)
    return not isinstance(value, str) or TEXT_FORMATS[format_name](value)
