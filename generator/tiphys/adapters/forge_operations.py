"""The port Forge over a set of operations; where the set is kept is the store's affair."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from tiphys.adapters.forge_book import Book, Snapshot, View, as_pull
from tiphys.adapters.forge_keys import Signer, verify
from tiphys.adapters.forge_voice import Voice
from tiphys.domain import forge_log
from tiphys.domain.errors import NotFound, Refused
from tiphys.domain.forge import Comment, Issue, Pull, ReviewDecision, Status, StatusState
from tiphys.domain.forge_fields import FIELDS, VOUCHED_AT_ONCE
from tiphys.domain.forge_fold import statuses
from tiphys.domain.forge_log import Operation
from tiphys.domain.forge_names import Roster, place

# What to add (folder, bytes), decided on a snapshot; None when there is nothing to do.
Decide = Callable[[Snapshot], tuple[str, bytes] | None]


class Store(Protocol):
    """A grow-only set of operations."""

    def snapshot(self) -> Snapshot:
        """The set now."""

    def append(self, decide: Decide) -> Snapshot:
        """Add what `decide` says; if somebody else was first, ask it again on the newer set."""


class OperationForge:
    """A forge whose writes are operations of `actor`, signed where `signer` has a key.

    Who is listed in `roster` must be proven; any other name is what the writer says it is.
    """

    def __init__(
        self,
        store: Store,
        actor: str,
        *,
        roster: Roster | None = None,
        signer: Signer | None = None,
        clock: Callable[[], float] = time.time,
        nonce: Callable[[], str] = lambda: secrets.token_hex(8),
    ) -> None:
        self._store = store
        self._voice = Voice(actor, roster or Roster({}, str, verify), signer)
        self._clock = clock
        self._nonce = nonce

    # reading

    def issues(self, state: str | None = None) -> Sequence[Issue]:
        """Issues by number."""
        views = self._book(self._store.snapshot()).views()
        return [v for v in views if isinstance(v, Issue) and state in (None, v.state)]

    def issue(self, number: int) -> Issue:
        """One issue. NotFound."""
        _, view = self._book(self._store.snapshot()).find(number)
        if not isinstance(view, Issue):
            raise NotFound(f"#{number} is a pull request, not an issue: see `tiphys pr show`")
        return view

    def pulls(self, state: str | None = None) -> Sequence[Pull]:
        """Pull requests by number."""
        views = self._book(self._store.snapshot()).views()
        return [v for v in views if isinstance(v, Pull) and state in (None, v.state)]

    def pull(self, number: int) -> Pull:
        """One pull request. NotFound."""
        return as_pull(self._book(self._store.snapshot()).find(number)[1])

    def statuses(self, sha: str) -> Sequence[Status]:
        """The newest status of each context on a commit."""
        entity = forge_log.status_entity(sha)
        found = self._book(self._store.snapshot()).screened(entity)
        return statuses(sha, found.operations)

    def _book(self, snapshot: Snapshot) -> Book:
        return Book(snapshot, self._voice.screen)

    # writing

    def open_issue(self, title: str, body: str) -> Issue:
        """A new open issue."""

        def decide(snapshot: Snapshot) -> tuple[str, bytes]:
            return self._create("open-issue", {"title": title, "body": body}, self._book(snapshot))

        entity, _, book = self._append(decide)
        view = book.find(book.number_of[entity])[1]
        assert isinstance(view, Issue)  # noqa: S101 -- the operation above made one
        return view

    def open_pull(
        self, title: str, body: str, source: str, target: str, issue: int | None = None
    ) -> Pull:
        """A new open pull request."""

        def decide(snapshot: Snapshot) -> tuple[str, bytes]:
            book = self._book(snapshot)
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
            return self._create("open-pull", data, book)

        entity, _, book = self._append(decide)
        return as_pull(book.find(book.number_of[entity])[1])

    def comment(self, number: int, body: str, key: str | None = None) -> Comment:
        """Comment on an issue or pull request; the same `key` replaces that comment in place."""
        view, operation = self._act(number, "comment", {"body": body, "key": key})
        wanted = None if key is None else FIELDS["comment"]["key"](key)
        mine = (wanted, self._voice.actor)
        return next(
            c
            for c in view.comments
            if c.id == operation or (wanted is not None and (c.key, c.author) == mine)
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
            if pull.author != self._voice.actor:
                self._voice.must_be_listed("edit another's text")
            return (pull.title, pull.body) == (title, body)

        self._act(number, "edit", {"title": title, "body": body}, idle)

    def review(self, number: int, sha: str, decision: ReviewDecision, body: str) -> None:
        """Record a review of one head commit."""
        if decision == "approve":
            self._voice.must_be_listed("approve")
        data = {"sha": sha, "decision": decision, "body": body}
        self._act(number, "review", data, lambda view: as_pull(view) is None)

    def set_status(self, sha: str, context: str, state: StatusState, summary: str) -> None:
        """Record the state of `context` on a commit."""
        entity = forge_log.status_entity(sha)
        data = {"context": context, "state": state, "summary": summary}

        def decide(snapshot: Snapshot) -> tuple[str, bytes]:
            seen = snapshot.operations(entity)
            return entity, self._encode("status", data, entity, seen)

        self._append(decide)

    def mark_merged(self, number: int, sha: str) -> None:
        """Record that the pull request was merged as commit `sha`; that is final."""

        def idle(view: View) -> bool:
            merged = as_pull(view).merged_sha
            if merged not in (None, sha):
                raise Refused(f"pull request #{number} was merged as {str(merged)[:12]} already")
            return merged is not None

        self._act(number, "merged", {"sha": sha}, idle)

    def vouch(self) -> int:
        """Stand by what is left out in the actor's own name; how many operations now count.

        That is what was said before the name was listed, or by a key that was taken off the list.
        Whoever calls this has looked at it (`problems`): what is vouched for is theirs.
        """
        before = self._store.snapshot()
        return sum(self._vouch(entity) for entity in before.entities())

    def _vouch(self, entity: str) -> int:
        count = 0

        def decide(snapshot: Snapshot) -> tuple[str, bytes] | None:
            nonlocal count
            seen = snapshot.operations(entity)
            counted = {o.id for o in self._voice.screen(entity, seen).operations}
            mine = [o.id for o in seen if o.author == self._voice.actor and o.id not in counted]
            count = len(mine[:VOUCHED_AT_ONCE])
            data = {"operations": mine[:VOUCHED_AT_ONCE]}
            return (entity, self._encode("vouch", data, entity, seen)) if mine else None

        self._store.append(decide)
        return count

    def _act(
        self,
        number: int,
        kind: str,
        data: Mapping[str, Any],
        idle: Callable[[View], bool] = lambda view: False,  # noqa: ARG005 -- a guard's shape
    ) -> tuple[View, str]:
        """Append to an entity; `idle` refuses, or says that there is nothing to do."""

        def decide(snapshot: Snapshot) -> tuple[str, bytes] | None:
            entity, view = self._book(snapshot).find(number)
            blob = self._encode(kind, data, entity, snapshot.operations(entity))
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
        return entity, forge_log.operation_id(blob) if blob else "", self._book(after)

    def _create(self, kind: str, data: Mapping[str, Any], book: Book) -> tuple[str, bytes]:
        number = book.next_number()
        blob = self._encode(kind, data, forge_log.entity_name(number, b""))
        return forge_log.entity_name(number, blob), blob

    def _encode(
        self, kind: str, data: Mapping[str, Any], entity: str, seen: Iterable[Operation] = ()
    ) -> bytes:
        return forge_log.encode(
            kind,
            author=self._voice.actor,
            time=self._clock(),
            lamport=1 + max((o.lamport for o in seen), default=0),
            nonce=self._nonce(),
            data=data,
            sign=self._voice.sign_at(place(entity, kind)),
        )
