"""What may be done to which resources: the rules of roles."""

# ruff: noqa: E501 -- a list of alternatives reads better unbroken
from __future__ import annotations

import re
from collections.abc import Iterator

from tiphys.verify.critic.model import Field, Remark, Requirement, contradicted, covered
from tiphys.verify.critic.wording import Words
from tiphys.verify.critic.world import Obj, World, at, many

_ROLES = ("Role", "ClusterRole")
_VERBS = "get|list|watch|create|update|patch|delete|deletecollection|impersonate|bind|escalate"
_ONE = rf"(?:{_VERBS})(?:s|es|d|ing)?"
_LISTED = re.compile(
    rf"\b(?P<verbs>{_ONE}(?:\s*(?:,|/|\+|&)\s*(?:and\s+)?{_ONE}|\s+(?:and|or|und|et|y|e|en)\s+{_ONE})*)"
    r"(?=(?P<after>[^.;\n]{0,60}))",
    re.IGNORECASE,
)
# Where one verb stands for itself: the start of an item, or of what is no resource.
_ITEM = re.compile(r"(?:\A|\n)[ ]*(?:[-*•]|\d{1,2}[.)])[ ]+\Z")
_PLAINLY = re.compile(r"\b(?:sub-?resources?|urls?|paths?)\b", re.IGNORECASE)
_ANYTHING = re.compile(r"\b(?:may|can|to)\s+do\s+(?:anything|whatever)\b", re.IGNORECASE)
# What comes behind these is a verb of a role, whatever it is about.
_MAY = re.compile(
    r"\b(?:may|can|allowed\s+to|able\s+to)\s+(?:(?:also|additionally|only|then)\s+)?\Z",
    re.IGNORECASE,
)
# What a role could do before goes on: more than what is said is no fault.
_BEFORE = re.compile(
    r"\b(?:what|all\s+that|everything)\s+(?:it|they|he|she)\s+(?:can|may|could)\s+do\s+"
    r"(?:now|today|already|at\s+present|so\s+far)\b",
    re.IGNORECASE,
)
_READS = frozenset({"get", "list", "watch"})
_READING = re.compile(
    r"\b(?:read\w*|see|view\w*|look\w*|inspect\w*|audit\w*|monitor\w*|discover\w*)\b", re.IGNORECASE
)
_ALL = re.compile(
    r"\b(?:full\s+(?:access|control|rights)|everything|all\s+verbs|any\s+verb|manage|admin\w*)\b",
    re.IGNORECASE,
)
_GROUPS = {
    "": "pods services configmaps secrets serviceaccounts endpoints events namespaces nodes persistentvolumes "
        "persistentvolumeclaims replicationcontrollers resourcequotas limitranges",
    "apps": "deployments statefulsets daemonsets replicasets controllerrevisions",
    "batch": "jobs cronjobs",
    "networking.k8s.io": "ingresses networkpolicies ingressclasses",
    "rbac.authorization.k8s.io": "roles rolebindings clusterroles clusterrolebindings",
    "policy": "poddisruptionbudgets",
    "autoscaling": "horizontalpodautoscalers",
    "storage.k8s.io": "storageclasses volumeattachments csidrivers csinodes",
    "coordination.k8s.io": "leases",
    "discovery.k8s.io": "endpointslices",
    "scheduling.k8s.io": "priorityclasses",
    "apiextensions.k8s.io": "customresourcedefinitions",
}  # fmt: skip
_HOME = {resource: group for group, found in _GROUPS.items() for resource in found.split()}
_ALSO = {
    "events": "events.k8s.io",
    "ingresses": "extensions",
    "pods": "metrics.k8s.io",
    "nodes": "metrics.k8s.io",
}
_SHORT = {"hpas": "horizontalpodautoscalers", "pdbs": "poddisruptionbudgets", "pvcs": "persistentvolumeclaims",
          "pvs": "persistentvolumes", "crds": "customresourcedefinitions", "netpols": "networkpolicies"}  # fmt: skip
_SUB = {
    "log": re.compile(r"\blogs?\b", re.IGNORECASE),
    "exec": re.compile(
        r"\bexec\w*\b|\bshells?\s+into\b|\bopen\w*\s+(?:an?\s+)?shells?\b", re.IGNORECASE
    ),
    "attach": re.compile(r"\battach\w*\b", re.IGNORECASE),
    "portforward": re.compile(
        r"\bport-?\s?forward\w*\b|\bforward\w*\s+(?:\w+\s+)?ports?\b", re.IGNORECASE
    ),
    "eviction": re.compile(r"\bevict\w*\b|\bdrain\w*\b", re.IGNORECASE),
}
_JUST_THAT = re.compile(
    r"\b(?:no\s+other|only\s+th(?:at|is|e)|just\s+th(?:at|is|e)|nothing\s+but\s+th|that\s+one|this\s+one|none\s+of\s+the\s+others?)\b",
    re.IGNORECASE,
)


def rule(words: Words, world: World) -> Iterator[Remark]:
    """Verbs, resources and names of what grants rights."""
    roles = [o for o in world.kinds(*_ROLES) if many(o, "rules")]
    yield from _groups(roles)
    if roles:
        yield from _verbs(words, roles)
        yield from _resources(words, roles)
        yield from _subresources(words, roles)
        yield from _named_only(words, roles)


def _rules(roles: list[Obj]) -> Iterator[tuple[str, list[str], list[str], Obj]]:
    """(path, resources, verbs, the rule) of each rule."""
    for obj in roles:
        for i, entry in enumerate(many(obj, "rules")):
            resources = [r for r in many(entry, "resources") if isinstance(r, str)]
            verbs = [v for v in many(entry, "verbs") if isinstance(v, str)]
            yield at(obj, f"rules[{i}]"), resources, verbs, entry


def _groups(roles: list[Obj]) -> Iterator[Remark]:
    """A resource beside a group that does not have it grants nothing."""
    for path, resources, _, entry in _rules(roles):
        groups = many(entry, "apiGroups")
        for resource in resources:
            home = _HOME.get(resource.partition("/")[0])
            if home is None or {home, "*", _ALSO.get(resource)} & {str(g) for g in groups}:
                continue
            asked = Requirement("wiring", home or '""', "parts that belong together")
            shown = ", ".join(repr(str(g)) for g in groups)
            yield contradicted(
                asked, Field(f"{path}.apiGroups", f"{shown}, which has no {resource}")
            )


def _listed(words: Words) -> tuple[set[str], tuple[int, int] | None]:
    """Verbs that are listed as such: several, or one before a resource."""
    found: set[str] = set()
    span: tuple[int, int] | None = None
    for match in words.find(_LISTED):
        verbs = {v.lower() for v in re.findall(rf"\b(?:{_VERBS})", match["verbs"], re.IGNORECASE)}
        near = re.match(
            r"\s*(?:access\s+)?(?:on|to|for|of|only)?\s*(?:the\s+|all\s+)?([\w-]+)", match["after"]
        )
        noun = near[1].lower() if near else ""
        start = match.start()
        item = _ITEM.search(words.raw, max(0, start - 9), start) or _PLAINLY.search(match["after"])
        if len(verbs) < 2 and noun not in _HOME and f"{noun}s" not in _HOME and not item:
            continue
        if words.negated(match.start()):
            continue
        found |= verbs
        span = span or match.span("verbs")
    return found, span


def _permitted(words: Words) -> set[str]:
    """Verbs that a role may have, though nothing more is read of the sentence."""
    found = {"*"} if words.has(_ANYTHING) else set()
    for match in words.find(_LISTED):
        if _MAY.search(words.before(match.start())) and not words.negated(match.start()):
            found |= set(re.findall(rf"\b(?:{_VERBS})", match["verbs"].lower()))
    return found


def _verbs(words: Words, roles: list[Obj]) -> Iterator[Remark]:
    asked, span = _listed(words)
    allowed = asked | _permitted(words) | (_READS if words.has(_READING) else set())
    if span is None or words.has(_ALL):
        return
    subs = any(words.has(regex) for regex in _SUB.values())
    granted: set[str] = set()
    for path, resources, verbs, _ in _rules(roles):
        granted |= set(verbs)
        extra = sorted(set(verbs) - allowed)
        if subs and any("/" in r for r in resources):
            continue
        if extra and not words.has(_BEFORE):
            listed = ", ".join(sorted(asked))
            requirement = Requirement("rights", listed, words.quote(*span))
            yield contradicted(requirement, Field(f"{path}.verbs", ", ".join(verbs)))
    missing = sorted(asked - granted)
    if "*" not in granted:
        path = next(_rules(roles))[0]
        requirement = Requirement("rights", ", ".join(sorted(asked)), words.quote(*span))
        field = Field(f"{path}.verbs", ", ".join(sorted(granted)))
        yield contradicted(requirement, field) if missing else covered(requirement, field)


def _resources(words: Words, roles: list[Obj]) -> Iterator[Remark]:
    """Each resource that is granted is spoken of, and each that is listed is granted."""
    squashed = re.sub(r"[\s-]", "", words.raw.lower())
    granted = {r.partition("/")[0] for _, found, _, _ in _rules(roles) for r in found}
    spoken = {r for r in granted if _base(r) in squashed}
    for path, resources, _, _ in _rules(roles):
        for resource in resources:
            base = resource.partition("/")[0]
            if base in _HOME and base not in spoken and spoken:
                yield contradicted(
                    Requirement("unasked", "rights", ""), Field(f"{path}.resources", resource)
                )
    if "*" in granted:
        return
    nouns = rf"(?:{'|'.join(sorted([*_HOME, *_SHORT], key=len, reverse=True))})"
    listed = re.compile(
        rf"\b(?:{_VERBS}|read|see|access|rights|to|on|of|at|and|,|/)\s*(?:\w+\s+)?(?:on\s+|to\s+|of\s+)?(?:the\s+|all\s+)?(?P<noun>{nouns})\b",
        re.I,
    )
    for match in words.find(listed):
        noun = match["noun"].lower()
        noun = _SHORT.get(noun, noun)
        after = words.after(match.end(), 30)
        if noun in (
            "roles",
            "rolebindings",
            "clusterroles",
            "namespaces",
            "events",
        ) or words.negated(match.start()):
            continue
        if (
            re.match(r"\s+(?:in\s+(?:the\s+)?namespace|restart|run|exist)", after)
            and noun not in granted
        ):
            continue
        sentence = words.raw[slice(*words.sentence(match.start()))]
        if noun in granted or not re.search(
            rf"\b(?:{_VERBS}|read|see|look|view|access|rights)\b", sentence, re.I
        ):
            continue
        path = next(_rules(roles))[0]
        requirement = Requirement("rights", noun, words.quote(*match.span()))
        yield contradicted(requirement, Field(f"{path}.resources", ", ".join(sorted(granted))))


def _base(resource: str) -> str:
    if resource.endswith("ies"):
        return resource[:-3]
    return resource.removesuffix("es") if resource.endswith("sses") else resource.removesuffix("s")


def _subresources(words: Words, roles: list[Obj]) -> Iterator[Remark]:
    granted = {r for _, found, _, _ in _rules(roles) for r in found}
    if any(r == "*" or r.endswith("/*") for r in granted):
        return
    path = next(_rules(roles))[0]
    for name, regex in _SUB.items():
        said = [m for m in words.find(regex) if not words.negated(m.start())]
        have = f"pods/{name}" in granted
        if have and not said:
            yield contradicted(
                Requirement("unasked", "rights", ""), Field(f"{path}.resources", f"pods/{name}")
            )
        if (
            said
            and not have
            and any(r.startswith("pods") for r in granted)
            and name in ("log", "exec")
        ):
            requirement = Requirement("rights", f"pods/{name}", words.quote(*said[0].span()))
            yield contradicted(requirement, Field(f"{path}.resources", ", ".join(sorted(granted))))


def _named_only(words: Words, roles: list[Obj]) -> Iterator[Remark]:
    """One thing by its name and no other: the rule says so."""
    regex = re.compile(
        r"\b(?P<noun>configmaps?|config\s+maps?|secrets?|deployments?|statefulsets?|leases?|services?)\s+[`'\"](?P<name>[a-z0-9][a-z0-9.-]*)[`'\"]",
        re.I,
    )
    for match in words.find(regex):
        if not _JUST_THAT.search(words.raw[slice(*words.sentence(match.start()))]):
            continue
        noun = re.sub(r"\s", "", match["noun"].lower()).removesuffix("s") + "s"
        for path, resources, _, entry in _rules(roles):
            if noun in resources:
                names = [str(n) for n in many(entry, "resourceNames")]
                requirement = Requirement("rights", match["name"], words.quote(*match.span()))
                field = Field(f"{path}.resourceNames", ", ".join(names) or "not set")
                yield (
                    covered(requirement, field)
                    if names == [match["name"]]
                    else contradicted(requirement, field)
                )
