"""Reading a revision: from several threads, and the YAML documents below a folder."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import Any

from tiphys.domain.errors import InvalidInput
from tiphys.domain.tree import Change, Entry
from tiphys.library import strict_yaml
from tiphys.ports import RepositoryReader

YAML = (".yaml", ".yml")


def documents_below(
    reader: RepositoryReader, rev: str, folder: str, *, skip_broken: bool = False
) -> Iterator[tuple[str, Any]]:
    """(path, document) of each YAML file below `folder`, by path. InvalidInput, LimitExceeded.

    With `skip_broken` a file that can't be read as YAML is left out instead.
    """
    for entry in reader.entries(rev, folder):
        if not entry.path.endswith(YAML):
            continue
        try:
            found = strict_yaml.load_documents(reader.read(rev, entry.path), source=entry.path)
        except InvalidInput:
            if not skip_broken:
                raise
            continue
        yield from ((entry.path, document) for document in found)


class SharedReader:
    """A `RepositoryReader` for several threads over one that serves a single thread."""

    def __init__(self, reader: RepositoryReader) -> None:
        self._reader = reader
        self._turn = threading.Lock()

    def resolve(self, rev: str) -> str:
        """See the port."""
        with self._turn:
            return self._reader.resolve(rev)

    def branches(self, prefix: str = "") -> Sequence[str]:
        """See the port."""
        with self._turn:
            return self._reader.branches(prefix)

    def entries(self, rev: str, prefix: str = "") -> Sequence[Entry]:
        """See the port."""
        with self._turn:
            return self._reader.entries(rev, prefix)

    def read(self, rev: str, path: str, limit: int = 1 << 20) -> bytes:
        """See the port."""
        with self._turn:
            return self._reader.read(rev, path, limit)

    def tree_id(self, rev: str, path: str = "") -> str:
        """See the port."""
        with self._turn:
            return self._reader.tree_id(rev, path)

    def changes(self, base: str, head: str, prefix: str = "") -> Sequence[Change]:
        """See the port."""
        with self._turn:
            return self._reader.changes(base, head, prefix)

    def merge_base(self, one: str, other: str) -> str | None:
        """See the port."""
        with self._turn:
            return self._reader.merge_base(one, other)

    def message(self, rev: str) -> str:
        """See the port."""
        with self._turn:
            return self._reader.message(rev)
