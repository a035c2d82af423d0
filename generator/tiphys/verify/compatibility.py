"""The line `compatibility` of a SKILL.md: made from the versions that accepted it, never by hand.

Nothing here talks to a server.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import yaml

from tiphys.domain.errors import InvalidInput, Unavailable
from tiphys.library import strict_yaml

KEY = "compatibility"
_VERSION = re.compile(r"v?([0-9]+)\.([0-9]+)\.([0-9]+)(?![0-9])")
_NUMBER = re.compile(r"\b[0-9]+\.[0-9]+\.[0-9]+\b")
_FRONT_MATTER = re.compile(r"(---\r?\n)(.*?)(\r?\n)---[ \t]*(?:\r?\n|\Z)", re.DOTALL)


def minor(version: str) -> str:
    """As "1.34" of "v1.34.4". Unavailable for what is no version of Kubernetes."""
    return ".".join(map(str, _parsed(version)[:2]))


def plain(version: str) -> str:
    """As "1.34.4" of "v1.34.4" or "1.34.4-vendor.7". Unavailable for what is no version."""
    return ".".join(map(str, _parsed(version)))


def statement(versions: Iterable[str]) -> str:
    """What to claim when these versions accepted every example, in whatever order.

    For example "Kubernetes 1.33 to 1.35 (server-side dry run on 1.33.4, 1.34.4, 1.35.4)". Minors
    without a tried one between them are a range. InvalidInput if there is no version.
    """
    parsed = sorted({_parsed(version) for version in versions})
    if not parsed:
        raise InvalidInput("no version of Kubernetes accepts it, so there is nothing to claim")
    ranges = ", ".join(_ranges(sorted({each[:2] for each in parsed})))
    tried = ", ".join(".".join(map(str, each)) for each in parsed)
    return f"Kubernetes {ranges} (server-side dry run on {tried})"


def claimed(text: str) -> tuple[str, ...] | None:
    """The versions that a statement names; None for any other text."""
    found = tuple(_NUMBER.findall(text))
    return found if found and statement(found) == text else None


def rewritten(card: bytes, text: str) -> bytes:
    """A SKILL.md that claims `text` and is otherwise the same, byte by byte.

    A missing line is added at the end of the front matter. InvalidInput if the card can't be read
    or not be changed that way.
    """
    before = _front_matter(card)
    content = card.decode()
    found = _FRONT_MATTER.match(content)
    if found is None:
        raise InvalidInput("SKILL.md must start with YAML front matter between --- lines")
    start, end = _place(found[2])
    line = f"{KEY}: {text}"
    if start is None:
        new = f"{found[2]}{found[3]}{line}"
    else:
        new = found[2][:start] + line + found[2][end:]
    changed = (content[: found.start(2)] + new + content[found.end(2) :]).encode()
    if _front_matter(changed) != {**before, KEY: text}:
        raise InvalidInput(f"SKILL.md: its front matter is unusual; write `{line}` by hand")
    return changed


def _place(text: str) -> tuple[int | None, int]:
    """Where the entry starts and its value's last character ends; (None, 0) without one."""
    root = yaml.compose(text, Loader=yaml.CSafeLoader)
    entries = root.value if isinstance(root, yaml.MappingNode) else ()
    for key, value in entries:
        if key.value == KEY:
            start, end = key.start_mark.index, max(key.end_mark.index + 1, value.end_mark.index)
            return start, start + len(text[start:end].rstrip())
    return None, 0


def _front_matter(card: bytes) -> dict[str, object]:
    try:
        found = _FRONT_MATTER.match(card.decode())
    except UnicodeDecodeError:
        raise InvalidInput("SKILL.md is not UTF-8 text") from None
    loaded = strict_yaml.load(found[2], source="SKILL.md") if found else None
    if not isinstance(loaded, dict):
        raise InvalidInput("SKILL.md must start with YAML front matter between --- lines")
    return loaded


def _parsed(version: str) -> tuple[int, int, int]:
    found = _VERSION.match(version)
    if found is None:
        raise Unavailable(f"an API server calls its version {version[:40]!r}")
    return int(found[1]), int(found[2]), int(found[3])


def _ranges(minors: list[tuple[int, int]]) -> Iterator[str]:
    first = last = minors[0]
    for each in [*minors[1:], (0, 0)]:
        if each == (last[0], last[1] + 1):
            last = each
            continue
        one, other = (".".join(map(str, end)) for end in (first, last))
        yield one if one == other else f"{one} to {other}"
        first = last = each
