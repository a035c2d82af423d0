"""How a run goes: retries, deadlines, parallel pods, overlaps, grace, clean-up."""

# ruff: noqa: E501 -- a list of alternatives reads better unbroken
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
from tiphys.verify.critic.quantities import parse_quantity, seconds
from tiphys.verify.critic.wording import Words, number, pattern, plainly
from tiphys.verify.critic.world import World, at, dig

_UNIT = r"(s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|weeks?)\b"
_SPAN = pattern(rf"{{N}}[ -]?{_UNIT}")
_RETRIES = pattern(
    r"\b(?:retr(?:y|ied|ies)|tried again|repeated|restarted)(?: it| them| the job)?(?: (at most|up to|only|no more than))? {N} times\b|"
    r"\b(?:retr(?:y|ied|ies)|tried again)(?: it| them| the job)?(?: (at most|up to|only|no more than))? (once|twice|thrice)\b|"
    r"\b(?:(at most|up to|max(?:imum)?(?: of)?|no more than) )?{N} (?:retries|retry|re-?tries|retry attempts)\b"
    r"|\b(?:retry|retries|retried)(?: it| them| the job)?(?: (?:is|of))?(?: (at most|up to))?[ :=]+{N}(?: times)?\b(?! (?:min|sec|hour))"
    r"|\bback-?off ?limit(?: of| is| to)?[ :=]*{N}"
)
_NO_RETRY = re.compile(
    r"\b(?:no\s+retr(?:y|ies)|never\s+retr(?:y|ied)|(?:don't|do\s+not|not|without)\s+(?:be\s+)?(?:retry|retried|retrying|any\s+retries|retries))\b",
    re.I,
)
_DEADLINE = pattern(
    r"\b(?:dead-?line|time-?out|time limit|activeDeadlineSeconds|(?:stop|kill|abort|cancel|end|terminate|give up|fail|ended|stopped|killed|cancelled|aborted)(?:s|ped|ed)?(?: (?:it|them|the job|the run|a run|runs|each run))?(?: if it (?:runs|takes))?"
    rf"|(?:run|take|last)s?(?: for)?)(?: (?:of|after|at|is|within|to|longer than|more than|at most|no longer than|for|for at most|for more than|set to))* ?[:=]? ?{{N}}[ -]?{_UNIT}"
    rf"|\b{{N}}[ -]?{_UNIT} (?:time-?out|dead-?line|time limit)\b"
)
_PARALLEL = pattern(
    r"\b{N}(?: (?:pods|workers|of them))?(?: (?:run|running))? (?:at a time|in parallel|at once|at the same time|concurrently|simultaneously)|\b{N} parallel (?:pods|workers|runs)\b|\bparallelism(?: of| is)?[ :=]*{N}"
)
_COMPLETE = pattern(
    r"\b{N} (?:completions|work items|successful (?:pods|completions))\b|\bcompletions(?: of| is)?[ :=]*{N}|\bindexed? (?:job )?(?:over|with) {N}"
)
_GRACE = pattern(
    rf"\b(?:grace(?:ful)?(?: (?:period|shutdown|termination))*|terminationGracePeriodSeconds)(?: (?:of|is|to))?[ :=]*{{N}}[ -]?{_UNIT}|\b{{N}}[ -]{_UNIT} (?:grace\b|to (?:shut ?down|finish|drain|stop|terminate)\b)|\b{{N}}[ -]{_UNIT} (?:of )?grac\w+"
)
_TTL = pattern(
    rf"\b(?:clean(?:ed)?(?: it)?(?: up)?|delete[sd]?|remove[sd]?|gone|ttl\w*|expires?|kept?)(?: (?:it|them|the job|finished jobs|itself|automatically))?(?: (?:up|after|for|of|is|within|at most))* ?[:=]? ?{{N}}[ -]?{_UNIT}"
)
_FORBID = re.compile(
    r"\b(?:(?:never|not|no|don't|mustn't|must\s+not|may\s+not|shouldn't)\s+(?:\w{1,30}\s+){0,2}?overlap\w*|no\s+overlapping|no\s+two\s+runs|(?:never|not)\s+(?:\w{1,30}\s+){0,4}?(?:two|second\s+run|at\s+the\s+same\s+time|concurrent\w*|in\s+parallel)|"
    r"(?:skip|wait|do\s+not\s+start|don't\s+start)[^.\n]{0,50}(?:previous|last|earlier|still\s+(?:running|going|busy))|(?:never|not|n't)\s+(?:start|begin)[^.\n]{0,40}\bwhile\b[^.\n]{0,50}(?:still|running|going)|concurrencyPolicy\W{1,3}Forbid|forbid\s+concurren\w+|one\s+run\s+at\s+a\s+time|concurrency\s+(?:policy\s+)?forbid)\b",
    re.IGNORECASE,
)
_REPLACE = re.compile(
    r"\b(?:replace[sd]?\s+(?:the\s+|a\s+|any\s+)?(?:previous|running|old|earlier|last)\s*(?:run|one|job)?|concurrencyPolicy\W{1,3}Replace|concurrency\s+(?:policy\s+)?replace)\b",
    re.I,
)
_HISTORY = pattern(
    r"\b(?:last )?{N} (?:last )?(successful|failed|finished|completed)(?: (?:runs?|jobs?))?\b"
)
_SUSPENDED = re.compile(
    r"\b(?:suspended|(?:start(?:s|ed)?|be|is|keep\s+it)\s+paused)\b", re.IGNORECASE
)


def rule(words: Words, world: World) -> Iterator[Remark]:
    """Everything about runs."""
    jobs = bool(world.kinds("Job", "CronJob"))
    if jobs:
        yield from _numbers(words)
        for regex, policy in ((_FORBID, "Forbid"), (_REPLACE, "Replace")):
            if world.kinds("CronJob") and (match := regex.search(words.raw)):
                yield words.rule("runs", policy, match.span(), _policy(policy))
        if (match := _SUSPENDED.search(words.raw)) and not words.negated(match.start()):
            yield words.rule("runs", "suspended", match.span(), _suspended)
    for match in words.find(_GRACE):
        value, _ = _duration(match)
        yield words.rule("runs", f"grace {plainly(value)} s", match.span(),
                         _pods("terminationGracePeriodSeconds", value))  # fmt: skip


def _numbers(words: Words) -> Iterator[Remark]:  # noqa: C901  # one case after the other
    if match := _NO_RETRY.search(words.raw):
        yield words.rule("runs", "0 retries", match.span(), _job(("backoffLimit",), Decimal(0), 6))
    else:
        for match in words.find(_RETRIES):
            value = _value(match)
            yield words.rule(
                "runs", f"{plainly(value)} retries", match.span(), _job(("backoffLimit",), value, 6)
            )
    for match in words.find(_DEADLINE):
        if re.search(
            r"\b(?:clean|ttl|grace|keep|kept|every|finished|completed?)\b",
            words.before(match.start(), 30),
            re.I,
        ):
            continue
        value, _ = _duration(match)
        ruled = words.rule("runs", f"deadline {plainly(value)} s", match.span(),
                           _job(("activeDeadlineSeconds",), value, None))  # fmt: skip
        yield _usual(words, match, ruled)
    for match in words.find(_HISTORY):
        key = (
            "failedJobsHistoryLimit"
            if match[2].lower() == "failed"
            else "successfulJobsHistoryLimit"
        )
        default = Decimal(1 if key[0] == "f" else 3)
        yield words.rule("runs", f"{key} {plainly(number(match[1]))}", match.span(),
                         _history(key, number(match[1]), default))  # fmt: skip
    for regex, key in ((_PARALLEL, "parallelism"), (_COMPLETE, "completions")):
        for match in words.find(regex):
            if not words.negated(match.start()) and not _FORBID.search(match[0]):
                value = _value(match)
                yield words.rule(
                    "count", f"{key} {plainly(value)}", match.span(), _job((key,), value, 1)
                )
    for match in words.find(_TTL):
        if match[0].lower().startswith(("delete", "remove", "kept", "keep")) and not re.search(
            r"\b(?:job|finished|done|complet\w*|pod|itself|it|after)\b",
            words.before(match.start(), 40) + match[0],
            re.I,
        ):
            continue
        value, _ = _duration(match)
        yield words.rule("runs", f"removed after {plainly(value)} s", match.span(),
                         _job(("ttlSecondsAfterFinished",), value, None))  # fmt: skip


def _usual(words: Words, match: re.Match[str], ruled: Remark) -> Remark:
    """Open where "it takes two minutes" stands beside the length that was set."""
    descriptive = re.match(r"(?:run|take|last)", match[0], re.IGNORECASE)
    if ruled.ruling != "contradicted" or not descriptive:
        return ruled
    first, last = words.sentence(match.start())
    said = {_duration(each)[0] for each in _SPAN.finditer(words.raw, first, last)}
    set_to = parse_quantity(ruled.found)
    if set_to in said:
        return undecided(ruled.requirement, "the sentence has the other length too")
    return ruled


_TIMES = {"once": 1, "twice": 2, "thrice": 3}


def _value(match: re.Match[str]) -> Decimal:
    for group in match.groups():
        if group and group.lower() in _TIMES:
            return Decimal(_TIMES[group.lower()])
    return next(
        number(g)
        for g in match.groups()
        if g and not g.lower().startswith(("at most", "up to", "max", "no more", "only"))
    )


def _duration(match: re.Match[str]) -> tuple[Decimal, str]:
    groups = [g for g in match.groups() if g]
    value, unit = number(groups[0]), groups[1]
    return seconds(value, unit), unit


def _job(
    path: tuple[str, ...], value: Decimal, default: int | None
) -> Callable[[Requirement, World], Remark]:
    def ruling(requirement: Requirement, world: World) -> Remark:
        fields = []
        for obj in world.kinds("Job", "CronJob"):
            steps = ("spec", "jobTemplate", "spec") if obj.get("kind") == "CronJob" else ("spec",)
            place = at(obj, ".".join((*steps, *path)))
            found = dig(obj, *steps, *path)
            if found is None and default is None and path == ("activeDeadlineSeconds",):
                found = dig(obj, *steps, "template", "spec", *path)
            found = default if found is None else found
            fields.append(Field(place, "not set" if found is None else found))
            each = dig(obj, *steps, f"{path[-1]}PerIndex")
            if each is not None:
                fields.append(Field(f"{place}PerIndex", each))
        return by_fields(requirement, fields, lambda v: parse_quantity(v) == value,
                         undecided(requirement, "no object is a job"))  # fmt: skip

    return ruling


def _pods(key: str, value: Decimal) -> Callable[[Requirement, World], Remark]:
    def ruling(requirement: Requirement, world: World) -> Remark:
        fields = world.pod_fields(key)
        for probe in ("livenessProbe", "startupProbe"):  # may have a grace of their own
            fields += world.container_fields(probe, key)
        nothing = undecided(requirement, "no object sets it")
        if world.workloads and value != 30:
            nothing = contradicted(requirement, Field(at(world.workloads[0], key), "not set"))
        return by_fields(requirement, fields, lambda v: parse_quantity(v) == value, nothing)

    return ruling


def _history(key: str, value: Decimal, default: Decimal) -> Callable[[Requirement, World], Remark]:
    def ruling(requirement: Requirement, world: World) -> Remark:
        fields = [
            Field(at(o, f"spec.{key}"), default if (v := dig(o, "spec", key)) is None else v)
            for o in world.kinds("CronJob")
        ]
        nothing = undecided(requirement, "there is no CronJob")
        return by_fields(requirement, fields, lambda v: Decimal(str(v)) == value
                         if isinstance(v, int | Decimal) else None, nothing)  # fmt: skip

    return ruling


def _policy(policy: str) -> Callable[[Requirement, World], Remark]:
    def ruling(requirement: Requirement, world: World) -> Remark:
        fields = [
            Field(at(o, "spec.concurrencyPolicy"), dig(o, "spec", "concurrencyPolicy") or "Allow")
            for o in world.kinds("CronJob")
        ]
        return by_fields(
            requirement,
            fields,
            lambda v: v == policy,
            undecided(requirement, "there is no CronJob"),
        )

    return ruling


def _suspended(requirement: Requirement, world: World) -> Remark:
    fields = [
        Field(at(o, "spec.suspend"), dig(o, "spec", "suspend") is True)
        for o in world.kinds("CronJob", "Job")
    ]
    return by_fields(
        requirement, fields, lambda v: v is True, undecided(requirement, "no object is a job")
    )
