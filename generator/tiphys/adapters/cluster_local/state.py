"""A cluster's folder on disk: who owns it, what runs in it, and what a dead owner left behind.

Each cluster has a folder `<root>/<id>` of mode 0700. Its owner holds a lock on `owner.lock` for as
long as it lives, so a folder whose lock is free belongs to nobody, unless `kept` says that
somebody wants it to outlive its maker.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
import shutil
import signal
import stat
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tiphys.domain.errors import Refused, Unavailable

if TYPE_CHECKING:
    import psutil

_LOCK = "owner.lock"
_KEPT = "kept"
_ID = re.compile(r"[0-9a-f]{8}")  # nothing else below a root is ever touched
_PROGRAMS = frozenset(
    {"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok"}
)


@dataclass(frozen=True, slots=True)
class Home:
    """One cluster's folder. `lock` is the owner's open lock, or None for somebody else's."""

    folder: Path
    lock: int | None = None

    @property
    def id(self) -> str:
        """The cluster's id: the folder's name."""
        return self.folder.name

    @property
    def kubeconfig(self) -> Path:
        """Where the administrator's kubeconfig is."""
        return self.folder / "kubeconfig"

    @property
    def kept(self) -> bool:
        """Whether the cluster outlives the process that made it."""
        return (self.folder / _KEPT).exists()

    def keep(self) -> None:
        """Let the cluster outlive this process; `sweep` passes it by while it runs."""
        (self.folder / _KEPT).touch()
        self._release()

    def processes(self) -> list[psutil.Process]:
        """The control plane's processes that run in this folder, seen from their arguments."""
        import psutil

        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, FileNotFoundError):
                if process.uids().real != os.getuid():
                    continue
                arguments = process.cmdline()
                if not arguments or Path(arguments[0]).name not in _PROGRAMS:
                    continue
                if any(f"{self.folder}{os.sep}" in argument for argument in arguments[1:]):
                    found.append(process)
        return found

    def kill(self) -> None:
        """Kill what runs in this folder. psutil checks each start time, so no stranger is hit."""
        import psutil

        processes = self.processes()
        for process in processes:
            with contextlib.suppress(psutil.Error):
                process.send_signal(signal.SIGKILL)
        psutil.wait_procs(processes, timeout=5)

    def remove(self) -> None:
        """Delete the folder and let go of its lock."""
        for _ in range(50):
            shutil.rmtree(self.folder, ignore_errors=True)
            if not self.folder.exists():
                break
            time.sleep(0.02)  # a process just killed may still be writing its last file
        self._release()

    def _release(self) -> None:
        if self.lock is not None:
            with contextlib.suppress(OSError):
                os.close(self.lock)


def default_root() -> Path:
    """`<temporary folder>/tiphys-<uid>/clusters`."""
    return Path(tempfile.gettempdir(), f"tiphys-{os.getuid()}", "clusters")


def create(root: Path) -> Home:
    """A new folder below `root`, owned (and locked) by this process. Refused, Unavailable."""
    with _locked(root):
        folder = root / secrets.token_hex(4)
        try:
            folder.mkdir(mode=0o700)
            lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise Unavailable(f"cannot make a folder for the cluster: {error}") from error
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return Home(folder=folder, lock=lock)


def find(root: Path) -> list[Home]:
    """Every cluster's folder below `root`, by id."""
    if not root.is_dir():
        return []
    return [Home(each) for each in sorted(root.iterdir()) if _ID.fullmatch(each.name)]


def sweep(root: Path) -> list[str]:
    """Kill and remove what dead owners left behind; returns the ids."""
    if not root.is_dir():
        return []
    swept = []
    with _locked(root):
        for home in find(root):
            if _owned(home) or (home.kept and home.processes()):
                continue
            home.kill()
            home.remove()
            swept.append(home.id)
    return swept


def _owned(home: Home) -> bool:
    """Whether a living process holds the folder's lock."""
    try:
        lock = os.open(home.folder / _LOCK, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


@contextlib.contextmanager
def _locked(root: Path) -> Iterator[None]:
    """Hold `root` alone for a moment, so that a folder is never swept before its owner locks it."""
    _make_private(root)
    lock = os.open(root / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _make_private(folder: Path) -> None:
    """Make `folder`, or refuse one that others could exchange: anybody may write in /tmp."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found, above = folder.lstat(), folder.parent.stat()
    except OSError as error:
        raise Unavailable(f"cannot make the clusters' folder: {error}") from error
    mine = found.st_uid == os.getuid() and above.st_uid in (os.getuid(), 0)
    if not (mine and stat.S_ISDIR(found.st_mode)):
        raise Refused(f"{folder} is not a folder of yours: choose another root for clusters")
