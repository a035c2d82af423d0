"""Probes as the words of a request have them: what they ask, and how often and how long."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tiphys.ports import Object
from tiphys.propose.author.fields import containers_of, pod_specs
from tiphys.propose.author.sentences import matched, sentences
from tiphys.propose.reading.spelled import SPAN, in_figures

_WORDS = {
    "startupProbe": re.compile(r"\bstart-?up\b|\bboots?\b|\bbooting\b", re.IGNORECASE),
    "readinessProbe": re.compile(
        r"\bread(?:y|iness)\b|\btraffic\b|\brotation\b|\busers\b|\bcustomers\b|\bcallers\b", re.I
    ),
    "livenessProbe": re.compile(
        r"\bliveness\b|\balive\b|\brestart\w*|\bhangs?\b|\bhung\b|\bstuck\b|\bdead\b|\bkill\w*",
        re.I,
    ),
}
_CLAUSE = re.compile(r"[,;:()]\s|\b(?:and|but|while|whereas)\b", re.IGNORECASE)
_FAILED = r"(?:fail(?:ed|ing|ures?|s)?|miss(?:ed|es)?|unsuccessful|bad)"
_FIGURES = {
    "periodSeconds": rf"(?:(?:every|each)\s+|period\s+(?:of\s+)?){SPAN}",
    "initialDelaySeconds": (
        rf"(?:the\s+first\s+{SPAN}|initial\s+delay\s+(?:of\s+)?{SPAN}"
        rf"|first\s+(?:tr\w+|time|look\w*|check\w*|ask\w*)\s+after\s+{SPAN}"
        rf"|start\w*\s+(?:asking|looking|checking|probing)(?:\s+for\s+life)?\s+after\s+{SPAN}"
        rf"|{SPAN}\s+after\s+(?:(?:the|its|a)\s+)?(?:pod|container|start\w*|it\s+(?:has\s+)?start\w*))"
    ),
    "timeoutSeconds": (
        rf"(?:time-?s?\s?out\s+(?:is\s+|of\s+|after\s+|at\s+)*{SPAN}|(?:within|may\s+take)\s+{SPAN}"
        rf"|{SPAN}\s+(?:time-?out|to\s+(?:answer|reply|respond)))"
    ),
    "failureThreshold": (
        rf"(?:(\d{{1,3}})\s+(?:(?:times?|{_FAILED}|consecutive|successive|straight)\s+)*"
        r"(?:failures|misses|(?:failed|unsuccessful)\s+(?:attempts|tries|checks|probes|times))"
        r"|fail(?:s|ed|ing|ures?)?\s+(?:(\d{1,3})\s+times|(twice)))"
    ),
}
_FORMS = {name: re.compile(rf"\b{form}", re.IGNORECASE) for name, form in _FIGURES.items()}
_ASKED = re.compile(
    r"\b(?:prob(?:es?|ing)|check\w*|ask\w*|look\w*|tr(?:y|ies|ied)|poll\w*|test\w*|GET|answer\w*|fail\w*|miss\w*"
    r"|respon\w*|ping\w*|health\w*|connect\w*|repeat\w*)\b",
    re.IGNORECASE,
)
_STARTS = re.compile(
    r"\b(?:start\w*|boot\w*|com(?:e|es|ing)\s+up|warm\w*|load\w*|until\s+it)\b", re.I
)
_UP_TO = re.compile(
    rf"\b(?:up\s+to|at\s+most|as\s+long\s+as)\b[^.;:]{{0,30}}?{SPAN}", re.IGNORECASE
)
_LOCAL = re.compile(
    r"https?://(?:localhost|127\.0\.0\.1|0\.0\.0\.0)(?::(?P<port>\d{2,5}))?(?P<path>/[^\s\"'|;&]*)?"
)
_HTTP = re.compile(r"\bhttp\b|\bget\b", re.IGNORECASE)
_COMMAND = re.compile(r"\b(?:curl|wget|commands?|exec\w*|scripts?|runs?)\b", re.IGNORECASE)


def probe_by_words(obj: Object, request: str, context: str = "") -> Iterator[str]:
    """Set in place what the request says of the probes that there are; what was set.

    What `context`, that exists, says already is left.
    """
    spoken = in_figures(request)
    for pod in pod_specs(obj):
        boxes = [each for each in containers_of(pod) if _probes(each)]
        for box in boxes:
            for name, probe in _probes(box).items():
                if _asks_http(probe, request):
                    yield f"{name}: HTTP, as the request says"
        if len(boxes) == 1:
            yield from _figures(_probes(boxes[0]), spoken, context)
            yield from _long_enough(_probes(boxes[0]).get("startupProbe"), spoken)


def _probes(container: dict[str, Any]) -> dict[str, dict[str, Any]]:
    held = {name: container.get(name) for name in _WORDS}
    return {name: each for name, each in held.items() if isinstance(each, dict)}


def _asks_http(probe: dict[str, Any], request: str) -> bool:
    """A program that fetches a page of the pod's own is what the server does by itself."""
    run = probe.get("exec")
    words = run.get("command") if isinstance(run, dict) else None
    if not isinstance(words, list) or _COMMAND.search(request) or not _HTTP.search(request):
        return False
    found = _LOCAL.search(" ".join(map(str, words)))
    if found is None:
        return False
    del probe["exec"]
    probe["httpGet"] = {"path": found["path"] or "/", "port": int(found["port"] or 80)}
    return True


def _figures(probes: dict[str, dict[str, Any]], spoken: str, context: str) -> Iterator[str]:
    told = [*_told(spoken, [*probes])]
    for name, field, value in told:
        others = {each[2] for each in told if each[:2] == (name, field)}
        if len(others) > 1 or probes[name].get(field) == value or f"{field}: {value}\n" in context:
            continue
        probes[name][field] = value
        yield f"{name}.{field} is {value}, as the request says"
        for other, probe in probes.items():
            if other != name and probe.get(field) == value and (other, field, value) not in told:
                del probe[field]


def _long_enough(probe: dict[str, Any] | None, spoken: str) -> Iterator[str]:
    """Who may take up to five minutes to start is asked that long, however often."""
    about = [text for text in sentences(spoken) if _STARTS.search(text)]
    spans = {int(each[1]) for text in about for each in _UP_TO.finditer(text)}
    if probe is None or len(spans) != 1:
        return
    period, least = probe.get("periodSeconds", 10), probe.get("failureThreshold", 3)
    if isinstance(period, int) and isinstance(least, int) and period * least < max(spans):
        probe["failureThreshold"] = -(-spans.pop() // max(period, 1))
        yield f"startupProbe.failureThreshold is {probe['failureThreshold']}: as long as is said"


def _told(spoken: str, names: list[str]) -> Iterator[tuple[str, str, int]]:
    """(probe, field, value) where it is clear whose figure it is."""
    speaks = (_ASKED, *_WORDS.values())
    for text in (each for each in sentences(spoken) if any(form.search(each) for form in speaks)):
        for field, form in _FORMS.items():
            for match in form.finditer(text):
                said = matched(match)
                value = int(said) if said.isdecimal() else 2
                if name := _whose(text, match, names):
                    yield name, field, value


def _whose(text: str, match: re.Match[str], names: list[str]) -> str:
    """The only probe that there is, that the sentence speaks of, or that its clause does."""
    if len(names) == 1:
        return names[0]
    start = max((c.end() for c in _CLAUSE.finditer(text, 0, match.start())), default=0)
    end = next((c.start() for c in _CLAUSE.finditer(text, match.end())), len(text))
    for part in (text[start:end], text):
        said = [each for each, words in _WORDS.items() if words.search(part)]
        if len(said) == 1:
            return said[0] if said[0] in names else ""
        if said:
            return ""
    return ""
