"""A box from the outside: start it, listen to it, end it."""

from __future__ import annotations

import base64
import json
import os
import secrets
import selectors
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from tiphys.adapters.box.filesystem import TEMPORARY
from tiphys.adapters.box.relay import Relay
from tiphys.domain.errors import Unavailable

ENVIRONMENT = {
    "PATH": "/box:/usr/bin:/bin",
    "HOME": TEMPORARY,
    "TMPDIR": TEMPORARY,
    "LANG": "C.UTF-8",
}  # the box's own
_SPACES = ("--mount", "--pid", "--net", "--ipc", "--uts", "--cgroup", "--fork", "--kill-child")
# Without root, one user of a user namespace does it all; what it may do there ends with its exec.
_OWN_USER = ("--user", "--map-user=65534", "--map-group=65534", "--keep-caps")
_NOBODY = 65534
_START = (
    "import sys; sys.path.append(sys.argv[1]); from tiphys.adapters.box.inside import main; main()"
)
_PACKAGES = Path(__file__).resolve().parents[3]
_UIDS = (0x40000000, 0x30000000)  # first and how many: users that nobody else is
_LAST_WORDS = 300
_GRACE = 10.0  # seconds for a box to end
_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one box: bytes of memory, of disk and of output; processes with their threads."""

    memory: int = 1 << 30
    disk: int = 64 << 20
    output: int = 1 << 20
    processes: int = 256


@dataclass(frozen=True, slots=True)
class Boxed:
    """How a program ended: by itself with `code` (-9: by signal 9), or at one of its limits.

    `files` are those that were to be collected, by name, as far as they exist: the first 4 MiB.
    """

    ended: Literal["exit", "time", "memory", "output"]
    code: int | None
    output: bytes
    files: Mapping[str, bytes] = field(default_factory=dict)


class Box:
    """Runs programs in fresh namespaces. Linux from 5.12 on, with util-linux's unshare.

    The program sees /usr, a few files of /etc, what it is handed, and a /tmp of its own: no other
    file, process, user or network of this machine. It is nobody, without capabilities.
    """

    def __init__(self, limits: Limits = Limits()) -> None:
        self._limits = limits

    def run(
        self,
        command: Sequence[str],
        *,
        seconds: float,
        reach: tuple[str, int] | None = None,
        folders: Mapping[str, Path] | None = None,
        programs: Mapping[str, Path] | None = None,
        files: Mapping[str, str] | None = None,
        environment: Mapping[str, str] | None = None,
        folder: str = TEMPORARY,
        collect: Sequence[str] = (),
    ) -> Boxed:
        """Run `command` (an absolute path inside, and arguments) for at most `seconds`.

        `folders` are copied in, `programs` shown, `files` written: all by absolute path inside and
        read-only. `reach` is the one address that it may connect to, as 127.0.0.1 and the same
        port. `collect` names files of /tmp to bring back. Unavailable where that is not possible.
        """
        own_user = os.geteuid() != 0
        order: dict[str, Any] = {
            "uid": _NOBODY if own_user else _UIDS[0] + secrets.randbelow(_UIDS[1]),
            "own_user": own_user,
            "port": reach[1] if reach else None,
            "folders": {path: str(source.resolve()) for path, source in (folders or {}).items()},
            "programs": {path: str(source.resolve()) for path, source in (programs or {}).items()},
            "files": dict(files or {}),
            "collect": list(collect),
            "command": list(command),
            "environment": {**ENVIRONMENT, **(environment or {})},
            "folder": folder,
            "memory": self._limits.memory,
            "processes": self._limits.processes,
            "disk": self._limits.disk,
        }
        with ExitStack() as stack:
            order["stage"] = stack.enter_context(tempfile.TemporaryDirectory(prefix="tiphys-box-"))
            session = stack.enter_context(_Session(own_user, self._limits.output, reach))
            return session.run(order, seconds)


class _Session:
    """One box while it lives."""

    def __init__(self, own_user: bool, most: int, reach: tuple[str, int] | None) -> None:
        self._most = most
        self._reach = reach
        self._said = b""
        self._output = b""
        self._relay = ExitStack()
        self._control, inner = socket.socketpair()
        with inner, ExitStack() as undo:
            undo.callback(self._control.close)
            self._process = _first_process(inner, own_user)
            undo.pop_all()

    def __enter__(self) -> _Session:
        return self

    def __exit__(self, *_reason: object) -> None:
        """End the box: its first process exits when it has nobody to tell, and takes all along."""
        self._relay.close()
        self._control.close()
        try:
            self._process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()  # unshare has the kernel end the box with it
            self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()

    def run(self, order: Mapping[str, Any], seconds: float) -> Boxed:
        """Hand over the order and wait for the end."""
        with suppress(OSError):  # it died at once: its last words say why
            self._control.settimeout(seconds)
            self._control.sendall(json.dumps(order).encode() + b"\n")
        limit = self._listen(time.monotonic() + seconds)
        answers = [json.loads(line) for line in self._said.splitlines() if limit is None]
        last = answers[-1] if answers else None
        if isinstance(last, dict) and "ended" in last:
            files = {
                name: base64.b64decode(data)
                for name, data in last["files"].items()
                if data is not None
            }
            return Boxed(last["ended"], last["code"], self._output, files)
        if limit and self._said:
            return Boxed(limit, None, self._output[: self._most])
        words = last["broken"] if isinstance(last, dict) else self._output.decode(errors="replace")
        raise _impossible(words.strip()[-_LAST_WORDS:] or f"it said nothing in {seconds:g}s")

    def _listen(self, end: float) -> Literal["time", "output"] | None:
        """Until the box is silent (None) or over a limit."""
        with selectors.DefaultSelector() as waiting:
            waiting.register(self._control, selectors.EVENT_READ, self._hear)
            waiting.register(self._process.stdout or -1, selectors.EVENT_READ, self._read)
            while waiting.get_map():
                left = end - time.monotonic()
                if left <= 0:
                    return "time"
                for key, _ in waiting.select(left):
                    if not key.data():
                        waiting.unregister(key.fileobj)
                if len(self._output) > self._most:
                    return "output"
        return None

    def _hear(self) -> bool:
        try:
            data, numbers, _, _ = socket.recv_fds(self._control, _CHUNK, 1)
        except OSError:
            return False
        self._said += data
        for number in numbers:
            listener = socket.socket(fileno=number)
            if self._reach:
                self._relay.enter_context(Relay(listener, self._reach))
        return bool(data)

    def _read(self) -> bool:
        data = os.read(self._process.stdout.fileno(), _CHUNK) if self._process.stdout else b""
        self._output += data
        return bool(data)


def _first_process(inner: socket.socket, own_user: bool) -> subprocess.Popen[bytes]:
    unshare = shutil.which("unshare")
    if sys.platform != "linux" or unshare is None:
        raise _impossible("there is no `unshare` program")
    spaces = [*_SPACES, *(_OWN_USER if own_user else ())]
    python = [sys.executable, "-I", "-S", "-c", _START, str(_PACKAGES), str(inner.fileno())]
    try:
        return subprocess.Popen(
            [unshare, *spaces, "--", *python],
            cwd="/",
            env={},
            pass_fds=[inner.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as problem:
        raise _impossible(str(problem)) from problem


def _impossible(why: str) -> Unavailable:
    return Unavailable(f"cannot isolate scripts here: needs Linux namespaces: {why}")
