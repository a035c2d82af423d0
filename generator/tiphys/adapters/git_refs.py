"""Opening a git repository, and moving its refs safely among processes.

libgit2's plain calls check "does it exist" before they lock, so two creators can both win. Here the
ref is locked first, compared under the lock, then written: git's own protocol, so `git` and Tiphys
exclude each other too.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tiphys.domain.errors import Conflict, InvalidInput, NotFound, TiphysError, Unavailable

if TYPE_CHECKING:
    import pygit2

STALE_SECONDS = 10.0  # git holds a ref's lock for milliseconds
PATIENCE_SECONDS = 15.0  # longer than STALE_SECONDS, so that a fresh corpse is outlived

_IDENT = re.compile(r"[<>\x00-\x1f\x7f]")
_EMAIL = "tiphys@localhost"


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Turn what pygit2 and the disk raise into errors of the domain."""
    import pygit2

    try:
        yield
    except TiphysError:
        raise
    except (KeyError, ValueError) as error:
        # pygit2 maps libgit2's "not found" and "invalid" to these; a damaged or hostile object
        raise InvalidInput(f"git refused while {doing}: {error}; check `git fsck`") from error
    except (pygit2.GitError, OSError, MemoryError) as error:
        raise Unavailable(
            f"git failed while {doing}: {error}; check the disk and `git fsck`"
        ) from error


def open_git(path: Path) -> pygit2.Repository:
    """The repository that `path` is in. NotFound; Unavailable when it may not be opened."""
    import pygit2

    pygit2.settings.enable_fsync_gitdir(True)
    try:
        found = pygit2.discover_repository(str(path))
    except (pygit2.GitError, KeyError):
        found = None
    if found is None:
        raise NotFound(f"{path} is not in a git repository: run `git init` or `tiphys init` there")
    try:
        return pygit2.Repository(found)
    except pygit2.GitError as error:
        raise Unavailable(
            f"cannot open the git repository {found}: {error}; if another user owns it, "
            f"run `git config --global --add safe.directory {found}`"
        ) from error


def signature(
    repo: pygit2.Repository, author: str | None, clock: Callable[[], float]
) -> pygit2.Signature:
    """Who a commit is by: `author`, else git's configuration, else tiphys."""
    import pygit2

    name, email = author or "", _EMAIL
    if not author and {"user.name", "user.email"} <= {entry.name for entry in repo.config}:
        name, email = str(repo.config["user.name"]), str(repo.config["user.email"])
    name, email = _IDENT.sub("", name).strip() or "tiphys", _IDENT.sub("", email).strip() or _EMAIL
    return pygit2.Signature(name, email, int(clock()), 0)


def check_ref(name: str) -> None:
    """InvalidInput unless git would accept the full ref name."""
    import pygit2

    short = name.removeprefix("refs/heads/")
    if not pygit2.reference_is_valid_name(name) or short.startswith("-") or not name.isprintable():
        raise InvalidInput(f"{short[:80]!r} is not a valid branch name: choose another")


def read_ref(repo: pygit2.Repository, name: str) -> str | None:
    """Sha that the ref points at (symbolic refs followed), or None."""
    with translated(f"reading {name}"):
        found = repo.references.get(name)
        return None if found is None else str(found.resolve().target)


def move_ref(
    repo: pygit2.Repository, name: str, expected: str | None, new: str | None, reason: str
) -> None:
    """Move `name` from `expected` to `new`; None means that the ref is not there.

    Conflict if it stands elsewhere or its lock stays taken; then nothing has moved.
    """
    check_ref(name)
    if expected is None:
        _refuse_nesting(repo, name)
    deadline = time.monotonic() + PATIENCE_SECONDS
    pause = 0.002
    while (trouble := _try_move(repo, name, expected, new, reason)) is not None:
        recover_lock(repo, name)
        if time.monotonic() > deadline:
            held = next((lock for lock in _lock_files(repo, name) if lock.exists()), None)
            if held is None:
                raise Unavailable(f"git could not move {name}: {trouble}; check the disk")
            raise Conflict(
                f"{name} is locked by another git process: let it finish, or, if none runs, "
                f"remove {held}"
            )
        time.sleep(random.uniform(pause / 2, pause))  # noqa: S311 -- jitter, not a secret
        pause = min(pause * 2, 0.1)


# What libgit2 says when somebody else has the lock, or has just removed the emptied folder that
# the lock was to be made in.
_PASSING = ("failed to lock file", "File exists", "No such file or directory")


def _try_move(
    repo: pygit2.Repository, name: str, expected: str | None, new: str | None, reason: str
) -> str | None:
    """One attempt: None when it is done, else the trouble that may pass."""
    import pygit2

    try:
        with repo.transaction() as transaction:
            transaction.lock_ref(name)
            current = read_ref(repo, name)
            if current != expected:
                where = "is gone" if current is None else f"moved to {current[:12]}"
                raise Conflict(f"{name} {where}: look at it again, then retry")
            if new is not None:
                transaction.set_target(name, new, None, reason)
            elif expected is not None:
                transaction.remove(name)
    except (pygit2.GitError, OSError, KeyError, ValueError) as error:
        trouble = str(error)
        if any(words in trouble for words in _PASSING):
            return trouble
        if "refs beneath" in trouble or "directory" in trouble:
            raise Conflict(
                f"{name} cannot be made beside branches below it: rename one of them"
            ) from error
        raise Unavailable(f"git could not move {name}: {trouble}; check the disk") from error
    return None


def _refuse_nesting(repo: pygit2.Repository, name: str) -> None:
    # libgit2 does not see a clash with a packed ref: `a` and `a/b` cannot both exist.
    parts = name.split("/")
    above = ("/".join(parts[:end]) for end in range(3, len(parts)))
    clash = next((ref for ref in above if repo.references.get(ref) is not None), None)
    if clash is None and repo.references.get(name) is None:
        clash = next((ref for ref in repo.references if ref.startswith(name + "/")), None)
    if clash is not None:
        raise Conflict(f"{name} cannot be made beside {clash}: rename one of them")


def common_dir(repo: pygit2.Repository) -> Path:
    """The folder that holds the refs: the repository's own, also in a linked work tree."""
    git_dir = Path(repo.path)
    pointer = git_dir / "commondir"
    return git_dir / pointer.read_text().strip() if pointer.is_file() else git_dir


def _lock_files(repo: pygit2.Repository, name: str) -> tuple[Path, Path]:
    base = common_dir(repo)
    return base / f"{name}.lock", base / "packed-refs.lock"


@contextmanager
def taking_turns(repo: pygit2.Repository, what: str, seconds: float) -> Iterator[None]:
    """Let Tiphys's processes go one at a time, for speed; a killed one loses its turn at once.

    Safety is `move_ref`'s: who cannot get the turn (a long queue, no such file system) goes on.
    """
    from filelock import FileLock, Timeout

    turn = FileLock(common_dir(repo) / f"tiphys-{what}", timeout=seconds, poll_interval=0.005)
    with suppress(Timeout, OSError):
        turn.acquire()
    try:
        yield
    finally:
        turn.release()


def recover_lock(repo: pygit2.Repository, name: str) -> None:
    """Remove the lock of a process that was killed while it moved ref `name`.

    The rule: a lock file older than `STALE_SECONDS` has no living owner. Those who remove do so one
    at a time, so nobody removes a successor's lock.
    """
    from filelock import FileLock, Timeout

    for lock in _lock_files(repo, name):
        if not _is_stale(lock):
            continue
        # Where the guard fails nothing is removed; the caller's patience then ends in a Conflict.
        with (
            suppress(OSError, Timeout),
            FileLock(common_dir(repo) / "tiphys-recovery", timeout=5),
        ):
            if _is_stale(lock):
                lock.unlink(missing_ok=True)


def _is_stale(lock: Path) -> bool:
    try:
        return time.time() - lock.stat().st_mtime > STALE_SECONDS
    except OSError:
        return False
