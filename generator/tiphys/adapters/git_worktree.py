"""The user's work tree, touched only where a command was asked to."""

from __future__ import annotations

from pathlib import Path

from tiphys.adapters.git_refs import open_git, translated


def adopt(path: Path) -> None:
    """Make the index of a work tree show its HEAD; the files stay as they are."""
    import pygit2

    repo = open_git(path)
    with translated(f"reading {path}"):
        repo.reset(repo.head.target, pygit2.enums.ResetMode.MIXED)


def is_clean(path: Path) -> bool:
    """Whether the work tree has no change and no unknown file that a checkout could overwrite."""
    repo = open_git(path)
    with translated(f"reading {path}"):
        return not repo.status(untracked_files="normal", ignored=False)


def check_out_head(path: Path) -> None:
    """Bring files and index to HEAD; call it only for a tree that was clean before HEAD moved."""
    import pygit2

    repo = open_git(path)
    with translated(f"checking out {path}"):
        repo.reset(repo.head.target, pygit2.enums.ResetMode.HARD)
