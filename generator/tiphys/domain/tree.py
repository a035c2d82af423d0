"""Git trees as data: entries, changes, merge results."""

from __future__ import annotations

from dataclasses import dataclass

MODE_FILE = 0o100644
MODE_EXECUTABLE = 0o100755
MODE_SYMLINK = 0o120000
MODE_SUBMODULE = 0o160000


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in a tree: path from the root, object id, mode, bytes (0 for a submodule)."""

    path: str
    id: str
    mode: int
    size: int


@dataclass(frozen=True, slots=True)
class Change:
    """A path that differs between two trees; `old` is None when added, `new` when deleted."""

    path: str
    old: Entry | None
    new: Entry | None


@dataclass(frozen=True, slots=True)
class Merge:
    """What a merge did: the commit now at the target, or the conflicts (then nothing moved)."""

    sha: str | None
    fast_forward: bool = False
    conflicts: tuple[str, ...] = ()
