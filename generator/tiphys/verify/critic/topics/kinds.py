"""What kind of thing was asked for, by the field's own word for it, and what was ruled out."""

# ruff: noqa: E501 -- a list of alternatives reads better unbroken
from __future__ import annotations

import re
from collections.abc import Iterator

from tiphys.verify.critic.model import Field, Remark, Requirement, contradicted, covered, undecided
from tiphys.verify.critic.wording import Words
from tiphys.verify.critic.world import World, at, name_of

# The words for a kind, and what would do. A word that is also common speech is not here.
KINDS: dict[str, tuple[str, ...]] = {
    "deployment": ("Deployment",),
    "statefulset": ("StatefulSet",), "stateful set": ("StatefulSet",),
    "daemonset": ("DaemonSet",), "daemon set": ("DaemonSet",),
    "cronjob": ("CronJob",), "cron job": ("CronJob",), "job": ("Job", "CronJob"),
    "service": ("Service",), "headless service": ("Service",),
    "ingress": ("Ingress", "HTTPRoute", "IngressRoute"),
    "configmap": ("ConfigMap",), "config map": ("ConfigMap",),
    "serviceaccount": ("ServiceAccount",), "service account": ("ServiceAccount",),
    "networkpolicy": ("NetworkPolicy",), "network policy": ("NetworkPolicy",),
    "pdb": ("PodDisruptionBudget",), "disruption budget": ("PodDisruptionBudget",),
    "pod disruption budget": ("PodDisruptionBudget",),
    "poddisruptionbudget": ("PodDisruptionBudget",),
    "hpa": ("HorizontalPodAutoscaler",), "autoscaler": ("HorizontalPodAutoscaler", "ScaledObject"),
    "horizontalpodautoscaler": ("HorizontalPodAutoscaler",),
    "horizontal pod autoscaler": ("HorizontalPodAutoscaler",),
    "pvc": ("PersistentVolumeClaim", "StatefulSet"),
    "persistentvolumeclaim": ("PersistentVolumeClaim", "StatefulSet"),
    "persistent volume claim": ("PersistentVolumeClaim", "StatefulSet"),
    "volume claim": ("PersistentVolumeClaim", "StatefulSet"),
    "priorityclass": ("PriorityClass",), "priority class": ("PriorityClass",),
    "resourcequota": ("ResourceQuota",), "resource quota": ("ResourceQuota",),
    "limitrange": ("LimitRange",), "limit range": ("LimitRange",),
    "rolebinding": ("RoleBinding",), "role binding": ("RoleBinding",),
    "clusterrole": ("ClusterRole",), "cluster role": ("ClusterRole",),
}  # fmt: skip
NOUNS = "|".join(sorted((k.replace(" ", r"[\s-]") for k in KINDS), key=lambda k: (-len(k), k)))
_HOLDERS = frozenset({"configmap", "config map"})
_COMMON = frozenset({"service", "deployment", "job", "ingress"})
# Between "a" and the kind stands what it is like, not what is done to it or where it comes from.
_LIKE = r"(?!(?:from|of|in|on|to|by|for|with|at|one|every\w*|each|get|list|watch|see|scale|restart|edit|read|change|that|which|whose|is|are|per|all|any)\b)"
_WANTED = re.compile(
    rf"(?P<lead>\b(?:an?|one|its\s+own|their\s+own|plus|add|create|as|kind)\s+|\bkind:\s*|\band\s+)"
    rf"(?:{_LIKE}[a-z-]{{1,30}}\s+){{0,2}}?(?P<noun>{NOUNS})\b(?!\s*(?:name|already|class|tokens?\b))",
    re.IGNORECASE,
)
_NO = re.compile(
    rf"\b(?:no|without|w/o|ohne|kein(?:e|en)?|sans|not\s+(?:need|want|create|add|use)|don't\s+(?:need|want|create|add|use)|"
    rf"doesn't\s+need|needs\s+no|nor|neither)\s+(?:an?y?\s+|the\s+)?(?:[a-z-]{{1,30}}\s+(?:or\s+)?){{0,2}}?"
    rf"(?P<noun>{NOUNS}|services|secrets?|volumes?|autoscaling|persistent\s+(?:storage|volumes?|disk)|"
    rf"storage|disk|load\s?balancers?|node\s?ports?)\b(?!\s+(?:account\s+)?(?:token|name|links|ports?|type|class|mesh|entry|accounts?|keys?)\b)",
    re.IGNORECASE,
)
_MORE_NO = {
    "services": ("Service",), "secret": ("Secret",), "secrets": ("Secret",),
    "autoscaling": ("HorizontalPodAutoscaler", "ScaledObject"),
}  # fmt: skip
_NOUN = re.compile(rf"\b(?P<noun>{NOUNS})\b", re.IGNORECASE)
_EXISTING = re.compile(
    r"\b(?:existing|already|of|behind|for|to|in|from|through|via|by|into|existing\s+\w+|current)\s+\Z",
    re.IGNORECASE,
)
_REFERS = re.compile(
    r"\s+(?:already\b|exists?\b|of\s+the\s+same|there\s+may\b|may\s+ask\b|asks?\s+for\b|"
    r"(?:[\"'`]?[\w.-]+[\"'`]?\s+)?that\s+(?:(?:already\s+)?exists|comes\b|is\s+there)|is\s+there|called|named|gets\b)",
    re.I,
)
# Objects of these speak of other kinds: what may be done to them, and how they have to be.
_SPEAKING = (
    "Role", "ClusterRole", "ValidatingAdmissionPolicy", "MutatingAdmissionPolicy", "ResourceQuota", "LimitRange",
    "ValidatingWebhookConfiguration", "MutatingWebhookConfiguration", "CustomResourceDefinition",
)  # fmt: skip
_DOES = re.compile(r"\b(?:get|list|watch|update|patch|delete|read|edit|see)\b", re.IGNORECASE)
_THERE = re.compile(
    r"\b(?:exists?|existing|already|is\s+there|are\s+there|leave\s+(?:it|them)|from\s+(?:the\s+)?(?:secret|config\s?map))\b",
    re.IGNORECASE,
)
# Who joins a binding, or is given a role, is somewhere already.
_JOINS = re.compile(
    r"\bto\s+(?:the|this|that|its|our)\s+(?:[\w-]+\s+)?(?:role\s?)?binding\b", re.IGNORECASE
)
_EVERYWHERE = re.compile(
    r"\b(?:on|onto)\s+(?:every|each|all(?:\s+(?:of\s+)?(?:the|our))?)\s+(?:single\s+)?(?:worker\s+|cluster\s+)?"
    r"(?:nodes?|machines?|hosts?)\b|\b(?:one|a)\s+(?:pod|copy|instance)?\s*(?:per|for\s+each|for\s+every)\s+node\b",
    re.IGNORECASE,
)


def rule(words: Words, world: World) -> Iterator[Remark]:  # noqa: C901, PLR0912  # one case after the other
    """Kinds asked for are there, kinds ruled out are not."""
    if not world.objects:
        return
    ruled_out: set[int] = set()
    for match in words.find(_NO):
        ruled_out.add(match.start("noun"))
        yield from _without(words, world, match)
    for match in words.find(_NOUN):
        if match.start() not in ruled_out and words.listed_out(match.start()):
            ruled_out.add(match.start())
            yield from _without(words, world, match)
    for match in words.find(_WANTED):
        noun = match["noun"]
        plain = _plain(noun)
        if match.start("noun") in ruled_out:
            continue
        if words.negated(match.start("noun")) or _DOES.search(match[0]):
            continue
        if plain in _COMMON and noun[0].islower():
            continue
        if match["lead"].lower().startswith("and") and plain in _COMMON:
            pass
        before = words.before(match.start(), 30)
        holds = plain in _HOLDERS and match["lead"].lower().startswith(
            "a"
        )  # "keep it in a ConfigMap"
        if before.rstrip().endswith("("):
            continue  # "web (a Deployment)" says what it is
        if _EXISTING.search(before) and not (holds and before.endswith("in ")):
            continue
        if re.search(r"existing|already", match[0], re.I):
            continue
        behind = words.raw[match.end() : match.end() + 30]
        if _REFERS.match(behind) and not re.match(r"\s+(?:called|named)", behind):
            continue
        asked = Requirement("object", "/".join(KINDS[plain]), words.quote(*match.span()))
        found = _present(asked, world, KINDS[plain])
        if found.ruling == "contradicted" and _spoken_about(words, world, match, KINDS[plain]):
            found = undecided(asked, "the words may speak about such an object, not ask for it")
        yield found
    for match in words.find(_EVERYWHERE):
        requirement = Requirement("object", "DaemonSet", words.quote(*match.span()))
        if not world.workloads or words.negated(match.start()):
            continue
        yield _present(requirement, world, ("DaemonSet",))


def _spoken_about(words: Words, world: World, match: re.Match[str], kinds: tuple[str, ...]) -> bool:
    """Whether one may be meant that is there already, or any that rights or rules are about."""
    if world.kinds(*_SPEAKING) and not {"ServiceAccount", "RoleBinding"} & set(kinds):
        return not world.workloads
    said = re.compile(rf"(?i:{match['noun']})s?\s+[`'\"]?(?P<name>[a-z0-9][\w.-]*)")
    named = said.match(words.raw, match.start("noun"))
    referred = named and any(field.value == named["name"].rstrip(".-") for field in world.strings)
    near = words.raw[match.start() : match.end() + 160]
    return bool(referred and (_THERE.search(near) or _JOINS.search(near)))


def _present(requirement: Requirement, world: World, kinds: tuple[str, ...]) -> Remark:
    if found := world.kinds(*kinds):
        return covered(requirement, Field(at(found[0], "metadata.name"), name_of(found[0])))
    return Remark(requirement, "contradicted", "", f"no {' and no '.join(kinds)} among the objects")


def _without(words: Words, world: World, match: re.Match[str]) -> Iterator[Remark]:
    plain = _plain(match["noun"])
    kinds = _MORE_NO.get(plain) or KINDS.get(plain)
    if kinds is None or plain in ("deployment", "job") or "volume" in plain or plain == "pvc":
        return  # storage and exposure look at these
    requirement = Requirement("none", "/".join(kinds), words.quote(*match.span()))
    scopes = words.worlds(*match.span())
    for name, scope in scopes:
        for found in scope.kinds(*kinds):
            if _asked_for(words, match["noun"], name_of(found)):
                yield undecided(requirement, "another sentence asks for one")
            else:
                yield contradicted(requirement, Field(at(found, "metadata.name"), name_of(found)))
            return
        del name
    where = f"no {' and no '.join(kinds)} among the objects"
    yield (
        Remark(requirement, "covered", "", where)
        if world.objects
        else undecided(requirement, "there is no object")
    )


def _asked_for(words: Words, noun: str, name: str) -> bool:
    """Whether the request has it by kind and name, as in "the Service web"."""
    spoken = re.compile(
        rf"\b{re.escape(noun)}\s+(?:called\s+|named\s+)?[`'\"]?{re.escape(name[:253])}(?![\w-])",
        re.IGNORECASE,
    )
    return any(not words.negated(found.start()) for found in words.find(spoken))


def _plain(noun: str) -> str:
    return " ".join(noun.lower().replace("-", " ").split())
