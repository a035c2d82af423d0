"""The local forge's operations: immutable, written once, in any number of clones.

A forge is a grow-only set of operations in folders, one per entity (an issue, a pull request, the
statuses of a commit). Merging two clones is the union of their sets; what people see is a fold of
the set (`tiphys.domain.forge_fold`), the same whatever the order in which operations arrived.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tiphys.domain.errors import InvalidInput, LimitExceeded
from tiphys.domain.forge_fields import (
    ENTITY,
    FIELDS,
    HASH,
    clean_actor,
    clean_key,
    clean_sha,
    clean_signature,
)

OPERATION_BYTES = 512 * 1024  # a body may need six bytes per byte as JSON
LAMPORT_MAX = 2**53 - 1

_STATUS_ENTITY = re.compile(r"status-([0-9a-f]{40})\Z")
CREATING = ("open-issue", "open-pull")


@dataclass(frozen=True, slots=True)
class Proof:
    """A signature of an operation: by which key, over which bytes; nobody has checked it yet.

    `key` is a public one ("ed25519:<64 hex>"), `signature` hex, `body` the bytes without it.
    """

    key: str
    signature: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that somebody did. `id` is the hash of its bytes, `time` seconds since the epoch.

    `lamport` orders it after everything its author had seen of the entity. `proven` is whether a
    key of its author's signed it, which `tiphys.domain.forge_names` finds out.
    """

    id: str
    kind: str
    author: str
    time: float
    lamport: int
    data: Mapping[str, Any]
    proof: Proof | None = None
    proven: bool = False

    @property
    def order(self) -> tuple[int, float, str]:
        """The total order of operations, the same in every clone."""
        return (self.lamport, self.time, self.id)


# Public key and signature (hex) over the bytes of an operation that has none yet.
Sign = Callable[[bytes], tuple[str, str]]


def encode(
    kind: str,
    *,
    author: str,
    time: float,
    lamport: int,
    nonce: str,
    data: Mapping[str, Any],
    sign: Sign | None = None,
) -> bytes:
    """Bytes of a new operation, cleaned and within limits. InvalidInput, LimitExceeded.

    `nonce` (random) keeps two equal comments of one second apart.
    """
    fields = FIELDS[kind]
    record = {
        "kind": kind,
        "author": clean_actor(author),
        "time": time,
        "lamport": min(lamport, LAMPORT_MAX),
        "nonce": nonce,
        "data": {name: clean(data[name]) for name, clean in fields.items()},
    }
    if sign is not None:
        key, signature = sign(_written(record))
        record["signature"] = {"key": key, "value": signature}
    return _written(record)


def _written(record: Mapping[str, Any]) -> bytes:
    return (json.dumps(record, sort_keys=True, ensure_ascii=False) + "\n").encode()


def operation_id(blob: bytes) -> str:
    """The name under which an operation's bytes are kept."""
    return hashlib.sha256(blob).hexdigest()[:40]


def decode(name: str, blob: bytes) -> Operation:
    """An operation read from under `name`; the data of a kind that we do not know is left unread.

    InvalidInput if it is malformed: a wrong name, broken JSON, text over its limit or not clean.
    What is signed has one form in bytes, so that a copy in another form is no second operation.
    """
    if operation_id(blob) != name:
        raise InvalidInput("an operation's name is not the hash of its bytes")
    if len(blob) > OPERATION_BYTES:
        raise LimitExceeded("an operation is too large")
    try:
        record = json.loads(blob, parse_constant=_refuse_constant)
        kind, author, data = record["kind"], record["author"], record["data"]
        time, lamport = float(record["time"]), record["lamport"]
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise InvalidInput(f"an operation is not readable: {error}") from error
    if not isinstance(kind, str) or not isinstance(data, dict) or clean_actor(author) != author:
        raise InvalidInput("an operation lacks a kind, an author or data")
    if isinstance(lamport, bool) or not isinstance(lamport, int):
        raise InvalidInput("an operation's lamport is not a whole number")
    if not 1 <= lamport <= LAMPORT_MAX or not math.isfinite(time):
        raise InvalidInput("an operation's time is out of range")
    fields = FIELDS.get(kind, {})  # a newer version's kind is kept, and the fold passes it by
    for field, clean in fields.items():
        if field not in data or clean(data[field]) != data[field]:
            raise InvalidInput(f"an operation's {field} is missing or not clean")
    known = {name: data[name] for name in fields}
    return Operation(name, kind, author, time, lamport, known, _proof(record, blob))


def _proof(record: dict[str, Any], blob: bytes) -> Proof | None:
    if "signature" not in record:
        return None
    try:
        same = _written(record) == blob
        signature = record.pop("signature")
        proof = Proof(
            clean_key(signature["key"]), clean_signature(signature["value"]), _written(record)
        )
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidInput("an operation's signature is not readable") from error
    if not same or len(signature) != 2:
        raise InvalidInput("a signed operation is not in the form in which it is signed")
    return proof


def _refuse_constant(word: str) -> float:
    raise ValueError(f"{word} is not a number")


# Names of folders and files


def entity_name(number: int, creation: bytes) -> str:
    """Folder of a new issue or pull request that claims `number`."""
    return f"{number}-{operation_id(creation)[:16]}"


def status_entity(sha: str) -> str:
    """Folder of a commit's statuses. InvalidInput unless `sha` has 40 hex digits."""
    return f"status-{clean_sha(sha)}"


def claimed_number(entity: str) -> int | None:
    """The number that an entity claimed when it was made; None for other folders."""
    found = ENTITY.match(entity)
    return int(found[1]) if found else None


def entity_folder(entity: str) -> str:
    """Where an entity lies in the tree: in one of 256 folders, so that a write rewrites little."""
    return f"{entity[-2:]}/{entity}"


def is_entity(name: str) -> bool:
    """Whether a folder of this name belongs to the forge."""
    return bool(ENTITY.match(name) or _STATUS_ENTITY.match(name))


def file_operation(file_name: str) -> str | None:
    """The operation id in a file's name, or None for a foreign file."""
    stem, dot, suffix = file_name.rpartition(".")
    return stem if dot and suffix == "json" and HASH.match(stem) else None
