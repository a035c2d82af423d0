"""What has one spelling only, however the sentence around it goes: paths, constants, times.

The last net: whatever the other topics could not read, such a value stands somewhere in the objects
or it was not done. Only a constant is sure enough to contradict.
"""

# ruff: noqa: E501 -- a list of alternatives reads better unbroken
from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from tiphys.verify.critic.model import Field, Remark, Requirement, covered, shown, undecided
from tiphys.verify.critic.quantities import parse_quantity, seconds
from tiphys.verify.critic.wording import Words, number, pattern, plainly
from tiphys.verify.critic.world import World

# Constants, and the keys that they are values of; True where it is what holds unsaid.
_CONSTANTS: dict[str, bool] = {
    "Recreate": False, "RollingUpdate": True, "OnDelete": False, "Parallel": False,
    "OrderedReady": True, "Retain": True, "ClientIP": False, "Local": False, "Indexed": False,
    "NoSchedule": False, "NoExecute": False, "PreferNoSchedule": False, "DoNotSchedule": False,
    "ScheduleAnyway": False, "RuntimeDefault": False, "Localhost": False, "Exact": False,
    "ImplementationSpecific": False, "WaitForFirstConsumer": False, "IfNotPresent": True,
    "ReadWriteMany": False, "ReadWriteOnce": False, "ReadOnlyMany": False, "OnFailure": False,
    "ReadWriteOncePod": False, "ExternalName": False, "PreferClose": False, "PreferDualStack": False,
    "RequireDualStack": False, "SingleStack": True, "UDP": False, "SCTP": False, "Memory": False,
    "NotIn": False, "DoesNotExist": False, "Opaque": True, "Bidirectional": False,
}  # fmt: skip
_CONSTANT = re.compile(rf"(?<![\w.-])(?:{'|'.join(_CONSTANTS)})(?![\w-])")
_PATH = re.compile(
    r"(?<![\w./:@*>-])(/[A-Za-z0-9_][\w.-]{0,60}(?:/[\w.-]{1,60}){0,10})/?(?![\w*/])"
)
_TIME = pattern(
    r"{N}[ -]?(s|secs?|seconds?|mins?|minutes?|hours?|days?|weeks?|sekunden|minuten|stunden|secondes|segundos|minutos|horas|heures)\b"
)
_UNITS = {"stunden": "h", "horas": "h", "heures": "h", "segundos": "s", "sekunden": "s"}
_CALM = re.compile(r"\b(?:every|each|we\s+\w{1,20}|about|roughly|around|ca|takes?|took|last|ago|within|currently|usually|typically|because|since|old|"
                   r"alle|cada|toutes|next|past|than|lasts?|every\s+other|per|runs?\s+for)\b", re.IGNORECASE)  # fmt: skip


def rule(words: Words, world: World) -> Iterator[Remark]:  # noqa: C901, PLR0912  # one case after the other
    """Each such value, where there are objects that could hold it."""
    if not world.objects:
        return
    texts: dict[str, str] = {}
    numbers: dict[Decimal, str] = {}
    for key, (path, value) in world.leaves:
        texts.setdefault(str(value), path)
        texts.setdefault(key, path)
        if (amount := _amount(value)) is not None:
            numbers.setdefault(amount, path)
    for match in words.find(_CONSTANT):
        if words.negated(match.start()):
            continue
        requirement = Requirement("constant", match[0], words.quote(*match.span()))
        if match[0] in texts:
            yield covered(requirement, Field(texts[match[0]], match[0]))
        elif not _CONSTANTS[match[0]] and world.workloads:
            yield Remark(requirement, "contradicted", "", "no field has it")
    everything = "\n".join(texts)
    for match in words.find(_PATH):
        path = match[1].rstrip(".")
        before = words.before(match.start(), 24)
        if words.negated(match.start()) or re.search(r"\bimage\s*\Z|\d\s*\Z", before):
            continue
        requirement = Requirement("path", shown(path), words.quote(*match.span()))
        inside = path.rpartition("/")[0]
        if path not in texts and inside and inside in texts:  # a file in a folder that is mounted
            path = inside
        if path in texts:
            yield covered(requirement, Field(texts[path], path))
        elif path not in everything and "(hidden)" not in everything and world.workloads:
            yield undecided(requirement, "no field has it")
    for match in words.find(_TIME):
        near = words.before(match.start(), 26) + " " + words.after(match.end(), 12)
        if (
            words.negated(match.start())
            or _CALM.search(near)
            or words.raw[match.start() - 1 : match.start()] == "="
        ):
            continue
        unit = _UNITS.get(match[2].lower(), match[2])
        value = seconds(number(match[1]), unit)
        requirement = Requirement("time", f"{plainly(value)} s", words.quote(*match.span()))
        for amount in (value, number(match[1])):
            if amount in numbers:
                yield covered(requirement, Field(numbers[amount], plainly(amount)))
                break
        else:
            if world.workloads or world.kinds("HorizontalPodAutoscaler"):
                yield undecided(requirement, "no field has it")


_SPAN = re.compile(r"(\d{1,9})(ms|s|m|h|d)\Z")


def _amount(value: object) -> Decimal | None:
    if isinstance(value, str) and (found := _SPAN.match(value)) and found[2] != "ms":
        return seconds(Decimal(found[1]), found[2])
    return parse_quantity(value)
