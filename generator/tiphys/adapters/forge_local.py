"""The local forge: operations under one ref of the repository itself, so that they travel by git.

The ref's commit holds `<last two digits>/<entity>/<operation>.json`; every write is one commit that
adds one file. Nothing is ever changed or removed, so two clones merge without conflict.
"""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tiphys.adapters import git_trees
from tiphys.adapters.forge_book import Snapshot
from tiphys.adapters.forge_keys import Signer, verify
from tiphys.adapters.forge_operations import Decide, OperationForge
from tiphys.adapters.git_refs import (
    move_ref,
    open_git,
    read_ref,
    signature,
    taking_turns,
    translated,
)
from tiphys.domain.errors import Conflict, InvalidInput, Refused
from tiphys.domain.forge_fold import creation
from tiphys.domain.forge_log import (
    OPERATION_BYTES,
    Operation,
    claimed_number,
    decode,
    entity_folder,
    file_operation,
    is_entity,
    operation_id,
)
from tiphys.domain.forge_names import Roster
from tiphys.domain.git_paths import show_name

if TYPE_CHECKING:
    import pygit2

FORGE_REF = "refs/tiphys/forge"
PATIENCE_SECONDS = 60.0

# Operations by (name, git blob id); None marks a malformed one.
Cache = dict[tuple[str, str], Operation | None]


class GitSnapshot:
    """The forge as one commit's tree shows it."""

    def __init__(self, repo: pygit2.Repository, commit: str | None, cache: Cache) -> None:
        self._repo = repo
        self.commit = commit
        self._cache = cache
        with translated("opening the forge"):
            self.tree = repo[commit].peel(_tree_type()) if commit else None

    def entities(self) -> Sequence[str]:
        """Names of the entities' folders."""
        return list(dict.fromkeys(name for name, found in self._folders() if found))

    def _folders(self) -> Iterator[tuple[str, bool]]:
        """Every name on the first two levels, and whether it is an entity in its place."""
        import pygit2

        with translated("reading the forge"):
            for bucket in self.tree if self.tree is not None else ():
                if not isinstance(bucket, pygit2.Tree):
                    yield show_name(bucket.raw_name or b""), False
                    continue
                for child in bucket:
                    name = show_name(child.raw_name or b"")
                    placed = entity_folder(name) == f"{bucket.name}/{name}"
                    yield name, placed and is_entity(name) and isinstance(child, pygit2.Tree)

    def operations(self, entity: str) -> Sequence[Operation]:
        """The well-formed operations of an entity."""
        return [o for _, o in self._files(entity) if o is not None]

    def _files(self, entity: str) -> Iterator[tuple[str, Operation | None]]:
        if self.tree is None:
            return
        with translated(f"reading {entity} of the forge"):
            folder = git_trees.subtree(self.tree, entity_folder(entity))
            for child in folder if folder is not None else ():
                name = show_name(child.raw_name or b"")
                stem = file_operation(name)
                known = stem is not None and child.type_str == "blob"
                yield name, self._load(stem, child.id) if known and stem else None

    def _load(self, name: str, blob: pygit2.Oid) -> Operation | None:
        key = (name, str(blob))
        if key not in self._cache:
            self._cache[key] = None
            if self._repo.odb.read_header(blob)[1] <= OPERATION_BYTES:
                with suppress(InvalidInput):  # counted by problems()
                    self._cache[key] = decode(name, self._repo.odb.read(blob)[1])
        return self._cache[key]

    def problems(self) -> Sequence[str]:
        """What the views leave out: foreign or malformed files, entities without a creation."""
        found = []
        for entity, placed in self._folders():
            if not placed:
                found.append(f"{entity}: not the forge's")
                continue
            found += [f"{entity}/{name}: malformed" for name, o in self._files(entity) if o is None]
            if claimed_number(entity) and creation(entity, self.operations(entity)) is None:
                found.append(f"{entity}: its creation is missing")
        return sorted(found)


class GitStore:
    """The set of operations under `FORGE_REF`; writers retry until they win."""

    def __init__(self, repo: pygit2.Repository, clock: Callable[[], float]) -> None:
        self._repo = repo
        self._clock = clock
        self._cache: Cache = {}

    def snapshot(self) -> GitSnapshot:
        """The set now."""
        return GitSnapshot(self._repo, read_ref(self._repo, FORGE_REF), self._cache)

    def append(self, decide: Decide) -> Snapshot:
        """Add one operation. Conflict if others win for `PATIENCE_SECONDS` on end."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        pause = 0.002
        while True:
            with taking_turns(self._repo, "forge", PATIENCE_SECONDS / 2):
                before = self.snapshot()
                decision = decide(before)
                if decision is None:
                    return before
                commit = self._write(before, *decision)
                try:
                    move_ref(self._repo, FORGE_REF, before.commit, commit, "forge: tiphys")
                except Conflict:
                    if time.monotonic() > deadline:
                        raise
                else:
                    return GitSnapshot(self._repo, commit, self._cache)
            time.sleep(random.uniform(0, pause))  # noqa: S311 -- jitter, not a secret
            pause = min(pause * 2, 0.2)

    def _write(self, before: GitSnapshot, entity: str, blob: bytes) -> str:
        with translated("writing to the forge"):
            path = f"{entity_folder(entity)}/{operation_id(blob)}.json"
            tree = git_trees.edit(self._repo, before.tree, {path: blob})
            who = signature(self._repo, None, self._clock)
            parents = [before.commit] if before.commit else []
            message = f"{entity}\n"
            return str(self._repo.create_commit(None, who, who, message, tree, list(parents)))


class LocalForge(OperationForge):
    """Issues, pull requests and the talk about them inside the repository at `repository_path`.

    `people` says which keys are whose, `signer` signs what is written here. A signature counts in
    this history only: in repositories whose branch `target` began with the same commit. One
    instance per thread; any number of processes.
    """

    def __init__(
        self,
        repository_path: Path,
        actor: str,
        clock: Callable[[], float] = time.time,
        *,
        people: Mapping[str, Sequence[str]] | None = None,
        signer: Signer | None = None,
        target: str = "main",
    ) -> None:
        repo = open_git(repository_path)
        self._git_store = GitStore(repo, clock)
        roster = Roster(people or {}, cache(lambda: first_commit(repo, target)), verify)
        super().__init__(self._git_store, actor, roster=roster, signer=signer, clock=clock)

    def problems(self) -> Sequence[str]:
        """Operations that the views leave out, one line each; empty in a healthy forge."""
        snapshot = self._git_store.snapshot()
        book = self._book(snapshot)
        found = [f"{e}/{line}" for e in snapshot.entities() for line in book.screened(e).left_out]
        return sorted([*snapshot.problems(), *found])


def first_commit(repo: pygit2.Repository, branch: str) -> str:
    """Where a branch began, along first parents: the same in every clone. "" without a branch.

    Refused in a clone that has only the newest commits.
    """
    tip = read_ref(repo, f"refs/heads/{branch}")
    if tip is None:
        return ""
    if repo.is_shallow:
        raise Refused("this clone lacks its first commits, so no signature can be checked here: "
                      "run `git fetch --unshallow`")  # fmt: skip
    with translated(f"looking for where {branch} began"):
        walk = repo.walk(tip)
        walk.simplify_first_parent()
        return str(deque(walk, maxlen=1).pop().id)


def _tree_type() -> type[pygit2.Tree]:
    import pygit2

    return pygit2.Tree
