"""The tools layer: a control plane's binaries, found by tiphys as they lie, without a write."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

from tests.testbed.images.archive import MTIME
from tests.testbed.images.work import remove
from tiphys.toolchain import Lock, install, load_lock, locate


class Tools:
    """What argo/Dockerfile of the checkout `source` names, from this machine's tool cache.

    What is missing there is installed first. ValueError, NotFound, Unavailable.
    """

    def __init__(self, source: Path) -> None:
        self.lock: Lock = load_lock(source / "generator/tiphys/toolchain/lock.toml")
        self.names = tools_of(source / "argo/Dockerfile")
        install(self.names, lock=self.lock)
        self._found = [
            locate(tool.name, tool.version, lock=self.lock) for tool in self.lock.select(self.names)
        ]

    def made_of(self) -> bytes:
        """The binaries' names, versions and sha256."""
        receipts = [json.loads(_receipt(path).read_text()) for path in self._found]
        return json.dumps(
            [
                [path.parts[-3:], found["sha256"]]
                for path, found in zip(self._found, receipts, strict=True)
            ]
        ).encode()

    def copy(self, cache: Path) -> None:
        """Fill the cache of the image: each receipt names the time that its file has in a layer."""
        for found in self._found:
            place = cache.joinpath("tools", *found.parts[-3:-1])
            place.mkdir(parents=True)
            for path in (found, _receipt(found)):
                shutil.copy(path, place)
            os.utime(place / found.name, (MTIME, MTIME))
        install(self.names, lock=self.lock, root=cache, offline=True, verify=True)
        for path in (cache / "tools").glob(".*"):
            remove(path)
        for name in ("index", "runs"):
            (cache / name).mkdir()


def tools_of(dockerfile: Path) -> list[str]:
    """The tools that the Dockerfile installs, as NAME or NAME@VERSION. ValueError."""
    found = re.search(r'^ARG TOOLS="([^"]+)"$', dockerfile.read_text(), re.M)
    if found is None:
        raise ValueError(f'{dockerfile} has no line ARG TOOLS="..."; name the tools there')
    return found[1].split()


def _receipt(binary: Path) -> Path:
    return binary.with_name("receipt.json")
