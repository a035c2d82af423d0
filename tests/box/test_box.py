"""Bad programs in the box: each ends, leaves nothing behind, and can't do what it tries."""

import os
import secrets
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

import tiphys
from tiphys.adapters.box import Box, Limits
from tiphys.domain.errors import Unavailable
from tiphys.toolchain import cache_root

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux's")

UPPER = 20.0  # seconds that even a loaded machine never needs
SMALL = Limits(memory=96 << 20, disk=8 << 20, output=1 << 20, processes=64)


@pytest.fixture
def mark():
    """A word that marks the processes of one test; none must be left when it is over."""
    word = f"marked-{secrets.token_hex(8)}"
    yield word
    assert not marked(word)


def marked(word):
    """Processes of this machine whose command line has the word, but for this one."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if word.encode() in path.read_bytes():
                found.append(path)
        except OSError:
            continue  # it is gone
    return found


@pytest.fixture
def shell(mark):
    def shell(script, *, seconds=UPPER, limits=SMALL, **options):
        start = time.monotonic()
        boxed = Box(limits).run(["/bin/sh", "-c", script, mark], seconds=seconds, **options)
        assert time.monotonic() - start < seconds + UPPER
        assert not marked(mark)
        return boxed

    return shell


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


def words(boxed):
    return boxed.output.decode(errors="replace")


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


def test_it_sleeps_for_ever(shell):
    boxed = shell("echo before; sleep 100000", seconds=1.0)
    assert (boxed.ended, boxed.code, boxed.output) == ("time", None, b"before\n")


@pytest.mark.parametrize("script", ["b() { b | b & }; b", "b() { b | b & b; }; b &"])
def test_it_forks_endlessly(shell, script):
    boxed = shell(f"{script}\nexec sleep 1000", seconds=1.5)
    assert boxed.ended == "time"
    assert b"Cannot fork" in boxed.output or b"temporarily" in boxed.output


def test_it_starts_more_than_it_may(shell):
    boxed = shell("for i in $(seq 100); do sleep 1000 & done; echo all; wait", seconds=3.0)
    assert b"all" not in boxed.output
    assert b"fork" in boxed.output


def test_it_fills_the_disk(shell):
    boxed = shell(
        "for i in $(seq 9); do head -c 2M /dev/zero > /tmp/f$i; done; du -sk /tmp | cut -f1;"
        " rm /tmp/f*; seq 5000 | xargs touch -c; cd /tmp; seq 5000 | xargs touch; ls | wc -l"
    )
    assert "No space left on device" in words(boxed)
    used, files = (int(line) for line in words(boxed).splitlines() if line.isdigit())
    assert 4 << 10 <= used <= 8 << 10
    assert 1000 < files < 4100


def test_one_process_eats_memory(shell):
    boxed = shell("tail /dev/zero; echo ended $?")
    assert boxed.ended == "memory" or b"memory exhausted" in boxed.output


def test_many_processes_eat_memory(shell):
    eat = "head -c 50m /dev/zero | tail -c 49m | sleep 1000"
    boxed = shell(f"for i in 1 2 3 4 5; do ({eat}) & done; wait")
    assert boxed.ended == "memory"


def test_it_floods_its_output(shell):
    boxed = shell("yes and no")
    assert (boxed.ended, len(boxed.output)) == ("output", 1 << 20)


def test_it_leaves_a_daemon(shell, mark):
    boxed = shell(
        f"setsid sh -c 'setsid sleep 100000 & sleep 100000' {mark} <&- >&- 2>&- & sleep 0.2; exit 0"
    )
    assert (boxed.ended, boxed.code) == ("exit", 0)


def test_it_kills_what_it_can(shell):
    with subprocess.Popen(["sleep", "60"]) as bystander, ending(bystander):
        for pid in (-1, 1, "$PPID", bystander.pid, os.getpid()):
            shell(f"kill -9 {pid}; kill -INT {pid}")
        assert bystander.poll() is None
    assert shell("kill -9 $$").code == -9


def test_the_box_ends_with_who_runs_it(mark):
    program = (
        "from tiphys.adapters.box import Box\n"
        f"Box().run(['/bin/sh', '-c', 'echo 1; sleep 1000; true', '{mark}'], seconds=1000)"
    )
    with subprocess.Popen([sys.executable, "-c", program]) as runner, ending(runner):
        wait_for(lambda: len(marked(mark)) > 1)
    wait_for(lambda: not marked(mark))


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


@contextmanager
def ending(process):
    try:
        yield
    finally:
        process.kill()


def wait_for(done):
    end = time.monotonic() + UPPER
    while not done():
        assert time.monotonic() < end
        time.sleep(0.02)
