"""Where a branch has stood: its first parents, by libgit2."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tiphys.adapters.git_refs import open_git, translated
from tiphys.domain.errors import InvalidInput, NotFound, Refused
from tiphys.domain.history import Commit

if TYPE_CHECKING:
    import pygit2


class GitHistory:
    """The port `Log` over the repository at `path`."""

    def __init__(self, path: Path) -> None:
        self._repo = open_git(path)

    def log(self, rev: str) -> Iterator[Commit]:
        """Commits from `rev` (a full sha) back along first parents, newest first."""
        import pygit2

        if self._repo.is_shallow:
            raise Refused("this clone lacks its past: `git fetch --unshallow` first")
        try:
            with translated(f"reading {rev}"):
                here: pygit2.Commit | None = self._repo[rev].peel(pygit2.Commit)
        except InvalidInput:
            raise NotFound(f"there is no commit {rev!r}") from None
        while here is not None:
            with translated(f"reading the history of {rev}"):
                commit = _commit(here)
                here = self._repo[commit.before].peel(pygit2.Commit) if commit.before else None
            yield commit


def _commit(found: pygit2.Commit) -> Commit:
    parents = [str(each) for each in found.parent_ids]
    return Commit(
        sha=str(found.id),
        before=parents[0] if parents else "",
        merged=parents[1] if len(parents) == 2 else "",
        author=found.author.name,
        seconds=float(found.commit_time),
        message=found.message,
    )
