"""How many: replicas, ranges of an autoscaler, and its target."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from decimal import Decimal

from tiphys.verify.critic.model import (
    Field,
    Remark,
    Requirement,
    by_fields,
    contradicted,
    undecided,
)
from tiphys.verify.critic.quantities import parse_quantity
from tiphys.verify.critic.topics.count_words import (
    COUNT,
    HIGH,
    HIGH_ABROAD,
    KEYED,
    LOW,
    LOW_ABROAD,
    RANGE,
    TARGET,
    TIMES,
    TOTAL,
)
from tiphys.verify.critic.wording import Words, number, pattern, plainly
from tiphys.verify.critic.world import SCALED, World, at, dig, many, name_of, text

_SCALING = re.compile(r"\b(?:auto-?scal|hpa\b|horizontal|scal(?:e|es|ing)\b)", re.IGNORECASE)
_AUTO = re.compile(r"\b(?:auto-?\s?scal|hpa\b|horizontal)", re.IGNORECASE)
_BY_HAND = re.compile(r"scale\s+to\s", re.IGNORECASE)  # a number, where nothing scales by itself
_OTHER = re.compile(
    r"\b(?:unavailable|available|down|surge|disrupt\w*|at a time|evict\w*|at once|quota|running"
    r"|up(?!\s+to\b)|left|remain\w*)\b",
    re.IGNORECASE,
)
# "Un pod ne doit...": a pod, whichever.
_ARTICLE = re.compile(r"\s*(?:une?|eine?n?|una|uno)\s+pod\b", re.IGNORECASE)
_SHARE = re.compile(
    r"\s*(?:\w+\s+)?(?:per|in|for|on)\s+(?:each|every|any|one|a|an|the\s+same|a\s+single)?\s*"
    r"(?:zone|node|region|rack|host|machine|server|room)s?\b",
    re.IGNORECASE,
)
_ALONE = pattern(r"{N}(?= ?[.,;!)]| ?\Z)")
_SOME = re.compile(
    r"\b(?:last|first|other|next|those|these|remaining|letzten|ersten)\s+\Z", re.IGNORECASE
)
_RATE = re.compile(
    r"\s*(?:(?:may|can|be|is|are|added|removed|gone|started|taken|away)\s+){0,4}"
    r"(?:per|every|each|within|in|a|an|pro|por|par|al|ogni|elke|cada|toutes\s+les|alle)\s+(?:\w+\s+)?"
    r"(?:s|secs?|seconds?|m|mins?|minutes?|hours?|sekunden?|minuten?|minuut|stunden?|uur|minuti|minutos?|minuto|segundos?|secondi|secondes?|heures?|ore|horas?)\b",
    re.IGNORECASE,
)
Ruler = Callable[[Requirement, World], Remark]
_HPA = ("HorizontalPodAutoscaler",)


def rule(words: Words, world: World) -> Iterator[Remark]:  # noqa: C901, PLR0912  # one case after the other
    """Counts, ranges and targets."""
    taken: list[tuple[int, int]] = []
    for match in words.find(RANGE):
        low, high = [number(g) for g in match.groups() if g][:2]
        if low > high or _about_others(words, match) or _clock(words, match):
            continue
        taken.append(match.span())
        span = match.span()
        yield words.rule("count", f"min {plainly(low)}", span, _least(low, exact=True))
        yield words.rule("count", f"max {plainly(high)}", span, _most(high, exact=True))
    sides = ((LOW, "min"), (HIGH, "max"), (LOW_ABROAD, "min"), (HIGH_ABROAD, "max"))
    for regex, side in sides:
        for match in words.find(regex):
            if _overlaps(match, taken) or _about_others(words, match):
                continue
            bare = not re.search(r"replica|instance|pod|cop(?:y|ies)|member", match[0], re.I)
            if bare and not words.has(_SCALING):
                continue
            if _BY_HAND.match(match[0]) and not (world.kinds(*_HPA) or words.has(_AUTO)):
                continue
            if regex in (LOW_ABROAD, HIGH_ABROAD) and not world.kinds(*_HPA):
                continue
            taken.append(match.span())
            value = next(number(g) for g in match.groups() if g)
            bound = _least(value) if side == "min" else _most(value)
            yield words.rule("count", f"{side} {plainly(value)}", match.span(), bound)
    for regex in (COUNT, KEYED, TIMES):
        for match in words.find(regex):
            if _overlaps(match, taken) or _about_others(words, match):
                continue
            if words.negated(match.start()) or re.match(
                r" (?:to|or|-) \d", words.after(match.end())
            ):
                continue
            taken.append(match.span())
            value = next(number(g) for g in match.groups() if g)
            ruled = words.rule("count", plainly(value), match.span(), _exactly(value, words))
            yield _unless_said_alone(words, match, ruled)
    if world.kinds(*SCALED) and not world.kinds("Job", "CronJob", "ResourceQuota"):
        for match in words.find(TOTAL):
            if not _overlaps(match, taken) and not words.negated(match.start()):
                value = number(match[1])
                yield words.rule("count", plainly(value), match.span(), _exactly(value, words))
    for match in words.find(TARGET):
        value = next(number(g) for g in match.groups() if g)
        yield words.rule("autoscaling", f"{plainly(value)}%", match.span(), _target(value, words))


def _overlaps(match: re.Match[str], taken: list[tuple[int, int]]) -> bool:
    return any(s < match.end() and match.start() < e for s, e in taken)


def _clock(words: Words, match: re.Match[str]) -> bool:
    return bool(
        re.search(r"\b(?:every|daily|hours?|am|pm)\b", words.before(match.start(), 15), re.I)
    )


def _about_others(words: Words, match: re.Match[str]) -> bool:
    """Pods of a budget or a quota, nodes of the cluster: not replicas."""
    behind = words.raw[match.end() : match.end() + 28].partition(",")[0]
    if words.past(match.start()) or _SOME.search(words.before(match.start(), 12)):
        return True  # "it had eight pods", "the last two pods"
    if re.match(r"\s*(?:at\s+)?(?:more|less|fewer|extra)\b", behind):
        return True  # "one pod more than six"
    if _SHARE.match(behind) or _RATE.match(behind):
        return True  # six in all may be two in each of three zones
    if re.search(r"\bnodes?$", match[0], re.IGNORECASE) or _ARTICLE.match(match[0]):
        return True
    return bool(_OTHER.search(behind) or _OTHER.search(match[0]))


def _unless_said_alone(words: Words, match: re.Match[str], ruled: Remark) -> Remark:
    """Open where the same sentence ends in the number that is there: "two pods did, now five"."""
    found = parse_quantity(ruled.found)
    alone = {number(m[1]) for m in _ALONE.finditer(words.after(match.end(), 80))}
    if ruled.ruling == "contradicted" and found in alone:
        return undecided(ruled.requirement, "the sentence has that number too")
    return ruled


def _replicas(world: World) -> list[Field]:
    """Replicas of everything that is scaled and has no autoscaler; 1 where nothing is said."""
    scaled = {text(h, "spec", "scaleTargetRef", "name") for h in world.kinds(*_HPA)}
    found = []
    for obj in world.kinds(*SCALED):
        value = dig(obj, "spec", "replicas")
        if value is None and name_of(obj) not in scaled:
            value = 1
        if value is not None:
            found.append(Field(at(obj, "spec.replicas"), value))
    return found


def _lows(world: World) -> list[Field]:
    return [
        Field(at(h, "spec.minReplicas"), 1 if (v := dig(h, "spec", "minReplicas")) is None else v)
        for h in world.kinds(*_HPA)
    ]


def _exactly(value: Decimal, words: Words) -> Ruler:
    def ruling(requirement: Requirement, world: World) -> Remark:
        fields = _replicas(world)
        lows, highs = _lows(world), world.fields(_HPA, "spec", "maxReplicas")
        if not fields and not lows:
            jobs = world.fields(("Job",), "spec", "parallelism")
            jobs += world.fields(("CronJob",), "spec", "jobTemplate", "spec", "parallelism")
            jobs += world.fields(("Job",), "spec", "completions")
            if any(parse_quantity(f.value) == value for f in jobs):
                return by_fields(requirement, jobs, lambda v: parse_quantity(v) == value,
                                 undecided(requirement, ""))  # fmt: skip
            return undecided(requirement, "no object has replicas")
        if lows and not words.has(_SCALING):
            # Nobody asked for scaling, so an autoscaler must not lead away from the number.
            for field in lows:
                if (low := parse_quantity(field.value)) is not None and low < value:
                    return contradicted(requirement, field)
            for field in highs:
                if (high := parse_quantity(field.value)) is not None and high < value:
                    return contradicted(requirement, field)
        if lows and any(parse_quantity(f.value) == value for f in lows):
            return by_fields(requirement, lows, lambda v: parse_quantity(v) == value,
                             undecided(requirement, ""))  # fmt: skip
        return by_fields(
            requirement,
            fields,
            lambda v: parse_quantity(v) == value,
            undecided(requirement, "an autoscaler sets the number"),
        )

    return ruling


def _least(value: Decimal, *, exact: bool = False) -> Ruler:
    def ruling(requirement: Requirement, world: World) -> Remark:
        if lows := _lows(world):
            return by_fields(
                requirement,
                lows,
                lambda v: _compare(v, value, 0 if exact else 1),
                undecided(requirement, "no autoscaler"),
            )
        if exact:
            return _absent(requirement, world)
        return by_fields(
            requirement,
            _replicas(world),
            lambda v: _compare(v, value, 1),
            undecided(requirement, "no object has replicas"),
        )

    return ruling


def _most(value: Decimal, *, exact: bool = False) -> Ruler:
    def ruling(requirement: Requirement, world: World) -> Remark:
        strict = exact or not re.search(r"at most|no more|not more|never", requirement.quote, re.I)
        if highs := world.fields(_HPA, "spec", "maxReplicas"):
            return by_fields(
                requirement,
                highs,
                lambda v: _compare(v, value, 0 if strict else -1),
                undecided(requirement, "no autoscaler"),
            )
        if strict:
            return _absent(requirement, world)
        quota = world.fields(("ResourceQuota",), "spec", "hard", "pods")
        return by_fields(
            requirement,
            quota or _replicas(world),
            lambda v: _compare(v, value, 0 if quota else -1),
            undecided(requirement, "no object has replicas"),
        )

    return ruling


def _compare(found: object, asked: Decimal, side: int) -> bool | None:
    """Equal (0), at least (1) or at most (-1)."""
    value = parse_quantity(found)
    if value is None:
        return None
    return value == asked if side == 0 else (value - asked) * side >= 0


def _absent(requirement: Requirement, world: World) -> Remark:
    scaled = world.kinds(*SCALED)
    if not scaled:
        return undecided(requirement, "no object has replicas")
    return Remark(requirement, "contradicted", "", f"nothing scales {name_of(scaled[0])}")


def _target(value: Decimal, words: Words) -> Ruler:
    def ruling(requirement: Requirement, world: World) -> Remark:
        wanted = "memory" if re.search("memory|ram", requirement.quote, re.I) else "cpu"
        fields = world.fields(_HPA, "spec", "targetCPUUtilizationPercentage")
        for obj in world.kinds(*_HPA):
            for i, metric in enumerate(many(obj, "spec", "metrics")):
                source = dig(metric, "resource") or dig(metric, "containerResource")
                found = dig(source, "target", "averageUtilization")
                if found is not None and text(source, "name") in ("", wanted):
                    place = f"spec.metrics[{i}].resource.target.averageUtilization"
                    fields.append(Field(at(obj, place), found))
        if not fields and world.kinds(*_HPA):
            path = at(world.kinds(*_HPA)[0], "spec.metrics")
            return Remark(requirement, "contradicted", path, f"without a target for {wanted}")
        missing = undecided(requirement, "there is no autoscaler")
        if words.has(_SCALING) and world.kinds(*SCALED):
            missing = _absent(requirement, world)
        return by_fields(requirement, fields, lambda v: parse_quantity(v) == value, missing)

    return ruling
