"""Loose manifests on disk, read through the port RepositoryReader as one revision."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from tiphys.domain.errors import LimitExceeded, NotFound, Refused
from tiphys.domain.tree import MODE_FILE, MODE_SYMLINK, Change, Entry

_FILES = 1000
_SUFFIXES = (".yaml", ".yml")


class FolderReader:
    """The YAML files below a folder (or one file); every revision is what is on disk now."""

    def __init__(self, path: Path) -> None:
        self._root = path if path.is_dir() else path.parent
        found = path.rglob("*") if path.is_dir() else [path]
        yaml = (p for p in found if p.suffix in (".yaml", ".yml"))
        files = [p for p in yaml if p.is_symlink() or p.is_file()]
        if len(files) > _FILES:
            raise LimitExceeded(f"{path}: {len(files)} YAML files, at most {_FILES} at once")
        self._entries = tuple(
            Entry(
                p.relative_to(self._root).as_posix(),
                "",
                MODE_SYMLINK if p.is_symlink() else MODE_FILE,
                p.lstat().st_size,
            )
            for p in sorted(files)
        )

    def resolve(self, rev: str) -> str:
        """The revision's own name: there is only one."""
        return rev

    def branches(self, prefix: str = "") -> Sequence[str]:  # noqa: ARG002  # the port's signature
        """None: a folder has no branches."""
        return ()

    def entries(self, rev: str, prefix: str = "") -> Sequence[Entry]:  # noqa: ARG002
        """Every YAML file below `prefix`."""
        return tuple(e for e in self._entries if not prefix or e.path.startswith(f"{prefix}/"))

    def read(self, rev: str, path: str, limit: int = 1 << 20) -> bytes:  # noqa: ARG002
        """A file's bytes; symbolic links are not followed. NotFound, LimitExceeded, Refused."""
        target = self._root / path
        if target.is_symlink():
            raise Refused(f"{path}: is a symbolic link")
        if not target.is_file():
            raise NotFound(f"{path}: no such file")
        if target.stat().st_size > limit:
            raise LimitExceeded(f"{path}: larger than {limit} bytes")
        return target.read_bytes()

    def tree_id(self, rev: str, path: str = "") -> str:
        """A digest of names and contents (there is no git tree to name)."""
        digest = hashlib.sha256()
        for entry in self.entries(rev, path):
            content = b"" if entry.mode == MODE_SYMLINK else self.read(rev, entry.path)
            digest.update(b"%d %s\0" % (len(content), entry.path.encode()) + content)
        return digest.hexdigest()[:40]

    def changes(self, base: str, head: str, prefix: str = "") -> Sequence[Change]:  # noqa: ARG002
        """Every file counts as added."""
        return tuple(Change(e.path, None, e) for e in self.entries(head, prefix))

    def merge_base(self, one: str, other: str) -> str | None:  # noqa: ARG002
        """None: a folder has no history."""
        return None

    def message(self, rev: str) -> str:  # noqa: ARG002
        """Empty: a folder has no commits."""
        return ""
