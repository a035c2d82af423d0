"""From a set of operations to what people see. Pure, and blind to the order of arrival."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tiphys.domain.forge import Comment, Decided, Issue, Pull, Review, State, Status
from tiphys.domain.forge_log import CREATING, Operation, claimed_number

Order = tuple[Any, ...]


def numbers(
    entities: Iterable[str], creation_order: Callable[[str], Order | None]
) -> dict[int, str]:
    """Which entity each number shows.

    Two clones may have claimed one number: the one created first keeps it, each other one gets the
    next number above it that nobody claimed. `creation_order` is asked only about such rivals; it
    gives None for an entity whose creation is not readable, which goes last.
    """
    claims: dict[int, list[str]] = {}
    for entity in entities:
        claim = claimed_number(entity)
        if claim is not None:
            claims.setdefault(claim, []).append(entity)
    shown: dict[int, str] = {}
    displaced: list[tuple[int, str]] = []
    for claim, rivals in sorted(claims.items()):
        ranked = rivals if len(rivals) == 1 else sorted(rivals, key=_rank(creation_order))
        shown[claim] = ranked[0]
        displaced += ((claim, entity) for entity in ranked[1:])
    for claim, entity in displaced:
        free = claim + 1
        while free in shown:
            free += 1
        shown[free] = entity
    return shown


def _rank(creation_order: Callable[[str], Order | None]) -> Callable[[str], tuple[Any, ...]]:
    def rank(entity: str) -> tuple[Any, ...]:
        order = creation_order(entity)
        return (order is None, order or (), entity)

    return rank


def creation(entity: str, operations: Iterable[Operation]) -> Operation | None:
    """The operation that made an entity: the one that its name is from."""
    made = entity.rpartition("-")[2]
    found = (o for o in operations if o.kind in CREATING and o.id.startswith(made))
    return min(found, key=_by_order, default=None)


def fold(
    number: int,
    entity: str,
    operations: Iterable[Operation],
    number_of: Mapping[str, int],
    *,
    left_out: tuple[str, ...] = (),
    listed: bool = False,
) -> Issue | Pull | None:
    """The view of one entity, shown as `number`; None without a readable creation.

    `number_of` turns the issue that a pull request refers to into the number it shows. With
    `listed` names that nobody proves approve nothing and replace nobody's comment.
    """
    ordered = _in_order(operations)
    first = creation(entity, ordered)
    if first is None:
        return None
    title, body = first.data["title"], first.data["body"]
    for operation in ordered:
        # A request is what its author asked for; a proposal's text is for whoever works on it.
        own = first.kind != "open-issue" or operation.author == first.author
        if operation.kind == "edit" and own:
            title, body = operation.data["title"], operation.data["body"]
    common: dict[str, Any] = {
        "number": number,
        "title": title,
        "body": body,
        "author": first.author,
        "created": first.time,
        "labels": _labels(ordered, number, claimed_number(entity)),
        "comments": _comments(ordered, listed=listed),
        "proven": first.proven,
        "left_out": left_out,
    }
    if first.kind == "open-issue":
        return Issue(state=_state(ordered), **common)
    merged = next((o.data["sha"] for o in ordered if o.kind == "merged"), None)
    return Pull(
        state="merged" if merged else _state(ordered),
        source=first.data["source"],
        target=first.data["target"],
        issue=number_of.get(first.data["issue"]),
        reviews=tuple(_review(o, listed=listed) for o in ordered if o.kind == "review"),
        merged_sha=merged,
        **common,
    )


def statuses(sha: str, operations: Iterable[Operation]) -> tuple[Status, ...]:
    """The newest status of each context, sorted by context."""
    newest: dict[str, Status] = {}
    for o in _in_order(operations):
        if o.kind == "status":
            newest[o.data["context"]] = Status(
                sha, o.data["context"], o.data["state"], o.data["summary"], o.time
            )
    return tuple(newest[context] for context in sorted(newest))


def _in_order(operations: Iterable[Operation]) -> list[Operation]:
    """A set in its total order; the same operation twice counts once."""
    return sorted({o.id: o for o in operations}.values(), key=_by_order)


def _by_order(operation: Operation) -> Order:
    return operation.order


def _state(ordered: Iterable[Operation]) -> State:
    state: State = "open"
    for operation in ordered:
        if operation.kind == "state":
            state = operation.data["state"]
    return state


def _labels(ordered: Iterable[Operation], number: int, claimed: int | None) -> tuple[str, ...]:
    found: set[str] = set()
    for operation in ordered:
        if operation.kind == "label":
            found |= set(operation.data["add"])
            found -= set(operation.data["remove"])
    if claimed is not None and claimed != number:
        found.add(f"was #{claimed}")
    return tuple(sorted(found))


def _review(o: Operation, *, listed: bool) -> Review:
    decision: Decided = o.data["decision"]
    if decision == "approve" and listed and not o.proven:
        decision = "unproven-approval"
    return Review(o.author, decision, o.data["sha"], o.data["body"], o.time, o.proven)


def _comments(ordered: Iterable[Operation], *, listed: bool) -> tuple[Comment, ...]:
    found: dict[str, Comment] = {}
    for o in ordered:
        if o.kind != "comment":
            continue
        key, body = o.data["key"], o.data["body"]
        place = o.id if key is None else f"key {key}"
        first = found.get(place)
        if first is not None and listed and not o.proven and first.author != o.author:
            place = f"key {key} of {o.author}"
            first = found.get(place)
        if first is None:
            found[place] = Comment(o.id, o.author, body, o.time, key, proven=o.proven)
        else:
            found[place] = Comment(first.id, o.author, body, first.created, key, o.time, o.proven)
    return tuple(found.values())
