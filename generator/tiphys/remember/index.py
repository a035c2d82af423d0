"""Bring the index to a branch: by tree diff from the commit that it shows, or from nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tiphys.domain.errors import NotFound, TiphysError
from tiphys.domain.skill import Skill
from tiphys.library import RELEASE_FILE, load_skill_at, read_release
from tiphys.ports import Document, Index, RepositoryReader

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Followed:
    """What following a branch did: counts, wall seconds, and what could not be read and why."""

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
    rebuild: bool = False,
    progress: Progress = lambda _done, _all: None,
) -> Followed:
    """Make `index` show the tip of `branch`.

    Only folders that differ are read again. A commit that is no longer known, or `rebuild`, starts
    from nothing. A malformed skill or release is skipped and reported, never in the way of others.
    """
    started = time.monotonic()
    head = repository.resolve(branch)
    known = None if rebuild else _known(repository, index.commit())
    if known == head:
        return Followed(head, 0, 0, time.monotonic() - started)
    if known is None:
        index.clear()
    put: list[Document] = []
    remove: list[str] = []
    skipped: list[str] = []
    for folder in _changed_folders(repository, known or "", head):
        try:
            put.append(_document(repository, head, folder))
        except NotFound:
            remove.append(folder)
        except TiphysError as problem:
            remove.append(folder)
            skipped.append(str(problem))
    index.update(head, put, remove, progress)
    seconds = time.monotonic() - started
    return Followed(head, len(put), len(remove), seconds, tuple(skipped))


def skill_text(skill: Skill) -> str:
    """What search reads of a skill: name, description, when to use it, the words of its values."""
    title = skill.name.replace("-", " ")
    use = _section(skill.body, "when to use")
    hints = [
        word
        for definition in skill.schema["properties"].values()
        for word in definition.get("x-tiphys", {}).get("words", ())
    ]
    return "\n".join(filter(None, (f"{title}: {skill.description}", use, ", ".join(hints))))


def _known(repository: RepositoryReader, commit: str | None) -> str | None:
    if commit is None:
        return None
    try:
        return repository.resolve(commit)
    except NotFound:  # history was rewritten
        return None


def _changed_folders(repository: RepositoryReader, base: str, head: str) -> Iterator[str]:
    skills = {"/".join(c.path.split("/")[:2]) for c in repository.changes(base, head, "skills")
              if c.path.count("/") > 1}  # fmt: skip
    releases = {
        "/".join(change.path.split("/")[:3])
        for change in repository.changes(base, head, "manifests")
        if change.path.count("/") > 2
    }
    yield from sorted(skills)
    yield from sorted(releases)


def _document(repository: RepositoryReader, rev: str, folder: str) -> Document:
    digest = repository.tree_id(rev, folder)
    if folder.startswith("skills/"):
        skill = load_skill_at(repository, rev, folder.removeprefix("skills/"))
        return Document(folder, digest, skill.name, skill_text(skill))
    release = read_release(repository.read(rev, f"{folder}/{RELEASE_FILE}"), path=folder)
    return Document(folder, digest, release.skill, release.request)


def _section(body: str, title: str) -> str:
    lines: list[str] = []
    inside = False
    for line in body.splitlines():
        if line.startswith("#"):
            inside = line.lstrip("# ").strip().lower() == title
        elif inside:
            lines.append(line)
    return "\n".join(lines).strip()
