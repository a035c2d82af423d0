"""A docker-archive: layers, a config and a manifest; the same input gives the same bytes.

Layers are not compressed: what is imported on the same machine is read once, and zlib would take
longer than the disk. Nothing but a buffer of a layer is ever in memory.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import re
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import IO

MTIME = 1_704_067_200  # 2024-01-01 00:00:00 UTC, for everything in every image
CREATED = "2024-01-01T00:00:00Z"

_REFERENCE = re.compile(
    r"(?P<path>[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?::[0-9]+)?(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*)"
    r"(?::(?P<tag>\w[\w.-]{0,127}))?(?:@sha256:[0-9a-f]{64})?",
    re.ASCII,
)


def reference(name: str) -> str:
    """The image's name with its tag ("latest" if it has none) and without its digest. ValueError.

    An archive can't promise a digest: it is the registry's manifest that has one.
    """
    found = _REFERENCE.fullmatch(name)
    if found is None:
        raise ValueError(f"{name!r} is no image name; write one like registry.example/name:1.0")
    return f"{found['path']}:{found['tag'] or 'latest'}"


def pack(folder: Path, layer: Path, *, owners: bool = False) -> None:
    """Write what is below `folder` as the layer (a tar) `layer`: sorted, with one time for all.

    Modes, links and hard links are kept; owners are when `owners` is set, else all is root's.
    ValueError for a device, socket or pipe.
    """
    with tarfile.open(layer, "w", format=tarfile.GNU_FORMAT) as tar:
        for path in _below(folder):
            info = tar.gettarinfo(path, path.relative_to(folder).as_posix())
            if info is None or not (info.isreg() or info.isdir() or info.issym() or info.islnk()):
                raise ValueError(f"{path} is no file, folder or link; take it out of the layer")
            info.mtime, info.uname, info.gname = MTIME, "", ""
            if not owners:
                info.uid = info.gid = 0
            if info.isreg():
                with path.open("rb") as stream:
                    tar.addfile(info, stream)
            else:
                tar.addfile(info)


def write(
    archive: Path,
    layers: Sequence[Path],
    *,
    names: Sequence[str],
    entrypoint: Sequence[str],
    command: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    user: str = "",
    workdir: str = "/",
) -> None:
    """Write an image for this machine's architecture, under all `names`, whole or not at all.

    A layer is a folder (its files become root's) or a tar that `pack` made; the first lies lowest.
    ValueError for a name that is none, and for a layer with a member outside of its root.
    """
    tags = [reference(name) for name in names]
    with replacing(archive) as new, tarfile.open(new, "w", format=tarfile.GNU_FORMAT) as tar:
        digests = []
        for number, layer in enumerate(layers):
            with _as_tar(layer, near=archive.parent) as packed:
                digests.append(_add_layer(tar, f"layer-{number}.tar", packed))
        config = _json(
            {
                "architecture": _architecture(),
                "config": {
                    "Cmd": list(command),
                    "Entrypoint": list(entrypoint),
                    "Env": [f"{key}={value}" for key, value in sorted((env or {}).items())],
                    "User": user,
                    "WorkingDir": workdir,
                },
                "created": CREATED,
                "os": "linux",
                "rootfs": {"diff_ids": digests, "type": "layers"},
            }
        )
        name = f"{hashlib.sha256(config).hexdigest()}.json"
        files = [f"layer-{number}.tar" for number in range(len(layers))]
        _add(tar, name, io.BytesIO(config), len(config))
        manifest = _json([{"Config": name, "Layers": files, "RepoTags": tags}])
        _add(tar, "manifest.json", io.BytesIO(manifest), len(manifest))


def check(layer: Path) -> None:
    """ValueError if a member of the tar `layer` has a name that leads out of the root."""
    with tarfile.open(layer, "r:") as tar:
        for member in tar:
            hard = [member.linkname] if member.islnk() else []
            for name in (member.name, *hard):
                path = PurePosixPath(name)
                if path.is_absolute() or ".." in path.parts:
                    raise ValueError(f"{layer} has a member {name!r}, which is outside of its root")


class _Hashed(io.RawIOBase):
    """A stream that remembers the sha256 of what was read from it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.sha256 = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self.sha256.update(data)
        return data


def _add_layer(tar: tarfile.TarFile, name: str, layer: Path) -> str:
    """Add the layer; returns its digest, as the config names it."""
    check(layer)
    with layer.open("rb") as stream:
        hashed = _Hashed(stream)
        _add(tar, name, hashed, layer.stat().st_size)
    return f"sha256:{hashed.sha256.hexdigest()}"


def _add(tar: tarfile.TarFile, name: str, stream: IO[bytes] | io.RawIOBase, size: int) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mtime = size, MTIME
    tar.addfile(info, stream)


def _below(folder: Path) -> Iterator[Path]:
    """Everything below the folder, a folder before what is in it."""
    for path in sorted(folder.iterdir()):
        yield path
        if path.is_dir() and not path.is_symlink():
            yield from _below(path)


@contextlib.contextmanager
def _as_tar(layer: Path, *, near: Path) -> Iterator[Path]:
    """The layer as a tar; a folder's lives as long as the context."""
    if not layer.is_dir():
        yield layer
        return
    with tempfile.TemporaryDirectory(dir=near, prefix=".layer-") as scratch:
        packed = Path(scratch, "layer.tar")
        pack(layer, packed)
        yield packed


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A new file that takes the place of `path` once the block is done."""
    new = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield new
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def _architecture() -> str:
    machine = os.uname().machine
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)


def _json(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
