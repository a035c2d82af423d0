"""What a forge holds: issues, pull requests, comments, reviews, statuses.

`author` is a name; `proven` says whether it is known to be theirs, or only claimed. `left_out` has
a line for each thing that is not shown because it is not by whom it says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["open", "closed", "merged"]
ReviewDecision = Literal["approve", "request-changes", "comment"]
# An approval in a name that nobody proves counts for nothing where proof is asked for.
Decided = ReviewDecision | Literal["unproven-approval"]
StatusState = Literal["success", "failure", "error", "pending"]


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment; one with a `key` is sticky: writing the key again replaces its body in place.

    `author` is who wrote the body that is there now.
    """

    id: str
    author: str
    body: str
    created: float  # seconds since the epoch
    key: str | None = None
    edited: float | None = None
    proven: bool = False


@dataclass(frozen=True, slots=True)
class Review:
    """A person's decision on one head commit of a pull request."""

    author: str
    decision: Decided
    sha: str
    body: str
    created: float
    proven: bool = False


@dataclass(frozen=True, slots=True)
class Status:
    """The newest state of one context on one commit."""

    sha: str
    context: str
    state: StatusState
    summary: str
    created: float


@dataclass(frozen=True, slots=True)
class Issue:
    """A request in plain language, with the talk about it. `state` is open or closed."""

    number: int
    title: str
    body: str
    author: str
    state: State
    created: float
    labels: tuple[str, ...] = ()
    comments: tuple[Comment, ...] = ()
    proven: bool = False
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pull:
    """A pull request from branch `source` into branch `target` (short names)."""

    number: int
    title: str
    body: str
    author: str
    state: State
    created: float
    source: str
    target: str
    issue: int | None = None
    labels: tuple[str, ...] = ()
    comments: tuple[Comment, ...] = ()
    reviews: tuple[Review, ...] = ()
    merged_sha: str | None = None
    proven: bool = False
    left_out: tuple[str, ...] = ()
