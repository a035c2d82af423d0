"""What a program in the box sees, reaches and may do: hardly anything."""

import os
import socket
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

import tiphys
from tests.box.conftest import UPPER, words
from tiphys.adapters.box import Box
from tiphys.domain.errors import Unavailable
from tiphys.toolchain import cache_root

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux's")


@pytest.fixture
def server():
    """Something that listens on this machine's loopback: its address, and who came."""
    came = []
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:

        def serve():
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                came.append(1)
                with connection:
                    connection.sendall(b"hello from outside\n")

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname(), came
        listener.shutdown(socket.SHUT_RDWR)


def test_a_good_program(shell, tmp_path):
    (tmp_path / "below").mkdir()
    (tmp_path / "below/a.txt").write_text("from a file\n")
    (tmp_path / "link.txt").symlink_to("/etc/hostname")
    boxed = shell(
        "cat a.txt below/a.txt ../b.txt; ls ..; echo kept > $TMPDIR/out; ln -s out /tmp/sly;"
        " echo $HOME $TMPDIR $EXTRA; exit 3",
        folders={"/box/test": tmp_path},
        files={"/box/b.txt": "written\n"},
        folder="/box/test",
        environment={"EXTRA": "more"},
        collect=["out", "sly", "none"],
    )
    assert (boxed.ended, boxed.code) == ("exit", 3)
    assert "from a file\nwritten\nb.txt\ntest\n/tmp /tmp more\n" in words(boxed)
    assert boxed.files == {"out": b"kept\n"}


def test_it_is_nobody(shell):
    said = words(shell("id -u; cat /proc/self/status; hostname"))
    assert said.splitlines()[0] != "0"
    for line in ("CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert f"{line}:\t0000000000000000" in said
    assert "NoNewPrivs:\t1" in said
    assert socket.gethostname() not in said.splitlines()


def test_it_sees_no_secret(shell, tmp_path, monkeypatch):
    monkeypatch.setenv("TIPHYS_SIGNING_KEY", "leak-of-the-key")
    (tmp_path / "token").write_text("leak-of-the-token")
    home, here = Path.home(), Path(__file__).resolve()
    places = [home, home / ".ssh", here, here.parents[2], tmp_path / "token", cache_root()]
    places += map(Path, ("/root", "/home", "/var", "/run", "/sys", "/boot", "/opt", "/srv", "/mnt"))
    places += map(Path, ("/etc/shadow", "/etc/hostname", "/proc/1/environ", "/proc/1/root"))
    places += map(
        Path, ("/proc/sys", "/proc/kcore", "/dev/mem", "/dev/shm", "/dev/tty", "/dev/kvm")
    )
    listed = " ".join(f"'{place}'" for place in places)
    boxed = shell(
        f"for each in {listed}; do ls -d $each && echo LEA''K $each; done 2>/dev/null;"
        " env; cat /proc/[0-9]*/environ; ls -d /tmp/*; ps -ef"
    )
    assert "LEAK" not in words(boxed)
    assert "leak-of" not in words(boxed)
    assert str(here.parents[2]) not in words(boxed)
    assert "TIPHYS" not in words(boxed)


def test_it_reaches_one_address_only(shell, server):
    (host, port), came = server
    script = (
        f"exec 3<>/dev/tcp/{host}/{port} && cat <&3; "
        "for to in 127.0.0.1/1 1.1.1.1/53 169.254.169.254/80 10.0.0.1/443; do"
        ' timeout 2 bash -c "exec 3<>/dev/tcp/$to" && echo OUT $to; done;'
        " timeout 2 getent hosts example.com && echo OUT; true"
    )
    there = shell(f"bash -c '{script}'", reach=(host, port))
    assert "hello from outside" in words(there)
    assert came == [1]
    nowhere = shell(f"bash -c '{script}'")
    assert came == [1]
    assert "hello" not in words(nowhere)
    for boxed in (there, nowhere):
        assert "OUT" not in words(boxed)
        assert "Network is unreachable" in words(boxed)


def test_a_dead_address_ends_the_connection(shell):
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        address = listener.getsockname()
    boxed = shell(f"bash -c 'exec 3<>/dev/tcp/127.0.0.1/{address[1]}; cat <&3'", reach=address)
    assert (boxed.ended, boxed.output) == ("exit", b"")


TRIES = {
    "write": """
        for f in / /usr /usr/bin /etc /dev /proc /box /box/test; do
            echo x > $f/new && echo DONE; done
        echo x >> /box/test/a; echo x > /etc/passwd && echo DONE; rm -f /box/test/a
        cat /box/test/a | grep -qx original || echo DONE""",
    "remount": """
        mount -o remount,rw /usr && echo DONE; mount -t tmpfs x /tmp && echo DONE
        umount /tmp && echo DONE; umount -l /usr && echo DONE""",
    "namespaces": """
        unshare -Ur true && echo DONE; unshare -m true && echo DONE; chroot / true && echo DONE
        nsenter -t 1 -m true && echo DONE; nsenter -t 1 -n true && echo DONE""",
    "devices": """
        echo 1 > /proc/sys/kernel/sysrq && echo DONE; mknod /tmp/sda b 8 0 && echo DONE
        cp /bin/sh /tmp/sh; chmod 4755 /tmp/sh; chown 0 /tmp/sh && echo DONE""",
    "limits": """
        renice -n -5 $$ && echo DONE; ulimit -d unlimited && echo DONE
        prlimit --pid 1 && echo DONE""",
}


@pytest.mark.parametrize("script", TRIES.values(), ids=TRIES)
def test_it_changes_nothing(shell, tmp_path, script):
    (tmp_path / "a").write_text("original\n")
    before = sorted(Path("/").iterdir())
    boxed = shell(script, folders={"/box/test": tmp_path})
    assert boxed.ended == "exit"
    assert "DONE" not in words(boxed)
    assert (tmp_path / "a").read_text() == "original\n"
    assert sorted(Path("/").iterdir()) == before


def test_calls_that_namespaces_do_not_hold_are_refused():
    """Sockets to the machine's host, rings, tracing: asked for after the filter is in place."""
    program = (
        "import ctypes, errno, socket\n"
        "from tiphys.adapters.box import kernel\n"
        "kernel.drop_capabilities(); kernel.filter_calls()\n"
        "socket.socket(socket.AF_INET).close(); socket.socketpair()[0].close()\n"
        "for family in (40, 38, 31, 17, 3):\n"
        "    try: socket.socket(family, socket.SOCK_STREAM)\n"
        "    except OSError as problem: assert problem.errno == errno.EAFNOSUPPORT, family\n"
        "    else: raise SystemExit(f'family {family}')\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        "for name, numbers in kernel.CALLS.items():\n"
        "    ctypes.set_errno(0)\n"
        "    assert libc.syscall(numbers[kernel.column()], 0, 0, 0, 0, 0) == -1, name\n"
        "    assert ctypes.get_errno() == errno.EPERM, name\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=UPPER)


def test_without_root_it_is_as_tight(tmp_path):
    """The other way in: a user namespace. Root stands in for a user by becoming nobody."""
    pythons = [sys.executable, "/usr/bin/python3"]
    become = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"]
    if os.geteuid() != 0:
        become = []
    again = "import subprocess, sys; subprocess.run([sys.executable, '-c', ''], check=True)"
    tried = ([*become, python, "-c", again] for python in pythons)
    able = [
        each[-3]
        for each in tried
        if subprocess.run(each, check=False, stderr=subprocess.DEVNULL).returncode == 0
    ]
    assert able, "nobody can run a Python here"
    script = "id -u; cat /proc/self/status; unshare -Ur true && echo DONE; kill -9 1; ls /root"
    program = (
        "from tiphys.adapters.box import Box, Limits\n"
        f"boxed = Box(Limits(memory=96 << 20)).run(['/bin/sh', '-c', '{script}'], seconds=20)\n"
        "print(boxed.ended, boxed.code, boxed.output.decode())\n"
        "print(Box(Limits(memory=96 << 20)).run(\n"
        "    ['/bin/sh', '-c', 'for i in 1 2 3 4; do tail /dev/zero & done; wait'], seconds=20))\n"
    )
    packages = str(Path(tiphys.__file__).parents[1])
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": packages, "TMPDIR": "/tmp",
                   "PYTHONDONTWRITEBYTECODE": "1"}  # fmt: skip
    done = subprocess.run(
        [*become, able[0], "-c", program],
        env=environment, cwd="/", capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("exit 2 65534\n")
    assert "CapEff:\t0000000000000000" in done.stdout
    assert "DONE" not in done.stdout
    assert "ended='memory'" in done.stdout or "memory exhausted" in done.stdout


def test_a_program_that_is_not_there():
    with pytest.raises(Unavailable, match="No such file"):
        Box().run(["/box/nothing"], seconds=UPPER)


def test_a_machine_without_namespaces(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unavailable, match=r"cannot isolate scripts here.*unshare"):
        Box().run(["/bin/true"], seconds=UPPER)
    refusing = tmp_path / "unshare"
    refusing.write_text("#!/bin/sh\necho unshare failed: Operation not permitted >&2; exit 1\n")
    refusing.chmod(0o755)
    with pytest.raises(Unavailable, match="needs Linux namespaces: unshare failed: Operation"):
        Box().run(["/bin/true"], seconds=UPPER)
