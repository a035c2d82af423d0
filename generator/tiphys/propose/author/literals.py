"""Names, numbers and texts of a request that stand nowhere in an answer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from tiphys.ports import Object

_LITERAL = re.compile(
    r"\"(?P<quoted>[^\"\n]{1,120})\""
    r"|`(?P<ticked>[^`\n]{1,120})`"
    r"|(?<![\w./:@-])(?P<word>/?[A-Za-z0-9][\w.-]*(?:[/:=@][\w./:@=-]+)?)"
)
_MARKED = re.compile(r"[-_/=@]|[a-z][A-Z]|[A-Za-z]\d|\d[A-Za-z]|\w\.\w|\A\d+\Z")
_TIME = re.compile(
    r"\s*-?(?:%|percent|s|secs?|seconds?|m|mins?|minutes?|h|hours?|days?|weeks?|months?|years?"
    r"|o'clock|am|pm|th|nd|rd|st)\b|:\d",
    re.IGNORECASE,
)
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*-?([KMGT]i?)?B?\Z", re.IGNORECASE)
_COMPOUND = re.compile(r"[a-z]+(?:-[a-z]+)+\Z")  # "read-only" is English; db-main may be too
_ENGLISH = frozenset(
    """read-only read-write one-off cluster-wide re-read well-known follow-up on-call long-term
    short-lived high-priority low-priority up-to-date so-called built-in opt-in stand-in e.g i.e
    non-root kube-system per-node full-time client-side server-side""".split()
)


def unused(request: str, objects: Sequence[Object], context: str = "") -> tuple[str, ...]:
    """Those that look like values and are in no field or key, in order.

    What stands in the `context` may be what is to go.
    """
    leaves = {str(each) for obj in objects for each in _leaves(obj)}
    everything = "\n".join(leaves)
    sizes = {size for each in leaves for size in _sizes(each)}

    def stands(text: str) -> bool:
        edge = r"(?<![\w.])" if text[:1].isdigit() else ""
        form = edge + re.escape(text) + r"(?!\d)"
        return bool(re.search(form, f"{everything}\n{context}", re.IGNORECASE))

    def paired(text: str) -> bool:
        pairs = (text.split("=", 1), text.split(":", 1), text.rsplit(":", 1))
        return any(len(pair) == 2 and {*pair} <= leaves for pair in pairs)

    found = dict.fromkeys(_literals(request))
    return tuple(t for t in found if not (stands(t) or paired(t) or _sizes(t) & sizes))


def _literals(request: str) -> Iterator[str]:
    for match in _LITERAL.finditer(request):
        text = match["quoted"] or match["ticked"]
        if text:
            yield text.strip(" ,;.")
            continue
        text = match["word"].rstrip(".,:;")
        if not _MARKED.search(text) or text.lower() in _ENGLISH:
            continue
        if re.match(r"\d", text) and _TIME.match(request, match.start() + len(text)):
            continue
        if re.fullmatch(r"[01]", text) or re.fullmatch(r"\d+(?:s|m|h|d|min|x|th|st|nd|rd)", text):
            continue
        yield text


def _sizes(text: str) -> set[str]:
    """A number with its unit, written one way: 512MB is 512M."""
    match = _SIZE.match(text)
    return {f"{match[1]}{(match[2] or '')[:1].upper()}"} if match else set()


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for key, child in value.items():
            yield key
            yield from _leaves(child)
    elif isinstance(value, list):
        for child in value:
            yield from _leaves(child)
    else:
        yield value
