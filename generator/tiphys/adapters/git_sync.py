"""Carrying forge, verdicts and traces to and from a remote with the user's git and credentials."""

from __future__ import annotations

import hashlib
import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tiphys.adapters.forge_local import FORGE_REF
from tiphys.adapters.git_command import (
    TIMEOUT_SECONDS,
    check_remote,
    failed,
    fetch,
    git,
    git_version,
    push,
)
from tiphys.adapters.git_refs import (
    common_dir,
    move_ref,
    open_git,
    read_ref,
    recover_lock,
    signature,
    taking_turns,
    translated,
)
from tiphys.adapters.traces_git import BUCKET, ISSUE, TRACES_REF
from tiphys.adapters.traces_git import NAME as TRACE_FILE
from tiphys.adapters.verdicts_git import NAME as VERDICT_FILE
from tiphys.adapters.verdicts_git import VERDICTS_REF
from tiphys.domain.errors import Conflict, NotFound
from tiphys.domain.forge_log import file_operation, is_entity, operation_id
from tiphys.domain.git_paths import show_name

if TYPE_CHECKING:
    import pygit2

ATTEMPTS = 20

_REMOTE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}\Z")
_BUCKET = re.compile(r"[0-9a-f]{2}\Z")


@dataclass(frozen=True, slots=True)
class _Carried:
    """A set of files under one ref. `levels` say what may lie on each level of its tree, `honest`
    whether a file's bytes are those that its name promises."""

    ref: str
    levels: tuple[Callable[[str], object], ...]
    honest: Callable[[str, bytes], bool]

    @property
    def short(self) -> str:
        return self.ref.rpartition("/")[2]


def _nothing(_name: str) -> None:
    return None


_CARRIED = (
    _Carried(
        FORGE_REF,
        (_BUCKET.match, is_entity, file_operation, _nothing),
        lambda name, data: operation_id(data) == file_operation(name),
    ),
    _Carried(
        VERDICTS_REF,
        (
            re.compile(r"(keys|commits)\Z").match,
            _BUCKET.match,
            re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?\Z").match,
            VERDICT_FILE.match,
            _nothing,
        ),
        lambda name, data: name[16:32] == hashlib.sha256(data).hexdigest()[:16],
    ),
    _Carried(
        TRACES_REF,
        (BUCKET.match, ISSUE.match, TRACE_FILE.match, _nothing),
        lambda name, data: name[16:32] == hashlib.sha256(data).hexdigest()[:16],
    ),
)


@dataclass(frozen=True, slots=True)
class Synced:
    """What a sync did: whether the local or the remote side got something that it lacked."""

    remote: str
    pulled: bool
    pushed: bool


def sync(
    repository_path: Path,
    remote: str = "origin",
    *,
    token: str = "",
    clock: Callable[[], float] = time.time,
) -> Synced:
    """Bring what is kept here and at `remote` (a configured name, a URL, a path) to its union.

    `token` is the password for a remote that asks for one. Unavailable when git or the remote does
    not answer; Conflict when others keep pushing first.
    """
    git_version()
    check_remote(remote)
    repo = open_git(repository_path)
    if _REMOTE_NAME.match(remote) and remote not in set(repo.remotes.names()):
        raise NotFound(f"there is no remote {remote!r}: add it with `git remote add {remote} URL`")
    with taking_turns(repo, "sync", TIMEOUT_SECONDS):
        away = _Remote(remote, common_dir(repo), token)
        done = [_sync(repo, what, away, clock) for what in _CARRIED]
    return Synced(remote, any(d.pulled for d in done), any(d.pushed for d in done))


@dataclass(frozen=True, slots=True)
class _Remote:
    """A remote, and the git folder whose git talks to it."""

    name: str
    folder: Path
    token: str = field(repr=False)


def _sync(
    repo: pygit2.Repository, what: _Carried, remote: _Remote, clock: Callable[[], float]
) -> Synced:
    pulled = False
    for attempt in range(ATTEMPTS):
        theirs = _fetch(repo, what, remote)
        ours, changed = _unite(repo, what, theirs, clock)
        pulled = pulled or changed
        if ours is None or ours == theirs:
            return Synced(remote.name, pulled, pushed=False)
        done = push(remote.folder, remote.name, f"{ours}:{what.ref}", token=remote.token)
        if done.returncode == 0:
            return Synced(remote.name, pulled, pushed=True)
        if _remote_sha(what, remote) == theirs and attempt > 1:
            raise failed(f"pushing to {remote.name}", done)  # nobody was first: it is a refusal
        time.sleep(random.uniform(0, min(0.02 * 2**attempt, 1.0)))  # noqa: S311 -- jitter
    raise Conflict(f"others keep pushing to {remote.name} first: run `tiphys sync` again")


def _remote_sha(what: _Carried, remote: _Remote) -> str | None:
    done = git(remote.folder, "ls-remote", "--quiet", remote.name, what.ref, token=remote.token)
    if done.returncode != 0:
        raise failed(f"asking {remote.name}", done)
    return done.stdout.split()[0] if done.stdout.split() else None


def _fetch(repo: pygit2.Repository, what: _Carried, remote: _Remote) -> str | None:
    """The remote's side, fetched under refs/tiphys/remotes/; None if it has none yet."""
    if _remote_sha(what, remote) is None:
        return None
    name = remote.name
    known = _REMOTE_NAME.match(name) and not name.endswith((".", ".lock")) and ".." not in name
    short = name if known else hashlib.sha256(name.encode()).hexdigest()[:12]
    local = f"refs/tiphys/remotes/{short}/{what.short}"
    recover_lock(repo, local)
    done = fetch(remote.folder, name, f"+{what.ref}:{local}", token=remote.token)
    if done.returncode != 0:
        raise failed(f"fetching from {name}", done)
    return read_ref(repo, local)


def _unite(
    repo: pygit2.Repository, what: _Carried, theirs: str | None, clock: Callable[[], float]
) -> tuple[str | None, bool]:
    """The local ref's commit once it holds `theirs` too, and whether it had to move."""
    while True:
        ours = read_ref(repo, what.ref)
        united = ours
        if theirs:
            united = theirs if ours is None else _union(repo, what, ours, theirs, clock)
        if united == ours or united is None:
            return ours, False
        try:
            move_ref(repo, what.ref, ours, united, f"{what.short}: sync")
        except Conflict:
            if read_ref(repo, what.ref) == ours:
                raise  # not a lost race: the lock stays taken
        else:
            return united, True


def _union(
    repo: pygit2.Repository, what: _Carried, ours: str, theirs: str, clock: Callable[[], float]
) -> str:
    """A commit that holds both sets; one of the two when it does already."""
    import pygit2

    if ours == theirs:
        return ours
    with translated(f"merging {what.ref}"):
        left, right = repo[ours].peel(pygit2.Tree), repo[theirs].peel(pygit2.Tree)
        tree = _union_tree(repo, what, left, right)
        # A set never shrinks: a descendant that lost operations is not taken as it stands.
        if tree == right.id and repo.descendant_of(theirs, ours):
            return theirs
        if tree == left.id and repo.descendant_of(ours, theirs):
            return ours
        who = signature(repo, None, clock)
        return str(repo.create_commit(None, who, who, "Merge two clones\n", tree, [ours, theirs]))


def _union_tree(
    repo: pygit2.Repository,
    what: _Carried,
    left: pygit2.Tree,
    right: pygit2.Tree,
    depth: int = 0,
) -> pygit2.Oid:
    """The union by name of what belongs there."""
    import pygit2

    if left.id == right.id:
        return left.id
    builder = repo.TreeBuilder(left)
    for theirs in right:
        name = show_name(theirs.raw_name or b"")
        if not what.levels[depth](name):
            continue  # foreign; whoever wrote it may keep it
        ours = left[name] if name in left else None  # noqa: SIM401 -- a tree has no get
        if isinstance(ours, pygit2.Tree) and isinstance(theirs, pygit2.Tree):
            merged = _union_tree(repo, what, ours, theirs, depth + 1)
            builder.insert(name, merged, pygit2.enums.FileMode.TREE)
        elif ours is None or _rank(what, name, theirs) < _rank(what, name, ours):
            builder.insert(name, theirs.id, theirs.filemode)
    return builder.write()


def _rank(what: _Carried, name: str, child: pygit2.Object) -> tuple[bool, str]:
    """Which of two rivals under one name stays: the one whose bytes the name promises."""
    import pygit2

    honest = isinstance(child, pygit2.Blob) and what.honest(name, child.data)
    return (not honest, str(child.id))
