"""The processes of one cluster: started together, watched together, killed together."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tiphys.domain.errors import Unavailable

# The guard reads from a pipe that only the owner holds. When the owner dies, by whatever signal,
# the pipe ends, and the guard kills the cluster's process group and removes its folder.
_GUARD = """
while read -r word value; do
  case "$word" in
    group) group=$value ;;
    leave) exit 0 ;;
  esac
done
[ -z "$group" ] || kill -s KILL -- "-$group"
sleep 0.1
rm -rf -- "$1"
"""


class Processes:
    """Runs programs in `folder` as one process group that does not outlive this process.

    Output goes to `<folder>/<name>.log`. Nothing is inherited from the caller's environment but
    PATH: what runs here never sees a key of ours.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(folder),
            "TMPDIR": str(folder),
            **environment,
        }
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._group = 0  # 0 makes the first process the leader of a new group
        self._guard = subprocess.Popen(
            ["/bin/sh", "-c", _GUARD, "tiphys-guard", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            process_group=0,
        )

    def run(self, name: str, command: Sequence[str]) -> int:
        """Start one program; its process id. Unavailable when it cannot be executed."""
        log = self._log(name)
        try:
            with log.open("wb") as output:
                process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    cwd=self._folder,
                    env=self._environment,
                    process_group=self._group,
                )
        except OSError as error:
            raise Unavailable(f"{name} cannot be started: {error}") from error
        self._running[name] = process
        if not self._group:
            self._group = process.pid
            self._tell(f"group {process.pid}\n")
        return process.pid

    def check(self) -> None:
        """Unavailable, with the last line of its log, when one of them has ended."""
        for name, process in self._running.items():
            if process.poll() is not None:
                raise Unavailable(f"{name} ended while the cluster started: {self._last(name)}")

    def kill(self) -> None:
        """Kill all at once, and wait until they are gone. Can be called twice."""
        if self._group:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._group, signal.SIGKILL)
        for process in self._running.values():
            process.wait()
        self._running.clear()
        self._group = 0
        self.leave()

    def leave(self) -> None:
        """Let the processes outlive this one."""
        self._tell("leave\n")
        with contextlib.suppress(OSError):
            if self._guard.stdin:
                self._guard.stdin.close()
        self._guard.wait()

    def _tell(self, line: str) -> None:
        pipe = self._guard.stdin
        if pipe and not pipe.closed:
            with contextlib.suppress(OSError):  # a guard that somebody killed
                pipe.write(line.encode())
                pipe.flush()

    def _log(self, name: str) -> Path:
        return self._folder / f"{name}.log"

    def _last(self, name: str) -> str:
        lines = self._log(name).read_bytes()[-4096:].decode(errors="replace").split("\n")
        return next((line.strip()[:400] for line in reversed(lines) if line.strip()), "no output")
