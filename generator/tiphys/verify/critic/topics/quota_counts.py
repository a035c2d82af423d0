"""How many things a namespace may hold: the counts of a quota."""

# ruff: noqa: E501 -- a list of alternatives reads better unbroken
from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from functools import partial

from tiphys.verify.critic.model import Remark, Requirement, by_fields, undecided
from tiphys.verify.critic.quantities import parse_quantity
from tiphys.verify.critic.wording import Words, number, pattern, plainly, within_line
from tiphys.verify.critic.world import World

_QUOTA = pattern(
    r"\b(?:at most|up to|no more than|max(?:imum)?(?: of)?|not more than)? ?{N} (pods|(?:persistent )?(?:volume )?claims|pvcs|"
    r"services|secrets|config ?maps|load ?balancers|node ?ports|jobs|deployments)\b"
)
_QUOTA_KEYS = {
    "pods": "pods", "pvcs": "persistentvolumeclaims", "services": "services", "secrets": "secrets",
    "configmaps": "configmaps", "loadbalancers": "services.loadbalancers", "nodeports": "services.nodeports",
    "jobs": "count/jobs.batch", "deployments": "count/deployments.apps",
}  # fmt: skip


def rule(words: Words, world: World) -> Iterator[Remark]:
    """Each count of a kind that a quota can count."""
    for match in words.find(_QUOTA) if world.kinds("ResourceQuota") else ():
        if not within_line(match):
            continue
        noun = re.sub(r"\s", "", match[2].lower())
        key = _QUOTA_KEYS.get(noun, "persistentvolumeclaims")
        value = number(match[1])
        requirement = Requirement("count", f"{noun} {plainly(value)}", words.quote(*match.span()))
        fields = world.fields(("ResourceQuota",), "spec", "hard", key)
        fields += world.fields(("ResourceQuota",), "spec", "hard", f"count/{key}")
        nothing = undecided(requirement, f"no quota counts {noun}")
        yield by_fields(requirement, fields, partial(_equal, value), nothing)


def _equal(asked: Decimal, found: object) -> bool:
    return parse_quantity(found) == asked
