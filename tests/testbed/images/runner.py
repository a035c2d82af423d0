"""The image that argo/Dockerfile describes, made without Docker, of four layers that are kept.

base      Debian with Python and git
packages  what tiphys runs with, by the hashes of the locks
tools     the binaries of a control plane, from this machine's tool cache
tiphys    the package, as it is in a checkout
"""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from tests.testbed.images import archive, debian, python, tools
from tiphys.toolchain import cache_root

USER = "65532:65532"
ENV = {
    "HOME": "/tmp",
    "PATH": "/opt/tiphys/python/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "PYTHONDONTWRITEBYTECODE": "1",
    "TIPHYS_CACHE": "/opt/tiphys/cache",
}


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer as a tar. `seconds` is what it took; `kept` tells that it was there before."""

    name: str
    path: Path
    seconds: float
    kept: bool


def build(
    output: Path, *, names: Sequence[str], source: Path, cache: Path | None = None
) -> tuple[Layer, ...]:
    """Write the runner image of the checkout `source` to `output`; its layers, lowest first.

    `cache` (below the tool cache unless told) keeps layers by what they are made of; deleting it
    loses nothing, and brings Debian's latest packages. ValueError, OSError, RuntimeError and
    tiphys's own errors say what to do.
    """
    if sys.version_info[:2] != (3, 11):
        raise RuntimeError(f"Debian {debian.RELEASE} has Python 3.11; run this with Python 3.11")
    cache = (cache or cache_root() / "testbed").resolve()
    cache.mkdir(parents=True, exist_ok=True)
    with FileLock(cache / ".lock"), python.copied(source) as package:
        layers = _layers(_Kept(cache), source, package)
        archive.write(
            output,
            [layer.path for layer in layers],
            names=names,
            entrypoint=["tiphys"],
            env=ENV,
            user=USER,
            workdir="/tmp",
        )
    return layers


def _layers(kept: _Kept, source: Path, package: Path) -> tuple[Layer, ...]:
    locks = b"".join((source / name).read_bytes() for name in python.LOCKS)
    wanted, binaries = python.requirements(source), tools.Tools(source)

    def wheels() -> Path:
        return kept.folder("wheels", locks, lambda path: python.fetch(source, path))

    return (
        kept.layer(
            "base",
            _source(debian),
            lambda root: debian.debian(root, packages=kept.cache / "debian"),
            owners=True,
        ),
        kept.layer(
            "packages",
            _source(python) + locks + json.dumps(wanted).encode(),
            lambda root: python.install_packages(root, wanted=wanted, wheels=wheels()),
        ),
        kept.layer(
            "tools",
            _source(tools) + binaries.made_of(),
            lambda root: binaries.copy(root / ENV["TIPHYS_CACHE"].lstrip("/")),
        ),
        kept.layer(
            "tiphys",
            _source(python) + locks + _tree(package),
            lambda root: python.install_tiphys(root, source=package, wheels=wheels()),
        ),
    )


class _Kept:
    """What was made before, in a folder that one process at a time may use."""

    def __init__(self, cache: Path) -> None:
        self.cache = cache

    def layer(
        self, name: str, made_of: bytes, fill: Callable[[Path], None], *, owners: bool = False
    ) -> Layer:
        """The layer of that name made of these; its other versions are removed."""
        started, path = time.monotonic(), self.cache / f"{name}-{_key(made_of)}.tar"
        kept = path.exists()
        if not kept:
            with tempfile.TemporaryDirectory(dir=self.cache, prefix=f".{name}-") as scratch:
                root = Path(scratch, "root")
                root.mkdir()
                fill(root)
                with archive.replacing(path) as new:
                    archive.pack(root, new, owners=owners)
        for other in self.cache.glob(f"{name}-*.tar"):
            if other != path:
                other.unlink()
        return Layer(name, path, time.monotonic() - started, kept)

    def folder(self, name: str, made_of: bytes, fill: Callable[[Path], None]) -> Path:
        """The folder of that name made of these."""
        path = self.cache / f"{name}-{_key(made_of)}"
        if not path.exists():
            with tempfile.TemporaryDirectory(dir=self.cache, prefix=f".{name}-") as scratch:
                fill(Path(scratch, name))
                Path(scratch, name).rename(path)
        return path


def _source(module: object) -> bytes:
    """A layer is also made of the code that makes it."""
    return Path(vars(module)["__file__"]).read_bytes()


def _tree(folder: Path) -> bytes:
    """What identifies every file below the folder."""
    return b"".join(
        f"{path.relative_to(folder)} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    )


def _key(made_of: bytes) -> str:
    return hashlib.sha256(made_of).hexdigest()[:16]
