"""How releases and skills came to be what they are, read from the target branch's own commits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tiphys.domain.errors import InvalidInput, NotFound, Refused
from tiphys.domain.history import Commit
from tiphys.domain.markdown import visible
from tiphys.domain.tree import MODE_FILE
from tiphys.library import CLUSTER_FOLDER, RELEASE_FILE, Release, read_release
from tiphys.ports import Log, RepositoryReader
from tiphys.verify.subject import release_folder

FOLDERS = ("manifests", "skills")


@dataclass(frozen=True)
class History:
    """The past of revision `rev`, read once. Folders are releases' and skills'."""

    reader: RepositoryReader
    rev: str
    steps: Mapping[str, tuple[Commit, ...]]  # folder -> commits that changed it, newest first
    _made: dict[tuple[str, str], Release | None] = field(default_factory=dict, repr=False)

    def now(self) -> tuple[str, ...]:
        """Release folders that are there, sorted."""
        return folders_at(self.reader, self.rev)

    def tree(self, folder: str, commit: Commit | None = None) -> str:
        """Tree id of a folder now or as a commit left it; "" where it is not there."""
        return tree_at(self.reader, commit.sha if commit else self.rev, folder)

    def release(self, folder: str, commit: Commit | None = None) -> Release | None:
        """What made a release, now or as a commit left it; None where no skill did."""
        sha = commit.sha if commit else self.rev
        if (sha, folder) not in self._made:
            self._made[sha, folder] = release_at(self.reader, sha, folder)
        return self._made[sha, folder]


def read_history(reader: RepositoryReader, log: Log, rev: str) -> History:
    """The whole past of a branch's releases and skills."""
    sha = reader.resolve(rev)
    steps: dict[str, list[Commit]] = {}
    for commit in log.log(sha):
        for folder in _touched(reader, commit):
            steps.setdefault(folder, []).append(commit)
    return History(reader, sha, {folder: tuple(found) for folder, found in steps.items()})


def _touched(reader: RepositoryReader, commit: Commit) -> set[str]:
    paths = (c.path for top in FOLDERS for c in reader.changes(commit.before, commit.sha, top))
    return {folder for path in paths if (folder := folder_of(path))}


def folder_of(path: str) -> str | None:
    """The release or skill that a path lies in, or None."""
    parts = path.split("/")
    if parts[0] == "skills":
        return "/".join(parts[:2]) if len(parts) > 2 else None
    return release_folder(path)


def folders_at(reader: RepositoryReader, rev: str) -> tuple[str, ...]:
    """Release folders of a revision, sorted."""
    found = {release_folder(entry.path) for entry in reader.entries(rev, "manifests")}
    return tuple(sorted(folder for folder in found if folder))


def tree_at(reader: RepositoryReader, rev: str, folder: str) -> str:
    """Tree id of a folder, "" where it is not there."""
    try:
        return reader.tree_id(rev, folder)
    except NotFound:
        return ""


def release_at(reader: RepositoryReader, rev: str, folder: str) -> Release | None:
    """What made a release; None where that is not written down, or not readable."""
    try:
        return read_release(reader.read(rev, f"{folder}/{RELEASE_FILE}"), path=folder)
    except (NotFound, InvalidInput):
        return None


def files_at(reader: RepositoryReader, rev: str, folder: str) -> dict[str, bytes]:
    """A folder's files by path, to the byte. Refused for anything but plain files."""
    found = {}
    for entry in reader.entries(rev, folder):
        if entry.mode != MODE_FILE:
            raise Refused(f"{entry.path!a} is not a plain file; take it back by git, as a person")
        found[entry.path] = reader.read(rev, entry.path, entry.size)
    return found


def short_name(folder: str) -> str:
    """`manifests/shop/web` as people say it: `shop/web`; a skill is `skill web`. Safe to show."""
    top, _, rest = folder.partition("/")
    return visible(f"skill {rest}" if top == "skills" else rest)


def said_name(name: str) -> str:
    """What people say for a release's folder, who may have copied its path."""
    return name.removeprefix("manifests/").strip("/")


def split(folder: str) -> tuple[str, str]:
    """Namespace ("" for what has none) and name of a release's folder."""
    _, namespace, name = folder.split("/")
    return ("" if namespace == CLUSTER_FOLDER else namespace), name
