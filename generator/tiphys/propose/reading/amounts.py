"""Amounts between the two words that say what they are: "a limit of 400Mi memory and 2 cpu"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from tiphys.propose.reading.sheet import Sheet, own_words

_ROLES: Mapping[str, str] = {"limit": r"limits?|at\s+most|maximum|max", "request": r"requests?"}
_RESOURCES: Mapping[str, str] = {
    "memory": r"memory|ram|mem",
    "cpu": r"cpus?|cores?",
    "storage": r"storage|disk",
}
_AMOUNT = re.compile(
    r"(?<![\w.:/@=-])(?P<figure>\d+(?:\.\d+)?\s?(?:[KMGTPE]i?B?|m|k)?)\s+(?:of\s+)?"
    rf"(?P<resource>{'|'.join(_RESOURCES.values())})\b(?!\s+(?:limit|request))",
    re.IGNORECASE,
)
_ROLE = re.compile(rf"\b(?:{'|'.join(_ROLES.values())})\b", re.IGNORECASE)
_FAR = 48  # characters from the role to its amount
_END = re.compile(r"[.;\n]\s")


def read_amounts(sheet: Sheet) -> None:
    """Give an amount to the property whose own words are its role and its resource."""
    for match in _AMOUNT.finditer(sheet.text):
        role = _role_before(sheet.text, match.start())
        names = [*_owners(sheet, role, match["resource"])] if role else []
        if len(names) == 1 and sheet.free(match.span()):
            sheet.offer(names[0], match["figure"].replace(" ", ""), match.span())


def _role_before(text: str, position: int) -> str:
    """The last role that is named shortly before, in the same sentence; "" where there is none."""
    start = max(0, position - _FAR)
    ends = [m.end() for m in _END.finditer(text, start, position)]
    found = [m[0] for m in _ROLE.finditer(text, ends[-1] if ends else start, position)]
    last = found[-1] if found else ""
    return next((role for role, form in _ROLES.items() if re.fullmatch(form, last, re.I)), "")


def _owners(sheet: Sheet, role: str, said: str) -> Iterator[str]:
    resource = next(r for r, form in _RESOURCES.items() if re.fullmatch(form, said, re.I))
    for name, definition in sheet.properties.items():
        if definition.get("format") == "quantity" and {role, resource} <= {
            *own_words(name).split()
        }:
            yield name
