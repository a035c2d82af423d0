"""Pods by their labels: selectors hold every pair that was said together, pods carry their own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tiphys.verify.critic.model import Field, Remark, Requirement, contradicted, covered
from tiphys.verify.critic.wording import Words
from tiphys.verify.critic.world import World, at, pod_labels, pod_path, table, walk_maps

_PAIR = r"[`'\"]?[A-Za-z][\w./-]{0,80}\s?(?:=|:\s)\s?[`'\"]?[\w.-]{1,63}[`'\"]?"
_PODS = re.compile(
    rf"\b(?:pods?|for|selects?|selector|selecting|in\s+front\s+of)\s+(?:that\s+are\s+|which\s+are\s+)?(?:labell?ed|with(?:\s+the)?(?:\s+labels?)?|carrying|having|that\s+(?:have|carry)|is|:)?\s*"
    rf"(?P<pairs>{_PAIR}(?:\s*(?:,|\+|&|and|plus)\s+(?:also\s+)?{_PAIR}){{1,4}})",
    re.IGNORECASE,
)
_ONE = re.compile(r"(?P<key>[A-Za-z][\w./-]{0,80})\s?(?:=|:\s)\s?[`'\"]?(?P<value>[\w.-]{1,63})")
_CARRY = re.compile(
    rf"\bpods?\b[^.;\n]{{0,50}}?\b(?:carry|carries|have|has|need|needs|get|gets|wear|bear)\s+(?:the\s+|a\s+|an\s+)?labels?\s+(?P<pair>{_PAIR})",
    re.IGNORECASE,
)
_SELECTING = ("Service", "PodDisruptionBudget", "NetworkPolicy", "PodMonitor", "ServiceMonitor")


def rule(words: Words, world: World) -> Iterator[Remark]:
    """Selectors for several pairs at once, then labels that the pods themselves must carry."""
    selecting = world.kinds(*_SELECTING)
    for match in words.find(_PODS) if selecting else ():
        wanted = {m["key"]: m["value"].rstrip(".-") for m in _ONE.finditer(match["pairs"])}
        if len(wanted) < 2 or words.negated(match.start()):
            continue
        found = list(_selectors(world))
        shown = ",".join(f"{k}={v}" for k, v in wanted.items())
        asked = Requirement("selector", shown, words.quote(*match.span()))
        right = [p for p, s in found if all(str(s.get(k)) == v for k, v in wanted.items())]
        near = [(p, s) for p, s in found if any(str(s.get(k)) == v for k, v in wanted.items())]
        if right:
            yield covered(asked, Field(right[0], shown))
        elif near:
            here = ",".join(f"{k}={v}" for k, v in near[0][1].items())
            yield contradicted(asked, Field(near[0][0], here))
    for match in words.find(_CARRY):
        pair = _ONE.search(match["pair"])
        if pair is None or words.negated(match.start()):
            continue
        value = pair["value"].rstrip(".-")
        for obj in world.workloads[:1] if len(world.workloads) == 1 else ():
            place = ".".join((*pod_path(obj)[:-1], "metadata", "labels", pair["key"]))
            have = pod_labels(obj).get(pair["key"], "not set")
            asked = Requirement(
                "label", f"{pair['key']}={value}", words.quote(*match.span()), "pods"
            )
            yield (covered if have == value else contradicted)(asked, Field(at(obj, place), have))


def _selectors(world: World) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for obj in world.kinds(*_SELECTING):
        own = table(obj, "spec", "selector")
        if own and "matchLabels" not in own and "matchExpressions" not in own:
            yield at(obj, "spec.selector"), own
        for path, inner in walk_maps(obj.get("spec"), at(obj, "spec")):
            if labels := table(inner, "matchLabels"):
                yield f"{path}.matchLabels", labels
