"""Histories in memory: a target branch, and what stood on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tiphys.domain.history import Commit
from tiphys.library import Release
from tiphys.library.release import write_release
from tiphys.releases.history import History, read_history
from tiphys.releases.taking_back import TakeBack
from tiphys.testing.memory_repository import MemoryRepository

Files = Mapping[str, bytes | None]


class MemoryLog:
    """The port `Log` over a repository in memory."""

    def __init__(self, repository: MemoryRepository) -> None:
        self._commits = repository._commits

    def log(self, rev: str) -> Iterator[Commit]:
        here: str | None = rev
        while here is not None:
            found = self._commits[here]
            before = found.parents[0] if found.parents else ""
            merged = found.parents[1] if len(found.parents) == 2 else ""
            yield Commit(here, before, merged, "ann", float(len(self._commits)), found.message)
            here = before or None


class Target:
    """A branch main that is pushed to."""

    def __init__(self) -> None:
        self.repository = MemoryRepository()
        self.repository.commit("main", None, {"README.md": b"Start\n"}, "Start\n")

    def push(self, files: Files, message: str = "Push\n") -> str:
        return self.repository.commit("main", self.repository.resolve("main"), files, message)

    def put(self, folder: str, files: Mapping[str, bytes]) -> str:
        """Make a folder hold just these files."""
        gone = dict.fromkeys(self.files(folder))
        return self.push(gone | {f"{folder}/{name}": data for name, data in files.items()})

    def files(self, folder: str) -> dict[str, bytes]:
        entries = self.repository.entries("main", folder)
        return {e.path: self.repository.read("main", e.path) for e in entries}

    def skill(self, text: str, name: str = "web") -> str:
        """A version of a skill; its digest."""
        self.put(f"skills/{name}", {"SKILL.md": text.encode()})
        return self.repository.tree_id("main", f"skills/{name}")

    def release(
        self, name: str, digest: str, text: str = "a", *, skill: str = "web", space: str = "shop"
    ) -> None:
        """What that version of a skill rendered."""
        values = {"name": name, "namespace": space, "text": text}
        made = Release(name, space, skill, digest, values, "Please")
        files = {"object.yaml": f"text: {text} of {digest}\n".encode()}
        self.put(made.path, {**files, "release.toml": write_release(made)})

    def history(self) -> History:
        return read_history(self.repository, MemoryLog(self.repository), "main")

    def land(self, plan: TakeBack) -> None:
        """As a merge of the pull request would leave it."""
        self.push(plan.files, f"Take back {plan.what}\n")
