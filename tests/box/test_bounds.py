"""Programs that take more than they may: each ends within its limits and leaves nothing behind."""

import os
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from tests.box.conftest import UPPER, marked, words

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux's")


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


def test_the_box_ends_with_who_runs_it(mark, tmp_path):
    program = (
        "from tiphys.adapters.box import Box\n"
        f"Box().run(['/bin/sh', '-c', 'echo 1; sleep 1000; true', '{mark}'], seconds=1000)"
    )
    own = {**os.environ, "TMPDIR": str(tmp_path)}
    with (
        subprocess.Popen([sys.executable, "-c", program], env=own) as runner,
        ending(runner),
    ):
        wait_for(lambda: len(marked(mark)) > 1)
    wait_for(lambda: not marked(mark))


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
