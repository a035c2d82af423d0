"""A shell in a box, and a look at what is left of it."""

import secrets
import time
from pathlib import Path

import pytest

from tiphys.adapters.box import Box, Limits

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


def words(boxed):
    return boxed.output.decode(errors="replace")
