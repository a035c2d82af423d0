"""How many pods may be away: disruption budgets, and roll-outs."""

# ruff: noqa: E501 -- a list of alternatives reads better unbroken
from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from decimal import Decimal

from tiphys.verify.critic.model import Field, Remark, Requirement, by_fields, undecided
from tiphys.verify.critic.quantities import parse_quantity
from tiphys.verify.critic.wording import Words, number, pattern, plainly
from tiphys.verify.critic.world import World, at, dig

_THINGS = r"(?: (?:of them|of its|of the|pods?|replicas?|instances?|copies|copy|members?|of the pods|one))*"
_AVAILABLE = pattern(
    rf"\b(?:at least|no fewer than|never fewer than|never less than|minimum(?: of)?|keep(?: at least)?|min(?:imum)? ?available(?: of| is)?|minAvailable)[ :=]*{{N}} ?(%|percent)?{_THINGS}"
    rf" (?:(?:has|have|must|should|always|to|stays?|remains?|is|are|be|kept|up and) ?)*(?:available|up|running|alive|healthy|there)\b"
    rf"|{{N}} ?(%|percent)?{_THINGS} (?:must|should|has to|have to|always) (?:always )?(?:stay|remain|be|are|keep) (?:available|up|running|alive|healthy)\b"
    r"|\b(?:min(?:imum)? ?available(?: of| is)?|minAvailable)[ :=]*{N} ?(%|percent)?"
    rf"|{{N}} ?(%|percent)?{_THINGS} (?:must|should|has to|have to) (?:always )?be (?:left|there)\b"
    rf"|\bat least {{N}} ?(%|percent)?{_THINGS}[^.;\n]{{0,80}}? (?:must|should|ha(?:s|ve) to|always) (?:stay|remain|be|keep) (?:available|up|running|alive|healthy)\b"
)
_AWAY = pattern(
    rf"\b(?:at most|no more than|not more than|never more than|only|max(?:imum)?(?: of)?|up to) {{N}} ?(%|percent)?{_THINGS}"
    rf" (?:(?:may|can|must|should|is|are|be|to|allowed|go|at a time|ever|taken) ?)*(?:unavailable|down|away|missing|evicted|disrupted|offline)\b"
    r"|\b(?:max(?:imum)? ?unavailable(?: of| is)?|maxUnavailable)[ :=]*{N} ?(%|percent)?"
)


def rule(words: Words, _world: World) -> Iterator[Remark]:
    """What must stay available, and how much may be away."""
    for regex, key in ((_AVAILABLE, "minAvailable"), (_AWAY, "maxUnavailable")):
        for match in words.find(regex):
            groups = [g for g in match.groups() if g]
            value = number(groups[0])
            percent = len(groups) > 1
            said = f"{key} {plainly(value)}{'%' if percent else ''}"
            yield words.rule("budget", said, match.span(), _budget(key, value, percent=percent))


def _budget(key: str, value: Decimal, *, percent: bool) -> Callable[[Requirement, World], Remark]:
    def same(found: object) -> bool | None:
        text = str(found)
        if text.endswith("%") or percent:
            return text == f"{plainly(value)}%" or (
                None if text.endswith("%") is not percent else False
            )
        return parse_quantity(found) == value

    def ruling(requirement: Requirement, world: World) -> Remark:
        budgets = world.kinds("PodDisruptionBudget")
        fields = world.fields(("PodDisruptionBudget",), "spec", key)
        if fields:
            return by_fields(requirement, fields, same, undecided(requirement, ""))
        other = "maxUnavailable" if key == "minAvailable" else "minAvailable"
        if budgets:
            fields = world.fields(("PodDisruptionBudget",), "spec", other)
            return by_fields(
                requirement,
                fields,
                lambda v: _other_way(world, v, value, percent=percent),
                undecided(requirement, ""),
            )
        if key == "maxUnavailable":
            rolling = world.fields(("Deployment",), "spec", "strategy", "rollingUpdate", key)
            rolling += world.fields(
                ("DaemonSet", "StatefulSet"), "spec", "updateStrategy", "rollingUpdate", key
            )
            if rolling:
                return by_fields(requirement, rolling, same, undecided(requirement, ""))
        if world.kinds("Deployment", "StatefulSet") and re.search(
            "budget|available|up|running", requirement.quote, re.I
        ):
            least = [
                Field(at(o, "spec.replicas"), dig(o, "spec", "replicas"))
                for o in world.kinds("Deployment", "StatefulSet")
            ]
            if any((n := parse_quantity(f.value)) is not None and n < value for f in least):
                return by_fields(requirement, least, lambda _: False, undecided(requirement, ""))
        return undecided(requirement, "there is no disruption budget")

    return ruling


def _other_way(world: World, found: object, value: Decimal, *, percent: bool) -> bool | None:
    """minAvailable 2 of 3 is maxUnavailable 1, where the number of replicas is known."""
    replicas = {
        parse_quantity(f.value)
        for f in world.fields(("Deployment", "StatefulSet"), "spec", "replicas")
    }
    if percent and str(found).endswith("%"):
        share = parse_quantity(str(found)[:-1])
        return None if share is None else share == 100 - value
    away = parse_quantity(found)
    if len(replicas) != 1 or away is None or (total := replicas.pop()) is None:
        return False if away == value else None  # the number asked for, at the contrary field
    return total - away == value
