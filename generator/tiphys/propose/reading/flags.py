"""Yes or no: a phrase stands for true, a negated one for false, a doubtful one for neither."""

from __future__ import annotations

import re

from tiphys.propose.reading.coerce import kind_of
from tiphys.propose.reading.sheet import Sheet, phrase_pattern

_NOT_BEFORE = re.compile(
    r"\b(?:no|not|without|don't|don\u2019t|doesn't|dont|never|neither|nor|cannot|can't|mustn't|"
    r"deny|block|disable|forbid|drop|remove|avoid|skip|ohne|kein|keine|keinen|nicht|nie|sans|pas|"
    r"jamais|sin|nunca|senza)\s+(?:[\w']+\s+){0,4}\Z",
    re.IGNORECASE,
)
_NOT_AFTER = re.compile(
    r"[\s:=]*(?:(?:is|are|must|should|shall|ist|est|es|be)\s+)?(?:not\b|never\b|off\b|no\b|false\b|"
    r"disabled\b|unnecessary\b|unwanted\b|nicht\b|n'est\s+pas\b|non\b|nein\b)",
    re.IGNORECASE,
)
_DOUBT = re.compile(
    r"\b(?:not\s+sure|unsure|whether|maybe|perhaps|do\s+we|should\s+we|would\s+we|wonder|if|unless|"
    r"vielleicht|ob|falls|peut-être|quizás|ou)\b[^.;\n]{0,80}\Z",
    re.IGNORECASE,
)


def read_flags(sheet: Sheet) -> None:
    """Claim the phrases of booleans that no form has settled."""
    for name in sheet.properties:
        if kind_of(sheet.properties[name]) != "boolean" or name in sheet.found:
            continue
        form = phrase_pattern(sheet.phrases(name))
        for match in re.finditer(form, sheet.text, re.IGNORECASE):
            if not sheet.free(match.span()):
                continue
            start = max(0, match.start() - 100)
            if _DOUBT.search(sheet.text, start, match.start()):
                sheet.mark(match.span(), used=False)
                continue
            negated = _NOT_BEFORE.search(sheet.text, start, match.start())
            after = _NOT_AFTER.match(sheet.text, match.end())
            span = (
                (negated.start() if negated else match.start()),
                (after.end() if after else match.end()),
            )
            sheet.claim(name, not (negated or after), span)
