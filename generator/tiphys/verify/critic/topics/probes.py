"""Health checks: paths and ports of probes."""

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
from tiphys.verify.critic.quantities import parse_quantity
from tiphys.verify.critic.wording import Words, number, pattern, plainly
from tiphys.verify.critic.world import World, dig, many

_PROBES = {"readiness": "readinessProbe", "liveness": "livenessProbe", "startup": "startupProbe"}
_HEALTH = re.compile(
    r"\b(?P<what>readiness|liveness|startup|ready|live|alive|health\w*|probes?|probed)(?:Probe)?\b[^.;\n/]{0,60}?"
    r"(?<![\w:])[`'\"]?(?P<path>/[\w.-][\w./?=-]{0,100})",
    re.IGNORECASE,
)
_REVERSED = re.compile(
    r"(?<![\w:/.])(?P<path>/[\w.-][\w./-]{0,60})[`'\"]?\s+(?:is\s+|as\s+|for\s+)(?:the\s+|its\s+|a\s+)?"
    r"(?P<what>readiness|liveness|startup|health)",
    re.IGNORECASE,
)
_PORT = re.compile(
    r"\b(?:health\w*|probes?|probed|readiness|liveness|startup)(?:Probe)?s?\b[^.;\n\d]{0,40}?\bport\s+(?P<a>\d{2,5})\b"
    r"|\bGET\s+/\S{1,80}\s+(?:on|at|sur|auf|en|na|su|op)\s+(?:the\s+|le\s+|el\s+|la\s+|dem\s+|de\s+)?(?:port|puerto|porta|poort)\s+(?P<c>\d{2,5})\b"
    r"|\b(?P<b>\d{2,5})\s+(?:is\s+)?(?:for|at|serves)\s+(?:health|/health\w*|/ready\w*|probes)\b",
    re.IGNORECASE,
)
_IMAGE = re.compile(r"[\w-]+\.[\w.-]+\Z|:\d+\Z")


def rule(words: Words, _world: World) -> Iterator[Remark]:
    """Paths named near a word for health."""
    yield from _timing(words)
    for match in words.find(_PORT):
        what = match[0].lower()
        key = next((v for k, v in _PROBES.items() if what.startswith(k)), "")
        if not words.negated(match.start()):
            port = match["a"] or match["b"] or match["c"]
            yield words.rule("probe", f"port {port}", match.span(), _port(port, key))
    seen: set[int] = set()
    for regex in (_HEALTH, _REVERSED):
        for match in words.find(regex):
            start = match.start("path")
            if start in seen or _IMAGE.search(words.raw[max(0, start - 40) : start]):
                continue
            if re.search(r"\bmount|\bvolume|\bfile", match[0], re.IGNORECASE) or words.negated(
                start
            ):
                continue
            seen.add(start)
            path = match["path"].rstrip("./") or "/"
            what = match["what"].lower()
            key = next((v for k, v in _PROBES.items() if k.startswith(what[:4])), "")
            yield words.rule("probe", path, match.span(), _path(path, key))


_TIMING = (
    ("periodSeconds", pattern(r"\bevery {N} ?s(?:ec(?:ond)?s?)?\b|\bperiod(?: of| is|:)? {N}")),
    (
        "failureThreshold",
        pattern(
            r"\b{N} (?:consecutive |failed |missed )?(?:misses|missed (?:ones|times)|failures|failed|attempts|tries|checks in a row|times in a row)\b"
        ),
    ),
    (
        "initialDelaySeconds",
        pattern(
            r"\b(?:initial delay|first (?:check|probe)|starting|wait(?:s|ing)?)(?: (?:of|is|after|for))?:? {N} ?s"
        ),
    ),
    (
        "timeoutSeconds",
        pattern(r"\btime-?out(?: of| is|:)? {N} ?s|\b{N}[ -]?s(?:ec(?:ond)?s?)? time-?out"),
    ),
)
_ABOUT = re.compile(
    r"\b(?P<what>readiness|liveness|startup|health\w*|probe\w*|ready|prêt|bereit)(?:Probe)?\b",
    re.IGNORECASE,
)
_DEFAULT = {
    "periodSeconds": 10,
    "failureThreshold": 3,
    "initialDelaySeconds": 0,
    "timeoutSeconds": 1,
}


def _timing(words: Words) -> Iterator[Remark]:
    """How often and how patiently, where the sentence is about probes."""
    for field, regex in _TIMING:
        for match in words.find(regex):
            start = words.sentence(match.start())[0]
            spoken = list(_ABOUT.finditer(words.raw, start, match.start()))
            if not spoken:
                continue
            near = spoken[-1]
            value = next(number(g) for g in match.groups() if g)
            key = next((v for k, v in _PROBES.items() if near["what"].lower().startswith(k)), "")
            yield words.rule(
                "probe", f"{field} {plainly(value)}", match.span(), _timed(field, value, key)
            )


def _timed(field: str, value: Decimal, key: str) -> Callable[[Requirement, World], Remark]:
    keys = (key,) if key else tuple(_PROBES.values())

    def ruling(requirement: Requirement, world: World) -> Remark:
        fields = [
            Field(f"{c.path}.{k}.{field}", dig(c.spec, k).get(field, _DEFAULT[field]))
            for c in world.main_containers
            for k in keys
            if isinstance(dig(c.spec, k), dict)
        ]
        return by_fields(requirement, fields, lambda v: parse_quantity(v) == value,
                         undecided(requirement, "there is no such probe"))  # fmt: skip

    return ruling


def _port(port: str, key: str) -> Callable[[Requirement, World], Remark]:
    """Every probe (of that kind) goes to the port: one that does not is the mistake."""
    keys = (key,) if key else tuple(_PROBES.values())

    def ruling(requirement: Requirement, world: World) -> Remark:
        fields: list[Field] = []
        for c in world.main_containers:
            named = {
                dig(p, "name"): dig(p, "containerPort")
                for p in many(c.spec, "ports")
                if isinstance(dig(p, "name"), str)
            }
            for k in keys:
                for way in ("httpGet", "tcpSocket", "grpc"):
                    found = dig(c.spec, k, way, "port")
                    if isinstance(found, str | int):
                        fields.append(Field(f"{c.path}.{k}.{way}.port", named.get(found, found)))
        fields.sort(key=lambda f: str(f.value) == port)
        if fields and str(fields[0].value) != port:
            return contradicted(requirement, fields[0])
        return by_fields(
            requirement,
            fields,
            lambda v: str(v) == port,
            undecided(requirement, "no probe names a port"),
        )

    return ruling


def _path(path: str, key: str) -> Callable[[Requirement, World], Remark]:
    keys = (key,) if key else tuple(_PROBES.values())

    def ruling(requirement: Requirement, world: World) -> Remark:
        fields = [
            Field(f"{c.path}.{k}.httpGet.path", dig(c.spec, k, "httpGet", "path"))
            for c in world.main_containers
            for k in keys
            if dig(c.spec, k, "httpGet", "path") is not None
        ]
        others = [
            f"{c.path}.{k}"
            for c in world.main_containers
            for k in keys
            if dig(c.spec, k) is not None
        ]
        nothing = undecided(requirement, "no object runs a container")
        if others:
            nothing = undecided(requirement, f"{others[0]} asks no path")
        elif world.main_containers:
            nothing = contradicted(
                requirement, Field(f"{world.main_containers[0].path}.{keys[0]}", "not set")
            )
        return by_fields(
            requirement, fields, lambda v: str(v).rstrip("/") == path.rstrip("/"), nothing
        )

    return ruling
