"""Texts and lists beside the words that lead to them: "mounted at /data", "read pods and jobs"."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from tiphys.library import formats
from tiphys.propose.reading.coerce import (
    NAMES,
    PIECE,
    QUOTED,
    SEPARATOR,
    coerce,
    is_command,
    is_dotted,
    is_path,
    kind_of,
    unquoted,
)
from tiphys.propose.reading.nouns import Noun
from tiphys.propose.reading.sheet import Sheet, Span, own_words, phrase_key, phrase_pattern
from tiphys.propose.reading.vocabulary import FUNCTION, TYPES

_COLON = r"\s*[:=]\s*[*_]{0,2}"
_LINKS = r"of|to|at|is|are|be|as|on|for|from|von|auf|ist|zu|de|du|à|est|es|en|a|di"
_LINK = re.compile(rf"(?:(?P<colon>{_COLON})|(?:\s+(?:{_LINKS})(?=\s)){{0,2}}\s+)")
_ELSEWHERE = ("quantity", "cron", "image")  # other steps read these
_Unsure = tuple[str, Noun, Span]
_CLAUSE = re.compile(r"[^,;\n]*?(?=[,;\n]|\.\s|\.?\Z)")
_SENTENCE = re.compile(r"[.;!?\n](?:\s|\Z)")
_ITEM = re.compile(rf"(?:(?:the|all|any)\s+)?({QUOTED}|{PIECE})", re.IGNORECASE)
_BETWEEN = re.compile(SEPARATOR)
_SHELL = re.compile(r"\s|\A\.?/")


def read_words(sheet: Sheet) -> None:
    """Claim what follows the phrases of texts and lists."""
    owners: dict[str, list[str]] = defaultdict(list)
    for name in sheet.properties:
        for phrase in sheet.phrases(name):
            owners[phrase_key(phrase)].append(name)
    unsure: list[_Unsure] = []
    for match in re.finditer(phrase_pattern(owners), sheet.text, re.IGNORECASE):
        key = phrase_key(match[0])
        for name in owners.get(key) or owners.get(key.removesuffix("s")) or ():
            if not sheet.free(match.span()) or name == "namespace":
                continue
            noun = _read_after(sheet, name, key, match)
            unsure += [(name, noun, match.span())] if noun else []
    for name, noun, span in unsure:
        if _supported(sheet, name, span, unsure) and sheet.free(noun.span):
            sheet.offer(name, noun.name or "", (span[0], noun.span[1]))


def _read_after(sheet: Sheet, name: str, key: str, match: re.Match[str]) -> Noun | None:
    """Claim what follows a phrase; hand back a name that needs another beside it."""
    definition = sheet.properties[name]
    if kind_of(definition) == "array":
        _read_list(sheet, name, key, match)
    elif kind_of(definition) == "string" and definition.get("format") not in _ELSEWHERE:
        if definition.get("format") in NAMES and not is_dotted(definition):
            return _read_noun(sheet, name, key, match)
        _read_text(sheet, name, definition, match)
    return None


def _supported(sheet: Sheet, name: str, span: Span, unsure: list[_Unsure]) -> bool:
    """Whether the sentence names something else by its role: "from the frontend to search"."""
    places = [(other, place) for other, _noun, place in unsure]
    for other in sheet.with_format("dns-label") + sheet.with_format("dns-subdomain"):
        if other not in ("name", "namespace"):
            places += [(other, (found.start, found.end)) for found in sheet.found.get(other, ())]
    return any(other != name and _same_sentence(sheet.text, span, place) for other, place in places)


def _read_noun(sheet: Sheet, name: str, key: str, match: re.Match[str]) -> Noun | None:
    """Claim the name that follows; hand back one that only a second one would make believable."""
    if name == "name" and key == "name":
        return None  # "name of ..." leads anywhere; see names
    colon = re.compile(r"\s*[:=]\s*").match(sheet.text, match.end())
    noun = sheet.noun_at(colon.end() - 1 if colon else match.end())
    if noun is None or noun.name is None or not sheet.free(noun.span):
        return None
    span = match.start(), noun.span[1]
    words = set(key.split())
    typed_phrase = bool(words & (TYPES | set(own_words(name).split())))
    sure = colon or noun.plain or noun.typed or typed_phrase or name == "name"
    only_small = words <= FUNCTION
    if sure or (not only_small and not noun.article and not noun.capital):
        sheet.offer(name, noun.name, span)
        return None
    return None if noun.capital and only_small else noun


def _read_text(
    sheet: Sheet, name: str, definition: Mapping[str, Any], match: re.Match[str]
) -> None:
    link = _LINK.match(sheet.text, match.end())
    if not link:
        return
    quoted = re.compile(QUOTED).match(sheet.text, link.end())
    piece = quoted or re.compile(PIECE).match(sheet.text, link.end())
    free_text = not (definition.get("enum") or definition.get("format") or is_path(definition))
    if free_text and not quoted and link["colon"]:
        piece = _CLAUSE.match(sheet.text, link.end())
    if not piece or not sheet.free(piece.span()):
        return
    raw = piece[0].rstrip(".:)")
    if free_text and not quoted and not link["colon"] and not re.search(r"[A-Z/\d]", raw):
        return
    if definition.get("format") in NAMES and raw.lower() in FUNCTION:
        return
    sheet.offer(name, raw, (match.start(), piece.start() + len(raw)))


def _read_list(sheet: Sheet, name: str, key: str, match: re.Match[str]) -> None:
    definition = sheet.properties[name]
    if is_command(definition):
        _read_command(sheet, name, key, match)
        return
    link = _LINK.match(sheet.text, match.end())
    position = link.end() if link else match.end()
    items: list[str] = []
    end = position
    while found := _ITEM.match(sheet.text, position):
        raw = unquoted(found[1]).rstrip(".:)")
        one = coerce(raw, name, {**definition, "minItems": 0})
        dotless = items and "." in items[0] and "." not in raw
        if one is None or dotless or (not items and raw.lower() in FUNCTION):
            break
        items += one
        end = found.start(1) + len(found[1].rstrip(".:)"))
        gap = _BETWEEN.match(sheet.text, end)
        if not gap:
            break
        position = gap.end()
    if items and sheet.free((match.end(), end)):
        sheet.claim(name, items, (match.start(), end))


def _read_command(sheet: Sheet, name: str, key: str, match: re.Match[str]) -> None:
    """Quoted words, a JSON list, or after a colon everything up to the next comma."""
    own = bool(set(own_words(name).split()) & set(key.split())) or key == "args"
    link = _LINK.match(sheet.text, match.end())
    if not link:
        return
    rest = re.compile(rf"{QUOTED}|\[[^\]\n]{{0,2000}}\]").match(sheet.text, link.end())
    if rest:
        several = bool(_SHELL.search(unquoted(rest[0])))
        if (own or several) and not formats.is_image(unquoted(rest[0])):
            sheet.offer(name, rest[0], (match.start(), rest.end()))
        return
    clause = _CLAUSE.match(sheet.text, link.end())
    if clause is None or not own or not clause[0].strip():
        return
    raw = clause[0].rstrip(". ")
    parts = re.split(r"\s+(?:and|und|et|y|e)\s+", raw)
    if len(parts) > 1 and all(re.fullmatch(r"--?[\w=./:-]+", part) for part in parts):
        words = parts  # "args --week and --mail"
        if sheet.free(clause.span()):
            sheet.claim(name, words, (match.start(), clause.start() + len(raw)))
        return
    small = {word.casefold() for word in raw.split()} & FUNCTION
    if not small and sheet.free((clause.start(), clause.start() + len(raw))):
        sheet.offer(name, raw, (match.start(), clause.start() + len(raw)))


def _same_sentence(text: str, one: Span, other: Span) -> bool:
    first, second = sorted((one, other))
    return first[1] > second[0] or not _SENTENCE.search(text, first[1], second[0])
