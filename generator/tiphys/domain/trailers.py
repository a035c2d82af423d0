"""Trailers at the end of a commit message, as `git interpret-trailers` reads them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from tiphys.domain.errors import InvalidInput

REQUEST = "Tiphys-Request"
SKILL = "Tiphys-Skill"
VERDICT = "Tiphys-Verdict"

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*\Z")
_TRAILING = re.compile(r"[ \t]+$", re.MULTILINE)
_LINE = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*)[ \t]*:[ \t]*(.*)\Z")


def add(message: str, trailers: Mapping[str, str]) -> str:
    """`message` with `trailers` in its last paragraph; one already there is replaced.

    InvalidInput for a key that is not letters, digits and dashes, and for a value that is empty or
    holds a line break or another control character.
    """
    for key, value in trailers.items():
        if not _KEY.match(key):
            raise InvalidInput(f"trailer {key!r} may hold letters, digits and dashes only")
        if not value.strip() or not value.isprintable():
            raise InvalidInput(f"trailer {key} needs a value of one printable line")
    if not message.strip():
        raise InvalidInput("a commit message needs a subject line before its trailers")
    if not trailers:
        return message
    body, block = _split(message)
    replaced = {key.lower() for key in trailers}
    kept = [line for line in block if _key(line) not in replaced]
    lines = kept + [f"{key}: {value.strip()}" for key, value in trailers.items()]
    return "\n\n".join(part for part in (body, "\n".join(lines)) if part) + "\n"


def parse(message: str) -> dict[str, str]:
    """The trailers of a message, in order; of a repeated key the last, keys as written."""
    found: dict[str, str] = {}
    spelling: dict[str, str] = {}
    for line in _split(message)[1]:
        match = _LINE.match(line)
        if match:
            key = spelling.setdefault(match[1].lower(), match[1])
            found[key] = match[2].strip()
    return found


def _key(line: str) -> str:
    match = _LINE.match(line)
    return match[1].lower() if match else ""


def _split(message: str) -> tuple[str, list[str]]:
    """Body and trailer lines. The first paragraph is the subject, never a trailer block."""
    text = _TRAILING.sub("", message.replace("\r\n", "\n")).rstrip()
    head, gap, last = text.rpartition("\n\n")
    lines = last.split("\n")
    if gap and head.strip() and all(_LINE.match(line) for line in lines):
        return head.rstrip(), lines
    return text, []
