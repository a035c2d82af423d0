"""What a model puts into pods though nobody asked: copied from an example, or made up.

A command, a variable, a mount or an amount stays only if the request (or what exists) speaks of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from functools import cache
from typing import Any

from tiphys.domain.errors import InvalidInput
from tiphys.domain.policy import SYSTEM_NAMESPACES
from tiphys.library import strict_yaml
from tiphys.ports import Object
from tiphys.propose.author.cards import IMAGE, shown_objects
from tiphys.propose.author.fields import containers_of, dicts, items, metadata_of, pod_specs
from tiphys.propose.author.literals import leaves_of
from tiphys.propose.author.references import BUILT_IN_ROLES
from tiphys.propose.author.types import Task, Unsaid
from tiphys.propose.kinds import asked_kinds
from tiphys.propose.reading.spelled import in_figures

_SAYS_IMAGE = re.compile(r"\bimage\b", re.IGNORECASE)
_IMAGE = re.compile(r"[\w.-]+(?:/[\w.-]+)*:[\w][\w.-]*")
_RUNS = re.compile(
    r"\b(?:commands?|args?|arguments?|flags?|options?|entry ?point|scripts?|echo\w*|prints?|sleeps?"
    r"|execut\w*|invok\w*|curl|wget|bash|sh|python|start(?:s|ed)? (?:it )?with)\b|(?<!\w)--\w"
    r"|\bruns?\b[^.\n]{0,30}[\"'`]|\b(?:date|npm|psql|tar|rsync)\b"
    r"|\bruns? (?:the )?[\w.-]+ (?:[-/]|\w+\.(?:py|sh|js|rb)\b)",
    re.IGNORECASE,
)
_SERVES = re.compile(
    r"\b\w*ports?\b|\bpuertos?\b|\bportas?\b|\blisten\w*|\bserv(?:e|es|ed|ing|ices?)\b"
    r"|\bexpos\w*|\breach\w*|\bhttps?\b|\btcp\b|\budp\b|:\d{2,5}\b|\b\d{4,5}\b",
    re.IGNORECASE,
)
_ALL_KEYS = re.compile(r"env\w*|variables?|\ball (?:of )?(?:its|the) (?:keys|values|entries)", re.I)
_TOKEN = re.compile(r"[A-Za-z]{3,}")
_SHELLS = frozenset({"sh", "bash", "bin", "exec"})
_NUMBER = re.compile(r"\d+")
_FIRST = re.compile(
    r"\binit\b|\binit[- ]?container|\bside-?car"
    r"|\bbefore (?:it|they|the \w+|\w+) (?:is |are )?(?:start|run|com|up)|\bwait\w* (?:for|until)",
    re.IGNORECASE,
)
_FURTHER = re.compile(
    rf"{_FIRST.pattern}|\b(?:second|another|further|extra|helper) container", re.IGNORECASE
)
_MOST_NAMED = 5
_FIGURE = re.compile(r"\d|/\w")
# What a text must speak of, in any of its languages, for a container or a pod to have such fields.
_AMOUNTS = re.compile(
    r"\b(?:mem(?:ory)?|ram|v?cpus?|gpus?|(?:milli)?cores?|resources?|requests?|limits?|quotas?|qos"
    r"|guaranteed|burstable|best-?effort|(?:arbeits)?speicher|mem[oó]ria|mémoire|geheugen)\b"
    r"|\d\s?(?:m|[KMGT]i?B?)\b",
    re.IGNORECASE,
)
_LOOKS = re.compile(
    r"prob(?:e|ing)|health|ready|readi|\bali?ve|livez?|start-?up|check|traffic|hang|hung|stuck|ping"
    r"|restart|respon|answer|gesund|bereit|prüf|lebt|antwort|salud|\blist[oa]|\bviv[oa]|compr[ou]"
    r"|santé|prêt|vivant|vérif|répon|saúde|pront|verifi|salute|gezond|klaar|leeft",
    re.IGNORECASE,
)
_RIGHTS = re.compile(
    r"root|user|\b[ug]id\b|group|privileg|capabilit|secur|seccomp|read-?only|harden|restrict|escalat"
    r"|sysctl|selinux|apparmor|benutzer|gruppe|usuario|utili[sz]a|utente|gebruiker|sicher|s[eé]cur",
    re.IGNORECASE,
)
_WORDS = {
    "resources": _AMOUNTS,
    "livenessProbe": _LOOKS,
    "readinessProbe": _LOOKS,
    "startupProbe": _LOOKS,
    "securityContext": _RIGHTS,
}
_POD_LEVEL = re.compile(r"\b(?:pod[- ]level|(?:whole|entire) pod|per pod)\b", re.IGNORECASE)
_COPIES = re.compile(r"replica|\bcop(?:y|ies)\b|instances?\b|\bpair\b|dozen|\d+ pods|times\b")
_COUNTS = {str(n): word for n, word in enumerate(
    "zero one two three four five six seven eight nine ten".split()
)}  # fmt: skip
Test = Callable[[Any], bool]


def take_out_unasked(known: str, obj: Object) -> tuple[str, ...]:
    """Take it out in place; what was taken out. `known` is the request with what exists."""
    asked = _Asked(known)
    gone: list[str] = []
    spec = obj.get("spec")
    if isinstance(spec, dict) and "replicas" in spec and not asked.counts(spec["replicas"]):
        del spec["replicas"]
        gone.append("replicas")
    for pod in pod_specs(obj):
        if "resources" in pod and not _POD_LEVEL.search(known):
            del pod["resources"]
            gone.append("resources of the whole pod")
        gone += asked.without_made_up(pod)
        gone += _made_up_containers(pod, known)
        for container in containers_of(pod):
            gone += asked.strip(container)
        gone += _unused_volumes(pod, known)
    return tuple(dict.fromkeys(gone))


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
    with suppress(InvalidInput):
        for each in strict_yaml.load_documents(context.encode(), source="what exists"):
            if isinstance(each, dict) and isinstance(each.get("metadata"), dict):
                yield str(each.get("kind")), str(each["metadata"].get("name"))


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


def is_spoken_of(key: str, request: str) -> bool:
    """Whether a field of a pod or a container, if it is one of these, can be meant."""
    words = _WORDS.get(key)
    return words is None or bool(words.search(_IMAGE.sub(" ", request)))


class _Asked:
    """What a text speaks of."""

    def __init__(self, text: str) -> None:
        self._raw = in_figures(text)
        self._text = text.lower()
        self._bare = _IMAGE.sub(" ", text)
        self._words = {w.lower() for w in _TOKEN.findall(self._bare)}
        self._numbers = set(_NUMBER.findall(text))
        self._runs = bool(_RUNS.search(self._bare))
        self._keys = bool(_ALL_KEYS.search(text))
        self._serves = bool(_SERVES.search(self._bare))

    def strip(self, container: dict[str, Any]) -> Iterator[str]:
        for key in ("command", "args"):
            copied = container.get(key) in _examples(key)
            runs = self._runs and not copied
            if key in container and not (runs or self._spells(container[key])):
                del container[key]
                yield key
        yield from self.without_made_up(container)
        for key in (key for key in ("ports", *_WORDS) if self._is_copied(key, container)):
            del container[key]
            yield key
        flags = container.get("args")
        if isinstance(flags, list) and any(map(self._says, flags)):
            container["args"] = [each for each in flags if not self._made_up(each)]
            if len(container["args"]) < len(flags):
                yield "args"
        if "ports" in container and not self._serves and "Probe" not in str(container):
            del container["ports"]
            yield "ports"
        lists: tuple[tuple[str, Test], ...] = (
            ("env", self._variable),
            ("envFrom", self._source),
            ("volumeMounts", self._mount),
        )
        for key, test in lists:
            if isinstance(items := container.get(key), list) and not all(map(test, items)):
                container[key] = [each for each in items if test(each)]
                if not container[key]:
                    del container[key]
                yield key

    def without_made_up(self, holder: dict[str, Any]) -> Iterator[str]:
        """A pod or a container loses what no word asks for; a value that is named is asked for."""
        for key in (key for key, words in _WORDS.items() if not words.search(self._bare)):
            if key in holder and not any(map(self._says, _paths(holder[key]))):
                del holder[key]
                yield key

    def _is_copied(self, key: str, container: dict[str, Any]) -> bool:
        """Whether all of its figures and paths are those of the examples, and none is asked for."""
        if key.endswith("Probe") and container.get(key) not in _examples(key):
            return False
        told = {str(each) for each in leaves_of(container.get(key)) if _FIGURE.match(str(each))}
        shown = {str(each) for example in _examples(key) for each in leaves_of(example)}
        return bool(told) and told <= shown and not any(self._stands(each) for each in told)

    def _stands(self, figure: str) -> bool:
        return bool(re.search(rf"(?<![\w.]){re.escape(figure)}(?!\w|\.\d)", self._raw))

    def counts(self, number: Any) -> bool:
        """Whether a number of pods stands in the text, or may hide in it."""
        said = str(number) in self._numbers or _COUNTS.get(str(number), " ") in self._words
        return said or bool(_COPIES.search(self._text))

    def _made_up(self, flag: Any) -> bool:
        return (
            isinstance(flag, str) and flag.startswith("--") and not self._says(flag.split("=")[0])
        )

    def _spells(self, value: Any) -> bool:
        words = {w.lower() for w in _TOKEN.findall(str(value))} - _SHELLS
        return words <= self._words

    def _says(self, value: Any) -> bool:
        return bool(value) and str(value).lower() in self._text

    def _variable(self, item: Any) -> bool:
        if not isinstance(item, dict):
            return True
        name = str(item.get("name") or "")
        return self._says(name) or self._says(name.replace("_", " "))

    def _source(self, item: Any) -> bool:
        names = [each.get("name") for each in dicts(item)]
        return self._keys and any(map(self._says, names))

    def _mount(self, item: Any) -> bool:
        if not isinstance(item, dict):
            return True
        path = str(item.get("mountPath", "")).rstrip("/")
        return self._says(path) or self._says(item.get("name"))


def _paths(value: Any) -> Iterator[str]:
    """Of HTTP checks; of the root nothing is said."""
    for each in dicts(value):
        if isinstance(path := each.get("path"), str) and len(path) > 1:
            yield path


@cache
def _examples(key: str) -> tuple[Any, ...]:
    """What the cards show in such a field of a container."""
    boxes = [each for shown in shown_objects() for obj in shown for each in dicts(obj)]
    return tuple(each[key] for each in boxes if key in each)


def _made_up_containers(pod: dict[str, Any], known: str) -> Iterator[str]:
    """Containers beside others whose image nobody named, where nobody speaks of a further one.

    Those of an example go in any case.
    """
    speaks = {"initContainers": _FIRST, "containers": _FURTHER}
    for key, words in speaks.items():
        further = bool(words.search(known))
        held = items(pod.get(key))
        kept = [
            each
            for each in held
            if not isinstance(each, dict)
            or _is_named(each, known)
            or (further and each.get("image") not in _examples("image"))
        ]
        if len(kept) < len(held) and (kept or key == "initContainers"):
            pod[key] = kept
            yield key


def _is_named(container: dict[str, Any], known: str) -> bool:
    """Whether the text has its image, or what that is called without registry and tag."""
    name = str(container.get("image")).rpartition("/")[2].partition(":")[0]
    return bool(re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", known))


def _unused_volumes(pod: dict[str, Any], known: str) -> Iterator[str]:
    """Volumes that no container mounts any more, unless the text names what they hold."""
    volumes = pod.get("volumes")
    if not isinstance(volumes, list):
        return
    mounts = [m for each in containers_of(pod) for m in items(each.get("volumeMounts"))]
    mounted = [each.get("name") for each in mounts if isinstance(each, dict)]
    kept = [
        each
        for each in volumes
        if not isinstance(each, dict)
        or each.get("name") in mounted
        or any(str(name) in known for found in dicts(each) for name in _names(found))
    ]
    if len(kept) < len(volumes):
        yield "volumes"
        if kept:
            pod["volumes"] = kept
        else:
            del pod["volumes"]


def _names(source: dict[str, Any]) -> Iterator[str]:
    for key in ("name", "claimName", "secretName"):
        if isinstance(source.get(key), str) and len(source[key]) > 1:
            yield source[key]
