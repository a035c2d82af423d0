"""Wishes that one field grants: said in many ways, true or false in one place."""

# ruff: noqa: E501 -- a list of alternatives reads better unbroken
from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tiphys.verify.critic.model import Field, Remark, Requirement, contradicted, covered
from tiphys.verify.critic.topics.looks import (
    Granted,
    alone,
    both_ways,
    connects,
    each,
    equal,
    hard,
    many_writers,
    other_than,
    pods,
    probe,
    protocol,
    reads_only,
    ready,
    scales_on,
)
from tiphys.verify.critic.wording import Words
from tiphys.verify.critic.world import World, at, dig, many, text


@dataclass(frozen=True, slots=True)
class _Wish:
    """`said` asks for it, `refused` for its contrary; `held` looks at the objects."""

    kind: str
    said: re.Pattern[str]
    held: Granted
    refused: Granted | None = None


def _re(words: str) -> re.Pattern[str]:
    return re.compile(words.replace(" ", r"[\s-]+"), re.IGNORECASE)


_WISHES = (
    _Wish("suspended", _re(r"\bsuspended\b|\bsuspend it\b"),
          each(("CronJob", "Job"), ("spec", "suspend"), equal(True)),
          each(("CronJob", "Job"), ("spec", "suspend"), other_than(True))),
    _Wish("immutable", _re(r"\bimmutable\b|\bunveränderlich\b"),
          each(("ConfigMap", "Secret"), ("immutable",), equal(True)),
          each(("ConfigMap", "Secret"), ("immutable",), other_than(True))),
    _Wish("mutable", _re(r"\bmutable\b|\bleave it (?:editable|changeable)\b"),
          each(("ConfigMap", "Secret"), ("immutable",), other_than(True))),
    _Wish("service account token", _re(r"\b(?:service account|api|serviceaccount) tokens?(?: (?:is |be |gets? )?(?:auto)?mount\w*)?\b|\bautomount\w*\b"),
          pods("automountServiceAccountToken", other_than(False)),
          pods("automountServiceAccountToken", equal(False))),
    _Wish("global default", _re(r"\bglobal(?:ly the)? default\b|\bthe default(?: (?:for (?:others|all|everybody|everyone)|class|one)\b|(?=\s*[.,;:)]|\s*\Z))"),
          each(("PriorityClass",), ("globalDefault",), equal(True)),
          each(("PriorityClass",), ("globalDefault",), other_than(True))),
    _Wish("readiness probe", _re(r"\breadiness (?:probe|check)\b|\breadinessProbe\b"), probe("readinessProbe")),
    _Wish("readiness probe", _re(r"\bready (?:=|when|once|if|as soon as)|\b(?:only )?gets? (?:\w+ )?(?:traffic|requests|visitors) (?:once|when|if|as soon as)\b|\bout of (?:the )?(?:rotation|service|balancing)\b|\btrafic que si\b|\btráfico (?:cuando|si)\b"),
          ready),
    _Wish("TCP check", _re(r"\b(?:ready|alive|healthy|up|live\w*|readiness|prob\w+|check\w*)\b[^.;]{0,60}\b(?:tcp (?:connection|check|probe|connect)|ports? (?:accepts?|takes?) (?:an? )?(?:tcp )?connections?|connection to (?:the|that) (?:same )?port)\b"),
          connects),
    _Wish("hard spread", _re(r"\b(?:zones?|spread\w*|evenly|differ\w*|skew)\b[^.]{0,140}\b(?:must not be scheduled|rather (?:see |have |leave |keep )?(?:an? |the )?(?:pods? )?(?:stay )?pending|hard (?:rule|requirement|constraint))\b"),
          hard),
    _Wish("local volume", _re(r"\btype local\b|\blocal volume\b"),
          each(("PersistentVolume",), ("spec", "local"), lambda found: found is not None)),
    _Wish("liveness probe", _re(r"\bliveness (?:probe|check)\b|\blivenessProbe\b"), probe("livenessProbe")),
    _Wish("startup probe", _re(r"\bstartup (?:probe|check)\b|\bstartupProbe\b"), probe("startupProbe")),
    _Wish("both directions", _re(r"\bboth (?:ingress and egress|egress and ingress|directions|ways)\b|\bin and out\b|\b(?:all|any) (?:ingress and egress|egress and ingress)\b"), both_ways),
    _Wish("reading only", _re(r"\bread only (?:access|rights|role|permissions?)\b|\bno write access\b|\bnothing (?:but|else than) read\w*\b|\bonly (?:to )?read\b|\bmust not (?:change|write|modify)\b"), reads_only),
    _Wish("many writers", _re(r"\b(?:several|many|multiple|different|all|two|three|both) (?:pods|nodes|writers|replicas|machines)(?: on (?:different|several|all|other) nodes)?\b[^.]{0,60}\b(?:writ\w+|mount\w*)\b[^.]{0,40}(?:\bsame time\b|\bat once\b|\bnodes\b|\btogether\b)|\bshared? (?:read write|between nodes)\b|\b(?:several|many|multiple|different|all) nodes\b[^.;]{0,40}\b(?:writ\w+|read and writ\w+)\b|\bwrit\w+\b[^.;]{0,30}\b(?:from|on) (?:several|many|multiple|different|all) nodes\b"), many_writers),
    _Wish("memory metric", _re(r"\b(?:on|by|at|target\w*) (?:\d{1,3} ?%? ?)?(?:average )?memory(?: utili[sz]ation| usage| load)?\b|\baverage of \S{1,12} (?:of )?memory\b|\b(?:of|for) (?:\d{1,3} ?% ?(?:of )?(?:average )?memory\b|(?:average )?memory (?:utili[sz]ation|usage|load)\b)"), scales_on("memory")),
    _Wish("CPU metric", _re(r"\b\d{1,3} ?(?:%|percent) (?:average )?cpu\b|\bcpu (?:utili[sz]ation|usage|load)\b"), scales_on("cpu")),
    _Wish("one container", _re(r"\bsingle container\b|\b(?:no|without|sem|sans|sin|ohne|kein(?:en)?) (?:an? )?side-?cars?\b"), alone),
    _Wish("UDP", _re(r"\bUDP\b"), protocol("UDP")),
    _Wish("SCTP", _re(r"\bSCTP\b"), protocol("SCTP")),
    _Wish("no overlap", _re(r"\b(?:skip\w*|miss\w*|left out) (?:while|if|when|as long as) (?:the )?(?:previous|last|old|earlier)\b|\bnever (?:two|overlap\w*|in parallel|at the same time)\b|\b(?:must|should|may) not overlap\b|\bno overlap\w*\b|\bnot start\w* (?:while|if|when) (?:the )?(?:previous|last)\b"),
          each(("CronJob",), ("spec", "concurrencyPolicy"), equal("Forbid"))),
    _Wish("replaced by hand", _re(r"\b(?:only (?:happen |when |if |after )?(?:when |if )?a pod is deleted|on delete|delete (?:the )?pods (?:by hand|ourselves|manually))\b"),
          each(("StatefulSet", "DaemonSet"), ("spec", "updateStrategy", "type"), equal("OnDelete"))),
)  # fmt: skip
_DENIED = re.compile(
    r"\s+(?:(?:must|should|shall|may|can|is|are|will)\s*(?:not|n't)|never)\s+(?:be\s+|get\s+)?"
    r"(?:(?:auto)?mounted|needed|wanted|required|used|set|given|there)\b",
    re.IGNORECASE,
)
_SELF_NEGATED = frozenset(
    {"hard spread", "one container", "no overlap", "reading only", "both directions"}
)


def rule(words: Words, world: World) -> Iterator[Remark]:
    """Each wish once, by the first words that say it."""
    for wish in _WISHES:
        for match in words.find(wish.said):
            denied = wish.refused and _DENIED.match(words.raw, match.end())
            against = wish.kind not in _SELF_NEGATED and bool(
                denied or words.negated(match.start())
            )
            look = wish.refused if against else wish.held
            if look is None:
                continue
            said = look(world)
            if said is None:
                continue
            value = f"not {wish.kind}" if against else wish.kind
            requirement = Requirement("wish", value, words.quote(*match.span()))
            if isinstance(said, Field):
                yield contradicted(requirement, said)
            else:
                yield covered(requirement, Field("", wish.kind))
            break


_NAMED = re.compile(
    r"\b(?P<kind>Deployment|StatefulSet|DaemonSet|CronJob|Job)s?\s+(?:called\s+|named\s+)?"
    r"[\"'`](?P<name>[a-z0-9][a-z0-9-]{0,60})[\"'`]"
)
_LEADS = re.compile(
    r"(?<![\w:.])(?P<path>/[\w./-]{0,80})[\"'`]?\s*(?:goes|go|routes?|routed|leads?|points?|->|=>|>|:)?\s*(?:to|auf|vers|a|para)?"
    r"\s*(?:the\s+)?(?:[Ss]ervice\s+)?[\"'`]?(?P<name>[a-z][a-z0-9-]{1,60})",
)


def kinds_of_names(words: Words, world: World) -> Iterator[Remark]:
    """What is called so is of the kind that was said."""
    for match in words.find(_NAMED):
        if words.negated(match.start()):
            continue
        same = [o for o in world.workloads if dig(o, "metadata", "name") == match["name"]]
        if same and all(text(o, "kind") != match["kind"] for o in same):
            requirement = Requirement("object", match["kind"], words.quote(*match.span()))
            yield contradicted(requirement, Field(at(same[0], "kind"), text(same[0], "kind")))


def routes(words: Words, world: World) -> Iterator[Remark]:
    """A path that was said to lead to a Service leads there."""
    leads: dict[str, Field] = {}
    for obj in world.kinds("Ingress"):
        for i, rule_ in enumerate(many(obj, "spec", "rules")):
            for j, path in enumerate(many(rule_, "http", "paths")):
                where = at(obj, f"spec.rules[{i}].http.paths[{j}].backend.service.name")
                leads[text(path, "path")] = Field(where, text(path, "backend", "service", "name"))
    services = {field.value for field in leads.values()}
    for match in words.find(_LEADS):
        field = leads.get(match["path"].rstrip("/") or "/") or leads.get(match["path"])
        if field is None or len(services) < 1 or words.negated(match.start()):
            continue
        name = match["name"]
        known = services | {text(o, "metadata", "name") for o in world.kinds("Service")}
        said_service = "ervice" in match[0]
        if name == field.value:
            yield covered(Requirement("route", f"{match['path']} to {name}", match[0]), field)
        elif name in known or said_service:
            yield contradicted(Requirement("route", f"{match['path']} to {name}", match[0]), field)
