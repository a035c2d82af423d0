"""Optional fields that nobody has without saying so, and that a model copies from examples."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any

from tiphys.ports import Object
from tiphys.propose.author.fields import dicts
from tiphys.propose.author.literals import leaves_of
from tiphys.propose.reading.spelled import in_figures

_IMAGE = re.compile(r"[\w.-]+(?:/[\w.-]+)*:[\w][\w.-]*")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
# In right answers the request has the value of such a field, or a word of its name.
_FIELDS = frozenset(
    "activeDeadlineSeconds allocateLoadBalancerNodePorts appProtocol claimRef dataSource"
    " defaultBackend externalIPs failedJobsHistoryLimit fsGroup hostPort hostname imagePullPolicy"
    " imagePullSecrets initialDelaySeconds lifecycle loadBalancerSourceRanges minReadySeconds"
    " mountOptions podAffinity publishNotReadyAddresses runAsGroup runAsUser scaleDown scaleUp"
    " schedulerName sessionAffinityConfig shareProcessNamespace subdomain"
    " successfulJobsHistoryLimit terminationGracePeriodSeconds timeoutSeconds tolerationSeconds"
    " ttlSecondsAfterFinished workingDir".split()
)
_SPAN = re.compile(
    r"\d\s*(?:s|sec|secs|m|min|mins|h)\b|\b(?:second|minute|hour|day|week|segundo|minuto|hora|heure"
    r"|sekunde|stunde|jour|tag|ora|giorn|uur)",
)
_KEPT = re.compile(
    r"\b(?:keep|kept|old|earlier|past|last|record|left|lying|remain|behalt|gard|conserv)"
)
# Words that stand in requests about something else.
_COMMON = frozenset(
    "addre affin after balan claim conta group host image limit load names node persi pod poli port"
    " proto secon sessi sourc user volum".split()
)
_ZONE = re.compile(r"\b(?:utc|gmt|time\s?zone|universal)\b", re.IGNORECASE)


def without_unspoken(obj: Object, request: str, meant: Collection[str]) -> Iterator[str]:
    """Take them out in place but for keys that are `meant`; what was taken out."""
    text = _IMAGE.sub(" ", f"{in_figures(request)}\n{request}").lower()
    for holder in [*dicts(obj.get("spec"))]:
        for key in [each for each in holder if each in _FIELDS and each not in meant]:
            if not _speaks_of(key, holder[key], text):
                del holder[key]
                yield key
        if str(holder.get("timeZone")).endswith("UTC") and not _ZONE.search(text):
            del holder["timeZone"]
            yield "timeZone"


def _speaks_of(key: str, value: Any, text: str) -> bool:
    stems = {each.lower()[:5] for each in _HUMP.split(key) if len(each) > 3} - _COMMON
    if ("Seconds" in key and _SPAN.search(text)) or ("History" in key and _KEPT.search(text)):
        return True
    said = {str(each).lower() for each in leaves_of(value) if not isinstance(each, bool)}
    return any(each in text for each in stems) or any(
        re.search(rf"(?<![\w.]){re.escape(each)}(?!\w)", text) for each in said if each
    )
