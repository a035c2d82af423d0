"""Network policies: whose pods, which direction, from or to whom."""

# ruff: noqa: E501 -- a list of alternatives reads better unbroken
from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from tiphys.verify.critic.language import SMALL_WORDS
from tiphys.verify.critic.model import Field, Remark, Requirement, contradicted, covered
from tiphys.verify.critic.wording import Words
from tiphys.verify.critic.world import Obj, World, at, dig, many, table, text, walk_maps

_PAIR = re.compile(
    r"(?<![\w./-])(?P<key>[a-z][\w./-]{0,80})\s?(?:=|:\s)\s?[`'\"]?(?P<value>[a-zA-Z0-9][\w.-]{0,62})(?![\w.-]|=)",
    re.IGNORECASE,
)
_NOT_LABELS = frozenset(
    "namespace ns name port host policy networkpolicy image tcp udp http https dns".split()
)
_PROSE = frozenset("pod pods namespace namespaces container containers traffic clients".split())
_ACTIVE = re.compile(
    r"\b(?:reach|talk\s+to|talks\s+to|connect\s+to|access|call|contact|query|get\s+to|speak\s+to|open\s+connections\s+to|"
    r"send\s+(?:\w+\s+)?to|go\s+(?:out\s+)?to|initiate\s+\w+\s+to|use|hit)\b", re.IGNORECASE,
)  # fmt: skip
_NOBODY = re.compile(r"\b(?:nobody|no\s?one|nothing)\b", re.IGNORECASE)
_PASSIVE = re.compile(
    r"\b(?:(?:be\s+)?(?:reached|reachable|accessed|accessible|called|contacted|scraped|queried|open)|accepts?|takes?|receives?|"
    r"allows?|lets?\s+in|admits?|closed?\s+to|protect\w*)\b[^.]{0,60}?\b(?:from|by|to|for|but)\b", re.IGNORECASE,
)  # fmt: skip
_ONLY = re.compile(
    r"\b(?:only|just|solely|exclusively|nobody\s+(?:but|except)|none\s+but|no\s+one\s+(?:but|except))\b",
    re.IGNORECASE,
)
_LIMITED = re.compile(
    r"\b(?:only|just|solely|exclusively|nothing|anything|nowhere|anywhere|except|but|limited|restricted)\b",
    re.IGNORECASE,
)
_STAYS = r"(?:leave\s+(?:\w+\s+){0,3}?(?:alone|as|untouched)|(?:none|nothing)\s+of\s+(?:our|this|its)|not\s+(?:our|its|this)\b|stays?|remains?|unchanged|untouched|as\s+it\s+is|unrestricted|(?:not|n.t)\s+(?:to\s+)?(?:be\s+)?(?:restrict|limit|touch|affect|chang|govern|concern|clos|block)\w*|nothing\s+(?:about|of)\b.{0,60}\bchang\w*|no\s+(?:restriction|limit)s?|settled|open\s+as|free)"
_OPEN = re.compile(
    r"\b(?:fine|ok(?:ay)?|open|free|allowed|goes\s+on|whatever|any(?:thing|where))\b", re.IGNORECASE
)
_DIRECTIONS = {
    "Ingress": re.compile(
        r"\b(?:incoming|inbound|ingress(?!\s*class|\s*controller|-nginx))\b", re.IGNORECASE
    ),
    "Egress": re.compile(
        r"\b(?:outgoing|outbound|egress|calls?\s+out|leave\s+the)\b", re.IGNORECASE
    ),
}
_BOTH = re.compile(
    r"\b(?:in\s+(?:or|and|nor)\s+out|both\s+(?:directions|ways)|either\s+direction|neither\s+direction|(?:ingress|incoming|inbound)\s*(?:and|or|nor|\+|/|&)\s*(?:egress|outgoing|outbound)|(?:egress|outgoing|outbound)\s*(?:and|or|nor|\+|/|&)\s*(?:ingress|incoming|inbound))\b",
    re.IGNORECASE,
)
_CIDR = re.compile(r"(?<![\d.])(?P<cidr>\d{1,3}(?:\.\d{1,3}){3}/\d{1,2})(?!\d)")
_BUT = re.compile(
    r"\b(?:not|except|excluding|excepted|minus|without|besides|other\s+than|but\s+for)\b[^.\d]{0,24}\Z|\bnone\s+of\b[^.\d]{0,40}\Z",
    re.IGNORECASE,
)
_LISTED = re.compile(r"\s*(?:,|;|,?\s*(?:and|or|nor|&))\s*(?:the\s+|from\s+)?\Z", re.IGNORECASE)
_DNS = re.compile(r"\bdns\b|\bname\s+resolution\b|\bresolve\s+names\b", re.IGNORECASE)


class _Pair(NamedTuple):
    key: str
    value: str
    start: int
    end: int


def rule(words: Words, world: World) -> Iterator[Remark]:
    """Everything that is said about who may talk to whom."""
    policies = [o for o in world.kinds("NetworkPolicy") if isinstance(o.get("spec"), Mapping)]
    if not policies:
        return
    yield from _types(words, policies)
    yield from _blocks(words, policies)
    yield from _names(words, policies)
    start = 0
    while start < len(words.raw):
        first, last = words.sentence(start)
        start = max(last, start + 1)
        yield from _sentence(words, policies, first, min(last, first + 2000))


def _types_of(policy: Obj) -> set[str]:
    types = {str(t) for t in many(policy, "spec", "policyTypes")}
    if not types:
        types = {"Ingress"} | ({"Egress"} if "egress" in table(policy, "spec") else set())
    return types


def _types(words: Words, policies: list[Obj]) -> Iterator[Remark]:
    """A direction that is named is closed, one that stays as it is is not touched."""
    there = set().union(*(_types_of(p) for p in policies))
    place = at(policies[0], "spec.policyTypes")
    both = next(words.find(_BOTH), None)
    for way, regex in _DIRECTIONS.items():
        for match in words.find(regex):
            near = words.raw[slice(*words.clause(match.start()))] if not both else ""
            stays = re.search(_STAYS, near, re.IGNORECASE)
            asked = Requirement("policy", way, words.quote(*match.span()))
            if stays and way in there and len(policies) == 1:
                yield contradicted(
                    Requirement("policy", f"no {way}", asked.quote), Field(place, way)
                )
            elif not stays and way not in there and _shut(words, match.start()):
                yield contradicted(asked, Field(place, ", ".join(sorted(there))))
    if both and there != {"Ingress", "Egress"}:
        asked = Requirement("policy", "Ingress, Egress", words.quote(*both.span()))
        yield contradicted(asked, Field(place, ", ".join(sorted(there))))


def _shut(words: Words, position: int) -> bool:
    """Whether a direction is spoken of as one that something is not allowed in."""
    clause = words.raw[slice(*words.clause(position))]
    return not words.negated(position) and not _OPEN.search(clause)


def _peers(policy: Obj, way: str) -> list[tuple[str, Mapping[str, Any]]]:
    side = "from" if way == "Ingress" else "to"
    low = way.lower()
    return [
        (at(policy, f"spec.{low}[{i}].{side}[{j}]"), peer)
        for i, entry in enumerate(many(policy, "spec", low))
        for j, peer in enumerate(many(entry, side))
        if isinstance(peer, Mapping)
    ]


def _blocks(words: Words, policies: list[Obj]) -> Iterator[Remark]:
    inside: dict[str, str] = {}
    outside: dict[str, str] = {}
    place = ""
    for policy in policies:
        for path, inner in walk_maps(policy.get("spec"), at(policy, "spec")):
            if isinstance(inner.get("cidr"), str):
                place = path
                inside[inner["cidr"]] = f"{path}.cidr"
                outside |= {str(c): f"{path}.except" for c in many(inner, "except")}
    but, end = False, 0
    for match in words.find(_CIDR):
        cidr = match["cidr"]
        goes_on = but and _LISTED.fullmatch(words.raw, end, match.start())
        but = bool(goes_on or _BUT.search(words.before(match.start(), 60)))
        end = match.end()
        have = outside if but else inside
        asked = Requirement("policy", cidr, words.quote(*match.span()))
        where = place or at(policies[0], "spec")
        if cidr in have:
            yield covered(asked, Field(have[cidr], cidr))
        elif but or not any(cidr in other for other in (inside, outside)):
            shown = ", ".join(outside if but else inside) or "not set"
            yield contradicted(asked, Field(f"{where}.{'except' if but else 'cidr'}", shown))
        else:
            yield contradicted(asked, Field(outside[cidr], f"{cidr} as an exception"))


def _names(words: Words, policies: list[Obj]) -> Iterator[Remark]:
    """Where names are to be resolved and what goes out is closed, port 53 is open."""
    match = next(words.find(_DNS), None)
    if match is None or words.negated(match.start()):
        return
    for policy in policies:
        if "Egress" not in _types_of(policy):
            continue
        rules = many(policy, "spec", "egress")
        ports = [dig(p, "port") for entry in rules for p in many(entry, "ports")]
        free = any(not many(entry, "ports") and not many(entry, "to") for entry in rules)
        asked = Requirement("policy", "53", words.quote(*match.span()))
        if 53 in ports or free:
            yield covered(asked, Field(at(policy, "spec.egress"), "53"))
        elif not any(not many(entry, "ports") for entry in rules):
            shown = ", ".join(str(p) for p in ports) or "nothing"
            yield contradicted(asked, Field(at(policy, "spec.egress"), shown))


def _pairs(words: Words, first: int, last: int) -> list[_Pair]:
    found = []
    for match in _PAIR.finditer(words.raw, first, last):
        value = match["value"].rstrip(".-")
        # A place or a policy may have a colon behind it, and the sentence goes on with its pods.
        prose = ":" in match[0] and value.lower() in SMALL_WORDS | _PROSE
        if not prose and not {match["key"].lower(), value.lower()} & _NOT_LABELS:
            found.append(_Pair(match["key"], value, match.start(), match.end()))
    return found[:8]


def _sentence(words: Words, policies: list[Obj], first: int, last: int) -> Iterator[Remark]:
    pairs = _pairs(words, first, last)
    passive = _PASSIVE.search(words.raw, first, last)
    active = _ACTIVE.search(words.raw, first, last)
    if passive and active:
        passive, active = (passive, None) if passive.start() <= active.start() else (None, active)
    verb = passive or active
    if verb is None or not pairs:
        return
    if active and _NOBODY.search(words.raw, first, active.start()):
        return  # which of both sides a policy is about, such a sentence leaves open
    left = [p for p in pairs if p.end <= verb.start()]
    right = [p for p in pairs if p.start >= verb.end()]
    if passive:
        yield from _sides(words, policies, "Ingress", left, right)
        return
    lead = words.raw[first : left[0].start if left else verb.start()]
    gap = words.raw[verb.start() - 12 : right[0].start if right else min(last, verb.end() + 40)]
    if _ONLY.search(lead[-40:]):
        yield from _sides(words, policies, "Ingress", right, left)
    elif _LIMITED.search(gap):
        yield from _sides(words, policies, "Egress", left, right)
        if left and not re.search(r"\bonly\b", lead, re.IGNORECASE):
            for policy in policies if len(policies) == 1 else ():
                asked = Requirement("policy", "Egress", words.quote(*verb.span()))
                if "Egress" not in _types_of(policy):
                    yield contradicted(asked, Field(at(policy, "spec.policyTypes"), "Ingress"))


def _sides(
    words: Words, policies: list[Obj], way: str, own: list[_Pair], peers: list[_Pair]
) -> Iterator[Remark]:
    """The pods that a policy is about carry `own`, those on the other side `peers`.

    A pair of the other side that the pods themselves carry, and none of theirs that is missing, is
    a sentence read the wrong way round.
    """
    targets = [table(p, "spec", "podSelector") for p in policies]
    loose = not own
    for pair in own:
        said = f"{pair.key}={pair.value}"
        asked = Requirement("policy", said, words.quote(pair.start, pair.end))
        held = [p for p in policies if _selects(table(p, "spec", "podSelector"), pair)]
        if held:
            yield covered(asked, Field(at(held[0], "spec.podSelector"), said))
        elif len(policies) == 1 and (peers or not _is_peer(policies[0], pair)):
            found = table(policies[0], "spec", "podSelector", "matchLabels")
            shown = ", ".join(f"{k}={v}" for k, v in found.items()) or "every pod"
            yield contradicted(asked, Field(at(policies[0], "spec.podSelector"), shown))
    for pair in peers:
        said = f"{pair.key}={pair.value}"
        asked = Requirement("policy", said, words.quote(pair.start, pair.end))
        there = [
            path
            for policy in policies
            for path, peer in _peers(policy, way)
            if any(_selects(table(peer, k), pair) for k in ("podSelector", "namespaceSelector"))
        ]
        if there:
            yield covered(asked, Field(there[0], said))
        elif len(policies) == 1 and not (loose and any(_selects(t, pair) for t in targets)):
            side = "from" if way == "Ingress" else "to"
            place = at(policies[0], f"spec.{way.lower()}[0].{side}[0].podSelector")
            yield contradicted(asked, Field(place, "without that label"))


def _is_peer(policy: Obj, pair: _Pair) -> bool:
    """Whether it stands on the other side: "let the pods with x in" says nothing of the own one."""
    return any(
        _selects(table(peer, key), pair)
        for way in _DIRECTIONS
        for _, peer in _peers(policy, way)
        for key in ("podSelector", "namespaceSelector")
    )


def _selects(selector: Mapping[str, Any], pair: _Pair) -> bool:
    if str(table(selector, "matchLabels").get(pair.key)) == pair.value:
        return True
    return any(
        text(each, "key") == pair.key and pair.value in [str(v) for v in many(each, "values")]
        for each in many(selector, "matchExpressions")
    )
