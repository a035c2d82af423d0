"""Fields of a few values, by the words that mean one of them and no other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tiphys.ports import Object
from tiphys.propose.author.fields import dicts
from tiphys.propose.author.sentences import sentences


@dataclass(frozen=True, slots=True)
class _Choice:
    """`about` is what a sentence must speak of for its words to mean a value of the field."""

    field: str
    about: re.Pattern[str]
    values: Mapping[str, re.Pattern[str]]


# "Rather than go anywhere" is what is not to be.
_NOT_THAT = re.compile(r"\b(?:than|instead\s+of)\b[^.;,]*", re.IGNORECASE)
_AGAIN = r"(?:restart\w*|start(?:s|ed)?\s+(?:it|them|its\s+\w+)?\s*again)"
_FAILS = r"(?:fail(?:s|ed|ure|ing)?|crash(?:es|ed)?|errors?)"
_CHOICES = (
    _Choice(
        "restartPolicy",
        re.compile(  # a probe's restart is another one
            rf"\A(?!.*\b(?:prob(?:e|ing)|live|alive|health|hang|ping))(?=.*(?:{_AGAIN}|\bpod\b))",
            re.IGNORECASE | re.DOTALL,
        ),
        {
            "Never": re.compile(
                rf"\b(?:no|not|never|nobody|without|\w+n.t)\s+(?:be\s+|\w+\s+to\s+be\s+)?{_AGAIN}"
                r"|\brestart\s?policy\W+(?:also\s+)?never\b|\b(?:in|with)\s+a\s+(?:new|fresh)\s+pod\b",
                re.IGNORECASE,
            ),
            "OnFailure": re.compile(
                rf"\b{_AGAIN}\s+(?:(?:it|them|the\s+\w+|its\s+\w+)\s+)?(?:only\s+)?(?:on|if|when|whenever|where|after)\b[^.;,]{{0,30}}\b{_FAILS}\b"
                rf"|\b{_FAILS}\b[^.;]{{0,20}}\b{_AGAIN}"
                r"|\brestart\s?policy\W+OnFailure\b|\b(?:in|inside|within)\s+the\s+same\s+pod\b",
                re.IGNORECASE,
            ),
        },
    ),
    _Choice(
        "concurrencyPolicy",
        re.compile(
            r"\b(?:runs?|running|jobs?|previous|earlier|overlap\w*|last|still|one|simultaneous\w*)\b",
            re.IGNORECASE,
        ),
        {
            "Replace": re.compile(
                r"\breplac\w+|\btakes?\s+(?:its|the|over\s+its)\s+place|\btakes?\s+over\b"
                r"|\b(?:kill|stop|cancel|abort|end)\w*\s+(?:it|the\s+(?:old|earlier|previous|running)"
                r"(?:\s+(?:one|run|job))?)\s*(?:,|and|so|in\s+favou?r)",
                re.IGNORECASE,
            ),
            "Forbid": re.compile(
                r"\bskip\w*|\b(?:leave|left)\s+(?:it\s+)?out\b|\bforbid\w*|\bnever\s+(?:two|2)\b"
                r"|\b(?:not|never|n't)\s+(?:be\s+)?(?:start\w*|overlap\w*|run\w*)(?!\s+as\b)"
                r"|\bno\s+(?:overlap\w*|(?:second|new|other|further)\s+(?:run|job|one|instance|start)\w*)\b|\b(?:two|2)\s+\w+\s+(?:never|must\s+not|may\s+not)",
                re.IGNORECASE,
            ),
        },
    ),
    _Choice(
        "whenUnsatisfiable",
        re.compile(r"\b(?:pods?|cop(?:y|ies)|replicas?|spread\w*|even\w*|skew)\b", re.IGNORECASE),
        {
            "DoNotSchedule": re.compile(
                r"\b(?:has|have|must|should|shall|to)\s+(?:to\s+)?(?:wait|stay\s+pending|remain\s+pending)"
                r"|\b(?:stays?|leave|see)\s+(?:a\s+|the\s+)?(?:pods?\s+)?pending|\bwaits\b|\bDoNotSchedule\b"
                r"|\b(?:not|never|n't)\s+(?:be\s+|to\s+)?(?:schedule|place|start)",
                re.IGNORECASE,
            ),
            "ScheduleAnyway": re.compile(
                r"\banyway\b|\bif\s+(?:at\s+all\s+)?possible\b|\bbest\s+effort\b|\bprefer\w*|\bideally\b"
                r"|\bas\s+(?:far|well|evenly)\s+as\s+possible\b|\beven\s+if\b|\bnot\s+strict\w*",
                re.IGNORECASE,
            ),
        },
    ),
)


def choose(obj: Object, request: str) -> Iterator[str]:
    """Set in place what the request's words choose, where the field is there once; what was set."""
    for choice in _CHOICES:
        held = [each for each in dicts(obj) if isinstance(each.get(choice.field), str)]
        value = _chosen(choice, request) if len(held) == 1 else ""
        if value and held[0][choice.field] != value:
            held[0][choice.field] = value
            yield f"{choice.field} is {value}, as the request says"


def _chosen(choice: _Choice, request: str) -> str:
    plain = (_NOT_THAT.sub(" ", text) for text in sentences(request))
    about = [text for text in plain if choice.about.search(text)]
    said = [value for value, form in choice.values.items() if any(map(form.search, about))]
    return said[0] if len(said) == 1 else ""
