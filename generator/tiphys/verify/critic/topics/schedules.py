"""When it runs: cron fields or words, and the time zone."""

# ruff: noqa: E501 -- a list of alternatives reads better unbroken
from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from tiphys.verify.critic import cron, spoken
from tiphys.verify.critic.model import (
    Field,
    Remark,
    Requirement,
    by_fields,
    contradicted,
    undecided,
)
from tiphys.verify.critic.wording import Words
from tiphys.verify.critic.world import World, at, text

_P = r"(?:[\d*?][\d*/,?-]{0,30}|\*)"
_D = r"(?:[\d*?][\d*/,?-]{0,30}|(?:sun|mon|tue|wed|thu|fri|sat)(?:[,-](?:sun|mon|tue|wed|thu|fri|sat)){0,6})"
_LITERAL = re.compile(rf"(?<![\w*/.,-])({_P}\s{_P}\s{_P}\s{_D}\s{_D})(?![\w*/])", re.IGNORECASE)
_MACRO = re.compile(r"(?<![\w@])@(?:yearly|annually|monthly|weekly|daily|midnight|hourly)\b", re.I)
_ZONE = re.compile(
    r"\b(?P<zone>(?:Africa|America|Antarctica|Asia|Atlantic|Australia|Europe|Indian|Pacific|Etc)/[A-Z][A-Za-z_+/-]{1,40}\d{0,2})|\b(?P<utc>UTC|GMT)\b"
)
_CITY = re.compile(
    r"\b(?:in\s+)?(?P<city>[A-Z][a-z]{2,15}(?:[ _](?:York|Angeles|Kong|Delhi|Paulo|Aires))?)\s+(?:local\s+)?time\b"
)
_THEIRS = re.compile(
    r"\bin\s+(?P<city>[A-Z][a-z]{2,15}(?:[ _](?:York|Angeles|Kong|Delhi|Paulo|Aires))?)\b[^.;]{0,100}\btheir\s+(?:own\s+|local\s+)?time\b"
)
_NO_CITY = frozenset(
    "Local Real Night Day Some Any First Start Run Response Every Each Same Our Next Peak Office Central".split()
)
_TIMED = re.compile(r"\b(?:cron|schedule[ds]?|cronjob)\b", re.IGNORECASE)
_NOT_A_RUN = re.compile(
    r"\b(?:retry|retries|poll|scrape[sd]?|refresh|probe[sd]?|check\s+health|health|reload|rotate[sd]?|flush\w*|timeout|interval)\b",
    re.I,
)


def rule(words: Words, world: World) -> Iterator[Remark]:
    """Schedules and zones."""
    literal = False
    for regex in (_LITERAL, _MACRO):
        for match in words.find(regex):
            wanted = cron.parse(match[0])
            if wanted is not None and not words.negated(match.start()):
                literal = True
                yield words.rule("schedule", match[0], match.span(), _equals(wanted))
    if not literal:
        yield from _in_words(words, world)
    if world.kinds("CronJob"):
        yield from _zones(words)


def _in_words(words: Words, world: World) -> Iterator[Remark]:
    start = 0
    while start < len(words.raw):
        first, end = words.sentence(start)
        sentence = words.raw[first:end][:2000]
        start = max(end, start + 1)
        if (found := spoken.read(sentence)) is None:
            continue
        wish, begin, stop = found
        span = (first + begin, first + stop)
        if _NOT_A_RUN.search(sentence[max(0, begin - 40) : begin]) or words.negated(span[0]):
            continue
        if not world.kinds("CronJob") and not words.has(_TIMED):
            quote = Requirement("schedule", words.quote(*span), words.quote(*span))
            yield undecided(quote, "no object runs at set times")
            continue
        yield words.rule("schedule", words.quote(*span), span, _meets(wish))


def _fields(world: World) -> list[Field]:
    return world.fields(("CronJob",), "spec", "schedule")


def _none(requirement: Requirement, world: World) -> Remark:
    if world.workloads and not requirement.of:
        return Remark(requirement, "contradicted", "", "no CronJob among the objects")
    return undecided(requirement, "no object runs at set times")


def _unread(value: object) -> bool | None:
    """Five plain fields that are no times, such as hour 30, meet no wish."""
    return False if re.fullmatch(r"[\d*/,-]+(?: [\d*/,-]+){4}", str(value).strip()) else None


def _equals(wanted: cron.Cron) -> Callable[[Requirement, World], Remark]:
    def same(value: object) -> bool | None:
        found = cron.parse(str(value))
        return _unread(value) if found is None else found == wanted

    def ruling(requirement: Requirement, world: World) -> Remark:
        return by_fields(requirement, _fields(world), same, _none(requirement, world))

    return ruling


def _meets(wish: cron.Wish) -> Callable[[Requirement, World], Remark]:
    def same(value: object) -> bool | None:
        found = cron.parse(str(value))
        return _unread(value) if found is None else wish.met_by(found)

    def ruling(requirement: Requirement, world: World) -> Remark:
        return by_fields(requirement, _fields(world), same, _none(requirement, world))

    return ruling


def _zones(words: Words) -> Iterator[Remark]:
    for match in words.find(_ZONE):
        zone = (match["zone"] or match["utc"]).rstrip("/-_+.")
        if not words.negated(match.start()):
            yield words.rule("schedule", zone, match.span(), _zone(zone))
            return
    for match in (*words.find(_CITY), *words.find(_THEIRS)):
        city = match["city"].replace(" ", "_")
        if city not in _NO_CITY and not words.negated(match.start()):
            yield words.rule("schedule", f"{city} time", match.span(), _zone(city))
            return


def _zone(zone: str) -> Callable[[Requirement, World], Remark]:
    utc = zone.lower().removeprefix("etc/") in ("utc", "gmt")

    def same(value: object) -> bool | None:
        found = str(value)
        if utc:
            return found.lower().removeprefix("etc/") in ("utc", "gmt")
        if found.lower() == zone.lower() or found.lower().endswith(f"/{zone.lower()}"):
            return True
        if found.lower().removeprefix("etc/") in ("utc", "gmt"):
            return zone.lower() in ("london", "lisbon", "dublin", "reykjavik") and None
        return False if "/" in zone or found == "not set" else None

    def ruling(requirement: Requirement, world: World) -> Remark:
        fields = [
            Field(at(o, "spec.timeZone"), text(o, "spec", "timeZone") or "not set")
            for o in world.kinds("CronJob")
        ]
        unset = [f for f in fields if f.value == "not set"]
        if utc and unset:
            return undecided(requirement, "no time zone is set: the controller's own counts")
        if unset and len(unset) == len(fields):
            return contradicted(requirement, unset[0])
        return by_fields(requirement, fields, same, undecided(requirement, "there is no CronJob"))

    return ruling
