"""Where a branch has stood."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tiphys.domain import trailers

_NUMBER = re.compile(r"[1-9][0-9]{0,8}\Z")
_PULL = re.compile(r"Merge #([1-9][0-9]{0,8}): ")


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit that the target branch stood at.

    `before` is where it stood until then ("" at its beginning), `merged` the head that was merged
    ("" for anything but a merge), `author` the name that git has for whoever made it, which nobody
    proves, `seconds` since the epoch.
    """

    sha: str
    before: str
    merged: str
    author: str
    seconds: float
    message: str

    @property
    def subject(self) -> str:
        """The message's first line."""
        return self.message.strip().partition("\n")[0]

    @property
    def pull(self) -> int | None:
        """Number of the pull request that it merged, as its message says."""
        found = _PULL.match(self.message)
        return int(found[1]) if found and self.merged else None

    @property
    def issue(self) -> int | None:
        """Number of the issue that it serves, as its message says."""
        said = trailers.parse(self.message).get(trailers.REQUEST, "")
        return int(said) if _NUMBER.match(said) else None
