"""Network policies that shut: everything where nothing is let through, every port but those named."""

# ruff: noqa: E501 -- a list of alternatives reads better unbroken
from __future__ import annotations

import re
from collections.abc import Iterator

from tiphys.verify.critic.model import Field, Remark, Requirement, contradicted, covered
from tiphys.verify.critic.wording import Words
from tiphys.verify.critic.world import Obj, World, at, dig, many, table

_ALL = re.compile(
    r"\b(?:forbids?|forbidden|den(?:y|ies|ied)|blocks?|refuses?|drops?)\b[^.;\n]{0,40}\b(?:all|any|every)\b[^.;\n]{0,24}\btraffic\b",
    re.IGNORECASE,
)
_EXCEPT = re.compile(
    r"\b(?:except|but|only|allow\w*|unless|apart|other\s+than|still|may)\b", re.IGNORECASE
)
_EVERY_POD = re.compile(r"\b(?:every|all|any|each)\s+(?:\w+\s+)?pods?\b", re.IGNORECASE)
_PORT = re.compile(
    r"\b(?:TCP|UDP|SCTP)[\s/-]+(?:port\s+)?(?P<a>\d{2,5})\b(?!\s*%)|\bport\s+(?P<b>\d{2,5})\b|\b(?P<c>\d{2,5})/(?:tcp|udp|sctp)\b",
    re.IGNORECASE,
)


def rule(words: Words, world: World) -> Iterator[Remark]:
    """Both, where policies are all that the answer has."""
    policies = world.kinds("NetworkPolicy")
    if not policies or world.workloads or world.kinds("Service"):
        return
    yield from _shut(words, policies)
    yield from _ports(words, policies)


def _shut(words: Words, policies: tuple[Obj, ...]) -> Iterator[Remark]:
    match = next(words.find(_ALL), None)
    if match is None or words.has(_EXCEPT) or len(policies) > 1:
        return
    asked = Requirement("policy", "closed", words.quote(*match.span()))
    policy = policies[0]
    ways = [way for way in ("ingress", "egress") if many(policy, "spec", way)]
    if ways:
        yield contradicted(
            asked, Field(at(policy, f"spec.{ways[0]}"), "a rule that lets in or out")
        )
    elif words.has(_EVERY_POD) and table(policy, "spec", "podSelector"):
        yield contradicted(asked, Field(at(policy, "spec.podSelector"), "some pods only"))
    else:
        yield covered(asked, Field(at(policy, "spec"), "no rule"))


def _ports(words: Words, policies: tuple[Obj, ...]) -> Iterator[Remark]:
    """Where a port is named, some rule has ports at all."""
    match = next((m for m in words.find(_PORT) if not words.negated(m.start())), None)
    there = [
        port
        for policy in policies
        for way in ("ingress", "egress")
        for entry in many(policy, "spec", way)
        for port in many(entry, "ports")
    ]
    if (
        match is None
        or there
        or not any(many(p, "spec", w) for p in policies for w in ("ingress", "egress"))
    ):
        return
    said = match["a"] or match["b"] or match["c"]
    way = "ingress" if dig(policies[0], "spec", "ingress") else "egress"
    asked = Requirement("policy", said, words.quote(*match.span()))
    yield contradicted(asked, Field(at(policies[0], f"spec.{way}[0].ports"), "every port"))
