"""What the words of a request make of an autoscaler: how far, by what, and how calmly."""

from __future__ import annotations

import re
from typing import Any

from tiphys.ports import Object
from tiphys.propose.author.fields import items, map_at, value_at
from tiphys.propose.author.sentences import matched, sentences
from tiphys.propose.reading.spelled import SPAN, in_figures

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
_SECONDS = re.compile(SPAN, re.IGNORECASE)
_WINDOW = re.compile(r"\b(?:stabili[sz]\w*|estabili[sz]\w*)", re.IGNORECASE)
_BEFORE_LESS = re.compile(
    r"\bbefore\s+(?:it\s+)?(?:scal\w+\s+(?:down|in)|shrink\w*|remov\w+|reduc\w+|tak\w+\s+(?:\w+\s+)?away)",
    re.IGNORECASE,
)
_GROWS = re.compile(
    r"\bscal\w+[\s-]*(?:up|out)\b|\b(?:grow|increas|add|aument|más\s+r|hoch|wächs)\w*",
    re.IGNORECASE,
)
_RATE = r"(?![^.;]{0,24}\b(?:per|every|each|within|at\s+a\s+time|a\s+minute)\b)"
_PODS = rf"(?:replicas?|pods?|instances?|cop(?:y|ies)|of\s+them)\b{_RATE}"
_N = r"(\d{1,4})(?!\w|[:/%]|\.\d|\s?(?:%|percent|[KMG]i|s\b|seconds|minutes|hours|times))"
_RANGE = re.compile(rf"\b(?:between|from)\s+{_N}\s+(?:and|to)\s+{_N}\s+{_PODS}", re.IGNORECASE)
_LOW = re.compile(
    rf"\b(?:never\s+(?:fewer|less)\s+than|no\s+(?:fewer|less)\s+than|minimum(?:\s+(?:of|is))?)\s+{_N}"
    rf"|\bat\s+least\s+{_N}\s+{_PODS}|\b(single|one)\s+(?:replica|pod|instance)\s+is\s+enough",
    re.IGNORECASE,
)
_HIGH = re.compile(
    rf"\bnever\s+more\s+than\s+{_N}(?!\s+pods?\s+\w)|\b(?:no|not)\s+more\s+than\s+{_N}\s+{_PODS}|\bat\s+most\s+{_N}\s+{_PODS}"
    rf"|\bup\s+to\s+{_N}\s+(?:{_PODS}|may\s+run|can\s+run)|\bmaximum(?:\s+(?:of|is))?\s+{_N}",
    re.IGNORECASE,
)


def stated_range(obj: Object, request: str) -> None:
    """How many pods there may be, where one number is said for it."""
    spec, spoken = map_at(obj, "spec"), in_figures(request)
    pairs = {match.groups() for match in _RANGE.finditer(spoken)}
    for place, (field, form) in enumerate((("minReplicas", _LOW), ("maxReplicas", _HIGH))):
        said = {matched(match) for match in form.finditer(spoken)}
        said |= {pair[place] for pair in pairs}
        if len(said) == 1:
            [number] = said
            spec[field] = int(number) if number.isdecimal() else 1


def only_asked_metrics(obj: Object, request: str) -> None:
    """Of several metrics those that the request speaks of, if it does of any."""
    metrics = items(map_at(obj, "spec").get("metrics"))

    def asked(metric: Any) -> Any:
        name = value_at(metric, ("resource", "name"))
        if name in _METRICS:
            return bool(_METRICS[name].search(request))
        kind = str(value_at(metric, ("type",))).lower()
        own = value_at(metric, (kind, "metric", "name"))
        return kind not in ("pods", "object", "external") or (own and str(own) in request)

    kept = [each for each in metrics if asked(each)]
    if kept and len(kept) < len(metrics):
        obj["spec"]["metrics"] = kept


def stated_targets(obj: Object, request: str) -> None:
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


def calm_down(obj: Object, request: str) -> None:
    """A stabilization window, or a wait before fewer pods, is as long as its one span."""
    for text in sentences(in_figures(request)):
        spans = {int(each) for each in _SECONDS.findall(text)}
        way = "scaleUp" if _GROWS.search(text) else "scaleDown"
        if len(spans) == 1 and (_WINDOW.search(text) or _BEFORE_LESS.search(text)):
            map_at(obj, "spec", "behavior", way)["stabilizationWindowSeconds"] = spans.pop()
