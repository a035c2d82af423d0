"""Files out of published Go modules that are too large to keep here, such as other projects' CRDs.

Go fetches the module and keeps it in its own cache; a file is handed out only if it has the sha256
that the lock names, so it does not matter where the module came from.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tiphys.domain.errors import InvalidInput, NotFound, Unavailable
from tiphys.toolchain.cache import digest

SECONDS = 600.0  # for a module of 40 MB over a slow line


@dataclass(frozen=True, slots=True)
class ModuleFiles:
    """Files below `folder` of a Go module, with their sha256 by name."""

    name: str
    module: str
    version: str
    folder: str
    sha256: Mapping[str, str]


def locked_files(name: str, lock: Path | None = None) -> ModuleFiles:
    """The entry of that name in the lock (the packaged one). NotFound, InvalidInput."""
    path = lock or Path(__file__).with_name("lock.toml")
    try:
        tables = tomllib.loads(path.read_text("utf-8"))["files"]
        if name not in tables:
            raise NotFound(f"{path} names no files {name!a}")
        return ModuleFiles(name=name, **tables[name])
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise InvalidInput(f"{path} is not a tool lock: {error!r}") from error


def module_files(wanted: ModuleFiles) -> dict[str, Path]:
    """Paths of the files by name, in the order of the lock; read-only, in Go's module cache.

    Unavailable without Go, if the module does not come, or if a file is not the one in the lock.
    """
    folder = _downloaded(f"{wanted.module}@v{wanted.version}") / wanted.folder
    paths = {name: folder / name for name in wanted.sha256}
    for name, path in paths.items():
        if not path.is_file():
            raise Unavailable(f"{wanted.module} {wanted.version} has no {wanted.folder}/{name}")
        if digest(path) != wanted.sha256[name]:
            raise Unavailable(f"{path} is not the file in the lock; `go clean -modcache` drops it")
    return paths


def _downloaded(module: str) -> Path:
    go = shutil.which("go")
    if go is None:
        raise Unavailable(f"Go is not installed, and {module} comes as a Go module")
    own = {"GO111MODULE": "on", "GOFLAGS": "-mod=mod", "GOWORK": "off", "GOTOOLCHAIN": "local"}
    with tempfile.TemporaryDirectory(prefix="tiphys-module-") as empty:
        try:
            done = subprocess.run(
                [go, "mod", "download", "-json", module],
                cwd=empty,
                env={**os.environ, **own},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=SECONDS,
                check=False,
            )
            found = json.loads(done.stdout)
        except (OSError, subprocess.SubprocessError, ValueError) as error:
            raise Unavailable(f"{module} can't be downloaded: {error}") from error
    if not found.get("Dir"):
        raise Unavailable(f"{module} can't be downloaded: {found.get('Error') or done.stderr}")
    return Path(found["Dir"])
