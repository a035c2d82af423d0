"""Who made an object that stands in no manifest: read from the names that Kubernetes gives.

Controllers name what they make after themselves, with an ending of a known form. That is a clue and
no proof, which only the cluster has (ownerReferences).
"""

from __future__ import annotations

import re

# Letters and digits that Kubernetes draws names from: none that could spell a word.
_DRAWN = "[bcdfghjklmnpqrstvwxz2456789]"
_POD = f"{_DRAWN}{{5}}"
_HASH = f"{_DRAWN}{{6,10}}"
_MINUTE = "[0-9]{8,10}"  # a CronJob's Jobs: minutes since the epoch
_ORDINAL = "[0-9]{1,5}"
_ENDINGS = {
    ("pod", "Deployment"): f"-{_HASH}-{_POD}",
    ("pod", "ReplicaSet"): f"-{_POD}",
    ("pod", "DaemonSet"): f"-{_POD}",
    ("pod", "Job"): f"(-{_ORDINAL})?-{_POD}",
    ("pod", "CronJob"): f"-{_MINUTE}(-{_ORDINAL})?-{_POD}",
    ("pod", "StatefulSet"): f"-{_ORDINAL}",
    ("replicaset", "Deployment"): f"-{_HASH}",
    ("job", "CronJob"): f"-{_MINUTE}",
    ("controllerrevision", "DaemonSet"): f"-{_HASH}",
    ("controllerrevision", "StatefulSet"): f"-{_HASH}",
    ("endpointslice", "Service"): f"-{_POD}",
    ("endpoints", "Service"): "",
}


def may_have_made(maker: tuple[str, str], kind: str, name: str) -> bool:
    """Whether `maker` (kind, name) would name an object of `kind` (lower case) like this."""
    by, its_name = maker
    if kind == "persistentvolumeclaim" and by == "StatefulSet":
        return bool(re.fullmatch(rf"[a-z0-9-]+-{re.escape(its_name)}-{_ORDINAL}", name))
    ending = _ENDINGS.get((kind, by))
    return ending is not None and bool(re.fullmatch(re.escape(its_name) + ending, name))
