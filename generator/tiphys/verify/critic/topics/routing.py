"""What an Ingress lets through: whole paths or what lies below, and hosts that TLS is for."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tiphys.verify.critic.model import Field, Remark, Requirement, contradicted, covered
from tiphys.verify.critic.wording import Words
from tiphys.verify.critic.world import World, at, many, text

_BELOW = re.compile(
    r"\b(?:all|everything|anything|whatever)(?:\s+(?:that's|that\s+is|else|which\s+is|lies|comes|is))?\s+"
    r"(?:below|under|beneath|beginning|starting)\b|\b(?:and|with)\s+(?:its\s+|all\s+)?(?:sub-?paths?"
    r"|children)\b|\bprefix\b|/\*+(?=\W|\Z)",
    re.IGNORECASE,
)
_EXACT = re.compile(
    r"\b(?:exact(?:ly)?|only\s+that\s+(?:very\s+)?path|nothing\s+(?:below|under|beneath)"
    r"|not\s+(?:what|anything)(?:'s|\s+is)?\s+(?:below|under))\b",
    re.IGNORECASE,
)
_PATH = re.compile(r"(?<![\w.:/])(?P<path>/[\w./-]*)")
_SENT = re.compile(
    r"\b(?:to|by|hits?|reaches|al|ao|au|zum|an|naar|aan)\s+(?:the\s+|its\s+|our\s+|den\s+|de\s+|il\s+)?(?:Service|service)\s+[`'\"]?"
    r"(?P<name>[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)(?![\w.-])"
)
_TLS = re.compile(r"\b(?:tls|https|ssl|certificate|cert)\b", re.IGNORECASE)
_NO_TLS = re.compile(r"\b(?:no|without|plain|not)\s+(?:\w+\s+)?(?:tls|https|ssl|http)\b", re.I)


def rule(words: Words, world: World) -> Iterator[Remark]:
    """Each path that the words are exact about, and each host behind TLS."""
    ingresses = world.kinds("Ingress")
    if not ingresses:
        return
    for regex, wanted in ((_EXACT, "Exact"), (_BELOW, "Prefix")):
        for match in words.find(regex):
            spoken = [
                m["path"].rstrip(".") for m in _PATH.finditer(words.before(match.start(), 60))
            ]
            spoken += [m["path"].rstrip(".") for m in _PATH.finditer(words.after(match.end(), 40))]
            if spoken and not words.negated(match.start()):
                asked = Requirement("route", wanted, words.quote(*match.span()))
                yield from _types(world, asked, spoken[0])
    if words.has(_TLS) and not words.has(_NO_TLS):
        yield from _certain(words, world)
    yield from _behind(words, world)


def _behind(words: Words, world: World) -> Iterator[Remark]:
    """Each Service that traffic is sent to by name; a backend that nobody named is none of them."""
    backends = [
        Field(at(obj, f"spec.rules[{i}].http.paths[{j}].backend.service.name"), name)
        for obj in world.kinds("Ingress")
        for i, entry in enumerate(many(obj, "spec", "rules"))
        for j, each in enumerate(many(entry, "http", "paths"))
        if (name := text(each, "backend", "service", "name"))
    ]
    spare = [each for each in backends if f" {each.value}" not in words.raw.replace("\n", " ")]
    for match in words.find(_SENT):
        asked = Requirement("route", match["name"], words.quote(*match.span()))
        there = [each for each in backends if each.value == match["name"]]
        if there:
            yield covered(asked, there[0])
        elif spare:
            yield contradicted(asked, spare.pop(0))


def _types(world: World, asked: Requirement, path: str) -> Iterator[Remark]:
    for obj in world.kinds("Ingress"):
        for i, entry in enumerate(many(obj, "spec", "rules")):
            paths = entry.get("http") if isinstance(entry, dict) else None
            for j, each in enumerate(many(paths, "paths")):
                if text(each, "path").rstrip("/") == path.rstrip("/"):
                    kind = text(each, "pathType")
                    field = Field(at(obj, f"spec.rules[{i}].http.paths[{j}].pathType"), kind)
                    if {kind, asked.value} == {"Exact", "Prefix"}:
                        yield contradicted(asked, field)
                    elif kind == asked.value:
                        yield covered(asked, field)


def _certain(words: Words, world: World) -> Iterator[Remark]:
    """A host that the request names and a rule has is among those of the certificate."""
    secured = {words.raw[slice(*words.sentence(m.start()))] for m in words.find(_TLS)}
    for obj in world.kinds("Ingress"):
        entries = many(obj, "spec", "tls")
        hosts = {text(entry, "host") for entry in many(obj, "spec", "rules")} - {""}
        # A sentence that has hosts and a certificate speaks of those hosts only.
        meant = {host for host in hosts for said in secured if host in said}
        names = [str(h) for entry in entries for h in many(entry, "hosts")]
        for entry in many(obj, "spec", "rules"):
            host = text(entry, "host")
            wide = f"*.{host.partition('.')[2]}"
            if meant and host not in meant:
                continue
            if not names or not host or host not in words.raw or {host, wide} & set(names):
                continue
            asked = Requirement("route", host, host)
            yield contradicted(asked, Field(at(obj, "spec.tls[0].hosts[0]"), ", ".join(names)))
