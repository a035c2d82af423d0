"""Faults that a skill's test is excused from noticing: tests/waivers.yaml."""

from __future__ import annotations

import re
from typing import Any

from tiphys.domain.errors import InvalidInput, LimitExceeded
from tiphys.domain.skill import Waiver
from tiphys.library import strict_yaml

MAX_WAIVERS = 20
_MAX_ID = 400
_REASON = (10, 200)
_SAYS_WHAT = re.compile(r"[^*:]+/[^:]+:.*[^*:.]")  # a kind and something of it, not only stars


def read_waivers(text: str, *, source: str) -> tuple[Waiver, ...]:
    """A list of {mutant: <id, `*` is any text>, reason: <10 to 200 characters>}. InvalidInput."""
    found = strict_yaml.load(text, source=source)
    if not isinstance(found, list):
        raise InvalidInput(f"{source}: must be a list of mutants and reasons")
    if len(found) > MAX_WAIVERS:
        raise LimitExceeded(f"{source}: {len(found)} waivers, at most {MAX_WAIVERS}")
    waivers = tuple(_waiver(each, f"{source}: entry {n}") for n, each in enumerate(found, 1))
    if len({waiver.mutant for waiver in waivers}) != len(waivers):
        raise InvalidInput(f"{source}: the same mutant is waived twice")
    return waivers


def _waiver(entry: Any, where: str) -> Waiver:
    if not isinstance(entry, dict) or set(entry) != {"mutant", "reason"}:
        raise InvalidInput(f"{where}: must hold mutant and reason, and nothing else")
    mutant, reason = entry["mutant"], entry["reason"]
    if not isinstance(mutant, str) or len(mutant) > _MAX_ID or not _SAYS_WHAT.match(mutant):
        raise InvalidInput(
            f"{where}: mutant must name the kind and the field, as the check prints it"
        )
    least, most = _REASON
    if not isinstance(reason, str) or not least <= len(reason.strip()) <= most:
        raise InvalidInput(f"{where}: reason must be text of {least} to {most} characters")
    return Waiver(mutant, " ".join(reason.split()))
