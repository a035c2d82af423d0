"""Adding a commit to a ref that many processes add to: whoever is beaten tries again."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from tiphys.adapters.git_refs import move_ref, read_ref, taking_turns
from tiphys.domain.errors import Conflict

if TYPE_CHECKING:
    import pygit2


def append(
    repo: pygit2.Repository,
    ref: str,
    write: Callable[[str | None], str | None],
    *,
    turn: str,
    patience: float,
) -> str | None:
    """Move `ref` to the commit that `write` makes on top of where it stands; where it stands then.

    `write` is called anew each time that somebody else was faster; it gives None where nothing is
    to be added. `turn` names the queue of our own processes. Conflict if others win for `patience`
    seconds on end.
    """
    deadline = time.monotonic() + patience
    pause = 0.002
    while True:
        with taking_turns(repo, turn, patience / 2):
            before = read_ref(repo, ref)
            commit = write(before)
            if commit is None:
                return before
            try:
                move_ref(repo, ref, before, commit, f"{turn}: tiphys")
            except Conflict:
                if time.monotonic() > deadline:
                    raise
            else:
                return commit
        time.sleep(random.uniform(0, pause))  # noqa: S311 -- jitter, not a secret
        pause = min(pause * 2, 0.2)
