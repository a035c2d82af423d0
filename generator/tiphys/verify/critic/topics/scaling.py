"""What an autoscaler watches and moves, and which way an expression compares."""

# ruff: noqa: E501 -- a list of alternatives reads better unbroken
from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from tiphys.verify.critic.model import Field, Remark, Requirement, contradicted, covered
from tiphys.verify.critic.quantities import parse_quantity, seconds
from tiphys.verify.critic.wording import Words, number, pattern, plainly
from tiphys.verify.critic.world import Obj, World, at, dig, many, text

_SCALE = re.compile(r"\b(?:auto-?\s?scal\w*|scal(?:e|es|ed|ing)\b|hpa)\b", re.IGNORECASE)
_ONLY = re.compile(r"\bonly\b|\balone\b|\bjust\b|\bnot\b", re.IGNORECASE)
_BOX = re.compile(
    r"\b(?:cpu|memory|ram|usage|use|load|utili[sz]ation)\s+(?:\w+\s+)?of\s+(?:the\s+)?[`'\"]?(?!(?:its|the|one|each|this|that|main|same)\b)(?P<name>[a-z0-9][a-z0-9-]*)[`'\"]?\s+container\b|of\s+(?:its|the|one)\s+container\s+[`'\"]?(?P<c>[a-z0-9][a-z0-9-]*)|\bcontainer\s+[`'\"]?(?P<b>[a-z0-9][a-z0-9-]*)[`'\"]?(?:'s)?\s+(?:cpu|memory|usage)",
    re.IGNORECASE,
)
_PACE = pattern(
    r"{N} ?(?:%|percent|pods?|replicas?|instances?)(?: (?:may |can |be |at most )?(?:added|removed|gone|started))? (?:per|a|each|every|in(?: a| any)?|within) (?P<times>\d{1,4} ?)?(?P<unit>seconds?|secs?|s|minutes?|mins?)\b"
)
_WAIT = pattern(
    r"(?:wait\w*|stabili[sz]\w*|calm|quiet|settled?)(?: \w+){0,3}? {N} ?-?(?P<unit>seconds?|secs?|s|minutes?|mins?)\b"
    r"(?=[^.;]{0,60}(?:scal|shrink|down|remov|up\b|add))|{N} ?-?(?P<more>seconds?|secs?|minutes?|mins?)(?: \w+){0,2} stabili[sz]ation"
)
_UP = re.compile(r"\b(?:up|grow\w*|add\w*|out\b(?=\s*$))\b", re.IGNORECASE)
_DOWN = re.compile(
    r"\b(?:shrink\w*|down|remov\w+|in\b(?=\s*$)|fewer|drop\w*|take\w*\s+away)\b", re.IGNORECASE
)
_BELOW = re.compile(
    r"\b(?:below|under|drops?|falls?|less\s+than|fewer\s+than|lower\s+than|down\s+to)\b",
    re.IGNORECASE,
)
_ABOVE = re.compile(
    r"\b(?:above|over|exceed\w*|more\s+than|greater\s+than|higher\s+than|rises?|climbs?)\b",
    re.IGNORECASE,
)


def rule(words: Words, world: World) -> Iterator[Remark]:
    """The target that the scaling is said of, the container, then alerts."""
    for obj in world.kinds("HorizontalPodAutoscaler"):
        target = text(obj, "spec", "scaleTargetRef", "name")
        field = Field(at(obj, "spec.scaleTargetRef.name"), target)
        yield from _target(words, world, field)
        for i, metric in enumerate(many(obj, "spec", "metrics")):
            found = text(metric, "containerResource", "container")
            for match in words.find(_BOX) if found else ():
                name = match["name"] or match["b"] or match["c"]
                asked = Requirement("autoscaling", name, words.quote(*match.span()))
                place = Field(at(obj, f"spec.metrics[{i}].containerResource.container"), found)
                if not words.negated(match.start()):
                    yield (covered if found == name else contradicted)(asked, place)
        yield from _pace(words, obj)
        yield from _wait(words, obj)
    for obj in world.kinds("PrometheusRule"):
        for g, group in enumerate(many(obj, "spec", "groups")):
            for r, each in enumerate(many(group, "rules")):
                expr = dig(each, "expr")
                if isinstance(expr, str) and "alert" in each:
                    yield from _way(
                        words, Field(at(obj, f"spec.groups[{g}].rules[{r}].expr"), expr)
                    )


def _target(words: Words, world: World, field: Field) -> Iterator[Remark]:
    """Where one workload of several is to be scaled, it is that one."""
    quoted = re.compile(r"[`'\"](?P<name>[a-z0-9][a-z0-9-]*)[`'\"]")
    names = {m["name"] for m in words.find(quoted)} | set(world.names)
    if not field.value or field.value not in names:
        return
    for match in words.find(_SCALE):
        first, last = words.sentence(match.start())
        near = re.split(r"[;:(]", words.raw[first : match.start()])[-1]
        spoken = {n for n in names if re.search(rf"[`'\"]{re.escape(n)}[`'\"]", near)}
        if len(spoken) == 1 and _ONLY.search(near) and last:
            name = spoken.pop()
            asked = Requirement("autoscaling", name, words.quote(first, match.end()))
            yield (covered if field.value == name else contradicted)(asked, field)
            return


def _pace(words: Words, obj: Obj) -> Iterator[Remark]:
    """So many pods in so long: one policy of the direction says both."""
    for match in words.find(_PACE):
        value, length = number(match[1]), number(match["times"]) if match["times"] else Decimal(1)
        period = seconds(length, match["unit"])
        if period > 1800:
            continue
        way = _direction(words, match)
        asked = Requirement("autoscaling", plainly(period), words.quote(*match.span()), way)
        policies = many(obj, "spec", "behavior", way, "policies")
        place = f"spec.behavior.{way}.policies"
        pairs = [
            (parse_quantity(dig(p, "value")), parse_quantity(dig(p, "periodSeconds")))
            for p in policies
        ]
        if (value, period) in pairs:
            yield covered(asked, Field(at(obj, place), plainly(value)))
        else:
            there = ", ".join(f"{v} in {p} s" for v, p in pairs) or "not set"
            index = next((i for i, (v, _) in enumerate(pairs) if v == value), None)
            place = place if index is None else f"{place}[{index}].periodSeconds"
            yield contradicted(asked, Field(at(obj, place), there))


def _direction(words: Words, match: re.Match[str]) -> str:
    """By the same clause, else by the last word for either before it."""
    first, last = words.clause(match.start())
    inside = words.raw[first : match.start()] + words.raw[match.end() : max(last, match.end())]
    up, down = bool(_UP.search(inside)), bool(_DOWN.search(inside))
    if up != down:
        return "scaleDown" if down else "scaleUp"
    before = words.before(match.start(), 60)
    ups, downs = ([m.start() for m in regex.finditer(before)] for regex in (_UP, _DOWN))
    if not ups and not downs:
        return "scaleDown" if _DOWN.search(words.after(match.end(), 40)) else "scaleUp"
    return "scaleDown" if max(downs, default=-1) > max(ups, default=-1) else "scaleUp"


def _wait(words: Words, obj: Obj) -> Iterator[Remark]:
    """How long figures must stay before anything is done about them."""
    for match in words.find(_WAIT):
        said = next(each for each in match.groups() if each)
        value = seconds(number(said), match["unit"] or match["more"])
        clause = words.before(match.start(), 40) + match[0] + words.after(match.end(), 60)
        way = "scaleDown" if _DOWN.search(clause) else "scaleUp" if _UP.search(clause) else ""
        if not way or words.negated(match.start()):
            continue
        asked = Requirement("autoscaling", plainly(value), words.quote(*match.span()), way)
        there = dig(obj, "spec", "behavior", way, "stabilizationWindowSeconds")
        place = at(obj, f"spec.behavior.{way}.stabilizationWindowSeconds")
        same = there is not None and parse_quantity(there) == value
        told = Field(place, "not set" if there is None else str(there))
        yield (covered if same else contradicted)(asked, told)


def _way(words: Words, field: Field) -> Iterator[Remark]:
    below, above = next(words.find(_BELOW), None), next(words.find(_ABOVE), None)
    if (below is None) == (above is None):
        return
    said = below or above
    wanted, other = ("<", ">") if below else (">", "<")
    if said is None or words.negated(said.start()):
        return
    asked = Requirement("expression", wanted, words.quote(*said.span()))
    if wanted in field.value:
        yield covered(asked, field)
    elif other in field.value:
        yield contradicted(asked, field)
