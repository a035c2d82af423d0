"""How often a job may be tried again, as the words of a request have it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tiphys.ports import Object
from tiphys.propose.author.fields import value_at
from tiphys.propose.reading.spelled import in_figures

_COUNTS = {
    "0": r"no|not\s+a\s+single|zero|keine|ning[uú]n|aucune?|nessun",
    "1": r"one|a\s+single|une?|una|eine[nr]?",
    "2": r"two|dos|deux|zwei|due",
    "3": r"three|tres|trois|drei|tre",
}
_TIMES = {
    "1": r"once|1\s+(?:more\s+)?time|una\s+(?:sola\s+)?vez|une\s+(?:seule\s+)?fois|einmal",
    "2": r"twice|dos\s+veces|deux\s+fois|zweimal",
    "3": r"thrice|tres\s+veces|trois\s+fois|dreimal",
}
_COUNT = rf"(?P<count>\d{{1,3}}|{'|'.join(_COUNTS.values())})"
_FIGURE = r"(?P<n>\d{1,3})\s+(?:more\s+)?(?:times|veces|fois|mal)\b"
_TIME = rf"(?P<times>{_FIGURE}|{'|'.join(_TIMES.values())})"
_AGAIN = r"re-?tr(?:y|ies)|reintentos?|wiederholung(?:en)?|nouvelles?\s+tentatives?"
_RETRIED = r"re-?tr(?:y|ied|ies)|tried\s+again|reintent\w+|wiederhol\w*"
_MOST = r"(?:at\s+(?:the\s+)?most|up\s+to|only|just|como\s+m[aá]ximo|au\s+plus|höchstens|hasta)"
_SAID = re.compile(
    rf"(?<![\w.,:/-]){_COUNT}\s+(?:{_AGAIN})\b(?!\s+in\s+place)"
    rf"|\b(?:{_RETRIED})\s+(?:it\s+)?(?:{_MOST}\s+)?{_TIME}\b"
    r"|(?P<never>\b(?:no\s+second|single)\s+attempt\b(?!\s+(?:may|can|gets|takes|is|has|must)\b)"
    r"|\b(?:never|not)\s+(?:be\s+)?(?:retried|tried\s+again)\b)",
    re.IGNORECASE,
)
_FIELD = "backoffLimit"
_PERIOD = (
    "days? nights? hours? weeks? months? years? \\w+day mornings? día noche hora semana mes "
    "tag nacht stunde woche jour nuit heure semaine mois minut\\w+"
).split()
# Of one index, one sheet or one container and not of the job.
_OF_ITS_OWN = re.compile(
    r"\b(?:ind(?:ex|ices)|of\s+(?:its|their)\s+own|otherwise|exit\s+code)\b"
    rf"|\b(?:each|every|cada|jede\w*|chaque)\s+(?!(?:\w+\s+)?(?:{'|'.join(_PERIOD)})\b|\d)\w+",
    re.IGNORECASE,
)


def retry_by_words(obj: Object, request: str) -> Iterator[str]:
    """Set in place the only count of retries that the request has; what was set."""
    path = ("spec", "jobTemplate", "spec") if obj["kind"] == "CronJob" else ("spec",)
    spec = value_at(obj, path) if obj["kind"] in ("CronJob", "Job") else None
    if not isinstance(spec, dict) or spec.get("completionMode") == "Indexed":
        return
    counts = {_count(match) for match in _SAID.finditer(in_figures(request))}
    if len(counts) != 1 or _OF_ITS_OWN.search(request):
        return
    count = counts.pop()
    if spec.get(_FIELD) != count:
        spec[_FIELD] = count
        yield f"{_FIELD} is {count}, as the request says"


def _count(match: re.Match[str]) -> int:
    if match["never"]:
        return 0
    words, forms = (match["count"], _COUNTS) if match["count"] else (match["times"], _TIMES)
    if (figure := match["n"] or words).isdigit():
        return int(figure)
    return next(int(count) for count, form in forms.items() if re.fullmatch(form, words, re.I))
