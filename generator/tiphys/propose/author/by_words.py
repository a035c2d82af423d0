"""What the words of a request make of an object, where they can be meant in one way only."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from tiphys.ports import Object
from tiphys.propose.author.cards import IMAGE
from tiphys.propose.author.fields import items, map_at, value_at
from tiphys.propose.author.network import PORT_LIKE, choose_by_words
from tiphys.propose.schedule import cron_from_words

_NAMED_VERBS = frozenset({"delete", "get", "patch", "update"})  # a list has no name
_PORT_NAME = r"\b(?:called|named)\s+[\"'`]?([a-z][a-z0-9-]{{0,14}})[\"'`]?\W+(?:on\s+|port\s+)*{}\b"
_USUAL_PORTS = {"80": "http", "8080": "http", "443": "https", "8443": "https", "9090": "metrics"}
_NODE_PORTS = 30000
_TIME = re.compile(
    r"\d{1,2}(?:[:.h]\d{2}|\s?[ap]\.?m\b|\s?(?:uhr|uur|o'clock|h)\b)|\b(?:noon|midnight|midday)\b"
    r"|\b(?:at|um|à|às|las|alle|om)\s+(?:\d|[a-z]+\s+(?:past|to|o'clock))|[\d*]\s[\d*]\S*\s[\d*]"
    r"|\b(?:hourly|nightly|daily|weekly|monthly|except|unless|every|each|jede\w*|chaque|cada|ogni|elke)\b",
    re.IGNORECASE,
)
_USUAL = re.compile(r"\bhttps?\b|\b(?:usual|standard|default)\s+port", re.IGNORECASE)


def by_words(obj: Object, request: str) -> None:
    """Set in place what the request says of this kind of object."""
    for rule in _RULES.get(obj["kind"], ()):
        rule(obj, request)


def _only_named(obj: Object, request: str) -> None:
    """Rights on "the one Secret called x" are on that one, where a right can be."""
    for rule in items(obj.get("rules")):
        if not isinstance(rule, dict) or rule.get("resourceNames"):
            continue
        resources, verbs = items(rule.get("resources")), items(rule.get("verbs"))
        if len(resources) != 1 or not {*map(str, verbs)} <= _NAMED_VERBS:
            continue
        word = re.escape(str(resources[0]).partition("/")[0].removesuffix("s"))
        found = re.search(
            rf"\b(?:one|only|single|just|exactly)\s+(?:the\s+)?(?:one\s+)?{word}\s+"
            rf"(?:called|named)?\s*[\"'`]?([a-z0-9][-a-z0-9.]*[a-z0-9])",
            request,
            re.IGNORECASE,
        )
        if found:
            rule["resourceNames"] = [found[1]]


def _name_ports(obj: Object, request: str) -> None:
    """Several ports need names: the request's word for each, or what the number stands for."""
    ports = [each for each in items(map_at(obj, "spec").get("ports")) if isinstance(each, dict)]
    if len(ports) < 2:
        return
    for each in ports:
        if not each.get("name"):
            number = str(each.get("port"))
            said = re.search(_PORT_NAME.format(re.escape(number)), request, re.IGNORECASE)
            usual = _USUAL_PORTS.get(number, f"port-{number}")
            each["name"] = said[1].lower() if said else usual


def _stated_port(obj: Object, request: str) -> None:
    """A Service's one port, and its target, that nobody stated are the only one that was."""
    ports = [each for each in items(map_at(obj, "spec").get("ports")) if isinstance(each, dict)]
    if len(ports) != 1 or IMAGE.search(request) or _USUAL.search(request):
        return
    stated = {each for each in PORT_LIKE.findall(request) if int(each) < _NODE_PORTS}
    if len(stated) == 1 and str(ports[0].get("port")) not in stated:
        ports[0]["port"] = int(*stated)
        if str(ports[0].get("targetPort", "")).isdigit():
            ports[0]["targetPort"] = int(*stated)


def _at_the_time(obj: Object, request: str) -> None:
    """It runs at the only time that the request tells, in whatever language it does."""
    told = [*cron_from_words(request)]
    if len(told) != 1:
        return
    [(start, end, schedule)] = told
    if not _TIME.search(f"{request[:start]} | {request[end:]}"):
        map_at(obj, "spec")["schedule"] = schedule


def _only_asked_metrics(obj: Object, request: str) -> None:
    """Of several metrics those that the request speaks of, if it does of any."""
    metrics = items(map_at(obj, "spec").get("metrics"))
    words = {"cpu": r"cpu|processor|cores?\b", "memory": r"memory|\bram\b"}

    def asked(metric: Any) -> bool:
        name = value_at(metric, ("resource", "name"))
        return name not in words or bool(re.search(words[name], request, re.IGNORECASE))

    kept = [each for each in metrics if asked(each)]
    if kept and len(kept) < len(metrics):
        obj["spec"]["metrics"] = kept


_RULES: Mapping[str, tuple[Callable[[Object, str], None], ...]] = {
    "ClusterRole": (_only_named,),
    "CronJob": (_at_the_time,),
    "HorizontalPodAutoscaler": (_only_asked_metrics,),
    "NetworkPolicy": (choose_by_words,),
    "Role": (_only_named,),
    "Service": (_stated_port, _name_ports),
}
