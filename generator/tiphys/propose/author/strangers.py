"""Objects that a model writes though nobody asked for them, beside those that were asked for."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from functools import lru_cache

from tiphys.domain.errors import InvalidInput
from tiphys.domain.policy import SYSTEM_NAMESPACES
from tiphys.library import strict_yaml
from tiphys.ports import Object
from tiphys.propose.author.cards import IMAGE
from tiphys.propose.author.fields import metadata_of, pod_specs, pods_of
from tiphys.propose.author.references import BUILT_IN_ROLES
from tiphys.propose.author.types import Task, Unsaid
from tiphys.propose.author.words.named import asks_for
from tiphys.propose.kinds import asked_kinds

_SAYS_IMAGE = re.compile(r"\bimage\b", re.IGNORECASE)
_MOST_NAMED = 5
_TOKEN = re.compile(r"\baccounts?(?:'s)?\s+(?:api\s+)?tokens?\b", re.IGNORECASE)
_ACCOUNT = re.compile(r"account|identit|konto|cuenta|\bconta\b|compte", re.IGNORECASE)
Test = Callable[[Object], bool]


def without_accounts(request: str, objects: Sequence[Object]) -> list[Object]:
    """The objects without accounts, where the request speaks of an account's token and of none."""
    rest = _TOKEN.sub(" ", request)
    if rest == request or _ACCOUNT.search(rest):
        return [*objects]
    names = {metadata_of(o).get("name") for o in objects if o["kind"] == "ServiceAccount"}
    for pod in pods_of(objects):
        if pod.get("serviceAccountName") in names:
            del pod["serviceAccountName"]
    return [each for each in objects if each["kind"] != "ServiceAccount"] or [*objects]


def without_strangers(
    task: Task, objects: Sequence[Object], custom: Collection[str]
) -> tuple[list[Object], list[str]]:
    """The objects without those that were not asked for, and notes.

    What every cluster is born with; CRDs of `custom` kinds, which it has; a workload whose image
    the model made up, beside what was asked for. Nothing goes where nothing would be left.
    """
    notes: list[str] = []
    kept = [*objects]
    tests: tuple[tuple[str, Test], ...] = (
        ("the cluster has it already", lambda each: _is_the_clusters(each, custom)),
        ("it exists, or has no image to run", _made_up_workload(task)),
    )
    for why, goes in tests:
        rest = [each for each in kept if not goes(each)]
        if rest and len(rest) < len(kept):
            notes += [f"{each['kind']} left out: {why}" for each in kept if each not in rest]
            kept = rest
    return kept, notes


def as_existing(task: Task, objects: Sequence[Object]) -> Iterator[str]:
    """Let the only object of a kind be the only one that exists, unless a new one was asked for.

    A small model told to open a second port writes a second Service. Its fields are the change.
    """
    there = [*existing(task.context)]
    for each in objects:
        kind = each["kind"]
        names = [name for its, name in there if its == kind]
        alone = sum(other["kind"] == kind for other in objects) == len(names) == 1
        if alone and metadata_of(each).get("name") != names[0] and not asks_for(kind, task.request):
            metadata_of(each)["name"] = names[0]
            yield f"it is the {kind} {names[0]}, which exists"


def untouched(task: Task, objects: Sequence[Object]) -> tuple[Unsaid, ...]:
    """What to say where a change was asked for and only objects of unheard names were written."""
    there = [*existing(task.context)]
    new = [(each["kind"], str(metadata_of(each).get("name"))) for each in objects]
    if not there or any(each in there for each in new) or any(n in task.request for _, n in new):
        return ()
    names = ", ".join(f"{kind} {name}" for kind, name in there[:_MOST_NAMED])
    return (Unsaid("", f"nothing that exists was changed: change {names}, write it whole"),)


def existing(context: str) -> Iterator[tuple[str, str]]:
    """Kind and name of each object of the context."""
    for each in before(context):
        if isinstance(each.get("metadata"), dict):
            yield str(each.get("kind")), str(each["metadata"].get("name"))


@lru_cache(maxsize=4)
def before(context: str) -> tuple[Object, ...]:
    """The objects of the context, not to be changed; none where it can't be read."""
    with suppress(InvalidInput):
        found = strict_yaml.load_documents(context.encode(), source="what exists")
        return tuple(each for each in found if isinstance(each, dict))
    return ()


def _made_up_workload(task: Task) -> Test:
    """Whether nobody asked for it: the request names no image, and does not ask for its kind."""
    if task.context or _SAYS_IMAGE.search(task.request) or IMAGE.search(task.request):
        return lambda _obj: False
    asked = asked_kinds(task.request, referred=False)
    return lambda obj: any(True for _ in pod_specs(obj)) and obj["kind"] not in asked


def _is_the_clusters(obj: Object, custom: Collection[str]) -> bool:
    metadata = metadata_of(obj)
    name = str(metadata.get("name"))
    if obj["kind"] in ("ClusterRole", "ClusterRoleBinding"):
        return name in BUILT_IN_ROLES or name.startswith("system:")
    if obj["kind"] == "Namespace":
        return name in SYSTEM_NAMESPACES and not {"labels", "annotations"} & metadata.keys()
    if obj["kind"] == "CustomResourceDefinition":
        spec = obj.get("spec")
        names = spec.get("names") if isinstance(spec, dict) else None
        return isinstance(names, dict) and names.get("kind") in custom
    return False
