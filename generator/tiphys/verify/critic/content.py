"""What of a request is the content of a file: to be kept as it is, it asks for nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator

_FENCE = re.compile(
    r"^[ \t]*(?P<fence>```|~~~)[^\n]*\n.*?(?:^[ \t]*(?P=fence)[ \t]*$|\Z)", re.M | re.S
)
# A line that is a setting and nothing else: `key=value`, `key = "value"`, `[section]`.
_SETTING = re.compile(
    r"\s*(?:[A-Za-z_][\w.\-/]{0,80}\s*=\s*(?P<value>[^\s,;]+(?:\s+(?!and\b|with\b)[^\s,;]+){0,3}|\"[^\"]*\"|)\s*(?:#.*)?"
    r"|\[{1,2}[\w.\- ]{1,60}\]{1,2})\s*\Z"
)
_ITEM = re.compile(r"\s*(?:[-*•]|\d{1,2}[.)])\s+")
_OPENS = re.compile(
    r"(?:[\w-]+\.[a-z]{2,10}\b[^\n]{0,60}|\b(?:files?|contents?|lines?|script|datei|zeilen|inhalt|fichier|lignes|contenu"
    r"|contenido|líneas|archivo|ficheiro|arquivo|linhas|conteúdo|righe|contenuto|regels|bestand|inhoud)\b[^\n]{0,80}):\s*\Z",
    re.IGNORECASE,
)  # fmt: skip


def without_files(request: str) -> str:
    """The request with the contents of files blanked, line for line; the rest stays in place."""
    lines = _FENCE.sub(_blank, request).split("\n")
    return _hidden(lines, set(_blocks(lines)))


def without_settings(request: str) -> str:
    """Without lines as well that set something and say nothing else."""
    lines = request.split("\n")
    return _hidden(lines, set(_settings(lines)))


def _hidden(lines: list[str], numbers: set[int]) -> str:
    return "\n".join("" if n in numbers else line for n, line in enumerate(lines))


def _blank(match: re.Match[str]) -> str:
    return "\n" * match[0].count("\n")


def _settings(lines: list[str]) -> Iterator[int]:
    """Such lines where they are set in or stand together: a single one may be wrapped prose."""
    found = [n for n, line in enumerate(lines) if line.strip() and _SETTING.match(line[:300])]
    for n in found:
        if lines[n][:1].isspace() or n - 1 in found or n + 1 in found:
            yield n


def _blocks(lines: list[str]) -> Iterator[int]:
    """Lines further in than the one that announces them as what stands in a file."""
    depth: int | None = None
    for n, line in enumerate(lines):
        if not line.strip():
            continue
        indent = len(line) - len(line.lstrip())
        if depth is not None and indent > depth:
            yield n
            continue
        item = _ITEM.match(line[:20])
        depth = (item.end() if item else indent) if _OPENS.search(line[-200:]) else None
