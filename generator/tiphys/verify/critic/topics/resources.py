"""CPU and memory: requests and limits of containers, or a namespace's quota."""

# ruff: noqa: E501 -- a list of alternatives reads better unbroken
from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from decimal import Decimal

from tiphys.verify.critic.model import (
    Field,
    Remark,
    Requirement,
    by_fields,
    contradicted,
    undecided,
)
from tiphys.verify.critic.quantities import parse_quantity, sizes
from tiphys.verify.critic.wording import NUMBER, Words, number, pattern, plainly
from tiphys.verify.critic.world import World, dig

BYTES = (
    r"(?:[KMGT]i(?:B|b)?|[KMGT]B?|[kmgt]b|(?:kilo|mega|giga|tera)bytes?|(?:kibi|mebi|gibi|tebi)bytes?|"
    r"meg(?:s|abytes?)?|gigs?)"
)
SIZE = re.compile(rf"({NUMBER})[ -]?({BYTES})(?![\w/])")
_CPU = pattern(
    r"{N}(?:[ -]| of an? )?(?:(m)(?: ?(?:v?cpus?|cores?))?|(milli-?cores?|milli-?cpus?)|(v?cpus?|cores?))(?![\w/])"
    r"|\b(?:v?cpu|cores?)(?: (?:request|limit|quota))?s?(?: (?:of|is|to|at|around|about|set to))?[ :=]*{N}(m)?(?! ?(?:%|percent|\w*bytes|[KMGT]i|cores? limit))(?![\w])"
)
_MILLI = re.compile(r"(?<![\w.])(\d{1,6})(m)(?![\w/])")
_ROLE = re.compile(
    r"(?P<request>\brequest(?:s|ed|ing)?\b|\breserv\w+|\bguarantee\w*|\bat\s+least\b|\bminimum\b)"
    r"|(?P<limit>\blimit(?:s|ed)?\b|\bat\s+most\b|\bmax(?:imum)?\b|\bup\s+to\b|\bcap(?:ped)?\b|"
    r"\bno\s+more\s+than\b|\bnever\s+more\b|\bnot\s+more\s+than\b|\bceiling\b|\bmay\s+(?:use|burst|grow)\b|\bburst\w*)",
    re.IGNORECASE,
)
_ROLE_NEXT = re.compile(
    r"\s*(?:of\s+|for\s+|as\s+(?:its\s+|the\s+|a\s+)?)?(?:(?:memory|ram|mem|v?cpus?|cores?)\s+)?(?:as\s+(?:its\s+|the\s+|a\s+)?)?"
    r"(?:(?P<request>requests?|reserved|guaranteed|minimum)|(?P<limit>limits?|max(?:imum)?|at\s+most))\b",
    re.IGNORECASE,
)
_AMOUNT = re.compile(
    r"\d\s?(?:[KMGT]i?B?|m|cores?|v?cpus?)?\s+(?:of\s+)?(?:(?:memory|ram|v?cpus?|cores?)\s+)?$",
    re.I,
)
_LEADS = re.compile(r"\s*(?:of|:|=|to|is|are|at)?\s*(?:(?:memory|cpu)\s+)?\d", re.IGNORECASE)
_MEMORY_WORD = re.compile(
    r"\b(?:memory|ram|mem|heap|arbeitsspeicher|mémoire|memoria)\b", re.IGNORECASE
)
STORAGE_WORD = re.compile(
    r"\b(?:disks?|storage|directory|retention|platz|volumes?|pvcs?|claims?|persistent|ssd|space|persist\w*|scratch|"
    r"database|filesystem|speicherplatz|platte|almacenamiento|stockage)\b", re.IGNORECASE
)  # fmt: skip
_OTHER_WORD = re.compile(
    r"\b(?:uploads?|files?\s+(?:up\s+)?to|requests?\s+(?:body|size|bodies)|body|payload|traffic|bandwidth|"
    r"(?:per|a)\s+(?:second|day|month)|dataset|heap|log\s+files?|cache\s+size|shared\s+memory|tmp|emptydir)\b",
    re.IGNORECASE,
)
# A volume in memory: the figure is its size.
_IN_MEMORY = re.compile(
    r"\b(?:scratch|director(?:y|ies)|folders?|volumes?|tmpfs|file ?system|cache)\b[^.;]{0,60}"
    r"\b(?:in|on|by|of)\s+(?:ram|memory)\b",
    re.IGNORECASE,
)
_NO_LIMIT = re.compile(
    r"\b(?:no|without(?:\s+an?y?)?)\s+(?P<what>cpu|memory)\s+limits?\b", re.IGNORECASE
)
_QUOTA = {
    "cpu": ("requests.cpu", "limits.cpu", "cpu"),
    "memory": ("requests.memory", "limits.memory", "memory"),
}
_QUOTA_WORD = re.compile(
    r"\b(?:quotas?|namespace|team|total|altogether|in\s+all|sum)\b", re.IGNORECASE
)


def rule(words: Words, world: World) -> Iterator[Remark]:  # noqa: C901  # one case after the other
    """Each amount of CPU and memory said, and limits ruled out."""
    for match in words.find(SIZE):
        value, unit = number(match[1]), match[2]
        if is_storage(words, match, world) or _other(words, match) or words.past(match.start()):
            continue
        sure, maybe = sizes(value, unit)
        role = _role(words, match.start(), match.end())
        yield words.rule(
            "resources",
            _said("memory", role, match[0]),
            match.span(),
            _is("memory", role, sure, maybe),
        )
    seen: set[int] = set()
    for regex in (_CPU, _MILLI):
        for match in words.find(regex):
            groups = [g for g in match.groups() if g]
            start = match.start()
            if any(s <= match.end(1) - 1 < s + 8 for s in seen) or _other(words, match):
                continue
            if words.past(start) or re.search(
                r"nodes?|machines?|hosts?", words.after(match.end(), 20), re.I
            ):
                continue
            seen.add(start)
            value = number(groups[0])
            milli = any(g.lower() == "m" or g.lower().startswith("milli") for g in groups[1:])
            if milli:
                value /= 1000
            elif re.match(r"\s*(?:%|percent)", words.raw[match.end() : match.end() + 9]):
                continue
            if regex is _MILLI and not re.search(
                r"cpu|core|request|limit|resource", words.raw[slice(*words.sentence(start))], re.I
            ):
                continue
            role = _role(words, start, match.end())
            yield words.rule(
                "resources", _said("cpu", role, f"{plainly(value)}"), match.span(),
                _is("cpu", role, (value,), (value,)),
            )  # fmt: skip
    for match in words.find(_NO_LIMIT):
        yield words.rule("none", f"{match['what'].lower()} limit", match.span(),
                         _without(match["what"].lower()))  # fmt: skip


def is_storage(words: Words, match: re.Match[str], world: World) -> bool:
    """Whether a size is about a disk: by the nearest word for either, then by what there is."""
    start, end = words.sentence(match.start())
    best: list[tuple[int, bool]] = []
    for regex, storage in ((_MEMORY_WORD, False), (STORAGE_WORD, True)):
        for word in regex.finditer(
            words.raw, max(start, match.start() - 60), min(end, match.end() + 40)
        ):
            gap = word.start() - match.end() if word.start() >= match.end() else (
                match.start() - word.end() + 4  # what stands behind binds closer
            )  # fmt: skip
            between = words.raw[min(word.end(), match.end()) : max(word.start(), match.start())]
            best.append((gap + 20 * len(re.findall(r"[,;]| and ", between)), storage))
    if best:
        return min(best)[1]
    if _role_word(words, match):
        return False
    claims = world.kinds("PersistentVolumeClaim")
    templates = any(dig(o, "spec", "volumeClaimTemplates") for o in world.kinds("StatefulSet"))
    return templates or (bool(claims) and not world.workloads)


def _role_word(words: Words, match: re.Match[str]) -> bool:
    return _role(words, match.start(), match.end()) != ""


def _other(words: Words, match: re.Match[str]) -> bool:
    near = words.before(match.start(), 30) + " " + words.after(match.end(), 25)
    said = words.raw[slice(*words.sentence(match.start()))]
    if re.search(r"\bemptydir\b", said, re.I) and not _MEMORY_WORD.search(said):
        return True
    if _IN_MEMORY.search(said):
        return True
    return bool(_OTHER_WORD.search(near)) and not re.search(r"memory|ram|cpu|core", near, re.I)


def _role(words: Words, start: int, end: int) -> str:
    if direct := _ROLE_NEXT.match(words.raw, end):
        return "requests" if direct["request"] else "limits"
    first = words.sentence(start)[0]
    found = ""
    for word in _ROLE.finditer(words.raw, first, start):
        behind = words.raw[word.end() : start]
        if re.search(r"\d", behind) and re.search(
            r"[;(]|\band\s+(?:it\s+)?(?:needs|uses|gets)\b", behind
        ):
            continue
        if _AMOUNT.search(
            words.raw, max(first, word.start() - 24), word.start()
        ) and not _LEADS.match(words.raw, word.end()):
            continue  # "512Mi memory limit, half a core": said of what stands before it
        if (
            word["limit"]
            and not word[0].lower().startswith(("limit", "cap", "ceil"))
            and (re.search(r"\d", behind) or len(behind) > 25)
        ):
            continue  # "up to 5 replicas with 256Mi" says nothing about the memory
        if (
            word["request"]
            and word[0].lower().startswith(("at", "min"))
            and re.search(r"\d", behind)
        ):
            continue
        found = "requests" if word["request"] else "limits"
    before = words.raw[max(first, start - 12) : start]
    if re.search(r"\d\w*\s?/\s?\Z", before):
        return "limits"
    return found


def _said(what: str, role: str, amount: str) -> str:
    return f"{what} {role[:-1] + ' ' if role else ''}{amount}"


def _is(
    what: str, role: str, sure: tuple[Decimal, ...], maybe: tuple[Decimal, ...]
) -> Callable[[Requirement, World], Remark]:
    def same(value: object) -> bool | None:
        found = parse_quantity(value)
        if found is None or found in sure:
            return found is not None or None
        return None if found in maybe else False

    def ruling(requirement: Requirement, world: World) -> Remark:
        roles = (role,) if role else ("requests", "limits")
        fields = [f for r in roles for f in world.container_fields("resources", r, what)]
        if role == "requests":  # without a request, the limit is the request
            fields += [
                Field(f"{c.path}.resources.limits.{what}", dig(c.spec, "resources", "limits", what))
                for c in world.main_containers
                if dig(c.spec, "resources", "requests", what) is None
                and dig(c.spec, "resources", "limits", what) is not None
            ]
        if role != "limits":
            fields += [
                Field(f, v)
                for k, (f, v) in world.leaves
                if k == "averageValue" and f.startswith("HorizontalPodAutoscaler")
            ]
        keys = {
            "": _QUOTA[what],
            "requests": (f"requests.{what}", what),
            "limits": (f"limits.{what}",),
        }[role]
        quotas = [f for key in keys for f in world.fields(("ResourceQuota",), "spec", "hard", key)]
        ranges = _ranges(world, what, roles)
        if quotas or ranges:
            nothing = undecided(requirement, "no quota names it")
            fields = [*fields, *quotas, *ranges]
            return by_fields(requirement, fields, same, nothing)
        if fields or not world.main_containers:
            return by_fields(
                requirement, fields, same, undecided(requirement, "no object runs a container")
            )
        place = f"{world.main_containers[0].path}.resources.{roles[0]}.{what}"
        return contradicted(requirement, Field(place, "not set"))

    return ruling


def _ranges(world: World, what: str, roles: tuple[str, ...]) -> list[Field]:
    keys = {"requests": ("defaultRequest", "min"), "limits": ("default", "max")}
    return [
        field
        for role in roles
        for key in keys[role]
        for i in range(4)
        for field in world.fields(("LimitRange",), "spec", "limits", i, key, what)
    ]


def _without(what: str) -> Callable[[Requirement, World], Remark]:
    def ruling(requirement: Requirement, world: World) -> Remark:
        if fields := world.container_fields("resources", "limits", what):
            return contradicted(requirement, fields[0])
        if not world.main_containers:
            return undecided(requirement, "no object runs a container")
        return Remark(requirement, "covered", "", f"no container has a {what} limit")

    return ruling
