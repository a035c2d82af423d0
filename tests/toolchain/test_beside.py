"""Two installations at once, and those that are killed."""

import os
import signal
import subprocess
import sys
import time

import pytest

from tests.toolchain.conftest import binary
from tiphys.toolchain import install, load_lock, locate

SCRIPT = """
import sys
from pathlib import Path
from tiphys.toolchain import install, load_lock
from tiphys.toolchain.report import plain
lock = load_lock(Path(sys.argv[1]), "linux-amd64")
with plain(sys.stderr) as progress:
    install(sys.argv[3:], lock=lock, root=Path(sys.argv[2]), progress=progress)
"""


def eventually(done, seconds=30.0):
    deadline = time.monotonic() + seconds
    while not (value := done()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)
    return value


@pytest.fixture
def start(root, tmp_path):
    """Start an installation in a process of its own; its progress goes to a file."""
    started = []

    def start(lock_path, *names):
        log = tmp_path / f"log{len(started)}"
        with log.open("w") as stream:
            command = [sys.executable, "-c", SCRIPT, str(lock_path), str(root), *names]
            child = subprocess.Popen(command, stderr=stream)
        started.append(child)
        return child, log

    yield start
    for child in started:
        if child.poll() is None:
            child.kill()
        child.wait()


def test_the_second_installation_waits_and_finds_the_work_done(start, write_lock, go, root):
    lock_path = write_lock()
    (go.folder / "hold").touch()
    one, _ = start(lock_path)
    eventually((go.folder / "building").exists)
    other, log = start(lock_path)
    eventually(lambda: "waiting for another installation" in log.read_text())
    (go.folder / "hold").unlink()
    assert (one.wait(30), other.wait(30)) == (0, 0)
    assert len(go.calls("build")) == 1
    assert locate("beta", lock=load_lock(lock_path, "linux-amd64"), root=root).is_file()


def test_many_at_once_leave_one_good_file(start, write_lock, go, root):
    lock_path = write_lock()
    children = [start(lock_path, name)[0] for name in ("alpha", "beta", "alpha", "gamma")]
    assert [child.wait(60) for child in children] == [0, 0, 0, 0]
    lock = load_lock(lock_path, "linux-amd64")
    assert not any(tool.fresh for tool in install(["gamma"], lock=lock, root=root, verify=True))
    assert len(go.calls("build")) == 3


def test_a_killed_build_is_cleaned_up_by_the_next(start, write_lock, go, root):
    lock_path = write_lock()
    (go.folder / "hold").touch()
    child, _ = start(lock_path)
    eventually((go.folder / "building").exists)
    child.kill()
    child.wait()
    (left,) = (path for path in (root / "tools" / ".build").iterdir() if path.is_dir())
    (go.folder / "hold").unlink()
    lock = load_lock(lock_path, "linux-amd64")
    assert all(tool.fresh for tool in install(lock=lock, root=root))
    assert not left.exists()
    assert not list((root / "tools" / ".build").iterdir())


def test_a_killed_download_is_continued_by_the_next(start, write_lock, page, no_go, root):
    content, path = binary(size=2_000_000), "/1.2.3/linux/amd64/alpha"
    page.publish(path, content)
    lock_path = write_lock(page.url)
    page.stall_at = 1_000_000
    child, _ = start(lock_path, "alpha")
    assert page.stalled.wait(30)
    lock = load_lock(lock_path, "linux-amd64")
    part = root / "tools" / "alpha" / "1.2.3-linux-amd64" / "alpha.part"
    eventually(lambda: part.exists() and part.stat().st_size >= 500_000)
    child.kill()
    child.wait()
    page.stall_at = None
    page.released.set()
    have = part.stat().st_size
    assert install(["alpha"], lock=lock, root=root)[0].path.read_bytes() == content
    assert page.asked(path) == ["", f"bytes={have}-"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_interruption_ends_the_build_too(number, go, tmp_path):
    (go.folder / "hold").touch()
    command = [sys.executable, "-m", "tiphys", "tools", "install", "etcd", "--only", "go"]
    env = {**os.environ, "TIPHYS_CACHE": str(tmp_path / "cache")}
    child = subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True)
    try:
        eventually((go.folder / "building").exists)
        builder = int((go.folder / "building").read_text())
        child.send_signal(number)
        _, errors = child.communicate(timeout=30)
    finally:
        child.kill()
    assert child.returncode == 130
    assert errors.splitlines()[-1] == "tiphys: interrupted"
    assert "Traceback" not in errors
    with pytest.raises(ProcessLookupError):
        os.kill(builder, 0)
    assert not [path for path in (tmp_path / "cache/tools/.build").iterdir() if path.is_dir()]
