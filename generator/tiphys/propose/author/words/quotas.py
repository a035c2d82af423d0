"""How many objects of a kind a namespace may hold, as the words of a request count them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tiphys.ports import Object
from tiphys.propose.author.fields import value_at
from tiphys.propose.author.sentences import sentences
from tiphys.propose.reading.spelled import in_figures

_TYPED = r"services?\s+of\s+(?:the\s+)?type\s+"
_NOUNS = {
    "services.nodeports": rf"node\s?ports?(?:\s+services?)?|{_TYPED}node\s?port",
    "services.loadbalancers": rf"load[\s-]?balancers?(?:\s+services?)?|{_TYPED}load\s?balancer",
    "services": r"services?(?!\s+(?:of\s+(?:the\s+)?type|accounts?)\b)",
    "persistentvolumeclaims": r"(?:persistent\s?)?(?:volume[\s-]?)?claims?|pvcs?",
    "configmaps": r"config\s?maps?",
    "secrets": r"secrets?",
    "pods": r"pods?",
}
_COUNTS = {
    key: re.compile(rf"(?<![\w.,:/-])(\d{{1,6}}|no)\s+(?:{noun})\b", re.IGNORECASE)
    for key, noun in _NOUNS.items()
}
_CAPS = re.compile(
    r"\bquotas?\b|\bcap(?:s|ped)?\b|\bat\s+most\b|\b(?:more|fewer|less)\s+than\b|\bup\s+to\b"
    r"|\ballow\w*|\blimit\w*|\bmay\b|\bmax\w*|\bno\b|\bonly\b",
    re.IGNORECASE,
)
_OF_KINDS = ("services.nodeports", "services.loadbalancers")


def count_by_words(objects: Sequence[Object], request: str) -> Iterator[str]:
    """Set in place in the only quota, unless it counts some pods only; what was set.

    A figure that counts objects is no amount, nor that of a wider kind of them.
    """
    quotas = [each for each in objects if each["kind"] == "ResourceQuota"]
    hard = value_at(quotas[0], ("spec", "hard")) if len(quotas) == 1 else None
    if not isinstance(hard, dict) or {"scopes", "scopeSelector"} & set(quotas[0]["spec"]):
        return
    told = _told(request)
    for key, count in told.items():
        if str(hard.get(key, hard.get(f"count/{key}"))) != count:
            hard[key] = count
            yield f"{key} is {count}, as the request says"
    for key in [each for each in hard if each not in told]:
        wider = key == "services" and any(told.get(each) == str(hard[key]) for each in _OF_KINDS)
        amount = key.startswith(("requests.", "limits.")) and not _stands(str(hard[key]), request)
        if (wider or amount) and str(hard[key]) in told.values():
            del hard[key]
            yield f"{key}: not asked for"


def _told(request: str) -> dict[str, str]:
    """By key; what two sentences count differently is open."""
    found: dict[str, set[str]] = {}
    for text in filter(_CAPS.search, sentences(in_figures(request))):
        for key, form in _COUNTS.items():
            for match in form.finditer(text):
                count = "0" if match[1].lower() == "no" else match[1]
                found.setdefault(key, set()).add(count)
    return {key: counts.pop() for key, counts in found.items() if len(counts) == 1}


def _stands(value: str, request: str) -> bool:
    """Whether the request has the figure apart from what it counts."""
    rest = in_figures(request)
    for form in _COUNTS.values():
        rest = form.sub(" ", rest)
    return bool(re.search(rf"(?<![\w.]){re.escape(value)}(?![\w.]*\d)", rest))
