"""Namespaces: the release's own, and those of others that a policy lets in."""

from __future__ import annotations

import re

from tiphys.propose.reading.sheet import Sheet
from tiphys.propose.reading.vocabulary import ARTICLE, FUNCTION, is_name

LABEL = r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?(?![\w@/-]|[:.]\w)"
_SPACE = r"(?:namespaces?|ns|namensraum|espace\s+de\s+noms|espacio\s+de\s+nombres)"
_THE = rf"(?:{ARTICLE}\s+)?"
_FORMS = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        rf"(?<![\w-]){_SPACE}\b\s*(?::|=|\bis\b|\bcalled\b|\bnamed\b)?\s*[*\"'`]{{0,3}}({LABEL})",
        rf"(?<![\w-])(?:in|into|im|dans|en|nel|no|to)\s+{_THE}[\"'`]?({LABEL})[\"'`]?\s+(?:namespace|ns)\b",
        rf"(?<![\w./-])[\"'`]?({LABEL})[\"'`]?\s+as\s+(?:the\s+|its\s+)?(?:namespace|ns)\b",
    )
)
_PLACE = re.compile(rf"\b(?:in|into|im|to|dans|en|nel)\s+{_THE}({LABEL})", re.IGNORECASE)
_LEAD = re.compile(r"(?:\A|[,;:\n]|\b(?:in|into|im|to|dans|en|nel)(?:\s+the)?)\s*\Z", re.IGNORECASE)
_CLOSED = re.compile(r"[\"'`]?\s*(?:[,;:.\n]|\Z)")


def read_callers(sheet: Sheet) -> None:
    """`from namespace x`, `from the x namespace`: phrases of properties beside `namespace`."""
    if "namespace" not in sheet.properties:
        return
    for name in sheet.properties:
        for phrase in sheet.phrases(name):
            if not phrase.endswith(" namespace"):
                continue
            words = r"\s+".join(map(re.escape, phrase.split()[:-1]))
            form = (
                rf"(?<![\w-]){words}\s+{_THE}"
                rf"(?:namespace\s*[:=]?\s+[\"'`]?({LABEL})|({LABEL})\s+namespace\b)"
            )
            for match in re.finditer(form, sheet.text, re.IGNORECASE):
                label = match[1] or match[2]
                if sheet.free(match.span()) and is_name(label):
                    sheet.offer(name, label, match.span())


def read_namespace(sheet: Sheet) -> None:
    """Where the release is to live. "in shop" is a namespace only if there is one of that name."""
    if "namespace" not in sheet.properties:
        return
    for form in _FORMS:
        for match in form.finditer(sheet.text):
            if sheet.free(match.span()) and _is_space(sheet.text, match):
                sheet.claim("namespace", match[1].lower(), match.span())
    if "namespace" not in sheet.found:
        for match in _PLACE.finditer(sheet.text):
            if match[1] in sheet.namespaces and sheet.free(match.span()):
                sheet.claim("namespace", match[1], match.span())


def _is_space(text: str, match: re.Match[str]) -> bool:
    """A name, or a word such as "web" where nothing but a name can stand."""
    if is_name(match[1]):
        return True
    lead, closed = (
        _LEAD.search(text, max(0, match.start() - 12), match.start()),
        _CLOSED.match(text, match.end()),
    )
    return bool(match[1].casefold() not in FUNCTION and lead and closed)
