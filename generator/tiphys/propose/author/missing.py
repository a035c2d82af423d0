"""Objects that a request asks for and an answer lacks: small models leave out whole documents."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from itertools import chain

from tiphys.domain.rehearsal import Problem
from tiphys.ports import Object
from tiphys.propose.author.fields import pod_specs
from tiphys.propose.author.types import Task
from tiphys.propose.kinds import asked_kinds, named_kinds

_IMAGE = re.compile(r"(?<![\w./-])[a-z0-9.-]+(?:/[a-z0-9._-]+)+:\w[\w.-]*")
_BINDS = re.compile(
    r"\b(?:bind\w*|bound|grant\w*|give\w*|allow\w*|may|can|able to)\b", re.IGNORECASE
)
WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job", "Pod")
# Objects of these speak of other kinds by name.
_ABOUT_KINDS = frozenset(
    {
        "ClusterRole",
        "CustomResourceDefinition",
        "ResourceQuota",
        "Role",
        "ValidatingAdmissionPolicy",
    }
)
_ABSENT = re.compile(r"\bno ([A-Z][A-Za-z]+)\b")  # as the critic says it
IN_CONTEXT = re.compile(r"^kind:\s*([A-Za-z]+)\s*$", re.MULTILINE)


def missing(
    task: Task,
    objects: Sequence[Object],
    problems: Sequence[Problem],
    custom: Collection[str] = (),
) -> tuple[str, ...]:
    """Kinds of which there should be an object and is none, the surest first.

    `custom` are those that CRDs have brought: where nothing but an object of one can be meant.
    """
    made = {str(each["kind"]) for each in objects} | {*IN_CONTEXT.findall(task.context)}
    asked = asked_kinds(task.request, referred=False)
    told = (
        kind
        for each in problems
        if each.stage == "contradicted" and not each.object
        for kind in (each.wanted, *_ABSENT.findall(each.words)[:1])
    )
    known = named_kinds()
    if any(kind in _ABOUT_KINDS for kind in (*made, *asked)):
        custom = ()
    wanted = [each for each in sorted(custom) if re.search(rf"\b{each}\b", task.request)]
    wanted += [*sorted(asked), *(each for each in told if each in known)]
    wanted += [each.makes for each in task.meant if each.makes and each.sure and not task.context]
    wanted += chain(_workload(task, objects), _binding(task, made))
    return tuple(dict.fromkeys(each for each in wanted if each not in made))


def _workload(task: Task, objects: Sequence[Object]) -> Sequence[str]:
    """An image that nothing runs."""
    if task.context or not _IMAGE.search(task.request) or any(chain(*map(pod_specs, objects))):
        return ()
    named = [each for each in WORKLOADS if re.search(rf"\b{each}\b", task.request)]
    return named[:1] or ("Deployment",)


def _binding(task: Task, made: set[str]) -> Sequence[str]:
    """Rights that nobody has."""
    if task.context or not _BINDS.search(task.request):
        return ()
    pairs = (("Role", "RoleBinding"), ("ClusterRole", "ClusterRoleBinding"))
    both = {"RoleBinding", "ClusterRoleBinding"}
    return [bound for role, bound in pairs if role in made and not both & made]
