"""The sentences that a request falls into."""

from __future__ import annotations

import re

# What stands between those that have a label and the label: "nodes that carry the label a=b".
LABELLED = r"that|which|are|carr\w+|ha(?:s|ve)|having|with|whose|the|an?|label\w*|marked|tagged"
BREAK = r"\n\s*\n|\n\s*(?:[-*]|\d+[.)])\s+"  # between paragraphs, and the points of a list
_END = re.compile(rf"(?<=[.!?])\s+|{BREAK}")

_ABOUT_PODS = re.compile(
    r"\bpods?\b.*?\b(?:label|carr(?:y|ies)|have\b|(?:found|chosen|selected|picked)\s+by\b)"
    r"|\blabel\w* .*?\bpods?\b"
    r"|\bpods?\s+\(?[\"'`]?[a-z][\w./-]*=\w",
    re.IGNORECASE | re.DOTALL,
)
_LABEL = re.compile(
    r"(?<![\w./$-])([a-z][\w.-]*(?:/[\w.-]+)?)(?:=|:\s+(?!(?:an?|the|one|its|their|any|all)\b))"
    r"[\"'`]?([a-z0-9](?:[\w.-]*\w)?)(?![\w/-]|[:.]\w)"
)


def sentences(text: str) -> list[str]:
    """In order, as they stand there; a point of a list is one too."""
    return _END.split(text)


def matched(found: re.Match[str]) -> str:
    """Of a pattern with one group for each wording, the group that is there."""
    return next(group for group in found.groups() if group)


def stated_labels(text: str) -> dict[str, str]:
    """Labels that its sentences about pods state, as key=value or "key: value"."""
    about = [each for each in sentences(text) if _ABOUT_PODS.search(each)]
    return dict(pair for each in about for pair in _LABEL.findall(each))
