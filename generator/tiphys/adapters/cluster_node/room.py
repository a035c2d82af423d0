"""Where a node lives: its own process ids, mounts and network, ended by ending one process.

A cable of two network interfaces leads from the node to this machine; the API server listens at
this end of it, and nothing else leads in or out.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tiphys.adapters.cluster_local.processes import Processes
from tiphys.domain.errors import Unavailable

# Inside, the cluster's folder has this short name: a socket's path may have 107 characters.
HOME = Path("/run/tiphys")
VOLUMES = Path("node/tmp/hostpath_pv")  # in the cluster's folder; pods' data
# The cluster's folder lies behind another /tmp there.
_HOMES = ("env", f"HOME={HOME}", "TMPDIR=/tmp")
_TIMEOUT = 20.0  # seconds
_POLL = 0.02

_UNSHARE = ("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")

# What the programs write goes to the cluster's folder, whatever path they have for it.
_SETTLE = """
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs /run
mkdir -p /run/tiphys
mount --bind "$1" /run/tiphys
mount -t tmpfs tmpfs /var/lib
mount -t tmpfs tmpfs /var/log
for each in kubelet containerd cni; do
  mkdir -p "/run/tiphys/node/$each" "/var/lib/$each"
  mount --bind "/run/tiphys/node/$each" "/var/lib/$each"
done
mkdir -p -m 1777 /run/tiphys/node/tmp
mount --bind /run/tiphys/node/tmp /tmp
mkdir -p -m 0777 /tmp/hostpath_pv
ip link set lo up
touch /run/tiphys/node/settled
exec sleep infinity
"""


@dataclass(frozen=True, slots=True)
class Room:
    """A room that is there. `enter` runs a command inside; `outer` is this machine's address."""

    enter: Sequence[str]
    outer: str
    inner: str

    def succeeds(self, command: Sequence[str]) -> bool:
        """Whether a command ends well inside."""
        ended = subprocess.run(
            [*self.enter, *command], capture_output=True, timeout=_TIMEOUT, check=False
        )
        return ended.returncode == 0


def make(folder: Path, processes: Processes, subnet: int) -> Room:
    """Make a room for the cluster in `folder`, at 10.213.`subnet`.0/24. Unavailable."""
    (folder / "node").mkdir(mode=0o700)
    anchor = processes.run("room", [*_UNSHARE, "/bin/sh", "-c", _SETTLE, "room", f"{folder}/"])
    deadline = time.monotonic() + _TIMEOUT
    while not (folder / "node" / "settled").exists():
        processes.check()
        if time.monotonic() > deadline:
            raise Unavailable("no room for a node: mounting takes too long; try again")
        time.sleep(_POLL)
    first = Path(f"/proc/{anchor}/task/{anchor}/children").read_text("ascii").split()[0]
    room = Room(
        ("nsenter", f"--target={first}", "--net", "--mount", "--pid", "--", *_HOMES),
        f"10.213.{subnet}.1",
        f"10.213.{subnet}.2",
    )
    _connect(first, subnet, room)
    return room


def refused() -> str:
    """Why this machine lets nobody make a room, in one line; empty if it does."""
    try:
        _run([*_UNSHARE, "mount", "-t", "tmpfs", "tmpfs", "/run"])
    except Unavailable as problem:
        return f"a real node needs namespaces of its own, and here {problem}"
    return ""


def free_subnet() -> int:
    """A number that no room on this machine has now. Unavailable."""
    taken = _run(["ip", "-brief", "address"])
    for number in range(1, 255):
        if f"10.213.{number}." not in taken:
            return number
    raise Unavailable("254 nodes are up on this machine: end one first")


def _connect(first: str, subnet: int, room: Room) -> None:
    here = f"tiphys{subnet}"
    _run(["ip", "link", "add", here, "type", "veth", "peer", "name", "eth0", "netns", first])
    _run(["ip", "address", "add", f"{room.outer}/24", "dev", here])
    _run(["ip", "link", "set", here, "up"])
    _run([*room.enter, "ip", "address", "add", f"{room.inner}/24", "dev", "eth0"])
    _run([*room.enter, "ip", "link", "set", "eth0", "up"])
    _run([*room.enter, "ip", "route", "add", "default", "via", room.outer])


def _run(command: Sequence[str]) -> str:
    try:
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=_TIMEOUT)
    except (OSError, subprocess.SubprocessError) as error:
        said = (getattr(error, "stderr", "") or str(error)).strip().splitlines()[-1:]
        raise Unavailable(f"no room for a node: {' '.join(said)}") from error
    return done.stdout
