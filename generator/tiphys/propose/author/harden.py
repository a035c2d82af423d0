"""What the guardrails ask of every pod and no request ever mentions."""

from __future__ import annotations

import copy
from typing import Any

from tiphys.ports import Object
from tiphys.propose.author.fields import pod_specs

_POD = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
_CONTAINER = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
_REQUESTS = {"cpu": "50m", "memory": "64Mi"}
_MEMORY = "128Mi"


def harden(obj: Object) -> Object:
    """A copy whose pods keep to the restricted standard and state what they need.

    Only what is left open is filled in: what was asked for and is not allowed stays, and is denied.
    """
    made = copy.deepcopy(obj)
    for pod in pod_specs(made):
        _fill(pod, "securityContext", _POD)
        for key in ("initContainers", "containers"):
            for each in pod.get(key) or ():
                if isinstance(each, dict):
                    _fill(each, "securityContext", _CONTAINER)
                    _resources(each)
    return made


def _fill(holder: dict[str, Any], key: str, wanted: dict[str, Any]) -> None:
    found = holder.get(key)
    if not isinstance(found, dict):
        found = holder[key] = {}
    for name, value in wanted.items():
        if isinstance(value, dict):
            _fill(found, name, value)
        else:
            found.setdefault(name, copy.deepcopy(value))


def _resources(container: dict[str, Any]) -> None:
    found = container.get("resources")
    if not isinstance(found, dict):
        found = container["resources"] = {}
    limits = found.get("limits")
    limits = limits if isinstance(limits, dict) else {}
    # What is limited and requests nothing gets its limit: the server's own rule.
    _fill(found, "requests", {k: limits.get(k, v) for k, v in _REQUESTS.items()})
    requested = found["requests"].get("memory")
    _fill(found, "limits", {"memory": _MEMORY if requested == _REQUESTS["memory"] else requested})
