"""What a model puts into pods though nobody asked: copied from an example, or made up.

A command, a variable, a mount or an amount stays only if the request (or what exists) speaks of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

from tiphys.ports import Object
from tiphys.propose.author.fields import containers_of, dicts, items, pod_specs
from tiphys.propose.author.literals import leaves_of
from tiphys.propose.reading.spelled import in_figures

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
_VARIABLE = re.compile(r"(?<![\w-])[A-Z][A-Z0-9]*_[A-Z0-9_]+(?![\w-])")
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
    r"|everything else dropped"
    r"|sysctl|selinux|apparmor|benutzer|gruppe|usuario|utili[sz]a|utente|gebruiker|sicher|s[eé]cur",
    re.IGNORECASE,
)
_NAMES = re.compile(
    r"dns|resolv|host\s?(?:names?|alias|s?\s+file)|name\s?servers?|/etc/hosts|known\s+as|look\w*\s+up"
    r"|search\s+domain",
    re.IGNORECASE,
)
_WORDS = {
    "resources": _AMOUNTS,
    "livenessProbe": _LOOKS,
    "readinessProbe": _LOOKS,
    "startupProbe": _LOOKS,
    "securityContext": _RIGHTS,
    "dnsConfig": _NAMES,
    "dnsPolicy": _NAMES,
    "hostAliases": re.compile(r"alias|/etc/hosts|hosts?\s+(?:file|entr)|known\s+as|resolv", re.I),
    "hostIPC": re.compile(r"ipc|shared\s+memory|inter-?process", re.IGNORECASE),
    "hostNetwork": re.compile(
        r"net(?:work|z)|r[eé]seau|\bred\b|\brede\b|\brete\b|node'?s?\s+(?:own\s+)?(?:ip|address|ports?)"
        r"|host\s?ports?",
        re.IGNORECASE,
    ),
    "hostPID": re.compile(r"\bpids?\b|process|prozess|proces|hostpid", re.IGNORECASE),
}
_PROPAGATED = re.compile(
    r"propagat|bidirectional|\bmount(?:s|ed)?\b[^.;]{0,60}\b(?:later|visible|appear\w*)|\bvisible\b"
)
_OF_MANY = frozenset({"admin", "service", "override"})  # capabilities
_SUB_PATH = re.compile(r"sub-?\s?(?:path|director|folder)|\b(?:single|one|only that|just) file\b")
_POD_LEVEL = re.compile(
    r"\b(?:pod[- ]level|(?:whole|entire) pod|per pod|pod as a whole|the pod as one)\b",
    re.IGNORECASE,
)
_COPIES = re.compile(
    r"r[eé]pli[ck]|\bcop(?:y|ies?|ias?)\b|kopie|\binstan[cz]|\bistanz|exemplar|\bpair\b|dozen"
    r"|\d+ pods|\b(?:no|single|one) pods?\b|times\b"
)
_COUNTS = {str(n): word for n, word in enumerate(
    "zero one two three four five six seven eight nine ten".split()
)}  # fmt: skip
Test = Callable[[Any], bool]


def take_out_unasked(known: str, obj: Object, shown: Sequence[Object] = ()) -> tuple[str, ...]:
    """Take it out in place; what was taken out.

    `known` is the request with what exists, `shown` are objects that may have been copied from.
    """
    asked = _Asked(known, shown)
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
        gone += _made_up_containers(pod, known, asked.examples("image"))
        for container in containers_of(pod):
            gone += asked.strip(container)
        gone += _unused_volumes(pod, known)
    return tuple(dict.fromkeys(gone))


def is_spoken_of(key: str, request: str) -> bool:
    """Whether a field of a pod or a container, if it is one of these, can be meant."""
    words = _WORDS.get(key)
    return words is None or bool(words.search(_IMAGE.sub(" ", request)))


class _Asked:
    """What a text speaks of."""

    def __init__(self, text: str, shown: Sequence[Object]) -> None:
        self._shown = [each for obj in shown for each in dicts(obj)]
        self._raw = in_figures(text)
        self._text = text.lower()
        self._bare = _IMAGE.sub(" ", text)
        self._words = {w.lower() for w in _TOKEN.findall(self._bare)}
        self._numbers = set(_NUMBER.findall(text))
        self._counts = set(_NUMBER.findall(self._bare))  # a tag counts no pods
        self._runs = bool(_RUNS.search(self._bare))
        self._keys = bool(_ALL_KEYS.search(text))
        self._variables = bool(_VARIABLE.search(self._bare))
        self._serves = bool(_SERVES.search(self._bare))

    def examples(self, key: str) -> tuple[Any, ...]:
        """What was shown in such a field of a container."""
        return tuple(each[key] for each in self._shown if key in each)

    def strip(self, container: dict[str, Any]) -> Iterator[str]:
        yield from self._runs_of(container)
        yield from self.without_made_up(container)
        yield from self._capabilities(container)
        for key in (key for key in ("ports", *_WORDS) if self._is_copied(key, container)):
            del container[key]
            yield key
        if "ports" in container and not self._serves and "Probe" not in str(container):
            del container["ports"]
            yield "ports"
        yield from self._lists(container)

    def _runs_of(self, container: dict[str, Any]) -> Iterator[str]:
        """What it runs, and with which flags."""
        for key in ("command", "args"):
            copied = container.get(key) in self.examples(key)
            runs = self._runs and not copied
            if key in container and not (runs or self._spells(container[key])):
                del container[key]
                yield key
        flags = container.get("args")
        if isinstance(flags, list) and any(map(self._says, flags)):
            container["args"] = [each for each in flags if not self._made_up(each)]
            if len(container["args"]) < len(flags):
                yield "args"

    def _lists(self, container: dict[str, Any]) -> Iterator[str]:
        """Variables and mounts, each for itself."""
        for mount in dicts(container.get("volumeMounts")):
            if "subPath" in mount and not self._is_part(mount, container.get("name")):
                del mount["subPath"]
                yield "subPath"
            if "mountPropagation" in mount and not _PROPAGATED.search(self._text):
                del mount["mountPropagation"]
                yield "mountPropagation"
        everywhere = str(container)
        lists: tuple[tuple[str, Test], ...] = (
            ("env", lambda each: self._variable(each) or f"$({_name(each)})" in everywhere),
            ("envFrom", self._source),
            ("volumeMounts", self._mount),
        )
        for key, test in lists:
            if isinstance(items := container.get(key), list) and not all(map(test, items)):
                container[key] = [each for each in items if test(each)]
                if not container[key]:
                    del container[key]
                yield key

    def _capabilities(self, container: dict[str, Any]) -> Iterator[str]:
        """Added ones are named in the text, all of it or what sets them apart ("bind")."""
        context = container.get("securityContext")
        held = context.get("capabilities") if isinstance(context, dict) else None
        added = held.get("add") if isinstance(held, dict) else None
        if isinstance(held, dict) and isinstance(added, list):
            kept = [each for each in added if self._speaks_of(str(each).lower().split("_"))]
            if len(kept) < len(added):
                held["add"] = kept
                if not kept:
                    del held["add"]
                yield "capabilities"

    def _speaks_of(self, words: Sequence[str]) -> bool:
        own = [each for each in words if len(each) > len("net") and each not in _OF_MANY]
        return "".join(words) in re.sub(r"[\s_-]", "", self._text) or any(map(self._says, own))

    def _is_part(self, mount: dict[str, Any], box: Any) -> bool:
        """Whether a mount can be of a part of its volume: a file, or what the text names."""
        name = str(mount["subPath"])
        last = str(mount.get("mountPath")).rpartition("/")[2]
        a_file = "." in last
        if "." in name and last.rpartition(".")[2] != name.rpartition(".")[2] and a_file:
            return bool(_SUB_PATH.search(self._text))  # such as conf.d
        said = len(name) > 1 and name != box and self._says(name)
        return a_file or bool(_SUB_PATH.search(self._text)) or said

    def without_made_up(self, holder: dict[str, Any]) -> Iterator[str]:
        """A pod or a container loses what no word asks for; a value that is named is asked for."""
        for key in (key for key, words in _WORDS.items() if not words.search(self._bare)):
            if key in holder and not any(map(self._says, _paths(holder[key]))):
                del holder[key]
                yield key

    def _is_copied(self, key: str, container: dict[str, Any]) -> bool:
        """Whether all of its figures and paths are those of the examples, and none is asked for."""
        if key.endswith("Probe") and container.get(key) not in self.examples(key):
            return False
        told = {str(each) for each in leaves_of(container.get(key)) if _FIGURE.match(str(each))}
        shown = {str(each) for example in self.examples(key) for each in leaves_of(example)}
        return bool(told) and told <= shown and not any(self._stands(each) for each in told)

    def _stands(self, figure: str) -> bool:
        return bool(re.search(rf"(?<![\w.]){re.escape(figure)}(?!\w|\.\d)", self._raw))

    def counts(self, number: Any) -> bool:
        """Whether a number of pods stands in the text, or may hide in it."""
        said = str(number) in self._counts or _COUNTS.get(str(number), " ") in self._words
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
        name = _name(item)
        return self._says(name) or self._says(name.replace("_", " "))

    def _source(self, item: Any) -> bool:
        names = [each.get("name") for each in dicts(item)]
        return (self._keys or self._variables) and any(map(self._says, names))

    def _mount(self, item: Any) -> bool:
        if not isinstance(item, dict):
            return True
        path = str(item.get("mountPath", "")).rstrip("/")
        return self._says(path) or self._says(item.get("name"))


def _name(item: Any) -> str:
    return str(item.get("name") or "") if isinstance(item, dict) else ""


def _paths(value: Any) -> Iterator[str]:
    """Of HTTP checks; of the root nothing is said."""
    for each in dicts(value):
        if isinstance(path := each.get("path"), str) and len(path) > 1:
            yield path


def _made_up_containers(pod: dict[str, Any], known: str, shown: Collection[Any]) -> Iterator[str]:
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
            or (further and each.get("image") not in shown)
        ]
        if len(kept) < len(held) and (kept or key == "initContainers"):
            pod[key] = kept
            yield key
    first, main = items(pod.get("initContainers")), items(pod.get("containers"))
    before = [each.get("image") for each in dicts(first[:-1])]
    own = [e for e in main if isinstance(e, dict) and e.get("image") not in before]
    if before and not any(_is_named(each, known) for each in own):
        pod["containers"] = [first.pop()]  # the last of them is what the others prepare for
        yield "containers"


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
