"""Requests that look like a form: `key: value` lines, lists, tables, headings with a line below."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tiphys.propose.reading.coerce import QUOTED, coerce, is_command, kind_of, unquoted
from tiphys.propose.reading.sheet import Sheet, Span, own_words, phrase_key
from tiphys.propose.reading.vocabulary import FUNCTION

_BULLET = r"[ \t]*(?:[-*+•][ \t]+|\d{1,2}[.)][ \t]+)?(?:\[[ xX]\][ \t]+)?"
_KEY = r"[*_`]{0,3}(?P<key>[^\W\d_][\w -]{0,40}?)[*_`]{0,3}"
_LINE = re.compile(rf"^{_BULLET}{_KEY}[ \t]*[:=][*_]{{0,2}}(?![/\w])[ \t]*(?P<value>[^\n]*)$", re.M)
_TIGHT = re.compile(rf"^{_BULLET}{_KEY}=(?P<value>[^\n]*)$", re.M)
_ROW = re.compile(rf"^[ \t]*\|[ \t]*{_KEY}[ \t]*\|(?P<value>[^|\n]*)\|[ \t]*$", re.M)
_HEADING = re.compile(rf"^#{{1,6}}[ \t]+{_KEY}[ \t]*:?[ \t]*\n\s*(?P<value>[^\n#]+)$", re.M)
_ENTRY = re.compile(
    r"[ \t]*(?:[-*+•][ \t]+)?(?P<key>[A-Za-z_][\w.-]{0,62})(?:[ \t]*:[ \t]+|=)(?P<value>[^\n]+)"
)
_ITEM = re.compile(r"[ \t]*[-*+•][ \t]+(?P<value>[^\n]+)")
_NEXT = re.compile(r";(?:\s|\Z)|,\s+[\w-]+(?:\s[\w-]+){0,2}\s*[:=]")


def read_forms(sheet: Sheet) -> None:
    """Claim what stands beside a property's name or one of its phrases, as in a form."""
    owners = _owners(sheet)
    for form in (_ROW, _HEADING, _LINE, _TIGHT):
        for match in form.finditer(sheet.text):
            name = owners.get(phrase_key(match["key"]))
            if name is None or not sheet.free(match.span("value")):
                continue
            if match["value"].strip():
                _read_value(sheet, name, match)
            elif form is _LINE:
                _read_block(sheet, name, match.start("key"), match.end() + 1)


def _owners(sheet: Sheet) -> dict[str, str]:
    """The property that each phrase stands for; the small words of a sentence stand for none."""
    hints = {
        phrase_key(phrase): name
        for name in sheet.properties
        for phrase in sheet.phrases(name)
        if not all(word in FUNCTION for word in phrase.split())
    }
    own = {phrase_key(form): name for name in sheet.properties for form in (name, own_words(name))}
    return hints | own


def _read_value(sheet: Sheet, name: str, match: re.Match[str]) -> None:
    for raw in _readings(match["value"], is_command(sheet.properties[name])):
        span = (match.start("key"), match.start("value") + len(raw))
        if coerce(raw, name, sheet.properties[name]) is not None:
            sheet.offer(name, raw, span)
            return


def _readings(value: str, command: bool) -> Iterator[str]:
    """The value, first as the whole line, then without what follows it on the same line."""
    cut = _NEXT.search(value)
    value = value[: cut.start()] if cut else value
    value = value.rstrip()
    if command:  # a comma ends it: what follows belongs to the sentence
        quoted = re.match(QUOTED, value)
        yield quoted[0] if quoted else re.split(r",\s", value, maxsplit=1)[0]
        return
    yield value
    yield re.split(r"[,;(]\s?|\.\s|\s#", value, maxsplit=1)[0].rstrip()


def _read_block(sheet: Sheet, name: str, start: int, position: int) -> None:
    """The lines below a key: entries of a map, or items of a list."""
    definition = sheet.properties[name]
    kind = kind_of(definition)
    if kind not in ("object", "array"):
        return
    form = _ENTRY if kind == "object" else _ITEM
    lines: list[re.Match[str]] = []
    while match := form.match(sheet.text, position):
        lines.append(match)
        position = match.end() + 1
    if not lines:
        return
    span: Span = (start, lines[-1].end())
    if kind == "object":
        entries = {line["key"]: unquoted(line["value"]) for line in lines}
        if len(entries) == len(lines):
            sheet.claim(name, entries, span)
    else:
        sheet.claim(name, [unquoted(line["value"].strip()) for line in lines], span)
