"""Kinds that a request asks for by their own names, and the kinds that a skill makes."""

from __future__ import annotations

import re

from tiphys.domain.skill import Skill

# Kinds of one word are words of common speech too: only as Kubernetes writes them do they count.
_PLAIN = "Deployment Ingress Job Lease Namespace PersistentVolume Pod Role Secret Service".split()
_JOINED = (
    "ClusterRole ClusterRoleBinding ConfigMap CronJob CustomResourceDefinition DaemonSet "
    "EndpointSlice HorizontalPodAutoscaler IngressClass LimitRange NetworkPolicy "
    "PersistentVolumeClaim PodDisruptionBudget PriorityClass ReplicaSet ResourceQuota RoleBinding "
    "RuntimeClass ServiceAccount StatefulSet StorageClass ValidatingAdmissionPolicy"
).split()
_VERBS = "an?|one|another|new|create|add|make|define|write|set|need|kind:"
_ASKED = rf"(?:\b(?:{_VERBS})\s+(?:[\w-]+\s+){{0,2}}?)"
_KIND = re.compile(r"^kind:\s*([A-Za-z]+)\s*$", re.MULTILINE)


def asked_kinds(request: str) -> frozenset[str]:
    """Kinds that are to be made, as far as the request calls them by name."""
    found = set()
    for kind in _JOINED:
        words = re.sub(r"(?<!^)(?=[A-Z])", r"[ -]?", kind)
        if re.search(rf"{_ASKED}{words}\b(?!\s*[Cc]lass)", request, re.IGNORECASE):
            found.add(kind)
    for kind in _PLAIN:
        if re.search(rf"(?i:{_ASKED}){kind}\b(?![ -]?[A-Z])", request):
            found.add(kind)
    return frozenset(found)


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
    words = re.sub(r"(?<!^)(?=[A-Z])", r"[ -]?", kind)
    before = _ASKED if kind == "Namespace" else r"\b"
    return bool(re.search(rf"{before}{words}s?\b", request, re.IGNORECASE))
