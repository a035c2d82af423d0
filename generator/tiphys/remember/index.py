"""The index follows a branch: what changed between two commits becomes documents, nothing else."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from tiphys.domain.errors import Conflict, InvalidInput, NotFound
from tiphys.domain.ranking import intent
from tiphys.domain.skill import Skill
from tiphys.library import RELEASE_FILE, Release, load_skill_at, read_release
from tiphys.ports import Document, Index, RepositoryReader

Progress = Callable[[int, int], None]  # steps done, of how many
_TRIES = 5
_MOST_CHARACTERS = 4000  # of a line; a request may be a whole issue


@dataclass(frozen=True, slots=True)
class Followed:
    """What following did. `skipped` says, one line each, what is merged but can't be found."""

    commit: str
    put: int
    removed: int
    seconds: float
    skipped: tuple[str, ...] = ()


def follow(
    repository: RepositoryReader,
    index: Index,
    branch: str,
    *,
    progress: Progress = lambda _done, _all: None,
    rebuild: bool = False,
) -> Followed:
    """Bring `index` to the tip of `branch` by what changed since the commit that it shows.

    Everything is read again when that commit is unknown here or `rebuild` says so. NotFound for a
    branch that is not there, Unavailable when the index can't be written.
    """
    start = time.perf_counter()
    for left in reversed(range(_TRIES)):
        try:
            done = _follow(repository, index, branch, progress=progress, rebuild=rebuild)
        except Conflict:  # another process indexed meanwhile; most often nothing is left to do
            if not left:
                raise
        else:
            commit, put, removed, skipped = done
            return Followed(commit, put, removed, time.perf_counter() - start, skipped)
    raise AssertionError("unreachable")


def skill_document(skill: Skill) -> Document:
    """A skill in the words that people use for it; the first line says what it is."""
    lines = (
        f"{skill.name.replace('-', ' ')}: {skill.description}",
        _section(skill.body, "when to use"),
        # Measured: as text to search these help, as documents of their own they match too much.
        _section(skill.body, "asked for like this"),
        " ".join(_value_words(skill)),
    )
    return Document(skill.path, skill.digest, skill.name, "\n".join(map(_one_line, lines)))


def release_document(release: Release, digest: str) -> Document:
    """A request that a skill has served: the like of it is served by the same skill."""
    return Document(release.path, digest, release.skill, _one_line(intent(release.request)))


def _follow(
    repository: RepositoryReader, index: Index, branch: str, *, progress: Progress, rebuild: bool
) -> tuple[str, int, int, tuple[str, ...]]:
    head = repository.resolve(branch)
    base = None if rebuild else index.commit()
    if base == head:
        return head, 0, 0, ()
    paths = _changed(repository, base, head) if base else None
    if paths is None:
        index.clear()
        paths = _changed(repository, "", head) or []
    documents, removed, skipped = [], [], []
    for number, path in enumerate(paths):
        progress(number, 2 * len(paths))  # reading is one half of the way, writing the other
        try:
            documents.append(_document(repository, head, path))
        except NotFound:
            removed.append(path)
        except InvalidInput as problem:
            removed.append(path)
            skipped.append(str(problem))
    index.update(
        head, documents, removed, lambda done, of: progress(len(paths) + done, len(paths) + of)
    )
    return head, len(documents), len(removed), tuple(skipped)


def _changed(repository: RepositoryReader, base: str, head: str) -> list[str] | None:
    """Document ids whose files differ, sorted; None if `base` is not known here."""
    try:
        changes = [
            change.path
            for folder in ("skills", "manifests")
            for change in repository.changes(base, head, folder)
        ]
    except NotFound:
        return None
    return sorted(set(_ids(changes)))


def _ids(paths: Iterable[str]) -> Iterator[str]:
    for path in paths:
        parts = path.split("/")
        if parts[0] == "skills" and len(parts) > 2:
            yield "/".join(parts[:2])
        elif parts[0] == "manifests" and len(parts) > 3:
            yield "/".join(parts[:3])


def _document(repository: RepositoryReader, rev: str, path: str) -> Document:
    if path.startswith("skills/"):
        return skill_document(load_skill_at(repository, rev, path.removeprefix("skills/")))
    data = repository.read(rev, f"{path}/{RELEASE_FILE}")
    return release_document(read_release(data, path=path), repository.tree_id(rev, path))


def _section(body: str, title: str) -> str:
    """The text under that heading, up to the next one."""
    found: list[str] = []
    inside = False
    for line in body.splitlines():
        if line.startswith("#"):
            inside = line.strip("# ").lower() == title
        elif inside:
            found.append(line)
    return " ".join(" ".join(found).split())


def _value_words(skill: Skill) -> Iterator[str]:
    for definition in skill.schema["properties"].values():
        yield from definition.get("x-tiphys", {}).get("words", ())


def _one_line(text: str) -> str:
    return " ".join(text.split())[:_MOST_CHARACTERS]
