"""The program as a process: what it loads, and how it ends."""

from __future__ import annotations

import array
import fcntl
import json
import os
import signal
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from tests.cluster_fixtures import eventually

TIPHYS = [sys.executable, "-m", "tiphys"]
HEAVY = {"chromadb", "jinja2", "kubernetes", "numpy", "pygit2", "rich", "yaml"}


def loaded_by(*arguments: str) -> set[str]:
    code = (
        "import json, sys\nfrom tiphys.cli import main\n"
        "try:\n    main()\nexcept SystemExit as leaving:\n    assert not leaving.code\n"
        "print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("arguments", [["--help"], ["verify", "--help"]])
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    assert not loaded_by(*arguments) & HEAVY


def test_an_interruption_is_130_and_one_line(repository: Path) -> None:
    process = subprocess.Popen(
        [*TIPHYS, "generate"],
        cwd=repository,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with process:
        assert process.stdin is not None
        process.stdin.write(b"Run")
        process.stdin.flush()
        waiting = array.array("i", [0])

        def read() -> bool:
            fcntl.ioctl(process.stdin, termios.FIONREAD, waiting)  # type: ignore[arg-type]  # a pipe
            return waiting[0] == 0

        eventually(read)  # so it is past start-up, inside of the command
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (130, b"", b"tiphys: interrupted\n")


def test_a_reader_that_left_is_no_error(repository: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [*TIPHYS, "skill", "list", "--json"],
        cwd=repository,
        stdout=write,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (0, b"")
