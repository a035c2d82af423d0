"""Many files in one commit: libgit2 syncs each to the disk, `git fast-import` writes one pack."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path

from tiphys.domain.errors import Unavailable


def import_files(repository: Path, branch: str, files: Iterable[tuple[str, bytes]]) -> None:
    """Make `branch` one new commit of `files` (path, bytes). Unavailable without git."""
    git = ["git", "-C", str(repository), "fast-import", "--quiet"]
    try:
        with subprocess.Popen(git, stdin=subprocess.PIPE) as importer:
            stream = importer.stdin
            if stream is None:  # never: it is a pipe
                raise Unavailable("git fast-import takes no input")
            stream.write(f"commit refs/heads/{branch}\ncommitter tiphys <> 0 +0000\n".encode())
            stream.write(b"data 7\nImport\n\n")
            for path, data in files:
                stream.write(f"M 100644 inline {path}\ndata {len(data)}\n".encode() + data + b"\n")
    except OSError as problem:
        raise Unavailable(
            f"git fast-import does not run: {problem.strerror}; install git"
        ) from None
    if importer.returncode:
        raise Unavailable(f"git fast-import failed with status {importer.returncode}")
