"""Data that has to be there after a restart: in a claim, and in no scratch volume."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tiphys.verify.critic.model import Field, Remark, Requirement, contradicted, covered, undecided
from tiphys.verify.critic.wording import Words
from tiphys.verify.critic.world import Obj, World, at, dig, many, pod_path, text

_KEPT = re.compile(
    r"\b(?:surviv\w+|outliv\w+|(?:must|should|has\s+to|have\s+to|needs?\s+to|shall)\s+(?:still\s+be\s+there|be\s+kept|persist|not\s+(?:be\s+lost|go\s+away|vanish))"
    r"|still\s+(?:be\s+)?there\s+(?:after|when|if)|(?:is|are|be)\s+not\s+lost|(?:never|not|n't)\s+(?:be\s+)?(?:lose|lost)"
    r"|(?:über|nach)leb\w+|que\s+no\s+se\s+pierdan?|sobreviv\w+|survivre|sopravviv\w+|overlev\w+)\b",
    re.IGNORECASE,
)
_ENDS = re.compile(
    r"\b(?:restart\w*|reschedul\w*|re-?start\w*|pods?|moves?|crash\w*|comes?\s+(?:back|up)|neustart\w*|reinici\w+|redémarr\w+|riavvi\w+|herstart\w*)\b",
    re.IGNORECASE,
)
_DATA = re.compile(
    r"\b(?:data|files?|everything|state|database|keeps?|stor\w+|disk|volumes?|content|daten|datos|données|dados|dati|gegevens)\b"
    r"|(?<![\w.:/])/[a-z]",
    re.IGNORECASE,
)
_KEEPING = (
    "persistentVolumeClaim",
    "hostPath",
    "nfs",
    "csi",
    "iscsi",
    "fc",
    "local",
    "cephfs",
    "azureFile",
    "azureDisk",
    "awsElasticBlockStore",
    "gcePersistentDisk",
    "flexVolume",
    "rbd",
    "glusterfs",
)


def rule(words: Words, world: World) -> Iterator[Remark]:
    """Where a sentence wants data kept, something has a volume that keeps it."""
    for match in words.find(_KEPT) if world.workloads else ():
        sentence = words.raw[slice(*words.sentence(match.start()))]
        if words.negated(match.start()) or not _DATA.search(sentence):
            continue
        if _ENDS.search(sentence):
            yield _kept(Requirement("storage", "kept", words.quote(*match.span())), world)
            return


def _kept(requirement: Requirement, world: World) -> Remark:
    """Sure where only scratch volumes are there: without any the program may keep it elsewhere."""
    scratch: list[Field] = []
    for obj in world.workloads:
        path = pod_path(obj)
        claims = many(obj, "spec", "volumeClaimTemplates")
        volumes = many(obj, *path, "volumes")
        if claims or any(dig(each, key) is not None for each in volumes for key in _KEEPING):
            return covered(requirement, Field(at(obj, ".".join(path)), "a volume that stays"))
        scratch += [
            Field(at(obj, f"{'.'.join(path)}.volumes[{i}]"), f"{text(each, 'name')}, an emptyDir")
            for i, each in enumerate(volumes)
            if dig(each, "emptyDir") is not None and _mounted(obj, text(each, "name"))
        ]
    if scratch:
        return contradicted(requirement, scratch[0])
    return undecided(requirement, "no volume is there")


def _mounted(obj: Obj, name: str) -> bool:
    return any(
        text(mount, "name") == name
        for box in many(obj, *pod_path(obj), "containers")
        for mount in many(box, "volumeMounts")
    )
