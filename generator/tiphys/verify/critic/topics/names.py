"""What things are called, and what they refer to by name."""

# ruff: noqa: E501 -- a list of alternatives reads better unbroken
from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from tiphys.verify.critic.language import SMALL_WORDS
from tiphys.verify.critic.model import Field, Remark, Requirement, contradicted, covered, undecided
from tiphys.verify.critic.topics.kinds import KINDS, NOUNS
from tiphys.verify.critic.wording import Words
from tiphys.verify.critic.world import World, at, name_of, text

_NAME = r"[a-z0-9](?:[a-z0-9.-]{0,200}[a-z0-9])?"
_CALLED = re.compile(
    rf"(?:\b(?:called|named|name\s+it|call\s+it|call\s+this|by\s+the\s+name(?:\s+of)?|with\s+the\s+name(?!\s+of)|"
    rf"namens|genannt|appelée?s?|nommée?s?|llamad[ao]|chamad[ao]|chiamat[ao]|genaamd)\s+|\bname(?:\s+is\s+|\s*[:=]\s*))"
    rf"(?:the\s+)?(?P<q>[`'\"]?)(?P<name>{_NAME})(?P=q)(?![\w@/]|'\w)",
    re.IGNORECASE,
)
_KIND = re.compile(
    rf"\b(?P<noun>{NOUNS}|secret|tls\s+secret|config|(?:runtime|ingress|storage)\s?class)\s+(?P<q>[`'\"]?)(?P<name>{_NAME})(?P=q)(?![\w@/=]|'\w)",
    re.IGNORECASE,
)
_BEFORE = re.compile(
    rf"\b(?P<noun>{NOUNS}|secret|config|volume)s?\s*,?\s*(?:that\s+is\s+|is\s+|be\s+)?\Z", re.I
)
_FOREIGN = re.compile(
    r"\b(?:team|cluster|company|repo(?:sitory)?|branch|user|customer|project|database|db|bucket|queue|"
    r"topic|people|person|port|container|key|file|index|table|account|environment|tenant|host|"
    r"group|label|namespace|node|variable|channel|script|class|header|zone|region|sidecar|domain)s?"
    r"\s*,?\s*\Z",
    re.IGNORECASE,
)
_STOP = frozenset(
    "like a an the it its this that with and or of for to in on at is are be should must which where only "
    "named called after something anything as by from not no if so will has have can per via over "
    "read-only read-write non-root cluster-wide long-lived per-node so-called port ports volumes containers".split()
)  # fmt: skip
_REFERRED = {
    "secret": ("Secret",),
    "tls secret": ("Secret",),
    "config": ("ConfigMap",),
    "volume": ("PersistentVolumeClaim",),
    "runtimeclass": ("RuntimeClass",),
    "ingressclass": ("IngressClass",),
    "storageclass": ("StorageClass",),
}
_WORK = ("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod")


def rule(words: Words, world: World) -> Iterator[Remark]:
    """Names given with "called", and names behind the word for a kind."""
    seen: set[int] = set()
    for match in words.find(_CALLED):
        name = _clean(match["name"])
        before = words.raw[max(0, match.start() - 40) : match.start()]
        if _skip(match, name) or _FOREIGN.search(before) or words.negated(match.start()):
            continue
        name = _spaced(words, world, name, match.end("name"))
        seen.add(match.start("name"))
        noun = _BEFORE.search(before)
        kinds = _kinds(noun["noun"]) if noun else ()
        yield _named(kinds)(
            Requirement("name", name, words.quote(match.start(), match.end())), world
        )
    for match in words.find(_KIND):
        name = _clean(match["name"])
        if match.start("name") in seen or _skip(match, name):
            continue
        strong = bool(match["q"]) or "-" in name
        if not strong or words.negated(match.start()):
            continue
        yield _named(_kinds(match["noun"]))(
            Requirement("name", name, words.quote(match.start(), match.end())), world
        )


def _spaced(words: Words, world: World, name: str, end: int) -> str:
    """The whole of a name that is spoken in several words, as "session cache" is."""
    for obj in world.objects:
        rest = name_of(obj).removeprefix(f"{name}-")
        if rest != name_of(obj):
            spoken = re.escape(rest.replace("-", " ")).replace(r"\ ", r"\s(?:dash\s|hyphen\s)?")
            if re.match(rf"\s(?:dash\s|hyphen\s)?{spoken}\b", words.raw[end : end + 400], re.I):
                return name_of(obj)
    return name


def _skip(match: re.Match[str], name: str) -> bool:
    return (
        (name in _STOP | SMALL_WORDS and not match["q"])
        or name != name.lower()
        or not re.search("[a-z]", name)
    )


def _clean(name: str) -> str:
    return name.rstrip(".-")


def _kinds(noun: str) -> tuple[str, ...]:
    plain = " ".join(noun.lower().split())
    return _REFERRED.get(plain.replace(" class", "class")) or KINDS.get(plain.replace("-", " "), ())


def _named(kinds: tuple[str, ...]) -> Callable[[Requirement, World], Remark]:  # noqa: C901  # one case after the other
    def ruling(requirement: Requirement, world: World) -> Remark:  # noqa: C901, PLR0911  # one case after the other
        name = requirement.value
        own = world.kinds(*kinds)
        for obj in own:
            if name_of(obj) == name:
                return covered(requirement, Field(at(obj, "metadata.name"), name))
        references = [f for f in world.strings if f.value == name and not _own_name(f.path)]
        if kinds:
            references = [f for f in references if not _ADDITION.search(f.path)]
        if kinds:
            if own and _near(name, [name_of(o) for o in own]):
                nearest = min(own, key=lambda o: (_distance(name, name_of(o)), name_of(o)))
                return contradicted(
                    requirement, Field(at(nearest, "metadata.name"), name_of(nearest))
                )
            if references:
                return covered(requirement, references[0])
            if own and len({name_of(o) for o in own}) == 1:
                return contradicted(
                    requirement, Field(at(own[0], "metadata.name"), name_of(own[0]))
                )
            return undecided(requirement, f"no object is or names {' or '.join(kinds)} {name}")
        main = world.kinds(*_WORK) or tuple(
            o for o in world.objects if text(o, "kind") not in ("Namespace", "")
        )
        for obj in (*main, *world.objects):
            if name_of(obj) == name and (obj in main or len(main) != 1):
                return covered(requirement, Field(at(obj, "metadata.name"), name))
        if references and not _near(name, [name_of(o) for o in main]):
            return covered(requirement, references[0])
        others = [o for o in world.objects if name_of(o) == name]
        if main and (not others or _near(name, [name_of(o) for o in main])):
            nearest = min(main, key=lambda o: (_distance(name, name_of(o)), name_of(o)))
            return contradicted(requirement, Field(at(nearest, "metadata.name"), name_of(nearest)))
        if others:
            return covered(requirement, Field(at(others[0], "metadata.name"), name))
        return undecided(requirement, "there is no object")

    return ruling


# What a container is called, or a label says, is no reference to an object.
_ADDITION = re.compile(
    r"[cC]ontainers\[\d+\]\.(?:name|image)\Z|matchLabels\.|\.labels\.|spec\.selector\."
)


def _own_name(path: str) -> bool:
    return path.endswith(":metadata.name")


def _near(name: str, others: list[str]) -> bool:
    return any(_distance(name, other) <= 2 for other in others)


def _distance(one: str, other: str) -> int:
    """Edit distance of at most 64 characters each; separators do not count."""
    left, right = re.sub(r"[-.]", "", one[:64]), re.sub(r"[-.]", "", other[:64])
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        before, row[0] = row[0], i
        for j, b in enumerate(right, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (a != b))
    return row[-1]
