"""A tiny image of Debian's static busybox: a sandbox, a workload that serves HTTP, or a job.

Without arguments a box serves `/` and `/healthz` (it says "ok") on every port of BOX_PORTS, else on
8080, 3000 and 6379. With arguments it runs them. It needs no right, writes nothing, and ends at
SIGTERM.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.testbed.images import archive as docker
from tiphys.adapters.cluster_node import PAUSE

BUSYBOX = Path("/usr/bin/busybox")
USER = "65532:65532"  # a number, and not root's: `runAsNonRoot` asks for no more

# The kernel shields process 1 from signals that it does not trap, so it hands SIGTERM on. A job's
# standard input goes by another descriptor, since a shell takes it away from what runs beside it.
_ENTRYPOINT = """\
#!/bin/sh
children= code=
stop() {
  trap '' TERM INT
  { kill $children; wait $children; } 2>/dev/null
  exit ${code:-$?}
}
trap stop TERM INT
if [ $# -gt 0 ]; then
  exec 3<&0
  "$@" <&3 3<&- &
  children=$!
  wait $children
  exit
fi
code=0
IFS=' ,'
for port in ${BOX_PORTS:-8080 3000 6379}; do
  httpd -f -p "$port" -h /www &
  children="$children $!"
done
IFS=' '
while kill -0 $children 2>/dev/null; do sleep 1 & wait $!; done
echo "box: a server ended; is its port taken?" >&2
code=1
stop
"""
_PAUSE = """\
#!/bin/sh
trap 'exit 0' TERM INT
while :; do sleep 1000000 & wait $!; done
"""
_PASSWD = """\
root:x:0:0:root:/:/bin/sh
nonroot:x:65532:65532:nonroot:/tmp:/bin/sh
nobody:x:65534:65534:nobody:/tmp:/bin/sh
"""
_GROUP = "root:x:0:\nnonroot:x:65532:\nnobody:x:65534:\n"
_PATH = {"PATH": "/bin"}


def box(archive: Path, names: Sequence[str]) -> None:
    """Write the box under all `names`. ValueError says when busybox-static is missing."""
    with tempfile.TemporaryDirectory() as scratch:
        root = rootfs(Path(scratch))
        docker.write(archive, [root], names=names, entrypoint=["/entrypoint"], env=_PATH, user=USER)


def pause(archive: Path, names: Sequence[str] = (PAUSE,)) -> None:
    """Write what holds a pod's namespaces: a box that serves nothing and waits for its end."""
    with tempfile.TemporaryDirectory() as scratch:
        root = rootfs(Path(scratch))
        docker.write(archive, [root], names=names, entrypoint=["/pause"], env=_PATH, user=USER)


def rootfs(root: Path) -> Path:
    """Fill the folder `root` with the box's files, and return it."""
    program = BUSYBOX.read_bytes() if BUSYBOX.is_file() else b""
    if not program or b"/ld-linux" in program:
        raise ValueError(f"{BUSYBOX} is not a static busybox; run `apt-get install busybox-static`")
    root.chmod(0o755)
    for name in ("bin", "dev", "etc", "proc", "sys", "tmp", "usr", "www"):
        (root / name).mkdir(mode=0o755)
    (root / "tmp").chmod(0o1777)
    _file(root / "bin/busybox", program, 0o755)
    listed = subprocess.run([BUSYBOX, "--list"], capture_output=True, text=True, check=True)
    for applet in sorted(set(listed.stdout.split()) - {"busybox"}):
        (root / "bin" / applet).symlink_to("busybox")
    (root / "sbin").symlink_to("bin")
    for name in ("bin", "sbin"):
        (root / "usr" / name).symlink_to("../bin")
    _file(root / "etc/passwd", _PASSWD.encode(), 0o644)
    _file(root / "etc/group", _GROUP.encode(), 0o644)
    _file(root / "entrypoint", _ENTRYPOINT.encode(), 0o755)
    _file(root / "pause", _PAUSE.encode(), 0o755)
    _file(root / "www/index.html", b"<!doctype html>\n<title>box</title>\n<p>A box.</p>\n", 0o644)
    _file(root / "www/healthz", b"ok\n", 0o644)
    return root


def _file(path: Path, data: bytes, mode: int) -> None:
    path.write_bytes(data)
    path.chmod(mode)
