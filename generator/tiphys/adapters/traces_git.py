"""Traces under one ref of the repository itself, so that they travel by git.

The ref's commit holds one file of JSON lines for each attempt, <2>/<issue>/<name>. Nothing is ever
changed or removed, so two clones merge without conflict. Anybody who can push can write here, so
what is read is bounded, and what is no trace is passed by.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tiphys.adapters import git_trees
from tiphys.adapters.git_append import append
from tiphys.adapters.git_refs import open_git, read_ref, signature, translated
from tiphys.adapters.trace_journal import journals, start, taken_over
from tiphys.domain.errors import InvalidInput, TiphysError
from tiphys.domain.trace import RUN_LIMIT, Entry, Scribe, from_lines, to_lines

if TYPE_CHECKING:
    import pygit2

TRACES_REF = "refs/tiphys/traces"
NAME = re.compile(r"\d{15}-[0-9a-f]{16}\.jsonl\Z")  # milliseconds since the epoch, part of a sha256
ISSUE = re.compile(r"[1-9]\d{0,8}\Z")
BUCKET = re.compile(r"[0-9a-f]{2}\Z")
_MOST = 200  # of one issue; more is somebody's mischief
_PATIENCE = 30.0


class GitTraces:
    """The store inside the repository at `path`. One instance per thread, any number of processes.

    Runs that are under way are written to the folder `under_way`, where there is one. `clock` gives
    seconds since the epoch.
    """

    def __init__(
        self, path: Path, under_way: Path | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self._repo = open_git(path)
        self._under_way = under_way
        self._clock = clock

    def keep(self, issue: int, entries: Sequence[Entry]) -> str:
        """Keep an attempt. Conflict if others win the ref for half a minute on end."""
        self._take_over()
        return self._keep(issue, int(self._clock() * 1000), entries)

    @contextmanager
    def recording(self, issue: int) -> Iterator[Scribe]:
        """A scribe; what could not be kept in the end stays on disk for whoever comes next."""
        _folder(issue)
        stamp = int(self._clock() * 1000)
        journal = start(self._under_way, issue, stamp) if self._under_way else None
        entries: list[Entry] = []

        def scribe(entry: Entry) -> None:
            entries.append(entry)
            if journal is not None:
                journal.write(entry)

        kept = False
        try:
            yield scribe
        finally:
            with suppress(TiphysError):
                if entries:
                    self._keep(issue, stamp, entries)
                kept = True
            if journal is not None:
                journal.leave(remove=kept)

    def of_issue(self, issue: int) -> Sequence[tuple[str, Sequence[Entry]]]:
        """Each attempt, oldest first; of very many the newest."""
        self._take_over()
        return list(self._read(_folder(issue)))

    def issues(self) -> Sequence[int]:
        """The issues that have a trace, sorted."""
        import pygit2

        self._take_over()
        commit = read_ref(self._repo, TRACES_REF)
        if commit is None:
            return []
        found = []
        with translated("reading traces"):
            for bucket in self._repo[commit].peel(pygit2.Tree):
                if isinstance(bucket, pygit2.Tree):
                    names = [e.name or "" for e in bucket if isinstance(e, pygit2.Tree)]
                    found += [int(name) for name in names if ISSUE.match(name)]
        return sorted(issue for issue in set(found) if any(self._read(_folder(issue))))

    def _take_over(self) -> None:
        for path in journals(self._under_way) if self._under_way else ():
            with suppress(TiphysError), taken_over(path) as left:
                if left is not None and left.entries:
                    self._keep(left.issue, left.stamp, left.entries)

    def _keep(self, issue: int, stamp: int, entries: Sequence[Entry]) -> str:
        data = to_lines(entries).encode()
        name = f"{stamp:015d}-{hashlib.sha256(data).hexdigest()[:16]}.jsonl"
        path = f"{_folder(issue)}/{name}"
        append(
            self._repo,
            TRACES_REF,
            lambda before: self._write(before, path, data),
            turn="traces",
            patience=_PATIENCE,
        )
        return name.removesuffix(".jsonl")

    def _read(self, folder: str) -> Iterator[tuple[str, Sequence[Entry]]]:
        import pygit2

        commit = read_ref(self._repo, TRACES_REF)
        if commit is None:
            return
        with translated("reading traces"):
            below = git_trees.subtree(self._repo[commit].peel(pygit2.Tree), folder)
            found = [e for e in below or () if e.type_str == "blob" and NAME.match(e.name or "")]
            newest = sorted(found, key=lambda each: each.name or "")[-_MOST:]
            fit = [e for e in newest if self._repo.odb.read_header(e.id)[1] <= RUN_LIMIT]
        for each in fit:
            with translated("reading traces"):
                data = self._repo.odb.read(each.id)[1]
            with suppress(InvalidInput, UnicodeDecodeError):
                yield (each.name or "").removesuffix(".jsonl"), _entries(data)

    def _write(self, before: str | None, path: str, data: bytes) -> str | None:
        import pygit2

        with translated("keeping a trace"):
            base = self._repo[before].peel(pygit2.Tree) if before else None
            tree = git_trees.edit(self._repo, base, {path: data})
            if base is not None and tree == str(base.id):
                return None  # taken over twice
            who = signature(self._repo, None, self._clock)
            parents: list[str | pygit2.Oid] = [before] if before else []
            return str(self._repo.create_commit(None, who, who, "A trace\n", tree, parents))


def _entries(data: bytes) -> list[Entry]:
    found = from_lines(data.decode().removesuffix("\n").split("\n"))
    if not found:
        raise InvalidInput("a trace without an entry")
    return found


def _folder(issue: int) -> str:
    if not ISSUE.match(str(issue)):
        raise InvalidInput(f"{issue} is no issue's number")
    return f"{issue % 256:02x}/{issue}"
