"""Errors a person sees as one line, typed by whose fault they are and whether a retry helps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

Fault = Literal["usage", "subject", "infrastructure"]


class TiphysError(Exception):
    """Base of every error that Tiphys raises on purpose.

    The message is one line that says what is wrong and what to do. `fault` keeps a bad subject
    (`fail`, `revise`) apart from broken infrastructure (`error`, `inconclusive`).
    """

    fault: ClassVar[Fault] = "usage"
    retryable: ClassVar[bool] = False
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))


class InvalidInput(TiphysError):
    """What was handed in (a skill, values, YAML, a proposal) breaks a rule."""

    fault = "subject"


class LimitExceeded(InvalidInput):
    """An input is larger, deeper or slower than its declared limit."""


class NotFound(TiphysError):
    """A named thing does not exist."""


class Refused(TiphysError):
    """The action is understood and not allowed in this state."""


class Conflict(TiphysError):
    """Somebody else changed it first (a moved ref, a merge conflict); look again, then retry."""

    retryable = True


class Unavailable(TiphysError):
    """Infrastructure is missing or does not answer; says nothing about the subject."""

    fault = "infrastructure"
    retryable = True
    exit_code = 2


class ApiRefusal(InvalidInput):
    """The API server refused an object (4xx); `reason` is its machine word, such as Invalid.

    `causes` are (field, what is wrong with it), where the server names fields.
    """

    def __init__(
        self, message: str, *, status: int, reason: str, causes: Sequence[tuple[str, str]] = ()
    ) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.causes = tuple(causes)
