"""Who can reach it: host names, types of Service, and "only inside the cluster"."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from tiphys.verify.critic.model import (
    Field,
    Remark,
    Requirement,
    by_fields,
    contradicted,
    covered,
    shown,
    undecided,
)
from tiphys.verify.critic.wording import Words
from tiphys.verify.critic.world import World, at, dig, many, name_of, text

_HOST = re.compile(
    r"(?<![\w@./:-])(?:https?://)?(?P<host>(?:\*\.)?(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,6}[a-z]{2,24})"
    r"(?P<path>/[\w./-]{0,100})?(?![\w@]|:\S|-\w|\.\w)",
    re.IGNORECASE,
)
_PUBLISH = re.compile(
    r"\b(?:publish\w*|expos\w*|reach\w*|available|ingress\w*|hosts?|hostname|domains?|public\w*|urls?|"
    r"address|access\w*|visit\w*|open\s+to|routes?|internet|tls|https|serve[sd]?\s+(?:\w{1,30}\s+)?(?:at|on|under))\b|https?://",
    re.IGNORECASE,
)
_NOT_HOST = re.compile(
    r"\b(?:connects?|talks?|calls?|image|images|registry|from|email|mail|pulls?|database\s+at|upstream|"
    r"uses?|file|schema|api\s?version|apiversion|group|label|annotation|key|instead\s+of|label(?:led|ed)?)\s*(?:to\s+|is\s+)?(?:the\s+)?[`'\"(]*\Z",
    re.IGNORECASE,
)
_FILES = re.compile(
    r"\.(?:ya?ml|json|toml|sh|py|js|conf|ini|txt|md|jar|properties|svc|local|log|env|csv|pdf|html?|go|rb|xml)\Z",
    re.I,
)
_PRIVATE = re.compile(
    r"\b(?:not|never|isn't|must\s+not|shouldn't|don't|nothing|nobody|no\s+one)\b[^.;\n]{0,50}?\b(?:exposed?|reach\w*|visible|accessible|"
    r"available|publish\w*|public|open|get\s+(?:in|at))\b[^.;,\n]{0,30}?\b(?:outside|internet|public\w*|externally|world|from\s+out)\w*"
    r"|\b(?:cluster-?internal|internal(?:ly)?[\s-]only|internal\s+(?:service|use|to\s+the\s+cluster)|private\s+(?:service|to\s+the\s+cluster)|(?:purely|strictly)\s+internal|"
    r"(?:only|just|strictly|purely)\s+(?:\w{1,30}\s+){0,4}?(?:inside|within|internal(?:ly)?|in)\s+(?:of\s+)?(?:the|our|this)\s+cluster|"
    r"(?:in|inside|within)\s+(?:of\s+)?(?:the\s+|this\s+|our\s+)?(?:same\s+)?cluster\s+only|only\s+(?:by|for|from|to)\s+(?:other\s+)?(?:pods|services|workloads|things)\s+(?:in|inside|within)|within\s+the\s+cluster\s+only|in-cluster\s+only|cluster\s?ip\s+only|only\s+internal(?:ly)?|not\s+public(?:ly)?(?:\s+\w+)?|"
    r"no\s+(?:public|external|outside|internet)\s+(?:access|exposure|endpoint|traffic|address|ip)|(?:not|never)\s+(?:be\s+)?(?:exposed|published)|without\s+(?:any\s+)?(?:public|external)\s+\w+)\b",
    re.IGNORECASE,
)
_NO_TYPE = re.compile(
    r"\b(?:no|without(?:\s+an?y?)?|nor|or|not\s+an?)\s+(?P<what>load\s?balancers?|node\s?ports?|ingress(?:es)?|host\s?ports?)\b",
    re.I,
)
_PUBLIC = re.compile(
    r"\b(?:from\s+(?:the\s+)?(?:internet|outside(?:\s+(?:of\s+)?the\s+cluster)?)|to\s+the\s+(?:internet|outside(?:\s+world)?|public)|"
    r"publicly\s+(?:\w{1,30}\s+)?|externally\s+(?:\w{1,30}\s+)?|exposed?\s+externally|public\s+(?:endpoint|address|access|url))\b",
    re.IGNORECASE,
)
_TYPE = re.compile(
    r"\b(?P<what>load\s?balancer|node\s?port|cluster\s?ip|headless)\b", re.IGNORECASE
)
# A machine that stands somewhere is no type of a Service.
_APPLIANCE = re.compile(
    r"\b(?:hardware|physical|existing|upstream|corporate|on-?prem\w*|rack)(?:'s)?\s+\Z",
    re.IGNORECASE,
)
_TYPES = {"loadbalancer": "LoadBalancer", "nodeport": "NodePort", "clusterip": "ClusterIP"}
_TLS = re.compile(
    r"\b(?:with|and|over|via|use|using|terminate|con|com|mit|avec|met)\s+(?:tls|https|ssl)\b|\btls\s+(?:secret|certificate|cert)\b",
    re.I,
)
_CLASS = re.compile(
    r"\bingress\s?class(?:\s?name)?(?:\s+(?:is|called|named))?\s*[:=]?\s*[`'\"]?(?P<name>[a-z][a-z0-9-]{1,60})",
    re.I,
)
_PATH = re.compile(
    r"\b(?:under|(?:url\s+)?path|prefix|route)(?:\s+(?:is|prefix))?\s*[:=]?\s*[`'\"]?(?P<path>/[\w./-]{0,100})",
    re.I,
)
_PROBE = re.compile(
    r"health|probe|ready|readiness|liveness|mount|check|file|volume|writable|disk|data|script|binary|startup|metrics",
    re.I,
)
ROUTES = ("Ingress", "HTTPRoute", "IngressRoute", "Route", "VirtualService", "Gateway")


def rule(words: Words, world: World) -> Iterator[Remark]:
    """Hosts, types, and what must stay inside."""
    for match in words.find(_HOST):
        yield from _host_remarks(words, match)
    if private := _PRIVATE.search(words.raw):
        yield words.rule("exposure", "internal", private.span(), _inside)
    for match in words.find(_NO_TYPE):
        what = re.sub(r"\s|(?<=r)s$|(?<=t)s$|(?<=s)es$", "", match["what"].lower())
        yield words.rule("none", what, match.span(), _without(what))
    for match in words.find(_TYPE):
        what = re.sub(r"\s", "", match["what"].lower())
        lead = words.before(match.start(), 14)
        if words.negated(match.start()) or re.search(
            r"\b(?:or|behind|existing)\s+(?:an?\s+|the\s+)?\Z", lead
        ):
            continue
        if what == "loadbalancer" and _APPLIANCE.search(lead):
            continue
        yield words.rule("exposure", match["what"], match.span(), _type(what))
    for match in words.find(_PUBLIC):
        if not words.negated(match.start()) and not re.search(
            r"no|only|deny|block|nothing", words.before(match.start(), 30), re.I
        ):
            yield words.rule("exposure", "public", match.span(), _outside)
            break
    if world.kinds("Ingress"):
        yield from _ingress_details(words)


def _host_remarks(words: Words, match: re.Match[str]) -> Iterator[Remark]:
    host, start = match["host"].lower(), match.start("host")
    if _FILES.search(host) or not re.search(r"[a-z]", host.rpartition(".")[2]):
        return
    before = words.before(start, 40)
    sentence = words.raw[slice(*words.sentence(start))]
    if not _PUBLISH.search(sentence) or words.negated(start) or _NOT_HOST.search(before):
        return
    if match["path"] and re.search(r"image", before, re.IGNORECASE):
        return
    if re.match(r"/[\w.-]", words.raw[match.end("host") : match.end("host") + 2]) and not re.search(
        r"https?://\Z|(?:at|under|on|host|via|as|is)\s+[`'\"]?\Z",
        words.raw[: match.start("host")][-12:],
        re.I,
    ):
        return
    yield words.rule("exposure", f"host {host}", match.span("host"), _host(host))
    path = (match["path"] or "").rstrip("./")
    if path:
        yield words.rule("exposure", f"path {path}", match.span(), _path(path))


def _ingress_details(words: Words) -> Iterator[Remark]:
    for match in words.find(_TLS):
        if not words.negated(match.start()):
            yield words.rule("exposure", "TLS", match.span(), _tls)
            break
    for match in words.find(_CLASS):
        name = match["name"].lower()
        if name not in ("the", "and", "with", "for", "of", "is"):
            yield words.rule("exposure", f"class {name}", match.span(), _class(name))
    for match in words.find(_PATH):
        path = match["path"].rstrip("./") or "/"
        if not _PROBE.search(words.raw[max(0, match.start() - 40) : match.start()]):
            yield words.rule("exposure", f"path {path}", match.span(), _path(path))


def _hosts(world: World) -> list[Field]:
    found = [
        Field(at(i, f"spec.rules[{n}].host"), dig(each, "host") or "any host")
        for i in world.kinds("Ingress")
        for n, each in enumerate(many(i, "spec", "rules"))
    ]
    for route in world.kinds("HTTPRoute", "GRPCRoute", "TLSRoute", "VirtualService"):
        for key in ("hostnames", "hosts"):
            found += [
                Field(at(route, f"spec.{key}[{n}]"), host)
                for n, host in enumerate(many(route, "spec", key))
            ]
    return found


def _host(host: str) -> Callable[[Requirement, World], Remark]:
    def ruling(requirement: Requirement, world: World) -> Remark:
        nothing = undecided(requirement, "no object publishes a host")
        if world.kinds("Service") or world.workloads:
            nothing = Remark(requirement, "contradicted", "", "no Ingress publishes a host")
        if any(host in field.value.lower() for field in world.strings):
            nothing = undecided(requirement, "the host is named, but no object publishes it")
        if world.kinds("IngressRoute", "Route", "Gateway"):
            nothing = undecided(requirement, "its route is of a kind that is not read")
        return by_fields(requirement, _hosts(world), lambda v: str(v).lower() == host, nothing)

    return ruling


def _path(path: str) -> Callable[[Requirement, World], Remark]:
    def ruling(requirement: Requirement, world: World) -> Remark:
        fields = [
            Field(at(i, f"spec.rules[{n}].http.paths[{m}].path"), dig(each, "path"))
            for i in world.kinds("Ingress")
            for n, entry in enumerate(many(i, "spec", "rules"))
            for m, each in enumerate(many(entry, "http", "paths"))
        ]
        nothing = undecided(requirement, "no Ingress has paths")
        return by_fields(
            requirement, fields, lambda v: str(v).rstrip("/") == path.rstrip("/"), nothing
        )

    return ruling


def openings(world: World) -> list[Field]:
    """Every field that lets somebody in from outside the cluster."""
    found = [Field(at(o, "kind"), text(o, "kind")) for o in world.kinds(*ROUTES)]
    for service in world.kinds("Service"):
        if text(service, "spec", "type") in ("LoadBalancer", "NodePort"):
            found.append(Field(at(service, "spec.type"), text(service, "spec", "type")))
        if many(service, "spec", "externalIPs"):
            found.append(
                Field(at(service, "spec.externalIPs"), shown(many(service, "spec", "externalIPs")))
            )
    for container in world.containers:
        for i, port in enumerate(many(container.spec, "ports")):
            if dig(port, "hostPort"):
                found.append(Field(f"{container.path}.ports[{i}].hostPort", dig(port, "hostPort")))
    found += [f for f in world.pod_fields("hostNetwork") if f.value is True]
    return found


def _inside(requirement: Requirement, world: World) -> Remark:
    if found := openings(world):
        return contradicted(requirement, found[0])
    if not world.objects:
        return undecided(requirement, "there is no object")
    services = world.fields(("Service",), "spec", "type")
    return covered(requirement, services[0] if services else Field("", "nothing lets anybody in"))


def _outside(requirement: Requirement, world: World) -> Remark:
    if found := openings(world):
        return covered(requirement, found[0])
    if world.kinds("NetworkPolicy") or not world.kinds("Service", "Deployment", "StatefulSet"):
        return undecided(requirement, "no object decides who can reach it")
    return Remark(requirement, "contradicted", "", "nothing lets anybody in from outside")


def _without(what: str) -> Callable[[Requirement, World], Remark]:
    def ruling(requirement: Requirement, world: World) -> Remark:
        for field in openings(world):
            if (
                what in field.value.lower()
                if isinstance(field.value, str)
                else what in field.path.lower()
            ):
                return contradicted(requirement, field)
        if not world.objects:
            return undecided(requirement, "there is no object")
        return Remark(requirement, "covered", "", f"there is no {what}")

    return ruling


def _type(what: str) -> Callable[[Requirement, World], Remark]:
    def ruling(requirement: Requirement, world: World) -> Remark:
        services = world.kinds("Service")
        if not services:
            return undecided(requirement, "there is no Service")
        if what == "headless":
            fields = [
                Field(at(s, "spec.clusterIP"), dig(s, "spec", "clusterIP") or "not None")
                for s in services
            ]
            return by_fields(requirement, fields, lambda v: v == "None", undecided(requirement, ""))
        fields = [
            Field(at(s, "spec.type"), text(s, "spec", "type") or "ClusterIP") for s in services
        ]
        return by_fields(
            requirement, fields, lambda v: v == _TYPES[what], undecided(requirement, "")
        )

    return ruling


def _tls(requirement: Requirement, world: World) -> Remark:
    for ingress in world.kinds("Ingress"):
        if entries := many(ingress, "spec", "tls"):
            return covered(
                requirement,
                Field(at(ingress, "spec.tls[0].secretName"), text(entries[0], "secretName")),
            )
    for ingress in world.kinds("Ingress"):
        return contradicted(
            requirement, Field(at(ingress, "spec.tls"), f"not set on {name_of(ingress)}")
        )
    return undecided(requirement, "there is no Ingress")


def _class(name: str) -> Callable[[Requirement, World], Remark]:
    def ruling(requirement: Requirement, world: World) -> Remark:
        fields = [
            Field(at(i, "spec.ingressClassName"), text(i, "spec", "ingressClassName") or "not set")
            for i in world.kinds("Ingress")
        ]
        return by_fields(
            requirement, fields, lambda v: v == name, undecided(requirement, "there is no Ingress")
        )

    return ruling
