"""Signed verdicts under one ref of the repository itself, so that they travel by git.

The ref's commit holds each envelope twice: keys/<2>/<key>/ finds it by what decided the verdict,
commits/<2>/<sha>/ by the head that it is about. Nothing is ever changed or removed, so two clones
merge without conflict. Anybody who can push can write here: what counts is the signature.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tiphys.adapters import git_trees
from tiphys.adapters.git_append import append
from tiphys.adapters.git_refs import open_git, read_ref, signature, translated
from tiphys.domain.errors import InvalidInput

if TYPE_CHECKING:
    import pygit2

VERDICTS_REF = "refs/tiphys/verdicts"
NAME = re.compile(r"\d{15}-[0-9a-f]{16}\.json\Z")  # milliseconds since the epoch, part of a sha256
_KEY = re.compile(r"[0-9a-f]{64}\Z")
_SHA = re.compile(r"[0-9a-f]{40}\Z")
_BYTES = 1 << 20
_MOST = 200  # of one key or commit; more is somebody's mischief
_PATIENCE = 30.0


class GitVerdicts:
    """The store inside the repository at `path`. One instance per thread, any number of processes.

    `clock` gives seconds since the epoch.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self._repo = open_git(path)
        self._clock = clock

    def get(self, key: str) -> Sequence[bytes]:
        """Envelopes under a key, newest first."""
        return self._read(_folder("keys", key, _KEY))

    def of_commit(self, sha: str) -> Sequence[bytes]:
        """Envelopes about a head commit, newest first."""
        return self._read(_folder("commits", sha, _SHA))

    def put(self, key: str, sha: str, envelope: bytes) -> None:
        """Keep an envelope. Conflict if others win the ref for half a minute on end."""
        if len(envelope) > _BYTES:
            raise InvalidInput(f"a signed verdict has at most {_BYTES} bytes, not {len(envelope)}")
        stamp, digest = int(self._clock() * 1000), hashlib.sha256(envelope).hexdigest()[:16]
        name = f"{stamp:015d}-{digest}.json"
        folders = (_folder("keys", key, _KEY), _folder("commits", sha, _SHA))
        files: dict[str, bytes | None] = {f"{folder}/{name}": envelope for folder in folders}
        append(
            self._repo,
            VERDICTS_REF,
            lambda before: self._write(before, files),
            turn="verdicts",
            patience=_PATIENCE,
        )

    def _read(self, folder: str) -> list[bytes]:
        import pygit2

        commit = read_ref(self._repo, VERDICTS_REF)
        if commit is None:
            return []
        with translated("reading verdicts"):
            below = git_trees.subtree(self._repo[commit].peel(pygit2.Tree), folder)
            found = [e for e in below or () if e.type_str == "blob" and NAME.match(e.name or "")]
            newest = sorted(found, key=lambda each: each.name or "", reverse=True)[:_MOST]
            fit = (e.id for e in newest if self._repo.odb.read_header(e.id)[1] <= _BYTES)
            return [self._repo.odb.read(blob)[1] for blob in fit]

    def _write(self, before: str | None, files: dict[str, bytes | None]) -> str:
        import pygit2

        with translated("keeping a verdict"):
            base = self._repo[before].peel(pygit2.Tree) if before else None
            tree = git_trees.edit(self._repo, base, files)
            who = signature(self._repo, None, self._clock)
            parents: list[str | pygit2.Oid] = [before] if before else []
            return str(self._repo.create_commit(None, who, who, "A verdict\n", tree, parents))


def _folder(kind: str, name: str, form: re.Pattern[str]) -> str:
    if not form.match(name):
        raise InvalidInput(f"{name[:80]!r} is not a digest that verdicts are kept by")
    return f"{kind}/{name[:2]}/{name}"
