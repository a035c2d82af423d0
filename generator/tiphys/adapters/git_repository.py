"""The port Repository over libgit2: objects and refs only, never the work tree or the index."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tiphys.adapters import git_trees
from tiphys.adapters.git_refs import (
    check_ref,
    move_ref,
    open_git,
    read_ref,
    signature,
    translated,
)
from tiphys.domain.errors import Conflict, InvalidInput, LimitExceeded, NotFound, Refused
from tiphys.domain.tree import Change, Entry, Merge

if TYPE_CHECKING:
    import pygit2

_SHA = re.compile(r"[0-9a-f]{40}\Z")
_SHORT_SHA = re.compile(r"[0-9a-f]{7,39}\Z")
_ANCESTRY = re.compile(r"(?P<base>[^~^]+)(?P<steps>([~^][0-9]{0,4})+)\Z")


class GitRepository:
    """A git repository, bare or not, found from any folder inside it.

    A commit or merge into the branch that is checked out moves the branch only: the files on disk
    stay as they were, so `git status` shows the difference as staged reversions until the user runs
    `git restore --staged --worktree .` (`checked_out` tells a command when to say so).
    Use one instance per thread; processes may share the repository.
    """

    def __init__(
        self, path: Path, *, author: str | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self._repo = open_git(path)
        self._author = author
        self._clock = clock

    @classmethod
    def init(cls, path: Path, *, bare: bool = False, branch: str = "main") -> GitRepository:
        """A new repository without commits, on `branch`. Refused where there is one already."""
        import pygit2

        check_ref(f"refs/heads/{branch}")
        if (path / ".git").exists() or ((path / "HEAD").exists() and (path / "objects").exists()):
            raise Refused(f"{path} is a git repository already: choose an empty folder")
        with translated(f"making {path}"):
            pygit2.init_repository(str(path), bare=bare, initial_head=branch)
        return cls(path)

    @property
    def path(self) -> Path:
        """The git folder (`.git`, or the bare repository)."""
        return Path(self._repo.path)

    @property
    def root(self) -> Path | None:
        """The work tree's folder; None when bare."""
        return Path(self._repo.workdir) if self._repo.workdir else None

    def checked_out(self) -> str | None:
        """Short name of the branch in the work tree; None when bare or detached."""
        if self._repo.is_bare or self._repo.head_is_detached:
            return None
        with translated("reading HEAD"):
            return str(self._repo.lookup_reference("HEAD").target).removeprefix("refs/heads/")

    # reading

    def resolve(self, rev: str) -> str:
        """Commit sha of a branch, tag, full ref name, HEAD, sha (7 digits or more), or `rev~2`."""
        with translated(f"resolving {rev!r}"):
            found = self._find(rev)
        if found is None:
            if not any(ref.startswith("refs/heads/") for ref in self._repo.references):
                raise NotFound("the repository has no commits; make one first")
            raise NotFound(f"there is no branch, tag or commit {rev!r}: see `git branch --all`")
        return found

    def _find(self, rev: str) -> str | None:
        import pygit2

        steps = _ANCESTRY.match(rev)
        target: str | None = None
        if steps:
            base = self._find(steps["base"])
            target = f"{base}{steps['steps']}" if base else None
        elif _SHA.match(rev):
            target = rev
        else:
            target = self._named(rev) or (rev if _SHORT_SHA.match(rev) else None)
        if target is None:
            return None
        try:
            return str(self._repo.revparse_single(target).peel(pygit2.Commit).id)
        except (KeyError, ValueError, pygit2.GitError):
            return None  # no such object, an ambiguous short sha, or not a commit

    def _named(self, rev: str) -> str | None:
        import pygit2

        for name in (f"refs/heads/{rev}", f"refs/tags/{rev}", f"refs/remotes/{rev}", rev):
            known = name == "HEAD" or name.startswith("refs/")
            if known and (name == "HEAD" or pygit2.reference_is_valid_name(name)):
                try:
                    found = read_ref(self._repo, name)
                except InvalidInput:
                    found = None  # HEAD of a repository without commits
                if found:
                    return found
        return None

    def branches(self, prefix: str = "") -> Sequence[str]:
        """Short branch names that start with `prefix`, sorted."""
        with translated("listing branches"):
            return sorted(b for b in self._repo.branches.local if b.startswith(prefix))

    def entries(self, rev: str, prefix: str = "") -> Sequence[Entry]:
        """Every file below the folder `prefix`, sorted; hostile names and modes included."""
        tree = self._tree(rev)
        with translated(f"reading the files of {rev}"):
            below = git_trees.subtree(tree, prefix)
            if below is None:
                return []
            base = "/".join(filter(None, prefix.split("/")))
            return sorted(
                git_trees.walk(self._repo, below, f"{base}/" if base else ""),
                key=lambda entry: entry.path,
            )

    def read(self, rev: str, path: str, limit: int = 1 << 20) -> bytes:
        """A file's bytes (a symlink's are its target). NotFound, LimitExceeded."""
        import pygit2

        tree = self._tree(rev)
        folder, _, name = path.rpartition("/")
        with translated(f"reading {path}"):
            below = git_trees.subtree(tree, folder)
            try:
                blob = below[name] if below is not None and all(path.split("/")) else None
            except (KeyError, ValueError):
                blob = None
            if not isinstance(blob, pygit2.Object) or blob.type_str != "blob":
                raise NotFound(f"there is no file {path!r} in {rev}")
            size = self._repo.odb.read_header(blob.id)[1]
            if size > limit:
                raise LimitExceeded(f"{path} has {size} bytes; at most {limit} are allowed")
            return self._repo.odb.read(blob.id)[1]

    def tree_id(self, rev: str, path: str = "") -> str:
        """Git tree id of a folder. NotFound."""
        tree = self._tree(rev)
        with translated(f"reading {path}"):
            below = git_trees.subtree(tree, path)
        if below is None:
            raise NotFound(f"there is no folder {path!r} in {rev}")
        return str(below.id)

    def changes(self, base: str, head: str, prefix: str = "") -> Sequence[Change]:
        """Paths that differ, sorted; the cost follows the change, not the repository."""
        old = self._tree(base) if base else None
        new = self._tree(head)
        start = "/".join(filter(None, prefix.split("/")))
        with translated(f"comparing {base or 'nothing'} with {head}"):
            found = git_trees.diff(
                self._repo,
                git_trees.subtree(old, prefix) if old is not None else None,
                git_trees.subtree(new, prefix),
                f"{start}/" if start else "",
            )
            return sorted(found, key=lambda change: change.path)

    def merge_base(self, one: str, other: str) -> str | None:
        """The best common ancestor, or None."""
        left, right = self.resolve(one), self.resolve(other)
        with translated("looking for the common ancestor"):
            found = self._repo.merge_base(left, right)
        return str(found) if found else None

    def message(self, rev: str) -> str:
        """The commit's message."""
        return self._commit(rev).message

    def _commit(self, rev: str) -> pygit2.Commit:
        import pygit2

        sha = self.resolve(rev)
        with translated(f"reading {sha}"):
            return self._repo[sha].peel(pygit2.Commit)

    def _tree(self, rev: str) -> pygit2.Tree:
        commit = self._commit(rev)
        with translated(f"reading the tree of {rev}"):
            return commit.tree

    # writing

    def commit(
        self, branch: str, expected: str | None, files: Mapping[str, bytes | None], message: str
    ) -> str:
        """Commit `files` on top of `expected`; see the port. The commit may be empty."""
        check_ref(f"refs/heads/{branch}")
        standing = read_ref(self._repo, f"refs/heads/{branch}")
        if standing not in (None, expected):
            raise Conflict(f"branch {branch} moved to {str(standing)[:12]}: look again, then retry")
        base = self._tree(expected) if expected else None
        with translated(f"committing to {branch}"):
            tree = git_trees.edit(self._repo, base, files)
            sha = self._write(tree, [expected] if expected else [], message)
        move_ref(self._repo, f"refs/heads/{branch}", standing, sha, "commit: tiphys")
        return sha

    def tree_of(self, files: Mapping[str, bytes]) -> str:
        """The tree id of a folder of these files; see the port."""
        with translated("writing a tree"):
            return git_trees.edit(self._repo, None, {**files})

    def _write(self, tree: str, parents: list[str], message: str) -> str:
        who = signature(self._repo, self._author, self._clock)
        text = message if message.endswith("\n") else message + "\n"
        return str(self._repo.create_commit(None, who, who, text, tree, list(parents)))

    def preview(self, source: str, onto: str, message: str, *, commit: bool = False) -> Merge:
        """The merge as a commit that no branch points at; see the port."""
        theirs, ours = self.resolve(source), self.resolve(onto)
        with translated(f"comparing {source} with {onto}"):
            if not commit and theirs != ours and self._repo.descendant_of(theirs, ours):
                return Merge(theirs)
        return self._merged(theirs, ours, message)

    def _merged(self, theirs: str, ours: str, message: str) -> Merge:
        with translated(f"merging {theirs[:12]}"):
            if theirs == ours or self._repo.descendant_of(ours, theirs):
                return Merge(ours)
            self._refuse_bombs(theirs, ours)
            # Without rename detection every path is judged by itself, as `changes` shows it.
            index = self._repo.merge_commits(ours, theirs, flags=_no_merge_flags())
            if index.conflicts is not None:
                paths = {side.path for sides in index.conflicts for side in sides if side}
                return Merge(None, conflicts=tuple(sorted(paths)))
            tree = str(index.write_tree(self._repo))
            return Merge(self._write(tree, [ours, theirs], message))

    def _refuse_bombs(self, theirs: str, ours: str) -> None:
        """LimitExceeded before libgit2, which has no limits, unfolds what `theirs` brings."""
        base = self._repo.merge_base(ours, theirs)
        old = self._tree(str(base)) if base else None
        for _ in git_trees.diff(self._repo, old, self._tree(theirs)):
            pass

    def fast_forward(self, source: str, target: str, expected: str) -> Merge:
        """Move branch `target` forward to `source`; see the port."""
        self._must_stand(target, expected)
        sha = self.resolve(source)
        if sha == expected:
            return Merge(sha, fast_forward=True)
        with translated(f"moving {target}"):
            ahead = self._repo.descendant_of(sha, expected)
        if not ahead:
            raise Conflict(f"{source} does not build on {target}: merge or rebase it first")
        move_ref(self._repo, f"refs/heads/{target}", expected, sha, "merge: fast-forward")
        return Merge(sha, fast_forward=True)

    def delete_branch(self, branch: str, expected: str) -> None:
        """Delete a branch that stands at `expected`. Refused for the one that is checked out."""
        self._must_stand(branch, expected)
        if branch == self.checked_out():
            raise Refused(f"branch {branch} is checked out: switch to another one first")
        move_ref(self._repo, f"refs/heads/{branch}", expected, None, "delete: tiphys")

    def _must_stand(self, branch: str, expected: str) -> None:
        check_ref(f"refs/heads/{branch}")
        standing = read_ref(self._repo, f"refs/heads/{branch}")
        if standing is None:
            raise NotFound(f"there is no branch {branch!r}: see `git branch`")
        if standing != expected:
            raise Conflict(f"branch {branch} moved to {standing[:12]}: look again, then retry")


def _no_merge_flags() -> pygit2.enums.MergeFlag:
    import pygit2

    return pygit2.enums.MergeFlag(0)
