"""A repository in memory: commits are dicts of files. Ids look like git's; nothing else is git."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tiphys.domain.errors import Conflict, InvalidInput, LimitExceeded, NotFound
from tiphys.domain.git_paths import check_writable
from tiphys.domain.tree import MODE_FILE, Change, Entry, Merge

Files = Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class _Commit:
    files: Files
    parents: tuple[str, ...]
    message: str


def _digest(*parts: str | bytes) -> str:
    whole = b"\0".join(p.encode() if isinstance(p, str) else p for p in parts)
    return hashlib.sha256(whole).hexdigest()[:40]


def _below(files: Files, prefix: str) -> dict[str, bytes]:
    folder = "/".join(filter(None, prefix.split("/")))
    return {p: d for p, d in files.items() if not folder or p.startswith(folder + "/")}


def _entry(path: str, data: bytes | None) -> Entry | None:
    if data is None:
        return None
    return Entry(path, _digest("blob", data), MODE_FILE, len(data))


class MemoryRepository:
    """The port Repository without a disk. Every file has the plain mode."""

    def __init__(self) -> None:
        self._commits: dict[str, _Commit] = {}
        self._branches: dict[str, str] = {}

    # reading

    def resolve(self, rev: str) -> str:
        """Sha of a branch or commit."""
        sha = self._branches.get(rev, rev)
        if sha not in self._commits:
            if not self._branches:
                raise NotFound("the repository has no commits; make one first")
            raise NotFound(f"there is no branch, tag or commit {rev!r}")
        return sha

    def branches(self, prefix: str = "") -> Sequence[str]:
        """Branch names, sorted."""
        return sorted(name for name in self._branches if name.startswith(prefix))

    def entries(self, rev: str, prefix: str = "") -> Sequence[Entry]:
        """Files below a folder, sorted."""
        found = sorted(_below(self._files(rev), prefix).items())
        return [e for path, data in found if (e := _entry(path, data))]

    def read(self, rev: str, path: str, limit: int = 1 << 20) -> bytes:
        """A file's bytes."""
        data = self._files(rev).get(path)
        if data is None:
            raise NotFound(f"there is no file {path!r} in {rev}")
        if len(data) > limit:
            raise LimitExceeded(f"{path} has {len(data)} bytes; at most {limit} are allowed")
        return data

    def tree_id(self, rev: str, path: str = "") -> str:
        """Digest of a folder's content (relative paths, as git's is)."""
        files = _below(self._files(rev), path)
        base = "/".join(filter(None, path.split("/")))
        if base and not files:
            raise NotFound(f"there is no folder {path!r} in {rev}")
        return self.tree_of({p.removeprefix(f"{base}/") if base else p: files[p] for p in files})

    def tree_of(self, files: Mapping[str, bytes]) -> str:
        """Digest of relative paths and contents."""
        return _digest("tree", *(part for pair in sorted(files.items()) for part in pair))

    def changes(self, base: str, head: str, prefix: str = "") -> Sequence[Change]:
        """Paths that differ, sorted."""
        old = _below(self._files(base), prefix) if base else {}
        new = _below(self._files(head), prefix)
        return [
            Change(path, _entry(path, old.get(path)), _entry(path, new.get(path)))
            for path in sorted(old.keys() | new.keys())
            if old.get(path) != new.get(path)
        ]

    def merge_base(self, one: str, other: str) -> str | None:
        """The best common ancestor, or None."""
        behind = set(self._history(self.resolve(other)))
        shared = [sha for sha in self._history(self.resolve(one)) if sha in behind]
        older = {up for sha in shared for up in self._history(sha) if up != sha}
        return next((sha for sha in shared if sha not in older), None)

    def message(self, rev: str) -> str:
        """The commit's message."""
        return self._commits[self.resolve(rev)].message

    def _files(self, rev: str) -> Files:
        return self._commits[self.resolve(rev)].files

    def _history(self, sha: str) -> Iterator[str]:
        """The commit itself and every ancestor."""
        waiting, seen = [sha], {sha}
        while waiting:
            here = waiting.pop(0)
            yield here
            for parent in self._commits[here].parents:
                if parent not in seen:
                    seen.add(parent)
                    waiting.append(parent)

    # writing

    def commit(
        self, branch: str, expected: str | None, files: Mapping[str, bytes | None], message: str
    ) -> str:
        """Commit on top of `expected`."""
        self._check_branch(branch)
        standing = self._branches.get(branch)
        if standing not in (None, expected):
            raise Conflict(f"branch {branch} moved: look again, then retry")
        now = dict(self._files(expected)) if expected else {}
        writes = {path: data for path, data in files.items() if data is not None}
        for path in files:
            check_writable(path)
            if any(other.startswith(path + "/") for other in writes) and path in writes:
                raise InvalidInput(f"{path} is written as a file and as a folder: rename one")
        for path, data in files.items():
            if data is None:
                if path not in now and _below(now, path) and not _below(writes, path):
                    raise InvalidInput(f"{path} is a folder: delete its files one by one")
                now.pop(path, None)
        for path, data in writes.items():
            for clash in [p for p in now if p.startswith(path + "/") or path.startswith(p + "/")]:
                del now[clash]
            now[path] = data
        self._branches[branch] = self._add(now, (expected,) if expected else (), message)
        return self._branches[branch]

    def _check_branch(self, branch: str) -> None:
        if not branch or branch.startswith("-") or ".." in branch or " " in branch:
            raise InvalidInput(f"{branch!r} is not a valid branch name: choose another")

    def _add(self, files: Files, parents: tuple[str, ...], message: str) -> str:
        text = message if message.endswith("\n") else message + "\n"
        content = (part for pair in sorted(files.items()) for part in pair)
        sha = _digest(f"commit {len(self._commits)}", *parents, text, *content)
        self._commits[sha] = _Commit(dict(files), parents, text)
        return sha

    def preview(self, source: str, onto: str, message: str, *, commit: bool = False) -> Merge:
        """Merge into a commit that no branch points at."""
        theirs, ours = self.resolve(source), self.resolve(onto)
        if not commit and theirs != ours and ours in self._history(theirs):
            return Merge(theirs)
        return self._merged(theirs, ours, message)

    def _merged(self, theirs: str, ours: str, message: str) -> Merge:
        if theirs in self._history(ours):
            return Merge(ours)
        base = self.merge_base(ours, theirs)
        old = self._files(base) if base else {}
        left, right = self._files(ours), self._files(theirs)
        merged: dict[str, bytes] = {}
        conflicts = []
        for path in sorted(old.keys() | left.keys() | right.keys()):
            was, mine, other = old.get(path), left.get(path), right.get(path)
            if mine != other and was not in (mine, other):
                conflicts.append(path)
            now = other if mine == was else mine
            if now is not None:
                merged[path] = now
        if conflicts:
            return Merge(None, conflicts=tuple(conflicts))
        return Merge(self._add(merged, (ours, theirs), message))

    def fast_forward(self, source: str, target: str, expected: str) -> Merge:
        """Move a branch forward."""
        self._must_stand(target, expected)
        sha = self.resolve(source)
        if expected not in self._history(sha):
            raise Conflict(f"{source} does not build on {target}: merge or rebase it first")
        self._branches[target] = sha
        return Merge(sha, fast_forward=True)

    def delete_branch(self, branch: str, expected: str) -> None:
        """Delete a branch."""
        self._must_stand(branch, expected)
        del self._branches[branch]

    def _must_stand(self, branch: str, expected: str) -> None:
        standing = self._branches.get(branch)
        if standing is None:
            raise NotFound(f"there is no branch {branch!r}")
        if standing != expected:
            raise Conflict(f"branch {branch} moved: look again, then retry")
