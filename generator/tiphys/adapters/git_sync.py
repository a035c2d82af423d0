"""Carrying forge, verdicts and traces to and from a remote with the user's git and credentials."""

from __future__ import annotations

import hashlib
import os
import random
import re
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tiphys.adapters.forge_local import FORGE_REF
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
from tiphys.domain.errors import Conflict, InvalidInput, NotFound, Unavailable
from tiphys.domain.forge_log import file_operation, is_entity, operation_id
from tiphys.domain.git_paths import show_name

if TYPE_CHECKING:
    import pygit2

GIT_NEEDED = (2, 30)
TIMEOUT_SECONDS = 120.0
ATTEMPTS = 20

_VERSION = re.compile(r"git version (\d+)\.(\d+)(\.\d+)*")
_REMOTE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}\Z")
# What of the caller's environment git may see: how to reach a remote, and nothing that would send
# it to another repository (GIT_DIR and its kin are set inside hooks).
_ENVIRONMENT = re.compile(
    r"(PATH|HOME|USER|LOGNAME|TMPDIR|XDG_.*|SSH_.*|GIT_SSH.*|GIT_ASKPASS|DISPLAY|SSL_CERT_.*|"
    r"GIT_SSL_.*|(?i:http|https|all|no)_(?i:proxy)|GIT_CONFIG_GLOBAL|GIT_CONFIG_SYSTEM|"
    r"GIT_CONFIG_NOSYSTEM)\Z"
)
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
_QUIET = ("core.hooksPath=/dev/null", "core.fsmonitor=false", "gc.auto=0", "maintenance.auto=false")


@dataclass(frozen=True, slots=True)
class Synced:
    """What a sync did: whether the local or the remote side got something that it lacked."""

    remote: str
    pulled: bool
    pushed: bool


def git_version() -> str:
    """Version of the git on PATH, for example "2.39.5". Unavailable: missing or too old."""
    needed = ".".join(map(str, GIT_NEEDED))
    try:
        done = subprocess.run(
            ["git", "--version"],
            env=_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"git {needed} or newer is needed for sync: install git") from error
    found = _VERSION.match(done.stdout)
    if not found:
        raise Unavailable(f"git {needed} or newer is needed for sync: `git --version` is not git's")
    version = found[0].removeprefix("git version ")
    if (int(found[1]), int(found[2])) < GIT_NEEDED:
        raise Unavailable(f"git {needed} or newer is needed for sync, found {version}: upgrade git")
    return version


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if _ENVIRONMENT.match(name)}
    return kept | {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"}


def _git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    settings = [part for setting in _QUIET for part in ("-c", setting)]
    try:
        return subprocess.run(
            ["git", f"--git-dir={folder}", *settings, *arguments],
            env=_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"git {arguments[0]} did not finish: {error}; try again") from error


def _failed(doing: str, done: subprocess.CompletedProcess[str]) -> Unavailable:
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    said = next((li for li in lines if li.startswith(("fatal:", "error:"))), (lines or ["?"])[-1])
    return Unavailable(f"{doing} failed: {said[:300]}; check the remote's name and your access")


def sync(
    repository_path: Path, remote: str = "origin", *, clock: Callable[[], float] = time.time
) -> Synced:
    """Bring what is kept here and at `remote` (a configured name, a URL, a path) to its union.

    Unavailable when git or the remote does not answer; Conflict when others keep pushing first.
    """
    git_version()
    if remote.startswith("-") or not remote or not remote.isprintable():
        raise InvalidInput(f"{remote[:80]!r} is not a remote: name one of `git remote`")
    repo = open_git(repository_path)
    if _REMOTE_NAME.match(remote) and remote not in set(repo.remotes.names()):
        raise NotFound(f"there is no remote {remote!r}: add it with `git remote add {remote} URL`")
    with taking_turns(repo, "sync", TIMEOUT_SECONDS):
        done = [_sync(repo, what, remote, clock) for what in _CARRIED]
    return Synced(remote, any(d.pulled for d in done), any(d.pushed for d in done))


def _sync(
    repo: pygit2.Repository, what: _Carried, remote: str, clock: Callable[[], float]
) -> Synced:
    folder = common_dir(repo)
    pulled = False
    for attempt in range(ATTEMPTS):
        theirs = _fetch(repo, folder, what, remote)
        ours, changed = _unite(repo, what, theirs, clock)
        pulled = pulled or changed
        if ours is None or ours == theirs:
            return Synced(remote, pulled, pushed=False)
        done = _git(
            folder, "push", "--no-verify", "--no-follow-tags", "--recurse-submodules=no", "--quiet",
            remote, f"{ours}:{what.ref}",
        )  # fmt: skip
        if done.returncode == 0:
            return Synced(remote, pulled, pushed=True)
        if _remote_sha(folder, what, remote) == theirs and attempt > 1:
            raise _failed(f"pushing to {remote}", done)  # nobody was first: it is a refusal
        time.sleep(random.uniform(0, min(0.02 * 2**attempt, 1.0)))  # noqa: S311 -- jitter
    raise Conflict(f"others keep pushing to {remote} first: run `tiphys sync` again")


def _remote_sha(folder: Path, what: _Carried, remote: str) -> str | None:
    done = _git(folder, "ls-remote", "--quiet", remote, what.ref)
    if done.returncode != 0:
        raise _failed(f"asking {remote}", done)
    return done.stdout.split()[0] if done.stdout.split() else None


def _fetch(repo: pygit2.Repository, folder: Path, what: _Carried, remote: str) -> str | None:
    """The remote's side, fetched under refs/tiphys/remotes/; None if it has none yet."""
    if _remote_sha(folder, what, remote) is None:
        return None
    known = (
        _REMOTE_NAME.match(remote) and not remote.endswith((".", ".lock")) and ".." not in remote
    )
    short = remote if known else hashlib.sha256(remote.encode()).hexdigest()[:12]
    local = f"refs/tiphys/remotes/{short}/{what.short}"
    recover_lock(repo, local)
    done = _git(
        folder, "fetch", "--quiet", "--no-tags", "--no-prune", "--no-recurse-submodules",
        "--no-write-fetch-head", "--refmap=", remote, f"+{what.ref}:{local}",
    )  # fmt: skip
    if done.returncode != 0:
        raise _failed(f"fetching from {remote}", done)
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
