"""Git objects as no honest client writes them."""

from __future__ import annotations

from collections.abc import Sequence

import pygit2

FILE, EXECUTABLE, LINK, TREE, MODULE = 0o100644, 0o100755, 0o120000, 0o040000, 0o160000
Raw = tuple[int, bytes, pygit2.Oid]  # an entry of a tree: mode, name, object


class RawGit:
    """Objects of the repository `git`, made by hand."""

    git: pygit2.Repository

    def blob(self, data: bytes) -> pygit2.Oid:
        """A blob."""
        return self.git.create_blob(data)

    def tree(self, entries: Sequence[Raw]) -> pygit2.Oid:
        """A tree object with just these entries in just this order, whatever git thinks of it."""
        data = b"".join(b"%o %s\0" % (mode, name) + oid.raw for mode, name, oid in entries)
        return self.git.odb.write(pygit2.enums.ObjectType.TREE, data)

    def graft(
        self, root: pygit2.Oid, folder: str, extra: Sequence[Raw], *, sort: bool = True
    ) -> pygit2.Oid:
        """`root` with more entries in one of its folders ("" is itself)."""
        entries = [(int(e.filemode), e.raw_name or b"", e.id) for e in self.git[root]]  # type: ignore[attr-defined]  # a tree
        if not folder:
            entries += extra
        else:
            first, _, rest = folder.partition("/")
            name = first.encode()
            below = next((oid for _, n, oid in entries if n == name), None)
            made = self.graft(below or self.tree([]), rest, extra, sort=sort)
            entries = [e for e in entries if e[1] != name] + [(TREE, name, made)]
        if sort or folder:
            entries.sort(key=lambda e: e[1] + (b"/" if e[0] == TREE else b""))
        return self.tree(entries)

    def tree_of(self, rev: str) -> pygit2.Oid:
        """The tree of a commit."""
        return self.git[rev].peel(pygit2.Tree).id
