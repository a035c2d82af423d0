"""Another value of the same type, such that the API server usually takes it."""

from __future__ import annotations

import re
from typing import Any

# Words that a field takes among few others, and a neighbour that means something else.
_NEIGHBOURS = {
    "ALL": "NET_RAW",
    "Allow": "Forbid",
    "ClusterFirst": "Default",
    "ClusterIP": "NodePort",
    "ClusterRole": "Role",
    "DaemonSet": "Deployment",
    "Delete": "Retain",
    "Deployment": "StatefulSet",
    "DoNotSchedule": "ScheduleAnyway",
    "Egress": "Ingress",
    "Equal": "Exists",
    "Exact": "Prefix",
    "Forbid": "Replace",
    "Ignore": "Count",
    "Ingress": "Egress",
    "Local": "Cluster",
    "Never": "OnFailure",
    "OnFailure": "Never",
    "OnRootMismatch": "Always",
    "OrderedReady": "Parallel",
    "Parallel": "OrderedReady",
    "Prefix": "Exact",
    "PreemptLowerPriority": "Never",
    "ReadWriteMany": "ReadWriteOnce",
    "ReadWriteOnce": "ReadWriteMany",
    "Recreate": "RollingUpdate",
    "Replace": "Allow",
    "Retain": "Delete",
    "Role": "ClusterRole",
    "RuntimeDefault": "Unconfined",
    "ScheduleAnyway": "DoNotSchedule",
    "StatefulSet": "Deployment",
    "TCP": "UDP",
    "UDP": "TCP",
    "Utilization": "AverageValue",
    "None": "",
    "restricted": "privileged",
}
# In these fields the neighbour is another one, as no other would be valid there.
_NEIGHBOURS_OF = {
    ("preemptionPolicy", "Never"): "PreemptLowerPriority",
    ("imagePullPolicy", "Never"): "Always",
    ("imagePullPolicy", "IfNotPresent"): "Always",
    ("imagePullPolicy", "Always"): "IfNotPresent",
}
_FREE_TEXT = frozenset({"value", "args", "command", "description"})
_NUMBER_FIRST = re.compile(r"([0-9]{1,15})((?:\.[0-9]+)?(?:%|[a-zA-Z]{0,2}))\Z")
_DIGEST = re.compile(r"@sha256:[0-9a-f]{64}\Z")
_TAG = re.compile(r":[\w.-]{1,100}\Z")
_ADDRESS = re.compile(r"([0-9]{1,3})(\.[0-9]{1,3}){3}(/[0-9]+)?\Z")
_CRON = re.compile(r"(\S+)((?: +\S+){4})\Z")
_NAME_LIMIT = 60


def another(key: str, value: Any, *, plain: bool = False) -> Any:
    """A value unlike `value`, of its type, for the field `key`; `plain` for text that is data.

    Null, and anything that is no scalar, comes back as it is.
    """
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value - 1 if value in (65535, (1 << 31) - 1, (1 << 63) - 1) else value + 1
    if isinstance(value, float):
        return 1.0 if value + 1 == value or value != value else value + 1  # noqa: PLR0124  # NaN
    if isinstance(value, str):
        return _changed(value) if plain or key in _FREE_TEXT else _other_word(key, value)
    return value


def other_image(reference: str) -> str:
    """The same repository at another tag (or digest)."""
    if _DIGEST.search(reference):
        return reference[:-1] + ("0" if reference[-1] != "0" else "1")
    return f"{reference}-other" if _TAG.search(reference) else f"{reference}:other"


def _other_word(key: str, value: str) -> str:
    neighbour = _NEIGHBOURS_OF.get((key, value)) or _NEIGHBOURS.get(value)
    if neighbour is not None:
        return neighbour
    if key == "timeZone":
        return "Etc/UTC" if value != "Etc/UTC" else "Europe/Paris"
    if key == "schedule" and (cron := _CRON.match(value)):
        return ("7" if cron[1] != "7" else "8") + cron[2]
    if address := _ADDRESS.match(value):
        return ("11" if address[1] == "10" else "10") + value[len(address[1]) :]
    return _changed(value)


def _changed(value: str) -> str:
    if number := _NUMBER_FIRST.match(value):
        return str(int(number[1]) + 1) + number[2]
    if len(value) < _NAME_LIMIT:
        return f"{value}-x" if value and value[-1].isalnum() else f"{value}x"
    return ("a" if value[0] != "a" else "b") + value[1:]
