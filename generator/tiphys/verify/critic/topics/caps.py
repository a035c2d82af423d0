"""What a namespace may hold at most: keys of quotas, and what pods it refuses."""

# ruff: noqa: E501 -- a list of alternatives reads better unbroken
from __future__ import annotations

import re
from collections.abc import Iterator

from tiphys.verify.critic.model import Field, Remark, Requirement, contradicted, covered
from tiphys.verify.critic.quantities import parse_quantity, sizes
from tiphys.verify.critic.topics.resources import BYTES
from tiphys.verify.critic.wording import Words, number, pattern, plainly, within_line
from tiphys.verify.critic.world import World, at, table

_COUNTED = {
    "pods": ("pods", "count/pods"), "jobs": ("count/jobs.batch",), "cronjobs": ("count/cronjobs.batch",),
    "deployments": ("count/deployments.apps",), "statefulsets": ("count/statefulsets.apps",),
    "services": ("services", "count/services"), "secrets": ("secrets", "count/secrets"),
    "configmaps": ("configmaps", "count/configmaps"), "claims": ("persistentvolumeclaims", "count/persistentvolumeclaims"),
    "loadbalancers": ("services.loadbalancers",), "nodeports": ("services.nodeports",),
    "ingresses": ("count/ingresses.networking.k8s.io",), "serviceaccounts": ("count/serviceaccounts",),
}  # fmt: skip
_COUNT = pattern(
    r"(?:\b(?P<none>no|zero) |{N} )(?P<noun>pods|cron ?jobs|jobs|deployments|stateful ?sets|services|secrets|config ?maps|(?:persistent )?(?:volume )?claims|pvcs|load ?balancers?|node ?ports?|ingresses|service ?accounts)\b(?! (?:at a time|per))"
)
_NOT_ONE = re.compile(r"(?:\bnot|n't|\bnever)\s+(?:even\s+)?\Z", re.IGNORECASE)
_HEADED = pattern(
    r"\b(?P<role>requests?|limits?)\b(?P<gap>[^.;\n\d]{0,60}?){N} ?(?P<unit>v?cpus?|cores?|"
    + BYTES
    + r")(?![\w])(?: ?(?:/|and|,|\+) ?(?P<more>\d{1,6}) ?(?P<unit2>v?cpus?|cores?|"
    + BYTES
    + r")(?![\w]))?"
)
_BACK = re.compile(  # "8Gi memory in requests, 16Gi in limits": said of what stands before it
    r"\d\w*\s+(?:of\s+)?(?:(?:v?cpus?|cores?|memory|ram)\s+)?(?:in|as|for|of)\s+\Z", re.IGNORECASE
)
_ENFORCE = {
    "enforce": re.compile(r"\b(?:reject\w*|refus\w+|den(?:y|ied|ies)|block\w*|enforc\w+|forbid\w*|not\s+(?:be\s+)?(?:allowed|admitted|let\s+in))\b", re.IGNORECASE),
    "warn": re.compile(r"\bwarn\w*\b", re.IGNORECASE),
    "audit": re.compile(r"\baudit\w*\b", re.IGNORECASE),
}  # fmt: skip
_LEVEL = re.compile(
    r"\b[`'\"]?(?P<level>baseline|restricted|privileged)[`'\"]?(?=[^.;\n]{0,40}\b(?:standard|profile|level|pod\s+security|policy))|\b(?:pod\s+security|standard|profile|level)[^.;\n]{0,30}?\b(?P<after>baseline|restricted|privileged)\b",
    re.IGNORECASE,
)


def rule(words: Words, world: World) -> Iterator[Remark]:
    """Counts and sums of quotas, then the pod security standard of namespaces."""
    for obj in world.kinds("ResourceQuota"):
        hard = table(obj, "spec", "hard")
        if len(world.kinds("ResourceQuota")) == 1:
            yield from _counts(words, at(obj, "spec.hard"), dict(hard))
            single = [f.value for _, f in world.leaves if f.path.startswith("LimitRange/")]
            yield from _sums(words, at(obj, "spec.hard"), dict(hard), single)
    if namespaces := world.kinds("Namespace"):
        yield from _standard(words, world, at(namespaces[0], "metadata.labels"))


def _counts(words: Words, place: str, hard: dict[str, object]) -> Iterator[Remark]:
    for match in words.find(_COUNT):
        if not within_line(match):
            continue
        noun = re.sub(r"\s|persistent|volume", "", match["noun"].lower())
        noun = {"pvcs": "claims", "loadbalancer": "loadbalancers", "nodeport": "nodeports"}.get(
            noun, noun
        )
        said = next(
            (g for g in match.groups() if g and g not in (match["none"], match["noun"])), None
        )
        value = number(said) if said else number("zero")
        if _NOT_ONE.search(words.before(match.start(), 12)) and value == 1:
            value = number("zero")
        keys = _COUNTED[noun]
        asked = Requirement("quota", plainly(value), words.quote(*match.span()), keys[0])
        have = next((k for k in keys if k in hard), "")
        field = Field(f"{place}.{have or keys[0]}", hard.get(have, "not set"))
        right = have and parse_quantity(field.value) == value
        if right:
            yield covered(asked, field)
        elif have or said:
            yield contradicted(asked, field)


def _sums(
    words: Words, place: str, hard: dict[str, object], elsewhere: list[object]
) -> Iterator[Remark]:
    """Sums of the namespace; what stands in `elsewhere` is said of single containers."""
    for match in words.find(_HEADED):
        role = match["role"].lower().removesuffix("s") + "s"
        if re.search(r"requests?|limits?", match["gap"], re.IGNORECASE):
            continue
        if _BACK.search(words.before(match.start(), 40)):
            continue
        groups = match.groups()
        first = groups[2]
        for said, unit in ((first, match["unit"]), (match["more"], match["unit2"])):
            if not said or not unit:
                continue
            milli = unit == "m"  # "150m CPU"; the pattern takes it for a size
            cpu = milli or unit.lower().startswith(("v", "cp", "co"))
            what = "cpu" if cpu else "memory"
            about = match[0] + words.after(match.end(), 30).partition(",")[0]
            if not cpu and re.search(r"storage|disk|volume|claim", about, re.IGNORECASE):
                continue
            key = f"{role}.{what}"
            key = what if key not in hard and role == "requests" and what in hard else key
            field = Field(f"{place}.{key}", hard.get(key, "not set"))
            wanted = (
                (number(said) / (1000 if milli else 1),) if cpu else sizes(number(said), unit)[1]
            )
            asked = Requirement(
                "quota", f"{said}{'' if cpu else unit}", words.quote(*match.span()), key
            )
            right = parse_quantity(field.value) in wanted
            if right:
                yield covered(asked, field)
            elif not any(parse_quantity(each) in wanted for each in elsewhere):
                yield contradicted(asked, field)


def _standard(words: Words, world: World, place: str) -> Iterator[Remark]:
    for match in words.find(_LEVEL):
        level = (match["level"] or match["after"]).lower()
        start, end = words.sentence(match.start())
        here = match.start("level") if match["level"] else match.start("after")
        # The word before the level says how, as in "enforce baseline and warn at restricted".
        near = [
            (m.start() > here, abs(here - m.start()), mode)
            for mode, regex in _ENFORCE.items()
            for m in regex.finditer(words.raw, start, end)
        ]
        if not near:
            continue
        key = f"pod-security.kubernetes.io/{min(near)[2]}"
        found = [f for k, f in world.leaves if k == key]
        asked = Requirement("quota", level, words.quote(*match.span()), key)
        right = [f for f in found if f.value == level]
        if right:
            yield covered(asked, right[0])
        else:
            yield contradicted(asked, found[0] if found else Field(f"{place}.{key}", "not set"))
