"""The port Forge over a set of operations; where the set is kept is the store's affair."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from tiphys.domain import forge_log
from tiphys.domain.errors import NotFound, Refused
from tiphys.domain.forge import Comment, Issue, Pull, ReviewDecision, Status, StatusState
from tiphys.domain.forge_fold import creation, fold, numbers, statuses
from tiphys.domain.forge_log import Operation

View = Issue | Pull


class Snapshot(Protocol):
    """The set at one moment."""

    def entities(self) -> Sequence[str]:
        """Names of the folders."""

    def operations(self, entity: str) -> Sequence[Operation]:
        """The well-formed operations in a folder, in any order; empty if there is none."""


# What to add (folder, bytes), decided on a snapshot; None when there is nothing to do.
Decide = Callable[[Snapshot], tuple[str, bytes] | None]


class Store(Protocol):
    """A grow-only set of operations."""

    def snapshot(self) -> Snapshot:
        """The set now."""

    def append(self, decide: Decide) -> Snapshot:
        """Add what `decide` says; if somebody else was first, ask it again on the newer set."""


class Book:
    """The views of one snapshot; an entity is read when it is asked for."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._entity_of = numbers(snapshot.entities(), self._creation_order)
        self.number_of: Mapping[str, int] = {e: n for n, e in self._entity_of.items()}

    def _creation_order(self, entity: str) -> tuple[int, float, str] | None:
        made = creation(self._snapshot.operations(entity))
        return made.order if made else None

    def next_number(self) -> int:
        """The number that a new issue or pull request claims."""
        return 1 + max(self._entity_of, default=0)

    def view(self, entity: str) -> View | None:
        """An entity's view; None if its creation is not readable."""
        operations = self._snapshot.operations(entity)
        return fold(self.number_of[entity], entity, operations, self.number_of)

    def views(self) -> Iterable[View]:
        """All of them, by number."""
        found = (self.view(self._entity_of[number]) for number in sorted(self._entity_of))
        return (view for view in found if view is not None)

    def find(self, number: int) -> tuple[str, View]:
        """Entity and view of a number. NotFound."""
        entity = self._entity_of.get(number)
        view = self.view(entity) if entity else None
        if entity is None or view is None:
            raise NotFound(f"there is no issue or pull request #{number}: see `tiphys issue list`")
        return entity, view


def as_pull(view: View) -> Pull:
    """NotFound if the number is an issue's."""
    if not isinstance(view, Pull):
        raise NotFound(f"#{view.number} is an issue, not a pull request: see `tiphys pr list`")
    return view


class OperationForge:
    """A forge whose writes are operations of `actor`, a name that nobody authenticates."""

    def __init__(
        self,
        store: Store,
        actor: str,
        *,
        clock: Callable[[], float] = time.time,
        nonce: Callable[[], str] = lambda: secrets.token_hex(8),
    ) -> None:
        self._store = store
        self._actor = forge_log.clean_actor(actor)
        self._clock = clock
        self._nonce = nonce

    # reading

    def issues(self, state: str | None = None) -> Sequence[Issue]:
        """Issues by number."""
        views = Book(self._store.snapshot()).views()
        return [v for v in views if isinstance(v, Issue) and state in (None, v.state)]

    def issue(self, number: int) -> Issue:
        """One issue. NotFound."""
        _, view = Book(self._store.snapshot()).find(number)
        if not isinstance(view, Issue):
            raise NotFound(f"#{number} is a pull request, not an issue: see `tiphys pr show`")
        return view

    def pulls(self, state: str | None = None) -> Sequence[Pull]:
        """Pull requests by number."""
        views = Book(self._store.snapshot()).views()
        return [v for v in views if isinstance(v, Pull) and state in (None, v.state)]

    def pull(self, number: int) -> Pull:
        """One pull request. NotFound."""
        return as_pull(Book(self._store.snapshot()).find(number)[1])

    def statuses(self, sha: str) -> Sequence[Status]:
        """The newest status of each context on a commit."""
        entity = forge_log.status_entity(sha)
        return statuses(sha, self._store.snapshot().operations(entity))

    # writing

    def open_issue(self, title: str, body: str) -> Issue:
        """A new open issue."""

        def decide(snapshot: Snapshot) -> tuple[str, bytes]:
            blob = self._encode("open-issue", {"title": title, "body": body})
            return forge_log.entity_name(Book(snapshot).next_number(), blob), blob

        entity, _, book = self._append(decide)
        view = book.find(book.number_of[entity])[1]
        assert isinstance(view, Issue)  # noqa: S101 -- the operation above made one
        return view

    def open_pull(
        self, title: str, body: str, source: str, target: str, issue: int | None = None
    ) -> Pull:
        """A new open pull request."""

        def decide(snapshot: Snapshot) -> tuple[str, bytes]:
            book = Book(snapshot)
            for view in book.views():
                same = isinstance(view, Pull) and (view.source, view.target) == (source, target)
                if same and view.state == "open":
                    raise Refused(
                        f"pull request #{view.number} from {source} is open: update that one"
                    )
            referred = None
            if issue is not None:
                referred, view = book.find(issue)
                if not isinstance(view, Issue):
                    raise NotFound(f"#{issue} is a pull request, not an issue: name an issue")
            data = {
                "title": title,
                "body": body,
                "source": source,
                "target": target,
                "issue": referred,
            }
            blob = self._encode("open-pull", data)
            return forge_log.entity_name(book.next_number(), blob), blob

        entity, _, book = self._append(decide)
        return as_pull(book.find(book.number_of[entity])[1])

    def comment(self, number: int, body: str, key: str | None = None) -> Comment:
        """Comment on an issue or pull request; the same `key` replaces that comment in place."""
        view, operation = self._act(number, "comment", {"body": body, "key": key})
        wanted = None if key is None else forge_log.FIELDS["comment"]["key"](key)
        return next(
            c for c in view.comments if (c.id == operation if wanted is None else c.key == wanted)
        )

    def label(self, number: int, add: Sequence[str] = (), remove: Sequence[str] = ()) -> None:
        """Add and remove labels; idempotent."""

        def idle(view: View) -> bool:
            present = set(view.labels)
            return set(add) <= present and not set(remove) & present

        self._act(number, "label", {"add": list(add), "remove": list(remove)}, idle)

    def set_state(self, number: int, state: str) -> None:
        """Open or close an issue or pull request. Refused on a merged one."""

        def idle(view: View) -> bool:
            if view.state == "merged":
                raise Refused(f"pull request #{number} is merged: open a new one instead")
            return view.state == state

        self._act(number, "state", {"state": state}, idle)

    def edit_pull(self, number: int, title: str, body: str) -> None:
        """Replace a pull request's title and body."""

        def idle(view: View) -> bool:
            pull = as_pull(view)
            return (pull.title, pull.body) == (title, body)

        self._act(number, "edit", {"title": title, "body": body}, idle)

    def review(self, number: int, sha: str, decision: ReviewDecision, body: str) -> None:
        """Record a review of one head commit."""
        data = {"sha": sha, "decision": decision, "body": body}
        self._act(number, "review", data, lambda view: as_pull(view) is None)

    def set_status(self, sha: str, context: str, state: StatusState, summary: str) -> None:
        """Record the state of `context` on a commit."""
        entity = forge_log.status_entity(sha)
        data = {"context": context, "state": state, "summary": summary}

        def decide(snapshot: Snapshot) -> tuple[str, bytes]:
            return entity, self._encode("status", data, snapshot.operations(entity))

        self._append(decide)

    def mark_merged(self, number: int, sha: str) -> None:
        """Record that the pull request was merged as commit `sha`; that is final."""

        def idle(view: View) -> bool:
            merged = as_pull(view).merged_sha
            if merged not in (None, sha):
                raise Refused(f"pull request #{number} was merged as {str(merged)[:12]} already")
            return merged is not None

        self._act(number, "merged", {"sha": sha}, idle)

    def _act(
        self,
        number: int,
        kind: str,
        data: Mapping[str, Any],
        idle: Callable[[View], bool] = lambda view: False,  # noqa: ARG005 -- a guard's shape
    ) -> tuple[View, str]:
        """Append to an entity; `idle` refuses, or says that there is nothing to do."""

        def decide(snapshot: Snapshot) -> tuple[str, bytes] | None:
            entity, view = Book(snapshot).find(number)
            blob = self._encode(kind, data, snapshot.operations(entity))
            return None if idle(view) else (entity, blob)

        entity, operation, book = self._append(decide)
        # The number may have changed hands in a merge since; the entity has not.
        return book.find(book.number_of.get(entity, number))[1], operation

    def _append(self, decide: Decide) -> tuple[str, str, Book]:
        """Entity, operation id ("" when nothing was done) and the views afterwards."""
        entity, blob = "", b""

        def remember(snapshot: Snapshot) -> tuple[str, bytes] | None:
            nonlocal entity, blob
            decision = decide(snapshot)
            entity, blob = decision or ("", b"")
            return decision

        after = self._store.append(remember)
        return entity, forge_log.operation_id(blob) if blob else "", Book(after)

    def _encode(self, kind: str, data: Mapping[str, Any], seen: Iterable[Operation] = ()) -> bytes:
        return forge_log.encode(
            kind,
            author=self._actor,
            time=self._clock(),
            lamport=1 + max((o.lamport for o in seen), default=0),
            nonce=self._nonce(),
            data=data,
        )
