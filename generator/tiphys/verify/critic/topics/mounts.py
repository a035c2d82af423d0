"""How files come into a container: writable or not, of what mode, in memory, kept or not."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tiphys.verify.critic.model import Field, Remark, Requirement, contradicted, covered
from tiphys.verify.critic.wording import Words
from tiphys.verify.critic.world import World, at, dig, many, pod_path, text

_READ_ONLY = re.compile(
    r"\bread[\s-]?only\b(?!\s+(?:root|file\s?system|fs|access|rights|role|many|config|user|permission|to\b|cluster))|\b(?:can't|cannot|can\s+not|must\s+not|mustn't|not\s+be\s+able\s+to|may\s+not|never)\s+(?:be\s+)?writ\w+"
    r"|\bnot\s+(?:be\s+)?writable\b|\bno\s+writes?\b",
    re.IGNORECASE,
)
_ROOT = re.compile(r"\broot\s*(?:file|fs)|\brootfs\b", re.IGNORECASE)
_PLACE = re.compile(r"(?<![\w.:/])(?P<path>/[\w.-]+(?:/[\w.-]+)*)")
_MODE = re.compile(
    r"\b(?:mode|permissions?|chmod)\s*(?:of|is|:|=)?\s*[`'\"]?(?P<mode>0?[0-7]{3})\b", re.IGNORECASE
)
_MEMORY = re.compile(
    r"\b(?:(?:in|from|of)[\s-](?:ram|memory)\b|tmpfs|ram[\s-]?disk|memory[\s-]backed|never\s+(?:touch|reach|hit)\w*\s+(?:a\s+|the\s+|any\s+)?disk|not\s+on\s+(?:a\s+|the\s+|any\s+)?disk|medium\s+memory)",
    re.IGNORECASE,
)
_SCALED = re.compile(
    r"\b(?:scal(?:e|ed|ing)[\s-]*(?:down|in)|scale[\s-]?down|fewer\s+replicas|shrink\w*)\b",
    re.IGNORECASE,
)
_DELETED = re.compile(
    r"\b(?:delet\w+|remov\w+|deletion)\s+(?:of\s+)?(?:the\s+)?(?:whole\s+|entire\s+)?(?:set|statefulset|sts)\b|\b(?:set|statefulset)\s+(?:itself\s+)?(?:is|gets|be)\s+(?:deleted|removed)",
    re.IGNORECASE,
)
_GO = re.compile(
    r"\b(?:delete[sd]?|remove[sd]?|go(?:es)?\s+away|cleaned?|dropped)\b(?!\s+of)", re.IGNORECASE
)
_KEEP = re.compile(r"\b(?:keep|kept|retain\w*|stays?|remain\w*|survive\w*)\b", re.IGNORECASE)


def rule(words: Words, world: World) -> Iterator[Remark]:
    """Each of these wishes where the objects could grant it."""
    yield from _read_only(words, world)
    yield from _modes(words, world)
    yield from _memory(words, world)
    yield from _retention(words, world)


_Mount = tuple[str, object, bool]


def _mounts(world: World) -> list[_Mount]:
    """(path of the field, the mount, whether it can't be written to) of every mount."""
    found: list[_Mount] = []
    for box in world.containers:
        closed = set()
        for volume in many(box.owner, *pod_path(box.owner), "volumes"):
            claim = dig(volume, "persistentVolumeClaim", "readOnly")
            fixed = any(
                dig(volume, key) is not None
                for key in ("configMap", "secret", "projected", "downwardAPI")
            )
            if claim is True or fixed or dig(volume, "csi", "readOnly") is True:
                closed.add(text(volume, "name"))
        for i, mount in enumerate(many(box.spec, "volumeMounts")):
            sure = dig(mount, "readOnly") is True or text(mount, "name") in closed
            found.append((f"{box.path}.volumeMounts[{i}].readOnly", mount, sure))
    return found


def _read_only(words: Words, world: World) -> Iterator[Remark]:
    mounts = _mounts(world)
    for match in words.find(_READ_ONLY) if mounts else ():
        if _ROOT.search(words.after(match.start(), 40)) or _ROOT.search(
            words.before(match.start(), 60)
        ):
            continue
        if match[0].lower().startswith("read") and words.negated(match.start()):
            continue
        sentence = words.raw[slice(*words.sentence(match.start()))]
        paths = {m["path"].rstrip(".") for m in _PLACE.finditer(sentence)}
        about = [m for m in mounts if text(m[1], "mountPath").rstrip("/") in paths]
        if len(about) > 1:
            near = [m["path"].rstrip(".") for m in _PLACE.finditer(words.before(match.start(), 80))]
            about = [m for m in about if near and text(m[1], "mountPath").rstrip("/") == near[-1]]
        about = about or (mounts if len(mounts) == 1 else [])
        if not re.search(r"\b(?:both|all|every|each)\b", sentence, re.IGNORECASE):
            about = _one_of(about, sentence)
        asked = Requirement("mount", "true", words.quote(*match.span()))
        for path, _, sure in about:
            field = Field(path, "true" if sure else "not set")
            yield covered(asked, field) if sure else contradicted(asked, field)


def _one_of(mounts: list[_Mount], sentence: str) -> list[_Mount]:
    """Of mounts of one volume those that one who only reads has: who fills it has to write."""
    first = [each for each in mounts if ".initContainers[" in each[0]]
    if len(mounts) < 2 or not first:
        return mounts
    closed = [each for each in mounts if each[2]]
    sidecar = re.search(r"\bside-?car", sentence, re.IGNORECASE)
    return closed or ([] if sidecar else [each for each in mounts if each not in first])


def _modes(words: Words, world: World) -> Iterator[Remark]:
    for match in words.find(_MODE):
        digits = match["mode"]
        wanted = int(digits, 8)
        fields = [
            f
            for key, f in world.leaves
            if key in ("defaultMode", "mode") and isinstance(f.value, int)
        ]
        if not fields or re.search(
            r"container|job|pull", words.before(match.start(), 16), re.IGNORECASE
        ):
            continue
        asked = Requirement("mount", str(wanted), words.quote(*match.span()))
        right = [f for f in fields if f.value == wanted]
        yield covered(asked, right[0]) if right else contradicted(asked, fields[0])


def _memory(words: Words, world: World) -> Iterator[Remark]:
    match = next(
        (m for m in words.find(_MEMORY) if not re.search(r"\bmetric|average\b", m[0])), None
    )
    if match is None:
        return
    empty = [
        Field(
            at(obj, f"{'.'.join(pod_path(obj))}.volumes[{i}].emptyDir.medium"),
            dig(volume, "emptyDir", "medium"),
        )
        for obj in world.workloads
        for i, volume in enumerate(many(obj, *pod_path(obj), "volumes"))
        if dig(volume, "emptyDir") is not None
    ]
    if not empty or (
        words.negated(match.start()) and not re.match(r"never|not", match[0], re.IGNORECASE)
    ):
        return
    asked = Requirement("mount", "Memory", words.quote(*match.span()))
    right = [f for f in empty if f.value == "Memory"]
    shown = Field(empty[0].path, empty[0].value or "not set")
    yield covered(asked, right[0]) if right else contradicted(asked, shown)


def _retention(words: Words, world: World) -> Iterator[Remark]:
    sets = [o for o in world.kinds("StatefulSet") if dig(o, "spec", "volumeClaimTemplates")]
    for regex, key in ((_SCALED, "whenScaled"), (_DELETED, "whenDeleted")):
        match = next(words.find(regex), None) if sets else None
        if match is None:
            continue
        last = words.sentence(match.start())[1]
        behind = re.split(
            r";|\bbut\b|\bwhile\b", words.raw[match.end() : min(last, match.end() + 120)]
        )[0]
        go, keep = _GO.search(behind), _KEEP.search(behind)
        if not go and not keep:
            continue
        wanted = "Retain" if keep and (not go or keep.start() < go.start()) else "Delete"
        for obj in sets:
            policy = "persistentVolumeClaimRetentionPolicy"
            found = dig(obj, "spec", policy, key) or "Retain"
            asked = Requirement(
                "mount", wanted, words.quote(match.start(), match.end() + len(behind))
            )
            field = Field(at(obj, f"spec.{policy}.{key}"), found)
            yield covered(asked, field) if found == wanted else contradicted(asked, field)
