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
    spans = {
        int(matched(match))
        for text in sentences(_EXPLAINED.sub(r"\1", in_figures(request)))
        for match in _ENDS.finditer(text)
        if not _TIDIED.search(match[0])
    }
    if len(spans) == 1 and spec.get(_DEADLINE) not in spans:
        spec[_DEADLINE] = spans.pop()
        yield f"{_DEADLINE} is {spec[_DEADLINE]}, as the request says"
