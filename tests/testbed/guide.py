"""The shell blocks of docs/guides/argo.md, run as they stand on the page."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tiphys.toolchain import locate

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "guides" / "argo.md"
SECTION = "From an empty cluster to a first verdict"
# The words by which the blocks begin that no bed can run: there is no Docker on it.
NOT_HERE = ("docker",)
FIRST = 2  # the number of the proposal that the page has judged
IMAGES = "tests.testbed.images"  # what makes an image runs before there is a node to give it to

_FENCE = re.compile(r"^(?P<margin> *)```(?P<kind>\w*)\n(?P<text>.*?)^(?P=margin)```$", re.M | re.S)
_SECONDS = 1800.0  # the first image on a machine takes most of it


def section(page: Path = PAGE) -> str:
    """The text of the page that leads to a verdict."""
    _, _, rest = page.read_text("utf-8").partition(f"\n## {SECTION}\n")
    return rest.partition("\n## ")[0]


def blocks(text: str, kind: str = "sh") -> tuple[str, ...]:
    """What is fenced as that kind, in order, without the margin of the step that it is in."""
    found = (each for each in _FENCE.finditer(text) if each["kind"] == kind)
    return tuple(textwrap.dedent(each["text"]) for each in found)


def variables(text: str) -> tuple[str, ...]:
    """What the section's table tells its reader to set."""
    return tuple(re.findall(r"^\| `([A-Z]+)` \|", text, re.M))


def runs_here(block: str) -> bool:
    """Whether a bed can run it."""
    return block.split(maxsplit=1)[0] not in NOT_HERE


@dataclass
class Walk:
    """One way through the page in the clone `home`: what was set, and what each block printed.

    `seconds` are those that each block took.
    """

    home: Path
    values: dict[str, str]
    printed: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def make_images(self) -> None:
        """Run what needs no cluster: a node is given its images when it starts."""
        self._run([each for each in blocks(section()) if IMAGES in each and runs_here(each)])

    def finish(self, values: Mapping[str, str]) -> None:
        """Run all the others that can be run here, in order."""
        self.values |= values
        done = set(self.printed)
        self._run([each for each in blocks(section()) if each not in done and runs_here(each)])

    def _run(self, chosen: Sequence[str]) -> None:
        for block in chosen:
            started = time.monotonic()
            self.printed[block] = self._output(block)
            self.seconds[block] = time.monotonic() - started

    def _output(self, block: str) -> str:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", block],
            cwd=self.home,
            env={**os.environ, "PATH": _path(), **self.values},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"{PAGE.name}, exit {done.returncode}:\n{block}\n{done.stdout}"
        return done.stdout


def _path() -> str:
    """Where this Python's own commands come first, and kubectl next."""
    own = [Path(sys.executable).parent, locate("kubectl").parent]
    return os.pathsep.join([*map(str, own), os.environ.get("PATH", os.defpath)])
