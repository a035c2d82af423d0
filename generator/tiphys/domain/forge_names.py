"""Whose words count: names that a signature proves, and names that are only claimed.

The target branch says whose keys are whose (`[people]`). Where a name is listed, only what one of
its keys signed is its; the rest in that name is left out of the views, and the views say so. A name
that is not listed stays a claim: it may ask and talk, but neither approve nor touch another's text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from tiphys.domain.forge_fields import FIELDS
from tiphys.domain.forge_fold import creation
from tiphys.domain.forge_log import CREATING, Operation, claimed_number

# Whether a public key ("ed25519:<64 hex>") made a signature over a message.
Verify = Callable[[str, bytes, bytes], bool]
Judged = Operation | str  # an operation that counts, or why it does not


@dataclass(frozen=True, slots=True)
class Roster:
    """Who owns which keys, on which forge.

    `forge` names the forge, so that nothing signed for one counts on another; it is asked only
    where there is a signature to check or to make, and gives "" where there is nothing to name.
    """

    people: Mapping[str, Sequence[str]]
    forge: Callable[[], str]
    verify: Verify


@dataclass(frozen=True, slots=True)
class Screened:
    """What of an entity's operations counts, a line for each that does not, and whether anybody
    is listed at all."""

    operations: tuple[Operation, ...]
    left_out: tuple[str, ...] = ()
    listed: bool = False


def place(entity: str, kind: str) -> str:
    """Where an operation belongs. What makes an entity is part of its name, and so signs less."""
    return f"number {claimed_number(entity)}" if kind in CREATING else entity


def message(forge: str, where: str, body: bytes) -> bytes:
    """What a signature covers: the forge, the place on it, the operation with its logical time."""
    return f"tiphys forge operation, version 1\n{forge}\n{where}\n".encode() + body


def judge(entity: str, operation: Operation, roster: Roster) -> Judged:
    """An operation as its author's, proven or only claimed, or why it is not theirs."""
    keys = roster.people.get(operation.author)
    if keys is None:
        return operation
    proof = operation.proof
    if proof is None:
        return "not signed"
    if proof.key not in keys:
        return "signed by a key that is not theirs"
    signed = message(roster.forge(), place(entity, operation.kind), proof.body)
    if not roster.verify(proof.key, bytes.fromhex(proof.signature), signed):
        return "not what their key signed, or not here"
    return replace(operation, proven=True)


def screen(
    entity: str,
    operations: Iterable[Operation],
    *,
    judged: Callable[[Operation], Judged],
    listed: bool,
) -> Screened:
    """Sort an entity's operations into those that count and those that do not."""
    found = [(operation, judged(operation)) for operation in operations]
    vouched = {
        (one.author, name)
        for _, one in found
        if isinstance(one, Operation) and one.proven and one.kind == "vouch"
        for name in one.data["operations"]
    }
    counts: list[Operation] = []
    left_out: list[str] = []
    for operation, verdict in found:
        if isinstance(verdict, Operation):
            counts.append(verdict)
        elif (operation.author, operation.id) in vouched:
            counts.append(replace(operation, proven=True))
        else:
            left_out.append(_line(operation, verdict))
    first = creation(entity, counts)
    if listed and first is not None:
        meddling = {o.id: o for o in counts if _meddles(o, first)}
        counts = [o for o in counts if o.id not in meddling]
        left_out += [_line(o, "who is not listed, on another's text") for o in meddling.values()]
    return Screened(tuple(counts), tuple(sorted(left_out)), listed)


def _meddles(operation: Operation, first: Operation) -> bool:
    own = operation.author == first.author
    return operation.kind == "edit" and not operation.proven and not own


def _line(operation: Operation, reason: str) -> str:
    kind = operation.kind if operation.kind in FIELDS else "something"
    return f"{operation.id[:12]}: {kind} in the name of {operation.author}, {reason}"
