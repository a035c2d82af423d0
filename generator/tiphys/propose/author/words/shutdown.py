"""How long pods may take to stop, and runs to end, as the words of a request have it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tiphys.ports import Object
from tiphys.propose.author.fields import containers_of, pod_specs, pods_of, value_at
from tiphys.propose.author.literals import leaves_of
from tiphys.propose.author.sentences import matched, sentences
from tiphys.propose.reading.spelled import SPAN, in_figures

_DEADLINE = "activeDeadlineSeconds"
_PODS = re.compile(r"\b(?:each|every|per|a|its|the|own|single)\s+(?:pods?|attempts?)\b", re.I)
_EXPLAINED = re.compile(r"\d+[\s-]\w+ \((\d+ seconds)\)")
_RUN = r"\b(?:runs?|jobs?|it|one|that)\b[^.;]{0,60}?"
_KILLED = r"\b(?:kill|end|stop|abort|terminat|cancel)\w*"
_ENDS = re.compile(
    rf"{_RUN}\b(?:still|longer|more|beyond|at\s+most|after)\b[^.;]{{0,40}}?{SPAN}[^.;]{{0,40}}?{_KILLED}"
    rf"|{_KILLED}[^.;]{{0,40}}?\b(?:after|beyond|longer\s+than|more\s+than)\s+[^.;\d]{{0,20}}{SPAN}"
    rf"|{_RUN}\b(?:gets?|may\s+take)\s+{SPAN}\s+at\s+most|\bdone\s+within\s+{SPAN}\s+or\b",
    re.IGNORECASE,
)
_TIDIED = re.compile(r"\b(?:clean|remov|delet|tid|disappear|retr)\w*", re.IGNORECASE)
_TTL = "ttlSecondsAfterFinished"
_LONG = {"hour": 3600, "day": 86400, "week": 604800}
_AFTER = re.compile(
    rf"{SPAN}|\b(?P<many>\d{{1,3}}|an?|one)\s+(?P<unit>{'|'.join(_LONG)})s?\b", re.IGNORECASE
)
_ENDED = re.compile(
    r"\b(?:finish\w*|ended|ends|done|over|complete[sd]?|completion|afterwards)\b", re.IGNORECASE
)
_STAYS = re.compile(
    rf"{_TIDIED.pattern}|\b(?:vanish\w*|clears?|go(?:es|ne)?|stays?|ke(?:ep|pt)|remains?|around)\b",
    re.IGNORECASE,
)
_COMMA = re.compile(r",\s+")
_BUSY = re.compile(r"\b(?:if|unless|within|not|still|at\s+most|longer|through)\b|n\Wt\b", re.I)
_FIELD = "terminationGracePeriodSeconds"
_S = re.compile(SPAN, re.IGNORECASE)
_PROBED = re.compile(r"\b(?:alive|liveness|restart\w*|probes?)\b", re.IGNORECASE)
_TAKES = re.compile(
    r"\bgrace\b|\bbefore\s+(?:it|they|the\s+\w+)\s+(?:is|are|may\s+be|gets?|can\s+be)\s+(?:\w+\s+)?killed"
    r"|\b(?:told|asked|has|have)\s+to\s+(?:stop|shut|go)|\bto\s+(?:shut\s*down|drain|finish\s+(?:what|its|their))"
    r"|\b(?:is|are|gets?|being)\s+stopped\b|\bterminat\w+\s+grace",
    re.IGNORECASE,
)
_HOOK = re.compile(r"\bpre-?stop\b|\bhooks?\b|\bsleep\w*|\bfirst\s+(?:run|call|wait)\w*", re.I)


def stop_in_time(objects: Sequence[Object], request: str) -> Iterator[str]:
    """Set in place: the only span of the one sentence about stopping; what was set.

    A hook that sleeps as long, of which nobody speaks, was a guess at it.
    """
    told = [
        text
        for text in sentences(in_figures(request))
        if _TAKES.search(text) and not _PROBED.search(text)
    ]
    spans = {int(span) for text in told for span in _S.findall(text)}
    pods = pods_of(objects)
    if len(told) != 1 or len(spans) != 1 or len(pods) != 1 or _HOOK.search(request):
        return
    [pod], span = pods, spans.pop()
    for box in containers_of(pod):
        if str(span) in " ".join(map(str, leaves_of(box.get("lifecycle")))):
            del box["lifecycle"]
            yield "lifecycle: not asked for"
    if pod.get(_FIELD) != span:
        pod[_FIELD] = span
        yield f"{_FIELD} is {span}, as the request says"


def end_in_time(obj: Object, request: str) -> Iterator[str]:
    """Set in place: a run's span is said of the job, unless it is of its pods; what was set."""
    spec = value_at(obj, ("spec", "jobTemplate", "spec") if obj["kind"] == "CronJob" else ("spec",))
    if obj["kind"] not in ("CronJob", "Job") or not isinstance(spec, dict) or _PODS.search(request):
        return
    for pod in [*pod_specs(spec)]:
        if (seconds := pod.pop(_DEADLINE, None)) is not None:
            spec.setdefault(_DEADLINE, seconds)
            yield f"{_DEADLINE}: of the job"
    spans = {*_ends(request)}
    if len(spans) == 1 and spec.get(_DEADLINE) not in spans:
        spec[_DEADLINE] = spans.pop()
        yield f"{_DEADLINE} is {spec[_DEADLINE]}, as the request says"


def _ends(request: str) -> Iterator[int]:
    for text in sentences(_EXPLAINED.sub(r"\1", in_figures(request))):
        for match in _ENDS.finditer(text):
            if not _TIDIED.search(match[0]):
                yield int(matched(match))


def go_in_time(obj: Object, request: str) -> Iterator[str]:
    """Set in place: the only span of how long a finished job stays; what was set.

    A deadline of the same length, of which nobody speaks, was a guess at it.
    """
    spec = value_at(obj, ("spec", "jobTemplate", "spec") if obj["kind"] == "CronJob" else ("spec",))
    if obj["kind"] not in ("CronJob", "Job") or not isinstance(spec, dict):
        return
    clauses = [
        clause
        for text in sentences(_EXPLAINED.sub(r"\1", in_figures(request)))
        if _STAYS.search(text)
        for clause in _COMMA.split(text)
        if _ENDED.search(clause) and not _BUSY.search(clause)
    ]
    found = [match for clause in clauses for match in _AFTER.finditer(clause)]
    if len(found) == 1:
        ttl = _seconds(found[0])
        if spec.get(_TTL) != ttl:
            spec[_TTL] = ttl
            yield f"{_TTL} is {ttl}, as the request says"
        spoken = "deadline" in request.lower() or [*_ends(request)]
        if spec.get(_DEADLINE) == ttl and not spoken:
            del spec[_DEADLINE]
            yield f"{_DEADLINE}: not asked for"


def _seconds(match: re.Match[str]) -> int:
    if not match["unit"]:
        return int(match[1])
    many = match["many"]
    return _LONG[match["unit"].lower()] * (int(many) if many.isdigit() else 1)
