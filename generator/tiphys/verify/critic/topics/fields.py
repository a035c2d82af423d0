"""Fields said by their own name, in words or as written: "pull policy Never", "periodSeconds: 5"."""

# ruff: noqa: E501 -- a list of alternatives reads better unbroken
from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from tiphys.verify.critic.model import Field, Remark, Requirement, by_fields, undecided
from tiphys.verify.critic.quantities import parse_quantity
from tiphys.verify.critic.wording import NUMBER, Words, number
from tiphys.verify.critic.world import World

# Fields that are said like this, and what holds where they are not written.
_DEFAULTS: dict[str, object] = {
    "imagePullPolicy": None, "restartPolicy": "Always", "externalTrafficPolicy": "Cluster",
    "internalTrafficPolicy": "Cluster", "sessionAffinity": "None", "podManagementPolicy": None,
    "dnsPolicy": "ClusterFirst", "pathType": None, "concurrencyPolicy": None,
    "priorityClassName": None, "runtimeClassName": None, "schedulerName": None,
    "completionMode": "NonIndexed", "revisionHistoryLimit": 10, "minReadySeconds": 0,
    "progressDeadlineSeconds": 600, "startingDeadlineSeconds": None,
    "successfulJobsHistoryLimit": 3, "failedJobsHistoryLimit": 1, "initialDelaySeconds": 0,
    "periodSeconds": 10, "timeoutSeconds": 1, "failureThreshold": 3, "successThreshold": 1,
    "stabilizationWindowSeconds": None, "fsGroup": None, "runAsGroup": None, "defaultMode": None,
    "preemptionPolicy": None, "globalDefault": None, "whenUnsatisfiable": None, "maxSkew": None,
    "volumeBindingMode": None, "reclaimPolicy": None, "automountServiceAccountToken": None,
    "publishNotReadyAddresses": None, "immutable": None, "maxSurge": None, "secretName": None,
    "serviceName": None, "claimName": None, "volumeMode": None, "topologyKey": None,
}  # fmt: skip
_FILL = (
    r"(?:[\s`'\"]+(?:is|be|to|of|set|must|should|has|have|at|as|the|a|an|with|value|needs|needed|stay|stays))*"
    r"[\s`'\"]*[:=]?[\s`'\"]*"
)
_WORD = r"[A-Z][A-Za-z]{2,40}|true|false"
_NAMES = frozenset({"secretName", "serviceName", "claimName", "priorityClassName", "runtimeClassName",
                    "schedulerName", "topologyKey"})  # fmt: skip
_LABEL = r"[a-z0-9](?:[a-z0-9.-]{0,100}[a-z0-9])?"


def rule(words: Words, _world: World) -> Iterator[Remark]:
    """Each field that is named with a value behind it."""
    for key, default in _DEFAULTS.items():
        for match in words.find(_pattern(key)):
            if words.negated(match.start()):
                continue
            value = match["value"]
            yield words.rule("field", f"{key} {value}", match.span(), _is(key, value, default))


def _pattern(key: str) -> re.Pattern[str]:
    parts = re.sub(r"(?=[A-Z])", " ", key).lower().split()
    spoken = parts[:-1] if parts[-1] in ("seconds", "name") and len(parts) > 2 else parts
    spoken = spoken[1:] if spoken[0] in ("image",) else spoken
    phrase = r"[\s-]".join(spoken)
    lead = rf"(?:\b{key}\b|(?i:\b{phrase}\b))" if len(spoken) > 1 else rf"\b{key}\b"
    if key in _NAMES:
        value = rf"(?:(?<=[`'\"])|(?<=[:=]\s)|(?<=[:=])|(?<=\s))(?P<value>{_LABEL})(?=[`'\"]|\s*[,.;)]|\s|$)"
        if len(spoken) > 1 and key != key.lower():
            lead = rf"(?:\b{key}\b|(?i:\b{phrase}\b)(?=[\s:=]*[`'\"]))"
    elif key.endswith(("Seconds", "Limit", "Threshold", "Group", "Skew", "Surge", "Mode")) and key not in (
        "completionMode", "volumeBindingMode", "volumeMode",
    ):  # fmt: skip
        value = rf"(?P<value>{NUMBER})(?P<unit>\s*%|\s?m(?:in(?:utes?)?)?\b)?"
    else:
        value = rf"(?P<value>{_WORD})\b"
    return re.compile(lead + _FILL + value)


def _is(key: str, value: str, default: object) -> Callable[[Requirement, World], Remark]:
    asked = number(value) if re.fullmatch(NUMBER, value, re.IGNORECASE) else None

    def same(found: object) -> bool | None:
        if isinstance(found, bool):
            return str(found).lower() == value.lower()
        if asked is not None:
            have = parse_quantity(str(found).removesuffix("%"))
            return None if have is None else have in (asked, asked * 60)
        return str(found).lower() == value.lower()

    def ruling(requirement: Requirement, world: World) -> Remark:
        fields = [field for k, field in world.leaves if k == key and field.value is not None]
        if not fields and default is not None and world.workloads:
            at = world.workloads[0].get("kind")
            fields = [Field(f"{at}:{key}", default)]
        return by_fields(requirement, fields, same, undecided(requirement, f"no object has {key}"))

    return ruling
