"""Which object is meant: "the storefront", "worker deployment", "its autoscaler", "it"."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tiphys.library.patch_steps import Op, Path
from tiphys.library.patching import FieldPatch, patched_value
from tiphys.ports import Object

TEMPLATES: Mapping[str, Path] = {
    **dict.fromkeys(
        ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job"), ("spec", "template")
    ),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
    "Pod": (),
}
WORKLOADS = frozenset(TEMPLATES)
SCALABLE = frozenset({"Deployment", "StatefulSet", "ReplicaSet"})
_KINDS: Mapping[str, frozenset[str]] = {
    word: frozenset(kinds.split())
    for words, kinds in (
        ("deployment deployments", "Deployment"),
        ("statefulset,stateful set,stateful sets", "StatefulSet"),
        ("daemonset,daemon set,daemon sets", "DaemonSet"),
        ("cronjob,cron job,cron jobs,cronjobs,scheduled job", "CronJob"),
        ("job,jobs", "Job CronJob"),
        ("service,services,svc", "Service"),
        ("autoscaler,hpa,horizontal pod autoscaler,horizontalpodautoscaler,autoscaling",
         "HorizontalPodAutoscaler"),
        ("config map,configmap,config maps,configmaps", "ConfigMap"),
        ("secret", "Secret"),
        ("ingress", "Ingress"),
        ("network policy,networkpolicy", "NetworkPolicy"),
        ("pvc,persistent volume claim,persistentvolumeclaim,volume claim,claim,volume,disk",
         "PersistentVolumeClaim"),
        ("pdb,pod disruption budget,disruption budget,poddisruptionbudget", "PodDisruptionBudget"),
        ("service account,serviceaccount", "ServiceAccount"),
        ("namespace", "Namespace"),
        ("pod,pods", "Pod Deployment StatefulSet DaemonSet ReplicaSet Job CronJob"),
    )
    for word in (words.split(",") if "," in words else words.split())
}  # fmt: skip
# Words that say no more than that it runs, or that it was declared somewhere.
_LOOSE = frozenset(
    "app application service services workload container containers backend server component "
    "program pods pod task instance object resource manifest release".split()
)
_LEADING = re.compile(r"(?:the|our|my|your|their|this|that|an?|existing|current)\s+", re.IGNORECASE)
_PRONOUNS = frozenset({"", "it", "its", "them", "their", "this", "that", "the"})
_KIND_FIRST = re.compile(
    rf"(?:{'|'.join(sorted(map(re.escape, _KINDS), key=len, reverse=True))})(?![\w-])"
)
_KIND_LAST = re.compile(
    rf"(?<![\w-])(?:{'|'.join(sorted({*_KINDS, *_LOOSE}, key=len, reverse=True))})\Z"
)


class Unclear(Exception):
    """More than one thing fits; the text is the question to ask."""


@dataclass(frozen=True, slots=True)
class Target:
    """An object that is to change, and one of its containers where one was named."""

    obj: Object
    container_name: str = ""

    @property
    def kind(self) -> str:
        """Its kind."""
        return str(self.obj.get("kind"))

    @property
    def name(self) -> str:
        """Its name."""
        return str((self.obj.get("metadata") or {}).get("name"))

    @property
    def label(self) -> str:
        """For people."""
        return f"{self.kind}/{self.name}"

    @property
    def template(self) -> Path:
        """Where the pod's template is."""
        return TEMPLATES[self.kind]

    @property
    def pod(self) -> Path:
        """Where the pod's spec is."""
        return (*self.template, "spec")

    @property
    def container(self) -> Path:
        """Where the container is that is meant: the named one, the only one, or its namesake."""
        found = self.at((*self.pod, "containers")) or []
        names = [str(each.get("name", "")) for each in found]
        if self.container_name in names:
            return (*self.pod, "containers", f"name={self.container_name}")
        if len(names) == 1:
            return (*self.pod, "containers", f"name={names[0]}" if names[0] else 0)
        if self.name in names:
            return (*self.pod, "containers", f"name={self.name}")
        raise Unclear(f"Which container of {self.label} do you mean: {_listed(names)}?")

    def at(self, path: Path) -> Any:
        """What stands there, or None; items of lists by number or `key=value`."""
        here: Any = self.obj
        for part in path:
            if isinstance(here, list):
                here = _item(here, part)
            else:
                here = here.get(part) if isinstance(here, dict) else None
        return here

    def set(self, path: Path, value: Any) -> FieldPatch:
        """A patch that sets a field of it."""
        return self._patch(path, value, "set")

    def append(self, path: Path, value: Any) -> FieldPatch:
        """A patch that appends to a list of it."""
        return self._patch(path, value, "append")

    def remove(self, path: Path) -> FieldPatch:
        """A patch that takes a field out."""
        return self._patch(path, None, "remove")

    def _patch(self, path: Path, value: Any, op: Op) -> FieldPatch:
        namespace = (self.obj.get("metadata") or {}).get("namespace")
        return FieldPatch(self.kind, self.name, path, value, op, namespace)


@dataclass(frozen=True, slots=True)
class Scope:
    """The objects that exist, and what the sentence before was about."""

    objects: Sequence[Object]
    last: tuple[Target, ...] = ()

    @property
    def namespaces(self) -> frozenset[str]:
        """Those of the objects."""
        found = ((each.get("metadata") or {}).get("namespace") for each in self.objects)
        return frozenset(each for each in found if isinstance(each, str))

    def within(self, namespace: str) -> Scope:
        """Only the objects of a namespace."""
        own = [o for o in self.objects if (o.get("metadata") or {}).get("namespace") == namespace]
        return replace(self, objects=own)

    def after(self, patches: Sequence[FieldPatch], targets: Sequence[Target]) -> Scope:
        """The objects as patches leave them. InvalidInput where one does not fit."""
        objects = [_patched(each, patches) for each in self.objects]
        last = tuple(replace(target, obj=_patched(target.obj, patches)) for target in targets)
        return Scope(objects, last or self.last)

    def find(self, phrase: str | None, kinds: Collection[str] | None = None) -> list[Target]:
        """What a phrase means: usually one, several for "a and b" or "all deployments", or none.

        Unclear where one is meant and several fit.
        """
        phrase = (phrase or "").strip().strip("\"'`")
        phrase = re.sub(r"(?:'s|\u2019s)\Z", "", phrase)
        placed = re.fullmatch(
            r"(.+?)\s+in\s+(?:the\s+)?(?:namespace\s+)?([a-z0-9-]+)(?:\s+namespace)?", phrase
        )
        if placed and placed[2] in self.namespaces:
            return self.within(placed[2]).find(placed[1], kinds)
        every = re.fullmatch(r"(?:all|every|each|both)\s+(?:of\s+)?(?:the\s+)?(.+)", phrase, re.I)
        if every:
            meant = _KINDS.get(every[1].lower(), frozenset())
            return [Target(o) for o in self._of(meant & frozenset(kinds or meant))]
        found = self._one(phrase, kinds)
        parts = re.split(r"\s*,\s*and\s+|\s*,\s*|\s+and\s+", phrase)
        if not found and len(parts) > 1:
            each = [self.find(part, kinds) for part in parts]
            return [t for one in each for t in one] if all(each) else []
        if len(found) > 1:
            raise Unclear(f"Which do you mean: {_listed([t.label for t in found])}?")
        return found

    def _one(self, phrase: str, kinds: Collection[str] | None) -> list[Target]:
        low = phrase.lower()
        while (lead := _LEADING.match(low)) and lead.end() < len(low):
            low = low[lead.end() :]
        inner = re.fullmatch(r"(?:the\s+)?(\S+)\s+container\s+(?:of|in)\s+(.+)", low)
        if inner:
            outer = self.find(inner[2], WORKLOADS)
            return [replace(t, container_name=inner[1]) for t in outer if _has(t, inner[1])]
        if low in _PRONOUNS:
            last = [t for t in self.last if kinds is None or t.kind in kinds]
            return last[:1] if last else [Target(o) for o in self._of(kinds)]
        for words, meant in _readings(low):
            allowed = _both(meant, kinds)
            found = self._named(words, allowed)
            if found:
                return found
        return []

    def _of(self, kinds: Collection[str] | None) -> list[Object]:
        return [o for o in self.objects if not kinds or o.get("kind") in kinds]

    def _named(self, words: str, kinds: Collection[str] | None) -> list[Target]:
        if kinds is not None and not kinds:
            return []
        targets = [Target(o) for o in self._of(kinds)]
        if not words:
            return targets
        name = re.sub(r"\s+", "-", words)
        exact = [t for t in targets if t.name.lower() == name]
        inner = [replace(t, container_name=name) for t in targets if _has(t, name)]
        part = [t for t in targets if f"-{name}-" in f"-{t.name.lower()}-"]
        scaled = [t for t in targets if _scales(t, name)]
        return exact or inner or part or scaled


def _both(meant: frozenset[str], kinds: Collection[str] | None) -> Collection[str] | None:
    """Kinds that a phrase and a rule leave; None is any, and so is an empty `meant`."""
    if kinds is None:
        return meant or None
    return meant & frozenset(kinds) if meant else kinds


def _readings(low: str) -> list[tuple[str, frozenset[str]]]:
    """What may be the name and which kinds it leaves, the plainest first; "" is any of the kind."""
    found: list[tuple[str, frozenset[str]]] = [(low, frozenset())]
    slashed = re.fullmatch(r"([a-z]+)/([a-z0-9.-]+)", low)
    if slashed and slashed[1] in _KINDS:
        found.append((slashed[2], _KINDS[slashed[1]]))
    last = _KIND_LAST.search(low)
    if last:
        rest = low[: last.start()].strip().removesuffix("'s").strip()
        if last[0] in _KINDS:
            found.append((rest, _KINDS[last[0]]))
        if last[0] in _LOOSE:
            found.append((rest, frozenset()))
    first = _KIND_FIRST.match(low)
    if first:
        rest = low[first.end() :].strip()
        rest = re.sub(r"\A(?:called|named|of|for)\s+(?:the\s+)?", "", rest).strip("\"'`")
        found.append((rest, _KINDS[first[0]]))
    return found


def _item(items: list[Any], part: str | int) -> Any:
    if isinstance(part, int):
        return items[part] if 0 <= part < len(items) else None
    key, _, value = part.partition("=")
    fits = [i for i in items if isinstance(i, dict) and str(i.get(key)) == value]
    return fits[0] if len(fits) == 1 else None


def _has(target: Target, name: str) -> bool:
    if target.kind not in WORKLOADS:
        return False
    found = target.at((*target.pod, "containers")) or []
    return any(isinstance(c, dict) and c.get("name") == name for c in found)


def _scales(target: Target, name: str) -> bool:
    """Whether it is the autoscaler of a workload of that name."""
    return bool(target.at(("spec", "scaleTargetRef", "name")) == name)


def _patched(obj: Object, patches: Sequence[FieldPatch]) -> Object:
    target = Target(obj)
    for patch in patches:
        namespace = (obj.get("metadata") or {}).get("namespace")
        if (patch.kind, patch.name, patch.namespace) == (target.kind, target.name, namespace):
            obj = patched_value(obj, patch)
    return obj


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:-1]) + f" or {names[-1]}" if len(names) > 1 else "".join(names)
