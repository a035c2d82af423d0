"""What the release is to be called, where the request says so."""

from __future__ import annotations

import re

from tiphys.library.schema import refuses
from tiphys.propose.reading.coerce import NAMES
from tiphys.propose.reading.nouns import Noun
from tiphys.propose.reading.sheet import Sheet, Span
from tiphys.propose.reading.vocabulary import ACTION, ARTICLE, FUNCTION, NAMED, TYPES, is_name

_NAMED = re.compile(NAMED, re.IGNORECASE)
_OF = r"\b(?:replicas?|copies|copy|instances?|pods?)\s+of\b"
_ACTION = re.compile(rf"(?:{ACTION}|{_OF})(?:\s+(?:up|out)(?=\s))?", re.IGNORECASE)
_OBJECT = re.compile(
    rf"(?:\A|{ACTION}|{_OF})\s*(?:{ARTICLE}\s+)?(?:(?:container\s+)?image\s*[:=]?\s*)?[\"'`]?\Z",
    re.IGNORECASE,
)
_LABEL = r"[A-Za-z0-9](?:[-A-Za-z0-9]{0,61}[A-Za-z0-9])?(?![\w@/-]|[:.]\w)"
_PLAIN = re.compile(
    r"(?:^|[,;.:(]\s*|\b(?:and|with|the|its|und|mit|et|y)\s+)(?:the\s+|its\s+)?"
    rf"name\s*(?:[:=]|\bis\b|\bshould\s+be\b)?\s*[*\"'`]{{0,3}}({_LABEL})",
    re.IGNORECASE | re.MULTILINE,
)
_AS_NAME = re.compile(
    rf"(?<![\w./-])[\"'`]?({_LABEL})[\"'`]?\s+as\s+(?:the\s+|its\s+)?name\b", re.I
)
_SLASHED = re.compile(
    rf"(?:{ACTION}|\b(?:for|to|of|für|pour))\s+(?:{ARTICLE}\s+)?[\"'`]?"
    r"([a-z0-9][-a-z0-9]{0,62})/([a-z0-9][-a-z0-9]{0,62})(?![\w./:@-]*[\w/@])",
    re.IGNORECASE,
)
_TITLE = re.compile(
    r"(?:^|[.;!?\n]\s+|,\s+)(?:[-*#]+\s+)?(?:" + "|".join(sorted(TYPES)) + r"|svc|config\s+map)\b",
    re.IGNORECASE,
)
_PLACE = re.compile(r"\s*[,:]?\s*(?:in\s+)?(?:the\s+)?(?:namespace|ns)\b", re.IGNORECASE)


def read_given_names(sheet: Sheet) -> None:
    """`called x`, `name it x`, `name x`, `x as name`, and `namespace/name`."""
    if "name" not in sheet.properties:
        return
    for form in (_PLAIN, _AS_NAME):
        for match in form.finditer(sheet.text):
            if sheet.free(match.span(1)) and match[1].lower() not in FUNCTION:
                sheet.offer("name", match[1].lower(), match.span())
    for match in _NAMED.finditer(sheet.text):
        noun = sheet.noun_at(match.end()) or sheet.noun_at(match.end(), any_type=True)
        if noun and noun.name and sheet.free((match.start(), noun.span[1])):
            sheet.offer("name", noun.name, (match.start(), noun.span[1]))
    if "namespace" in sheet.properties and not {"name", "namespace"} & set(sheet.found):
        for match in _SLASHED.finditer(sheet.text):
            parts = match[1].lower(), match[2].lower()
            if all(map(is_name, parts)) and sheet.free(match.span()):
                sheet.claim("namespace", parts[0], match.span(1))
                sheet.claim("name", parts[1], match.span(2))
                return


def read_acted_on(sheet: Sheet) -> None:
    """What is to be run or made, unless a name is given: "deploy the storefront"."""
    if "name" not in sheet.properties or "name" in sheet.found:
        return
    unsettled: list[Noun] = []
    for match in _ACTION.finditer(sheet.text):
        noun = sheet.noun_at(match.end())
        if noun is None or not sheet.free(noun.span):
            continue
        if noun.name is None:
            unsettled.append(noun)
        elif sheet.offer("name", noun.name, noun.span):
            return
    if _read_titles(sheet):
        return
    image = _image_name(sheet)
    if image is None or refuses(sheet.properties["name"], image[0]) is not None:
        return
    # Two words may be the image's name in plain words; if not, there is no telling.
    if all(image[0] == "-".join(noun.words).lower() for noun in unsettled):
        sheet.claim("name", *image)


def read_owned(sheet: Sheet) -> None:
    """ "the payments team", where a team is what must be named and nothing else names it."""
    for name in sheet.required - sheet.found.keys():
        if sheet.properties.get(name, {}).get("format") not in NAMES or name == "namespace":
            continue
        for phrase in sheet.phrases(name):
            if phrase == "name" or " " in phrase or phrase in FUNCTION:
                continue
            form = rf"\b(?:the|our|for|das|die|der)\s+({_LABEL})\s+{re.escape(phrase)}(?![\w-])"
            for match in re.finditer(form, sheet.text, re.IGNORECASE):
                if is_name(match[1]) and sheet.free(match.span()):
                    sheet.offer(name, match[1].lower(), match.span())


def _read_titles(sheet: Sheet) -> bool:
    """ "job migrate-v8 in namespace shop": a kind of thing and then its name."""
    for match in _TITLE.finditer(sheet.text):
        noun = sheet.noun_at(match.end())
        if noun and noun.name and sheet.free(noun.span):
            placed = _PLACE.match(sheet.text, noun.span[1])
            if (noun.plain or placed) and sheet.offer("name", noun.name, noun.span):
                return True
    return False


def _image_name(sheet: Sheet) -> tuple[str, Span] | None:
    """The last part of the one image, where the image is what is to be run."""
    found = [f for name in sheet.with_format("image") for f in sheet.found.get(name, ())]
    if len(found) != 1:
        return None
    start = sheet.text.find(found[0].value, found[0].start)
    if not _OBJECT.search(sheet.text, max(0, start - 60), start):
        return None
    base = re.split(r"[:@]", str(found[0].value).rsplit("/", 1)[-1])[0]
    return base.replace("_", "-").replace(".", "-"), (found[0].start, found[0].end)
