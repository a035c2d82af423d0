"""A pod's evidence as a file.

The pod that writes has looked at hostile content, so a file is believed only as far as it can be
held against the plan: this subject, these checks in these versions, their tiers.
"""

from __future__ import annotations

import json
import math
import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args

from tiphys.argo.parts import CLUSTER, Part, Shard
from tiphys.domain.errors import InvalidInput, LimitExceeded
from tiphys.domain.evidence import TIERS, Evidence, Outcome, Tier
from tiphys.verify.plan import Plan

SCHEMA = 1
MAX_BYTES = 4 << 20
MAX_TEXT = 4096  # characters of a summary or a line of details
MAX_DETAILS = 500
SUFFIX = ".json"
_FIELDS = {"schema", "shard", "head", "digest", "checks", "evidence"}


def write_evidence(shard: Shard, plan: Plan, head_sha: str, evidence: Sequence[Evidence]) -> bytes:
    """What the pod of `shard` leaves as <part>/<shard>.json; long details are cut short.

    InvalidInput without any evidence.
    """
    if not evidence:
        raise InvalidInput(f"{shard.name} has no evidence to hand over")
    document = {
        "schema": SCHEMA,
        "shard": shard.name,
        "head": head_sha,
        "digest": evidence[0].subject_digest,
        "checks": _versions(shard.part, plan),
    }
    for lines in (MAX_DETAILS, 10, 0):
        told = [_shortened(asdict(each), lines) for each in evidence]
        data = json.dumps(document | {"evidence": told}, sort_keys=True).encode()
        if len(data) <= MAX_BYTES:
            break
    return data


def read_evidence(
    data: bytes, shard: Shard, plan: Plan, *, head_sha: str, digest: str
) -> tuple[Evidence, ...]:
    """What `write_evidence` wrote for this very shard and subject; InvalidInput, LimitExceeded.

    Every check of the part is there once, and CLUSTER where the lease is to be told of.
    """
    if len(data) > MAX_BYTES:
        raise LimitExceeded(f"the evidence of {shard.name} is larger than {MAX_BYTES} bytes")
    try:
        document = json.loads(data)
        if set(document) != _FIELDS or document["schema"] != SCHEMA:
            raise ValueError("not an evidence file")
        found = tuple(_evidence(fields) for fields in document["evidence"])
    except (ValueError, KeyError, TypeError, RecursionError, AttributeError) as problem:
        raise InvalidInput(f"{shard.name} left no readable evidence: {problem}") from None
    about = (document["shard"], document["head"], document["digest"])
    if about != (shard.name, head_sha, digest) or any(e.subject_digest != digest for e in found):
        raise InvalidInput(f"the evidence of {shard.name} is about something else")
    if document["checks"] != _versions(shard.part, plan):
        raise InvalidInput(f"{shard.name} ran other versions of the checks; use the same image")
    _check_complete(shard, plan, found)
    return found


def exit_code(evidence: Iterable[Evidence]) -> int:
    """What a part's pod exits with: 0 nothing is wrong, 1 the subject failed, 2 could not tell.

    Not a verdict's exit code: a part whose checks do not apply has none, and is no failure. Only 2
    is tried again.
    """
    outcomes = {each.outcome for each in evidence}
    return 1 if "fail" in outcomes else 2 if "error" in outcomes else 0


def read_folder(folder: Path, wanted: Iterable[Shard]) -> dict[str, bytes]:
    """What the pods of the shards left at <folder>/<part>/<shard>.json, by the shard's name.

    Each part can write into its own folder alone, so no pod speaks for another. What is missing, a
    link or no plain file is left out; at most one byte more than MAX_BYTES is read of each.
    """
    read = {shard.name: _read(folder / shard.part.name, shard.name + SUFFIX) for shard in wanted}
    return {name: data for name, data in read.items() if data is not None}


def tiers(plan: Plan) -> dict[str, Tier | None]:
    """The tier of each check, None where it is the lease's."""
    static: dict[str, Tier | None] = {check.name: check.tier for check in plan.static}
    return static | {check.name: check.tier for check in plan.on_cluster}


def _check_complete(shard: Shard, plan: Plan, found: Sequence[Evidence]) -> None:
    names = [each.check for each in found]
    needed = set(shard.part.checks)
    allowed = needed | ({CLUSTER} if shard.part.needs_cluster else set())
    if len(set(names)) < len(names) or not needed <= set(names) <= allowed:
        raise InvalidInput(f"the evidence of {shard.name} is not that of its checks")
    declared = tiers(plan)
    for each in found:
        if each.outcome == "pass" and declared.get(each.check, "") not in (None, each.tier):
            raise InvalidInput(f"{each.check} can't pass on tier {each.tier}")


def _versions(part: Part, plan: Plan) -> dict[str, int]:
    return {name: plan.versions[name] for name in part.checks}


def _shortened(fields: dict[str, Any], lines: int) -> dict[str, Any]:
    details = [line[:MAX_TEXT] for line in fields["details"][:lines]]
    return {**fields, "summary": fields["summary"][:MAX_TEXT], "details": details}


def _evidence(fields: Mapping[str, Any]) -> Evidence:
    found = Evidence(**{**fields, "details": tuple(fields["details"])})
    texts = (found.check, found.subject_digest, found.summary, *found.details)
    if not all(isinstance(text, str) and len(text) <= MAX_TEXT for text in texts):
        raise ValueError("a text is missing or too long")
    if len(found.details) > MAX_DETAILS:
        raise ValueError("too many details")
    if type(found.seconds) not in (int, float):
        raise ValueError("seconds are no number")
    if not (math.isfinite(found.seconds) and found.seconds >= 0):
        raise ValueError("seconds are out of range")
    if found.outcome not in get_args(Outcome) or found.tier not in TIERS:
        raise ValueError("an outcome or a tier is unknown")
    return found


def _read(folder: Path, name: str) -> bytes | None:
    quiet = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        with (
            _opened(os.open(folder, quiet | os.O_DIRECTORY)) as place,
            _opened(os.open(name, quiet, dir_fd=place)) as handle,
        ):
            return _first_bytes(handle) if stat.S_ISREG(os.fstat(handle).st_mode) else None
    except OSError:
        return None


def _first_bytes(handle: int) -> bytes:
    with os.fdopen(handle, "rb", closefd=False) as stream:
        return stream.read(MAX_BYTES + 1)


@contextmanager
def _opened(handle: int) -> Iterator[int]:
    try:
        yield handle
    finally:
        os.close(handle)
