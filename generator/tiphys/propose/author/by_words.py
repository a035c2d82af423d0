"""What the words of a request make of an object, where they can be meant in one way only."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from tiphys.ports import Object
from tiphys.propose.author.definitions import shape_schema, state_names
from tiphys.propose.author.fields import items, map_at, value_at
from tiphys.propose.author.network import choose_by_words
from tiphys.propose.author.rights import bind_inside, live_apart, read_logs, state_rights
from tiphys.propose.author.services import name_ports, shape_ports
from tiphys.propose.schedule import cron_from_words

_METRICS = {
    "cpu": re.compile(r"cpu|proce[sz]+(?:or|eur|ador)|prozessor|cores?\b|kerne", re.IGNORECASE),
    "memory": re.compile(r"memor[yi]|mem[oó]ria|mémoire|speicher|geheugen|\bram\b", re.IGNORECASE),
}
_CLAUSE = re.compile(r"[,;\n]|\.\s|\b(?:and|or|but|while)\b", re.IGNORECASE)
_SHARE = re.compile(r"(?<![\w.])(\d{1,3})\s?(?:%|percent\b)")
_AMOUNT = {
    "cpu": re.compile(r"(?<![\w.])(\d{1,5}m)\b"),
    "memory": re.compile(r"(?<![\w.])(\d{1,5}[KMG]i?)\b"),
}
_AVERAGE = re.compile(r"\b(?:averag\w*|mean|per pod|each pod)\b", re.IGNORECASE)
_TIME = re.compile(
    r"\d{1,2}(?:[:.h]\d{2}|\s?[ap]\.?m\b|\s?(?:uhr|uur|o'clock|h)\b)|\b(?:noon|midnight|midday)\b"
    r"|\b(?:at|um|à|às|las|alle|om)\s+(?:\d|[a-z]+\s+(?:past|to|o'clock))|[\d*]\s[\d*]\S*\s[\d*]"
    r"|\b(?:hourly|nightly|daily|weekly|monthly|except|unless|every|each|jede\w*|chaque|cada|ogni|elke)\b",
    re.IGNORECASE,
)


def by_words(obj: Object, request: str, *, new: bool = True) -> None:
    """Set in place what the request says of this kind of object.

    Of several that exist, and are not `new`, it may mean another one.
    """
    for rule in _RULES.get(obj["kind"], ()):
        if new or rule not in _OF_NEW:
            rule(obj, request)


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

    def asked(metric: Any) -> bool:
        name = value_at(metric, ("resource", "name"))
        return name not in _METRICS or bool(_METRICS[name].search(request))

    kept = [each for each in metrics if asked(each)]
    if kept and len(kept) < len(metrics):
        obj["spec"]["metrics"] = kept


def _stated_targets(obj: Object, request: str) -> None:
    """A resource is scaled by the share or the amount that its own clause of the request has."""
    clauses = _CLAUSE.split(request)
    for metric in items(map_at(obj, "spec").get("metrics")):
        name = value_at(metric, ("resource", "name"))
        about = [each for each in clauses if name in _METRICS and _METRICS[name].search(each)]
        shares = {match[1] for each in about for match in _SHARE.finditer(each)}
        amounts = {match[1] for each in about for match in _AMOUNT[name].finditer(each)}
        if len(shares) == 1 and not amounts:
            share = int(shares.pop())
            metric["resource"]["target"] = {"type": "Utilization", "averageUtilization": share}
        elif len(amounts) == 1 and not shares and _AVERAGE.search(" ".join(about)):
            amount = amounts.pop()
            metric["resource"]["target"] = {"type": "AverageValue", "averageValue": amount}


_RULES: Mapping[str, tuple[Callable[[Object, str], None], ...]] = {
    "ClusterRole": (state_rights, read_logs),
    "ClusterRoleBinding": (bind_inside,),
    "CustomResourceDefinition": (state_names, shape_schema),
    "CronJob": (_at_the_time,),
    "HorizontalPodAutoscaler": (_only_asked_metrics, _stated_targets),
    "NetworkPolicy": (choose_by_words,),
    "Role": (state_rights, read_logs, live_apart),
    "RoleBinding": (live_apart,),
    "Service": (shape_ports, name_ports),
}
_OF_NEW = frozenset(
    {
        shape_schema,
        state_names,
        bind_inside,
        choose_by_words,
        live_apart,
        read_logs,
        shape_ports,
        _stated_targets,
    }
)
