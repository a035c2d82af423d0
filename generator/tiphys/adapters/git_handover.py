"""Repositories that pods hand to each other: named commits under fixed branches, and the forge.

Whoever is given one may write to its own copy only, and trusts nothing of it but what git's object
ids say: configuration and hooks of the lender are never read.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from tiphys.adapters.forge_local import FORGE_REF
from tiphys.adapters.git_command import check_remote, failed, fetch, push
from tiphys.adapters.git_refs import check_ref, move_ref, open_git, read_ref, translated
from tiphys.adapters.git_repository import GitRepository
from tiphys.adapters.traces_git import TRACES_REF
from tiphys.adapters.verdicts_git import VERDICTS_REF
from tiphys.domain.errors import Refused

if TYPE_CHECKING:
    import pygit2

_HEADS = "refs/heads/"
_CARRIED = (FORGE_REF, VERDICTS_REF, TRACES_REF)
_REFS_AT_MOST = 10_000


def fetch_branch(folder: Path, remote: str, branch: str, *, sha: str = "", token: str = "") -> None:
    """The remote's branch, or what it was when it stood at `sha`. Unavailable, Refused.

    Refused where the branch never held that commit: then it is about something else.
    """
    ref = _HEADS + branch
    check_ref(ref)
    _fetch(folder, remote, ref, f"fetching {branch} from {remote}", token)
    repository = GitRepository(folder)
    tip = repository.resolve(ref)
    if not sha or sha == tip:
        return
    if repository.merge_base(tip, sha) != sha:
        raise Refused(f"{branch} does not hold {sha[:12]} any more; submit its new commits")
    move_ref(open_git(folder), ref, tip, sha, "handover: the commit in question")


def fetch_branches(folder: Path, remote: str, *, token: str = "") -> None:
    """All branches of the remote. Unavailable."""
    _fetch(folder, remote, f"{_HEADS}*", f"fetching from {remote}", token)


def _fetch(folder: Path, remote: str, ref: str, doing: str, token: str) -> None:
    check_remote(remote)
    done = fetch(folder, remote, f"+{ref}:{ref}", token=token)
    if done.returncode != 0:
        raise failed(doing, done)


def push_branches(folder: Path, remote: str, prefix: str, *, token: str = "") -> list[str]:
    """Push the branches whose names begin so, never with force; their names. Unavailable."""
    check_remote(remote)
    names = sorted(name for name in open_git(folder).references if name.startswith(_HEADS + prefix))
    if not names:
        return []
    done = push(folder, remote, *(f"{name}:{name}" for name in names), token=token)
    if done.returncode != 0:
        raise failed(f"pushing to {remote}", done)
    return [name.removeprefix(_HEADS) for name in names]


def borrow(
    lender: Path, folder: Path, *, target: str, prefix: str = "", verdicts: bool = True
) -> None:
    """A new bare repository that reads the lender's objects and starts with its refs.

    Of the branches only those with the `prefix`. The lender stays as it is. NotFound.
    """
    source = open_git(lender)
    GitRepository.init(folder, bare=True, branch=target)
    with translated(f"borrowing {lender}"):
        objects = os.fsdecode(Path(source.path).resolve() / "objects")
        (folder / "objects" / "info" / "alternates").write_text(f"{objects}\n", encoding="utf-8")
        own = open_git(folder)
        for name in list(source.references)[:_REFS_AT_MOST]:
            carried = name in _CARRIED and (verdicts or name != VERDICTS_REF)
            if carried or name.startswith(_HEADS + prefix):
                _copy(source, own, name)


def _copy(source: pygit2.Repository, own: pygit2.Repository, name: str) -> None:
    sha = read_ref(source, name)
    if sha is not None:
        own.references.create(name, sha)  # nobody else knows of this repository yet
