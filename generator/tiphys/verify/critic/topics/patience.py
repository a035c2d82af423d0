"""How long something is waited for: slow starts, late starts, and what has to come first."""

# ruff: noqa: E501 -- a list of alternatives reads better unbroken
from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from tiphys.verify.critic.model import Field, Remark, Requirement, contradicted, covered
from tiphys.verify.critic.quantities import parse_quantity, seconds
from tiphys.verify.critic.wording import Words, number, pattern, plainly
from tiphys.verify.critic.world import World, at, dig, many, pod_path

_UNIT = r"(s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?)\b"
_TAKES = pattern(
    rf"\b(?:takes?|needs?|lasts?|wait\w*|allow\w*|give it|tolerat\w+|within|boot\w*|start\w*)(?: (?:up to|at least|for|as long as|as much as|about|around|it|to|come|start|up|in|a|maximum of))* {{N}}[ -]?{_UNIT}"
    rf"|\b(?:up to|at least) {{N}}[ -]?{_UNIT} (?:to (?:start|boot|come up|load|warm up)|before)"
)
_START = re.compile(r"\bstart(?:up|s|ing)?\b|\bboot\w*\b|\bwarm\w*\b|\bload\w*\b", re.IGNORECASE)
_LATE = pattern(
    rf"\b(?:not (?:be )?started|(?:could|can) ?not start|start(?:s|ed)? late|late starts?|missed|too late|later than|starting deadline|start deadline|behind schedule)\b[^.;\n]{{0,40}}? {{N}}[ -]?{_UNIT}"
    rf"|\b{{N}}[ -]?{_UNIT} (?:late\b|after (?:its|the) (?:slot|time|schedule)|behind)"
)
_FIRST = re.compile(
    r"\binit[\s-]?containers?\b|\bfirst\s+\S{1,120}\s+(?:has\s+to|must|should|shall)\s+run\s+to\s+(?:its\s+|the\s+)?(?:end|completion)|\bbefore\s+(?:the\s+|its\s+)?(?:main\s+|app(?:lication)?\s+|actual\s+|web\s+|server\s+)?(?:app(?:lication)?|container|main|process|server|it)(?:\s+container)?\s+(?:is\s+|gets\s+|can\s+|may\s+)?(?:start\w*|run\w*|comes?\s+up|boots?)",
    re.IGNORECASE,
)
_PROBE_PORT = re.compile(
    r"\b(?P<what>readiness|liveness|startup)\b[^.;\n]{0,60}?\b(?:on|at|asks?|of)\s+(?:the\s+|its\s+)?(?:port\s+(?:called\s+|named\s+)?)?[`'\"]?(?P<name>[a-z][a-z0-9-]{1,14})[`'\"]?(?P<port>\s+port\b)?",
    re.IGNORECASE,
)


def rule(words: Words, world: World) -> Iterator[Remark]:
    """Start-up probes, deadlines for starting, init containers, ports of probes by name."""
    yield from _startup(words, world)
    yield from _late(words, world)
    yield from _first(words, world)
    yield from _ports(words, world)


def _length(match: re.Match[str]) -> Decimal:
    value, unit = [g for g in match.groups() if g][:2]
    return seconds(number(value), unit)


def _startup(words: Words, world: World) -> Iterator[Remark]:
    probes = [
        (box.path, box.spec["startupProbe"])
        for box in world.main_containers
        if isinstance(dig(box.spec, "startupProbe"), dict)
    ]
    if len(probes) != 1:
        return
    for match in words.find(_TAKES):
        sentence = words.raw[slice(*words.sentence(match.start()))]
        if not _START.search(sentence) or re.search(r"\bevery\b", match[0]):
            continue
        path, probe = probes[0]
        period = parse_quantity(dig(probe, "periodSeconds") or 10)
        times = parse_quantity(dig(probe, "failureThreshold") or 3)
        delay = parse_quantity(dig(probe, "initialDelaySeconds") or 0)
        if period is None or times is None or delay is None or _length(match) < 20:
            continue
        total = period * times + delay
        asked = Requirement("probe", plainly(_length(match)), words.quote(*match.span()))
        field = Field(
            f"{path}.startupProbe.failureThreshold", f"{plainly(times)}, {plainly(total)} s in all"
        )
        yield covered(asked, field) if total >= _length(match) else contradicted(asked, field)


def _late(words: Words, world: World) -> Iterator[Remark]:
    for match in words.find(_LATE) if world.kinds("CronJob") else ():
        asked = Requirement("runs", plainly(_length(match)), words.quote(*match.span()))
        for obj in world.kinds("CronJob"):
            found = dig(obj, "spec", "startingDeadlineSeconds")
            field = Field(
                at(obj, "spec.startingDeadlineSeconds"), "not set" if found is None else found
            )
            yield (
                covered(asked, field)
                if parse_quantity(found) == _length(match)
                else contradicted(asked, field)
            )


def _first(words: Words, world: World) -> Iterator[Remark]:
    match = next((m for m in words.find(_FIRST) if not words.negated(m.start())), None)
    if match is None or not world.workloads:
        return
    asked = Requirement("object", "initContainers", words.quote(*match.span()))
    for obj in world.workloads:
        if many(obj, *pod_path(obj), "initContainers"):
            yield covered(
                asked, Field(at(obj, ".".join((*pod_path(obj), "initContainers"))), "there")
            )
            return
    obj = world.workloads[0]
    probes = any(dig(c.spec, "startupProbe") for c in world.main_containers)
    if match[0].lower().startswith(("init", "first")) or (
        len(world.main_containers) > 1 and not probes
    ):
        yield contradicted(
            asked, Field(at(obj, ".".join((*pod_path(obj), "initContainers"))), "not set")
        )


def _ports(words: Words, world: World) -> Iterator[Remark]:
    for match in words.find(_PROBE_PORT):
        key = f"{match['what'].lower()}Probe"
        for box in world.main_containers:
            known = {
                dig(p, "name"): dig(p, "containerPort")
                for p in many(box.spec, "ports")
                if isinstance(dig(p, "name"), str)
            }
            name = match["name"]
            if name not in known or not (match["port"] or re.search(r"port", match[0])):
                continue
            for way in ("httpGet", "tcpSocket", "grpc"):
                port = dig(box.spec, key, way, "port")
                if isinstance(port, str | int):
                    asked = Requirement("probe", name, words.quote(*match.span()))
                    field = Field(f"{box.path}.{key}.{way}.port", port)
                    yield (
                        covered(asked, field)
                        if port in (name, known[name])
                        else contradicted(asked, field)
                    )
