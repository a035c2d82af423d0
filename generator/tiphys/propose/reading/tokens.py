"""Texts that show by their form what they are: images, schedules, KEY=VALUE pairs, hosts."""

from __future__ import annotations

import re

from tiphys.library import formats
from tiphys.library.schema import refuses
from tiphys.propose.reading.coerce import QUOTED, is_dotted, kind_of, unquoted
from tiphys.propose.reading.sheet import Found, Sheet, phrase_key
from tiphys.propose.reading.vocabulary import ACTION, ARTICLE
from tiphys.propose.schedule import cron_from_words

_IMAGE = re.compile(r"(?<![\w./:@=-])[a-z0-9][a-z0-9._:/-]*(?:@sha256:[0-9a-f]{64})?[\w./:-]*")
_IMAGE_WORD = re.compile(
    r"\b(?:image|imagen|immagine|using|uses|from)\b[\s:=*`\"'(]{0,4}(?:is\s+)?\Z", re.I
)
CRON = re.compile(
    r"(?<![^\s\"'`(:=])(?:[\d*][\d*/,-]*(?: [\d*A-Za-z][\w*/,-]*){4}|@[a-z]+)(?![\w*/@-])"
)
_PAIR = re.compile(
    r"(?<![\w./?&:@#-])([A-Za-z_][A-Za-z0-9_.-]{0,62})="
    rf"({QUOTED}|(?:[^\s,;\"'`]|[,;](?=[^\s,;])(?![A-Za-z_][\w.-]{{0,62}}=))+)"
)
HOST = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?){1,8}"
_HOSTS = (
    re.compile(rf"\bhttps?://({HOST})(?![\w.-]*[\w@])[^\s,;\"'`)]*"),
    re.compile(rf"{ACTION}\s+(?:{ARTICLE}\s+)?[\"'`]?({HOST})(?![\w/:@-]|\.\w)", re.I),
)


def read_images(sheet: Sheet) -> None:
    """Image references; one without a registry only where it is called an image."""
    names = sheet.with_format("image")
    if len(names) != 1:
        return
    for match in _IMAGE.finditer(sheet.text):
        word = match[0].rstrip(".:/-")
        span = match.start(), match.start() + len(word)
        before = sheet.text[max(0, span[0] - 24) : span[0]]
        telling = "/" in word or "@" in word or _IMAGE_WORD.search(before)
        if telling and sheet.free(span) and formats.is_image(word):
            sheet.claim(names[0], word, span)


def read_schedules(sheet: Sheet) -> None:
    """Cron fields, or a schedule in words that leaves nothing to guess."""
    names = sheet.with_format("cron")
    if len(names) != 1:
        return
    for match in CRON.finditer(sheet.text):
        if formats.is_cron(match[0]) and sheet.free(match.span()):
            sheet.claim(names[0], match[0], match.span())
    if names[0] not in sheet.found:
        for start, end, schedule in cron_from_words(sheet.text):
            if sheet.free((start, end)):
                sheet.claim(names[0], schedule, (start, end))


def read_pairs(sheet: Sheet) -> None:
    """KEY=VALUE tokens fill the one property that is a map of texts."""
    maps = sheet.of_kind("object")
    if len(maps) != 1 or maps[0] in sheet.found:
        return
    taken = {phrase_key(phrase) for name in sheet.properties for phrase in sheet.phrases(name)}
    pairs: dict[str, str] = {}
    spans: list[tuple[int, int]] = []
    clash = False
    for match in _PAIR.finditer(sheet.text):
        if sheet.free(match.span()) and phrase_key(match[1]) not in taken:
            value = unquoted(match[2]).rstrip(".)")
            clash |= pairs.setdefault(match[1], value) != value
            spans.append(match.span())
    if not pairs or refuses(sheet.properties[maps[0]], pairs) is not None:
        return
    sheet.claim(maps[0], pairs, *spans)
    if clash:  # one key, two values
        again = {m[1]: unquoted(m[2]).rstrip(".)") for m in _PAIR.finditer(sheet.text)}
        last = {key: again[key] for key in pairs}
        sheet.found[maps[0]].append(Found(last, spans[0][0] + 1, spans[-1][1]))


def read_choices(sheet: Sheet) -> None:
    """Choices that are hardly words: UDP, ReadWriteMany."""
    for name, definition in sheet.properties.items():
        if name in sheet.found:
            continue
        choices = [str(c) for c in definition.get("enum", ()) if sum(map(str.isupper, str(c))) > 1]
        if not choices:
            continue
        form = rf"(?<![\w./-])(?:{'|'.join(map(re.escape, choices))})(?![\w-])"
        for match in re.finditer(form, sheet.text):
            if sheet.free(match.span()):
                sheet.claim(name, match[0], match.span())


def read_hosts(sheet: Sheet) -> None:
    """A host name in a URL, or right behind what is to be done with it."""
    names = [
        n
        for n, d in sheet.properties.items()
        if kind_of(d) == "string" and d.get("format") == "dns-subdomain" and is_dotted(d)
    ]
    if len(names) != 1 or names[0] in sheet.found:
        return
    for form in _HOSTS:
        for match in form.finditer(sheet.text):
            if sheet.free(match.span(1)):
                sheet.claim(names[0], match[1].lower(), match.span(1))
