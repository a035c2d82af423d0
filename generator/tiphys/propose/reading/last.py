"""What nothing leads to, and yet can be meant in one way only."""

from __future__ import annotations

import re

from tiphys.propose.reading.coerce import NAMES, is_dotted
from tiphys.propose.reading.sheet import Sheet
from tiphys.propose.reading.tokens import HOST

_AMOUNT = re.compile(r"(?<![\w.:/@=-])\d+(?:\.\d+)?[KMGTPE]i?B?(?![\w.:/=-])")
_HOST = re.compile(rf"(?<![\w./:@=-]){HOST}(?![\w/:@-]|\.\w)")


def read_last(sheet: Sheet) -> None:
    """The one required amount, or host, that nothing else gave takes the only one that is free."""
    missing = sheet.required - set(sheet.found)
    amounts = missing & set(sheet.with_format("quantity"))
    hosts = {
        name
        for form in NAMES
        for name in missing & set(sheet.with_format(form))
        if is_dotted(sheet.properties[name])
    }
    for names, form in ((amounts, _AMOUNT), (hosts, _HOST)):
        free = [match for match in form.finditer(sheet.text) if sheet.free(match.span())]
        if len(names) == len(free) == 1:
            [name], [match] = names, free
            sheet.offer(name, match[0], match.span())


def read_like_its_image(sheet: Sheet) -> None:
    """ "the log collector logship, image registry.example/logship:2": the word stands twice."""
    images = [
        found.value for name in sheet.with_format("image") for found in sheet.found.get(name, ())
    ]
    if "name" not in sheet.required or "name" in sheet.found or len(images) != 1:
        return
    word = re.split(r"[:@]", images[0].rpartition("/")[2])[0]
    form = rf"(?<![\w./:@=-]){re.escape(word)}(?![\w/:@=-]|\.\w)"
    free = [match for match in re.finditer(form, sheet.text) if sheet.free(match.span())]
    if free:
        sheet.offer("name", word, free[0].span())
