"""Fields that a request means beyond doubt, with the one value that they can have.

Either the field has no other ("spec.suspend: true"), or the clause that means it holds one figure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import yaml

from tiphys.ports import Object
from tiphys.propose.author.fields import map_at, value_at
from tiphys.propose.author.literals import leaves_of
from tiphys.propose.author.meant import lacking
from tiphys.propose.author.types import Meant
from tiphys.propose.editing.targets import TEMPLATES
from tiphys.propose.reading.spelled import SECONDS, in_figures

# "spec.strategy: {type: Recreate}", and no choice of values.
_FIXED = re.compile(
    r"(?P<path>[a-zA-Z]+(?:\.[a-zA-Z]+)*): (?P<value>[a-zA-Z]+|\{type: [a-zA-Z]+\})"
    r"(?: \([^)]*\))?\Z"
)
_PLAIN = re.compile(r"(?P<path>spec(?:\.[a-zA-Z]+)+)(?:: number(?: or percent)?)?(?: \([^)]*\))?\Z")
_COUNTS = frozenset(
    "backoffLimit completions failedJobsHistoryLimit maxUnavailable minAvailable parallelism"
    " revisionHistoryLimit successfulJobsHistoryLimit".split()
)
_SHARES = frozenset({"maxUnavailable", "minAvailable"})
_UNITS = {
    **SECONDS,
    **dict.fromkeys(("s", "sec", "second", "seconds", "secs", "segundos", "sekunden"), 1),
    **dict.fromkeys(("m", "min", "mins"), 60),
    "h": 3600,
    **dict.fromkeys(("d", "day", "days"), 86400),
}
_TIME = re.compile(
    rf"(?<![\w.:])(\d{{1,6}})[\s-]?({'|'.join(sorted(_UNITS, key=len, reverse=True))})\b", re.I
)
_EXPLAINED = re.compile(r" \(\d+ seconds\)")
_NUMBER = re.compile(r"(?<![\w.:/-])(\d{1,6}\s?%|\d{1,6})(?![\w:/]|[.-]\w)")


def set_lacking(fields: Sequence[Meant], objects: Sequence[Object]) -> Iterator[str]:
    """Set those in place that have one value, where only one object can be meant; what was set."""
    for each in lacking(fields, objects):
        told = _FIXED.match(each.field)
        found = _place(each, told["path"], objects) if told else None
        if told and found:
            obj, path = found
            map_at(obj, *path[:-1])[path[-1]] = yaml.safe_load(told["value"])
            yield f"{'.'.join(path)} is {told['value']}: the request says {each.said!r}"


def set_figures(fields: Sequence[Meant], objects: Sequence[Object], request: str) -> Iterator[str]:
    """Set those in place whose clause holds one figure that fits, where another was made up.

    A figure that stands in another field already is that field's.
    """
    said = _spoken(request)
    used = {str(leaf) for obj in objects for leaf in leaves_of(obj)}
    stated = {*_numbers(said), *map(str, _seconds(said))}
    for each in fields:
        told = _PLAIN.match(each.field)
        found = _place(each, told["path"], objects) if told and each.sure else None
        if found is None:
            continue
        obj, path = found
        figures = _figures(path[-1], _spoken(each.said))
        right = stated.union(map(str, figures))
        free = used.isdisjoint(map(str, figures))
        if len(figures) == 1 and free and str(value_at(obj, path)) not in right:
            value = map_at(obj, *path[:-1])[path[-1]] = figures.pop()
            yield f"{'.'.join(path)} is {value}: the request says {each.said!r}"


def _place(each: Meant, path: str, objects: Sequence[Object]) -> tuple[Object, list[str]] | None:
    """The only object that can be meant, and where the field is in it."""
    about = [obj for obj in objects if obj.get("kind") in each.kinds]
    pods = [obj for obj in about if obj["kind"] in TEMPLATES]
    if len(pods or about) != 1:
        return None
    [obj], parts = pods or about, path.split(".")
    if parts[:3] == ["spec", "template", "spec"] or (len(parts) == 1 and pods):
        return obj, [*map(str, TEMPLATES[obj["kind"]]), "spec", parts[-1]]
    if obj["kind"] == "CronJob" and "Job" in each.kinds and parts != ["spec", "suspend"]:
        return obj, ["spec", "jobTemplate", *parts]
    return obj, parts


def _figures(key: str, said: str) -> set[int | str]:
    """What a clause says that the field may hold: seconds, or numbers that are no time."""
    if key.endswith("Seconds"):
        return set(_seconds(said))
    if key not in _COUNTS:
        return set()
    numbers = _numbers(_TIME.sub(" ", said))
    shares = {each for each in numbers if each.endswith("%")}
    counts = {int(each) for each in numbers - shares}
    return {*counts, *shares} if key in _SHARES else {*counts}


def _spoken(text: str) -> str:
    """With figures for words, and spans as they were said."""
    return _EXPLAINED.sub("", in_figures(text))


def _numbers(said: str) -> set[str]:
    return {each.replace(" ", "") for each in _NUMBER.findall(said)}


def _seconds(said: str) -> set[int]:
    return {int(number) * _UNITS[unit.lower()] for number, unit in _TIME.findall(said)}
