"""Which port: of the container, of the Service, and whether the one leads to the other."""

# ruff: noqa: E501 -- a list of alternatives reads better unbroken
from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Literal

from tiphys.verify.critic.model import (
    Field,
    Remark,
    Requirement,
    by_fields,
    contradicted,
    undecided,
)
from tiphys.verify.critic.wording import Words
from tiphys.verify.critic.world import World, at, dig, many, pod_labels, selects, table, text

Role = Literal["container", "service", "node", "any"]
_P = r"(?P<port>\d{1,5})(?!\d)(?![\d.,]*\d)(?!\s?(?:Mi|Gi|m|%|seconds|minutes|replicas)\b)"
_PORT = re.compile(
    rf"\b(?P<what>(?:[a-z-]{{1,30}}\s+)?(?:[a-z-]{{1,30}}\s+)?)(?:ports?|targetPort|containerPort|nodePort|hostPort)"
    rf"(?:\s+(?:is|number|should\s+be|must\s+be|set\s+to|of|at))?\s*[:=]?\s*[`'\"]?{_P}",
    re.IGNORECASE,
)
_MORE = re.compile(r"\s*(?:,|and|&|,\s*and)\s+(?:port\s+)?(\d{2,5})(?![\d.])(?!\s*(?:replicas|copies|instances|pods|Mi|Gi|m\b|%|of\b|min|sec|hours))", re.IGNORECASE)  # fmt: skip
_LISTENS = re.compile(
    rf"\b(?P<what>listen(?:s|ing)?|serv(?:es|ing)|answers?|bind(?:s|ing)?|hört|lauscht|écoute|escucha|ascolta)\s+"
    rf"(?:(?:for|to|http|https|grpc|tcp|udp|traffic|requests|metrics|plain|its|auf)\s+){{0,3}}"
    rf"(?:(?:on|at|auf|sur|en|su)\s+)(?:(?:le|el|la|dem)\s+)?(?:(?:port|puerto|porta)\s+|tcp\s+|:)?[`'\"]?{_P}",
    re.IGNORECASE,
)
_EXPOSES = re.compile(
    rf"\b(?P<what>expos(?:e|es|ed|ing)|reachable|available|published?)\s+(?:\w{{1,30}}\s+){{0,4}}?(?:on|at)\s+"
    rf"(?:port\s+|:)?{_P}",
    re.IGNORECASE,
)
_SLASH = re.compile(r"(?<![\w.:/])(?P<port>\d{2,5})/(?P<what>tcp|udp)\b", re.IGNORECASE)
_MAPPED = re.compile(
    r"\b(?:port\s+)?(?P<one>\d{2,5})\s*(?:->|=>|>|:|(?:that\s+)?(?:forward\w*|rout\w*|point\w*|map\w*|lead\w*|go\w*|target\w*)"
    r"(?:\s+\w+){0,3}?\s+(?:to|on))\s*(?:container\s+|target\s+|the\s+)?(?:container'?s?\s+)?(?:port\s+)?(?P<two>\d{2,5})(?![\d.:])",
    re.IGNORECASE,
)
_NO_PORT = re.compile(
    r"\b(?:no|without(?:\s+an?y?)?)\s+(?:open\s+|listening\s+)?ports?\b"
    r"(?!\s+(?:in|behind|after|number|to\s+(?:type|give|name|remember)|needed|given|said|mentioned|forward\w*)\b)",
    re.IGNORECASE,
)
_SERVICE = re.compile(
    r"\b(?:joignable|accessibles?|accesible|erreichbar|service|servicio|svc|expos\w*|reachable|available|publish\w*|clients?|front)\b",
    re.I,
)
_CONTAINER = re.compile(
    r"\b(?:listen\w*|container|target|app(?:lication)?|process|pod|binds?|binding|internal\w*)\b"
    r"|containerPort|targetPort", re.IGNORECASE,
)  # fmt: skip
# A Service that "listens" may be the object or the program that it is called after.
_SERVICE_LISTENS = re.compile(
    r"\bservice\s+(?:[`'\"]?[\w.-]+[`'\"]?\s+)?listen\w*\s[^.;]{0,30}\Z", re.IGNORECASE
)
_NODE = re.compile(r"\bnode\s?port\b", re.IGNORECASE)
_ELSEWHERE = re.compile(
    r"\b(?:connects?|talks?|reach(?:es)?|calls?|egress|outgoing|upstream|database|towards|depends|"
    r"proxies|scrapes?|pulls?\s+from|host\s*port|forwarded\s+from)\b[^.\n]{0,40}\Z",
    re.IGNORECASE,
)


def rule(words: Words, _world: World) -> Iterator[Remark]:
    """Each port said; pairs of a Service's port and the container's."""
    found: dict[int, tuple[int, int, Role]] = {}
    for match in words.find(_MAPPED):
        near = words.raw[max(0, match.start() - 30) : match.start()] + match[0]
        if re.search(
            r"port|service|svc|forward|target|\d\s?[-=]>\s?\d", near, re.IGNORECASE
        ) and not re.search(r"\d{1,2}:\d\d\b", match[0]):
            found[match.start("one")] = (*match.span("one"), "service")
            found[match.start("two")] = (*match.span("two"), "container")
    for regex in (_PORT, _LISTENS, _EXPOSES, _SLASH):
        for match in words.find(regex):
            if words.negated(match.start("port")) or _ELSEWHERE.search(
                words.before(match.start("port"))
            ):
                continue
            found.setdefault(match.start("port"), (*match.span("port"), _role(words, match)))
            end = match.end("port")
            while regex is not _SLASH and (more := _MORE.match(words.raw[end : end + 40])):
                found.setdefault(
                    end + more.start(1), (end + more.start(1), end + more.end(1), "any")
                )
                end += more.end(1)
    asked = frozenset(int(words.raw[start:end]) for start, end, _ in found.values())
    for start, (_, end, role) in sorted(found.items()):
        port = int(words.raw[start:end])
        if 0 < port < 65536:
            begin = max(words.clause(start)[0], start - 24)
            space = words.raw.find(" ", begin, start)
            span = (space if space >= 0 and begin else begin, end)
            yield words.rule("port", str(port), span, _is(port, role, asked))
    for match in words.find(_NO_PORT):
        yield words.rule("none", "port", match.span(), _no_port)


def _role(words: Words, match: re.Match[str]) -> Role:
    what = match["what"]
    before = words.before(match.start("port"), 30)
    if _NODE.search(before) or _NODE.search(what) or "nodePort" in match[0]:
        return "node"
    if _SERVICE_LISTENS.search(words.before(match.start("port"), 120)):
        return "any"
    services = [m.start() for m in _SERVICE.finditer(before)]
    containers = [m.start() for m in _CONTAINER.finditer(before)]
    if services and containers:
        return "service" if services[-1] > containers[-1] else "container"
    if match.re is _LISTENS:
        return (
            "container"
            if what.lower().startswith(("listen", "bind", "hört", "lauscht", "éc", "es", "as"))
            else "any"
        )
    if services:
        return "service"
    return "container" if containers else "any"


def _container_ports(world: World) -> list[Field]:
    return [
        Field(f"{c.path}.ports[{i}].containerPort", dig(port, "containerPort"))
        for c in world.main_containers
        for i, port in enumerate(many(c.spec, "ports"))
        if isinstance(dig(port, "containerPort"), int)
    ]


def _named_ports(world: World, service: object) -> dict[str, int]:
    selector = table(service, "spec", "selector")
    return {
        text(port, "name"): dig(port, "containerPort")
        for c in world.main_containers
        if selects(selector, pod_labels(c.owner))
        for port in many(c.spec, "ports")
        if isinstance(dig(port, "containerPort"), int) and text(port, "name")
    }


def _service_ports(world: World) -> tuple[list[Field], list[Field], list[Field]]:
    """Ports, target ports by number (named ones resolved), and node ports of every Service."""
    ports, targets, nodes = [], [], []
    for service in world.kinds("Service"):
        named = _named_ports(world, service)
        for i, port in enumerate(many(service, "spec", "ports")):
            own, target = dig(port, "port"), dig(port, "targetPort")
            ports.append(Field(at(service, f"spec.ports[{i}].port"), own))
            if target is None:
                target = own
            if isinstance(target, str) and not target.isdigit():
                target = named.get(target, f"{target}, which no container has" if named or
                                   _container_ports(world) else target)  # fmt: skip
            targets.append(Field(at(service, f"spec.ports[{i}].targetPort"), target))
            if dig(port, "nodePort") is not None:
                nodes.append(Field(at(service, f"spec.ports[{i}].nodePort"), dig(port, "nodePort")))
    return ports, targets, nodes


def _others(world: World) -> list[Field]:
    found = [
        Field(at(i, f"spec.rules[{r}].http.paths[{p}].backend.service.port.number"), number)
        for i in world.kinds("Ingress")
        for r, rule_ in enumerate(many(i, "spec", "rules"))
        for p, path in enumerate(many(rule_, "http", "paths"))
        if (number := dig(path, "backend", "service", "port", "number")) is not None
    ]
    found += world.fields(("Ingress",), "spec", "defaultBackend", "service", "port", "number")
    for policy in world.kinds("NetworkPolicy"):
        for way in ("ingress", "egress"):
            for i, entry in enumerate(many(policy, "spec", way)):
                found += [
                    Field(at(policy, f"spec.{way}[{i}].ports[{j}].port"), dig(port, "port"))
                    for j, port in enumerate(many(entry, "ports"))
                ]
    return found


def _is(port: int, role: Role, asked: frozenset[int]) -> Callable[[Requirement, World], Remark]:
    def same(value: object) -> bool:
        return str(value) == str(port)

    def ruling(requirement: Requirement, world: World) -> Remark:
        containers = _container_ports(world)
        ports, targets, nodes = _service_ports(world)
        nothing = undecided(requirement, "no object has a port for it")
        if role == "node":
            return by_fields(requirement, nodes, same, nothing)
        if role == "service":
            fields = ports or _others(world) or containers
            return by_fields(requirement, fields, same, nothing)
        inner = containers or targets
        if astray := _astray(port, containers, targets, asked):
            return contradicted(requirement, astray)
        if role == "container":
            fields = inner or _others(world)
            return by_fields(requirement, fields, same, nothing)
        fields = [*(containers or targets), *ports, *_others(world)]
        return by_fields(requirement, fields, same, nothing)

    return ruling


def _astray(
    port: int, containers: list[Field], targets: list[Field], asked: frozenset[int]
) -> Field | None:
    """A Service's target where nothing listens, though the container has the port asked for."""
    listening = {str(f.value) for f in containers}
    if str(port) not in listening:
        return None
    for field in targets:
        known = isinstance(field.value, int) and field.value in asked and len(asked) > 2
        if str(field.value) not in listening and not known:
            return field
    return None


def _no_port(requirement: Requirement, world: World) -> Remark:
    fields = [*_container_ports(world), *_service_ports(world)[0]]
    if fields:
        return contradicted(requirement, fields[0])
    if not world.workloads:
        return undecided(requirement, "no object runs a container")
    return Remark(requirement, "covered", "", "no container and no Service has a port")
