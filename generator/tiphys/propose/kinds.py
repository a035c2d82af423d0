"""Kinds that a request asks for by their own names, and the kinds that a skill makes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tiphys.domain.skill import Skill

# Kinds of one word are words of common speech too: only as Kubernetes writes them do they count.
_PLAIN = "Deployment Ingress Job Lease Namespace PersistentVolume Pod Role Secret Service".split()
_JOINED = (
    "ClusterRole ClusterRoleBinding ConfigMap CronJob CustomResourceDefinition DaemonSet "
    "EndpointSlice HorizontalPodAutoscaler IngressClass LimitRange NetworkPolicy "
    "PersistentVolumeClaim PodDisruptionBudget PriorityClass ReplicaSet ResourceQuota RoleBinding "
    "RuntimeClass ServiceAccount StatefulSet StorageClass ValidatingAdmissionPolicy "
    "VerticalPodAutoscaler"
).split()
_VERBS = "an?|as|one|another|new|create|add|make|define|write|set|need|kind:"
# "web (a Deployment)" says what something is.
_ASKED = rf"(?:(?<!\()\b(?:{_VERBS})\s+(?:[\w-]+\s+){{0,2}}?)"
_NOT_BEHIND = "".join(
    rf"(?<!\b{word}\s)" for word in "for of to by via from behind through against existing".split()
)
# "- Deployment web in namespace shop": a point of a list, or a line, that begins with an object.
_ITEM = re.compile(
    r"^[ \t]*(?:(?:[-*•]|\d+[.)])[ \t]+)?(?:an?[ \t]+|one[ \t]+)?"
    rf"(?P<kind>{'|'.join((*_JOINED, *_PLAIN))})"
    r"[ \t]+(?P<q>[\"'`]?)(?P<name>[a-z0-9][a-z0-9.-]*[a-z0-9])(?P=q)"
    r"(?=[ \t]*(?:[,:;(]|$)|\s+in\s+(?:the\s+)?namespace\b)",
    re.MULTILINE,
)
_NO_NAMES = frozenset(
    "again asked below definition first following here manifest missing needed object objects only"
    " please request requested required second spec too wanted".split()
)
# "A job named x" is one; "a service named x" may be a whole application.
_NEVER_AN_APP = ("Ingress", "Job", "Secret", "Role", "Lease")
_OURS = re.compile(
    r"\b(?:namespaces?|pods?|containers?|clusters?|deploy\w*|rollout|roll out|replicas?|nodes?"
    r"|kubernetes|k8s|kubectl|helm|manifests?|cron\s?jobs?|ingress|service\s?accounts?|pvc|hpa|pdb"
    r"|stateful\s?set|daemon\s?set|config\s?map|network polic(?:y|ies)|priority class"
    r"|microservices?|workers?|storage class|sidecars?|autoscal\w*|image)\b"
    r"|[a-z0-9.-]+/[a-z0-9./_-]+:[\w.-]+",
    re.IGNORECASE,
)
# What a request may state of a workload, and how a skill that has it would show that.
_FEATURES = (
    (r"\bside-?cars?\b", r"sidecar"),
    (r"\binit[- ]?containers?\b", r"initContainers"),
    (r"\bnodes? (?:that are )?label+ed\b|\bnode ?selector\b|\bonly on (?:the )?nodes?\b",
     r"nodeSelector"),
    (r"\b(?:anti-?)?affinity\b", r"affinity"),
    (r"\btaint\b", r"tolerations"),
    (r"\bgpus?\b", r"\bgpu"),
    (r"\bhost ?network\b", r"hostNetwork: true"),
    (r"\bhost ?path\b", r"hostPath"),
    (r"\bprivileged\b", r"privileged: true"),
    (r"\bload ?balancer\b", r"type: LoadBalancer"),
    (r"\bnode ?port\b", r"type: NodePort"),
    (r"\bexternal ?name\b", r"ExternalName"),
    (r"\bstart-?up probes?\b", r"startupProbe"),
    (r"\bmount(?:ed)?\b.{0,40}\b(?:config ?maps?|secrets?)\b", r"configMap:|secret:\n"),
    (r"\b(?:config ?map|secret)\b.{0,40}\bmounted\b", r"configMap:|secret:\n"),
    (r"\b(?:parallel pods|completions|parallelism)\b", r"completions|parallelism"),
    (r"\bcidr\b|\b\d+\.\d+\.\d+\.\d+/\d+\b", r"cidr"),
    (r"\bpods/log\b|\bclusterrole\b", r"ClusterRole\b"),
    (r"\b(?:canary|blue-green)\b (?:release|rollout|deployment)", r"canary"),
    (r"\bgrpc (?:health|probe)", r"grpc:"),
    (r"\b(?:pre-?stop|post-?start) hook", r"lifecycle"),
    (r"\bdns ?(?:policy|config)\b", r"dnsPolicy"),
    (r"\btopology ?spread\b", r"topologySpread"),
)  # fmt: skip
_DENIED = re.compile(
    r"\b(?:no|not|without|never|nor|instead of)\s+(?:[\w-]+\s+){0,2}\Z", re.IGNORECASE
)
_KIND = re.compile(r"^kind:\s*([A-Za-z]+)\s*$", re.MULTILINE)


def named_kinds() -> frozenset[str]:
    """Kinds that are known by their names."""
    return frozenset((*_JOINED, *_PLAIN))


def asked_kinds(request: str, *, referred: bool = True) -> frozenset[str]:
    """Kinds that are to be made, as far as the request calls them by name.

    Without `referred`, "for a Deployment" and the like do not count: that one may be there already.
    """
    before = "" if referred else _NOT_BEHIND
    found = set()
    for kind in _JOINED:
        words = re.sub(r"(?<!^)(?=[A-Z])", r"[\\s-]?", kind)
        if re.search(rf"{before}{_ASKED}{words}\b(?!\s*[Cc]lass)", request, re.IGNORECASE):
            found.add(kind)
    for kind in _PLAIN:
        if re.search(rf"(?i:{before}{_ASKED}){kind}\b(?![\s-]?(?:[A-Z]|account))", request):
            found.add(kind)
    found |= {kind for kind, _ in named_items(request) if referred or kind != "Namespace"}
    first = re.match(rf"\W*({'|'.join((*_JOINED, *_PLAIN))})\b(?!\s+account)", request)
    if first and (referred or first[1] != "Namespace"):  # "Namespace shop: ..." only says where
        found.add(first[1])
    for kind in _NEVER_AN_APP:
        if re.search(rf"(?i)\ban? (?:[\w-]+ )??(?<!cron ){kind} (?:named|called) ", request):
            found.add(kind)
    return frozenset(found)


def named_items(request: str) -> Iterator[tuple[str, str]]:
    """(kind, name) of each line, or point of a list, that begins with an object by its name."""
    for each in _ITEM.finditer(request):
        if each["name"] not in _NO_NAMES:
            yield each["kind"], each["name"]


def speaks_in_kinds(request: str) -> bool:
    """Whether it calls any object as Kubernetes does, asked for or not: "Call the Role x"."""
    written = rf"\b(?:{'|'.join(_JOINED)})\b|(?<=[\w,:;(]\s)(?:{'|'.join(_PLAIN)})\b"
    return bool(asked_kinds(request) or re.search(written, request))


def about_a_cluster(request: str) -> bool:
    """Whether any word of it belongs to Kubernetes, or it names a container image."""
    return bool(asked_kinds(request) or _OURS.search(request))


def lacking(skill: Skill, request: str) -> tuple[str, ...]:
    """What the request states in words of Kubernetes, and no value or template of the skill has."""
    own = [*skill.templates.values()]
    own += [f"{name} {value.get('description', '')}" for name, value in _values(skill)]
    text = "\n".join(own)
    found = (
        (match.group(), has)
        for asked, has in _FEATURES
        if (match := re.search(asked, request, re.IGNORECASE))
        and not _DENIED.search(request[: match.start()])
    )
    return tuple(said for said, has in found if not re.search(has, text, re.IGNORECASE))


def _values(skill: Skill) -> Iterable[tuple[str, Mapping[str, Any]]]:
    properties: Mapping[str, Mapping[str, Any]] = skill.schema["properties"]
    return properties.items()


def made_kinds(skill: Skill) -> frozenset[str]:
    """Kinds of the objects that its templates hold."""
    return frozenset(kind for text in skill.templates.values() for kind in _KIND.findall(text))


def serves(skill: Skill, request: str) -> bool:
    """Whether the kinds that a request calls by name leave this skill as an answer.

    It must make all of them, and what it is mainly about must be spoken of.
    """
    asked = asked_kinds(request)
    if not asked:
        return True
    made = made_kinds(skill)
    main = next((kind for kind in _MAIN if kind in made), "")
    return asked <= made and (main in asked or len(made) == 1 or _speaks_of(request, main))


# Of several kinds that a skill makes, the first of these is what it is about.
_MAIN = ("Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job", "Namespace", "ServiceAccount")


def _speaks_of(request: str, kind: str) -> bool:
    words = re.sub(r"(?<!^)(?=[A-Z])", r"[\\s-]?", kind)
    before = _ASKED if kind == "Namespace" else r"\b"
    return bool(re.search(rf"{before}{words}s?\b", request, re.IGNORECASE))
