"""The first process of a box: builds its file system, starts the program, ends with it.

Speaks JSON lines over the socket whose number is its last argument. In: one `Order`. Out: "ready",
with the listening socket of the one way out attached, then {"ended", "code", "files"}; or
{"broken"} with the reason. When the other end closes it exits, and Linux ends all that is left.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import resource
import select
import signal
import socket
import stat
import struct
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn, TypedDict

from tiphys.adapters.box import filesystem, kernel
from tiphys.adapters.box.filesystem import ROOT, TEMPORARY

_TICK = 50  # milliseconds between two looks at the memory in use
_COLLECTED = 4 << 20  # bytes
_OWN_MEMORY = ("RssAnon:", "RssShmem:")


class Order(TypedDict):
    """What is to be run. Paths on the left are the box's, `stage` is an empty folder outside."""

    stage: str
    uid: int
    own_user: bool  # in a user namespace: there is only one user to be
    port: int | None
    folders: dict[str, str]  # copied
    programs: dict[str, str]  # shown
    files: dict[str, str]  # written
    collect: list[str]
    command: list[str]
    environment: dict[str, str]
    folder: str
    memory: int
    processes: int
    disk: int


def main() -> None:
    """Run the order that stands on the socket."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # which the first process of a box never gets
    os.umask(0o022)
    with socket.socket(fileno=int(sys.argv[-1])) as control:
        order: Order = json.loads(control.makefile("rb").readline())
        try:
            Path("/proc/self/oom_score_adj").write_text("1000")  # a box is the first to go
            kernel.keep_secret()
            kernel.leave_keyring()
            filesystem.build(
                Path(order["stage"]),
                uid=order["uid"],
                disk=order["disk"],
                folders=order["folders"],
                programs=order["programs"],
                files=order["files"],
            )
            listener = _network(order["port"])
            _send(control, "ready", [listener.fileno()] if listener else [])
            if listener:
                listener.close()
            child = _start(order)
        except OSError as problem:
            _send(control, {"broken": str(problem)})
            return
        ended, code = _watch(child, control, order["memory"])
        files = {name: found for name in order["collect"] if (found := _collect(name))}
        _send(control, {"ended": ended, "code": code, "files": files})


def _send(control: socket.socket, message: Any, attached: list[int] | None = None) -> None:
    with suppress(BrokenPipeError):
        data = json.dumps(message).encode() + b"\n"
        if attached:
            socket.send_fds(control, [data], attached)
        else:
            control.sendall(data)


def _network(port: int | None) -> socket.socket | None:
    """Bring loopback up; a socket that listens on `port` there."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        up = struct.pack("16sh14x", b"lo", 0x1 | 0x40)
        fcntl.ioctl(any_socket, 0x8914, up)
    if port is None:
        return None
    return socket.create_server(("127.0.0.1", port), backlog=64)


def _start(order: Order) -> int:
    """Fork, and run the command in the child. OSError if it does not come that far."""
    reading, writing = os.pipe()  # closed by a successful exec
    child = os.fork()
    if child == 0:
        try:
            _become(order)
        except BaseException as problem:  # noqa: BLE001  # whatever it is, the child must not go on
            os.write(writing, f"{problem}".encode())
        finally:
            os._exit(126)
    os.close(writing)
    with os.fdopen(reading, "rb") as file:
        if trouble := file.read():
            raise OSError(trouble.decode(errors="replace"))
    return child


def _become(order: Order) -> NoReturn:
    os.setsid()
    os.nice(5)
    os.chroot(ROOT)
    os.chdir(order["folder"])
    os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    for limit, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_DATA, order["memory"]),
        (resource.RLIMIT_FSIZE, order["disk"]),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
        (resource.RLIMIT_NOFILE, 512),
        (resource.RLIMIT_NPROC, order["processes"]),
    ):
        resource.setrlimit(limit, (most, most))
    kernel.drop_capabilities()
    if not order["own_user"]:
        os.setgroups([])
        os.setresgid(order["uid"], order["uid"], order["uid"])
        os.setresuid(order["uid"], order["uid"], order["uid"])
    kernel.filter_calls()
    os.execve(order["command"][0], order["command"], order["environment"])  # noqa: S606  # no shell


def _watch(child: int, control: socket.socket, memory: int) -> tuple[str, int | None]:
    """Wait for the child, burying the orphans, while the box stays below its memory."""
    poll = select.poll()
    poll.register(os.pidfd_open(child), select.POLLIN)
    poll.register(control, select.POLLIN)
    while True:
        if any(number == control.fileno() for number, _ in poll.poll(_TICK)):
            os._exit(0)  # nobody waits for us any more
        with suppress(ChildProcessError):
            while (found := os.waitpid(-1, os.WNOHANG))[0]:
                if found[0] == child:
                    return "exit", os.waitstatus_to_exitcode(found[1])
        if _memory_in_use() > memory:
            return "memory", None


def _memory_in_use() -> int:
    """Bytes of all processes but this one, without what only mirrors a file."""
    total = 0
    for process in (ROOT / "proc").iterdir():
        if process.name.isdigit() and process.name != "1":
            with suppress(OSError):
                lines = (process / "status").read_text(encoding="utf-8").splitlines()
                total += sum(int(line.split()[1]) for line in lines if line.startswith(_OWN_MEMORY))
    return total * 1024


def _collect(name: str) -> str | None:
    """A plain file that the program left in its temporary folder, in base64."""
    path = f"{ROOT}{TEMPORARY}/{name}"
    try:
        number = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(number, "rb") as file:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            return None
        return base64.b64encode(file.read(_COLLECTED)).decode()
