"""Values in people's words as fields hold them; None for what is no such value."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from tiphys.library import formats
from tiphys.propose.reading import numbers

Reader = Callable[[str], Any]
_QUOTED = re.compile(r"""(["'`])(.*)\1\Z""", re.DOTALL)
_IMAGE = re.compile(r"[a-z0-9][a-z0-9._:/@-]*[A-Za-z0-9._-]*\Z")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}\Z")
_SECONDS = re.compile(r"(\d+|[a-z]+)\s*([a-z]*)\Z", re.IGNORECASE)
_TRUE, _FALSE = ("true", "on", "yes", "enabled"), ("false", "off", "no", "disabled")


def text(raw: str) -> str | None:
    """What stands between quotes, or a word."""
    quoted = _QUOTED.match(raw.strip())
    if quoted:
        return quoted[2]
    return raw.strip() if raw.strip() and not re.search(r"""[\s"'`]""", raw.strip()) else None


def free_text(raw: str) -> str | None:
    """What stands between quotes, or all of it."""
    quoted = _QUOTED.match(raw.strip())
    return quoted[2] if quoted else raw.strip() or None


def count(raw: str) -> int | None:
    """A whole number in figures or words."""
    return numbers.whole(raw.strip(), "", {})


def port(raw: str) -> int | None:
    """A port number."""
    found = re.fullmatch(r"(?:port\s+)?(\d{1,5})(?:/tcp)?", raw.strip(), re.IGNORECASE)
    return int(found[1]) if found and formats.is_port(int(found[1])) else None


def port_or_name(raw: str) -> int | str | None:
    """A port number, or the name of one."""
    number = port(raw)
    if number is not None:
        return number
    name = text(raw)
    return name if name and re.fullmatch(r"[a-z][a-z0-9-]{0,14}", name) else None


def seconds(raw: str) -> int | None:
    """A time, in seconds where no unit is said."""
    return numbers.whole(raw.strip(), "Seconds", {})


def size(raw: str) -> str | None:
    """Bytes: 256Mi, 20 GB."""
    found = numbers.quantity(raw, {"examples": ["1Mi"]})
    return found if found and not found.isdigit() else None


def cores(raw: str) -> str | None:
    """Processors: 500m, 2 cores, half a core."""
    return numbers.quantity(raw, {"examples": ["1"]})


def percent(raw: str) -> int | None:
    """A share of a hundred."""
    return numbers.whole(raw.strip(), "Percent", {})


def count_or_percent(raw: str) -> int | str | None:
    """2 or "25%"."""
    found = re.fullmatch(r"(\d{1,3})\s*(?:%|percent)", raw.strip())
    return f"{found[1]}%" if found else count(raw)


def image(raw: str) -> str | None:
    """An image reference that can't be an everyday word."""
    word = text(raw)
    return word if word and re.search(r"[/:@]", word) and _IMAGE.match(word) else None


def tag(raw: str) -> str | None:
    """The tag of an image."""
    word = text(raw)
    return word if word and _TAG.match(word) and re.search(r"\d", word) else None


def name(raw: str) -> str | None:
    """The name of an object."""
    word = text(raw)
    return word if word and formats.is_dns_subdomain(word) else None


def label_key(raw: str) -> str | None:
    """The key of a label or annotation."""
    word = text(raw)
    return word if word and re.fullmatch(r"([a-z0-9.-]+/)?[A-Za-z0-9]([\w.-]*\w)?", word) else None


def boolean(raw: str) -> bool | None:
    """Yes or no."""
    word = raw.strip().lower()
    return True if word in _TRUE else False if word in _FALSE else None


def one_of(*choices: str) -> Reader:
    """A reader of one of these words, in any case and with blanks or hyphens in them."""
    known = {choice.lower(): choice for choice in choices}

    def read(raw: str) -> str | None:
        return known.get(re.sub(r"[\s\"'`-]", "", raw).lower())

    return read


def pairs(raw: str, key: Reader = text) -> dict[str, str] | None:
    """`A=b`, `A=b, C=d and E=f`, `a: b`: keys and texts, None unless all of it is that."""
    found: dict[str, str] = {}
    rest = raw.strip()
    form = re.compile(
        r"""["'`]?([A-Za-z_][\w./-]*)["'`]?\s*(?:=|:\s)\s*("[^"]*"|'[^']*'|`[^`]*`|[^\s,]+(?<![.,;]))"""
        r"""["'`]?(?:\s*,\s*and\s+|\s*,\s*|\s+and\s+|\Z)"""
    )
    while rest:
        match = form.match(rest)
        if not match or key(match[1]) is None or match[1] in found:
            return None
        quoted = _QUOTED.match(match[2])
        found[match[1]] = quoted[2] if quoted else match[2].strip("`'\"")
        rest = rest[match.end() :]
    return found or None
