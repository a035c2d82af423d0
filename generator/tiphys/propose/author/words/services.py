"""Ports of a Service as the words of a request have them."""

from __future__ import annotations

import re
from typing import Any

from tiphys.ports import Object
from tiphys.propose.author.cards import IMAGE
from tiphys.propose.author.fields import items, map_at, metadata_of
from tiphys.propose.author.words.network import PORT_LIKE

_PORT_NAME = r"\b(?:called|named)\s+[\"'`]?([a-z][a-z0-9-]{{0,14}})[\"'`]?\W+(?:on\s+|port\s+)*{}\b"
_THEN_NAMED = (
    r"(?<![\w.]){}\b[^.;\n]{{0,60}}?\b(?:call|name)\s+(?:it|that|this|the)?\s*(?:one\s+|port\s+)?"
    r"[\"'`]?([a-z][a-z0-9-]{{0,14}})\b"
)
_USUAL_PORTS = {"80": "http", "8080": "http", "443": "https", "8443": "https", "9090": "metrics"}
_NODE_PORTS = 30000  # the first of those that nodes open, by default up to 32767
_LAST_NODE_PORT = 32767
_TCP_AND_UDP = re.compile(
    r"\b(?:both\s+)?(?:tcp\s*(?:and|&|\+|/)\s*udp|udp\s*(?:and|&|\+|/)\s*tcp)\b",
    re.IGNORECASE,
)
_UDP, _TCP = re.compile(r"\bUDP\b", re.I), re.compile(r"\b(?:TCP|HTTPS?)\b", re.I)
_NOT_HEADLESS = re.compile(r"\b(?:not|no|never|than|instead\s+of)\s+(?:an?\s+)?headless\b", re.I)
_HEADLESS = (
    r"(?:\bheadless\b|\b(?:without|no)\s+(?:an?\s+|any\s+)?(?:cluster[\s-]?|virtual\s+)IP\b)"
)
_LISTEN = re.compile(
    r"\blisten(?:s|ing)?\s+(?:on|at)\s+(?:(?:its|their|the|container|tcp|udp|port)\s+)*"
    r"(\d{2,5})\b",
    re.IGNORECASE,
)
_SAME = re.compile(r"\bsame\s+(?:number|port|one)\b", re.IGNORECASE)
_USUAL = re.compile(r"\bhttps?\b|\b(?:usual|standard|default)\s+port", re.IGNORECASE)


def shape_ports(obj: Object, request: str) -> None:
    """Set numbers, protocols and targets of the ports of a new Service in place."""
    for rule in (
        _virtual_address,
        _on_the_nodes,
        _stated_port,
        _both_protocols,
        _where_pods_listen,
        _same_number,
    ):
        rule(obj, request)


def _ports(obj: Object) -> list[dict[str, Any]]:
    return [each for each in items(map_at(obj, "spec").get("ports")) if isinstance(each, dict)]


def _virtual_address(obj: Object, request: str) -> None:
    """Who says "not headless" has no Service without an address, and who says "headless" has."""
    spec, name = map_at(obj, "spec"), re.escape(str(metadata_of(obj).get("name")))
    if _NOT_HEADLESS.search(request):
        if spec.get("clusterIP") == "None":
            del spec["clusterIP"]
    elif spec.get("type", "ClusterIP") == "ClusterIP":
        called = rf"(?<![\w.-]){name}(?![\w-])"
        behind = rf"{called}(?:(?!\bservice\b)[^.;]){{0,60}}?{_HEADLESS}"
        if re.search(rf"\bheadless\b[^.;,]{{0,40}}?{called}|{behind}", request, re.IGNORECASE):
            spec["clusterIP"] = "None"


def _on_the_nodes(obj: Object, request: str) -> None:
    """The only number that can be a node's port is what nodes open, and not where pods listen."""
    ports = _ports(obj)
    stated = {int(each) for each in PORT_LIKE.findall(request)}
    opened = {each for each in stated if _NODE_PORTS <= each <= _LAST_NODE_PORT}
    if map_at(obj, "spec").get("type") == "NodePort" and len(ports) == len(opened) == 1:
        [port], [number] = ports, opened
        port["nodePort"] = number
        if port.get("targetPort") == number:
            del port["targetPort"]


def speak_udp(obj: Object, request: str) -> None:
    """The one port whose number the request has speaks what it says, where that is UDP alone."""
    named = [e for e in _ports(obj) if re.search(rf"(?<![\w.]){e.get('port')}(?![\w.]\w)", request)]
    if len(named) == 1 and _UDP.search(request) and not _TCP.search(request):
        named[0]["protocol"] = "UDP"


def _both_protocols(obj: Object, request: str) -> None:
    """ "Port 7946, both TCP and UDP" is two ports, and two ports have two names."""
    ports = _ports(obj)
    numbers = {each.get("port") for each in ports}
    if not _TCP_AND_UDP.search(request) or len(numbers) != 1 or len(ports) > 2:
        return
    name = re.sub(r"-(?:tcp|udp)\Z", "", str(ports[0].get("name") or "main"))
    obj["spec"]["ports"] = [
        {**each, "name": f"{name}-{protocol.lower()}"[-15:].lstrip("-"), "protocol": protocol}
        for each, protocol in zip((ports[0], ports[-1]), ("TCP", "UDP"), strict=True)
    ]


def _stated_port(obj: Object, request: str) -> None:
    """A Service's one port, and its target, that nobody stated are the only one that was."""
    ports = _ports(obj)
    if len(ports) != 1 or IMAGE.search(request) or _USUAL.search(request):
        return
    stated = {each for each in PORT_LIKE.findall(request) if int(each) < _NODE_PORTS}
    if len(stated) == 1 and str(ports[0].get("port")) not in stated:
        ports[0]["port"] = int(*stated)
        if str(ports[0].get("targetPort", "")).isdigit():
            ports[0]["targetPort"] = int(*stated)


def _where_pods_listen(obj: Object, request: str) -> None:
    """A Service's one port leads to the only number that its pods are said to listen on."""
    ports = _ports(obj)
    said = {int(each) for each in _LISTEN.findall(request)}
    if len(ports) != 1 or len(said) != 1 or ports[0].get("port") in said:
        return  # what is its own port may be said of the Service
    if not isinstance(ports[0].get("targetPort"), str):
        ports[0]["targetPort"] = said.pop()


def name_ports(obj: Object, request: str) -> None:
    """Several ports need names: the request's word for each, or what the number stands for."""
    ports = _ports(obj)
    if len(ports) < 2:
        return
    for each in ports:
        if not each.get("name"):
            number = str(each.get("port"))
            forms = (form.format(re.escape(number)) for form in (_PORT_NAME, _THEN_NAMED))
            found = (re.search(form, request, re.IGNORECASE) for form in forms)
            said = next((each for each in found if each), None)
            usual = _USUAL_PORTS.get(number, f"port-{number}")
            each["name"] = said[1].lower() if said else usual


def _same_number(obj: Object, request: str) -> None:
    """A port that is "the same number on the pods" leads to that number, not to its own name."""
    for each in _ports(obj):
        if isinstance(each.get("targetPort"), str):
            line = re.search(rf"(?<![\w.]){each.get('port')}(?!\w)[^\n.;]*", request)
            if line and _SAME.search(line[0]):
                each["targetPort"] = each["port"]
