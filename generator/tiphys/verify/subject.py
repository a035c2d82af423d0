"""What is judged: the tree that the target would become, and how it differs from the target."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

from tiphys.domain.errors import LimitExceeded
from tiphys.domain.skill import Skill
from tiphys.domain.tree import Change
from tiphys.library import RELEASE_FILE, Release, load_skill_at, read_release, strict_yaml
from tiphys.ports import Repository, RepositoryReader
from tiphys.verify.cases import Case, example_cases
from tiphys.verify.guardrails import GUARDRAILS, Guardrails, load
from tiphys.verify.reading import YAML, SharedReader

AGENT_BRANCHES = "tiphys/"
_CHANGES_LIMIT = 1000
_T = TypeVar("_T")


@dataclass(frozen=True)
class Subject:
    """A proposal as data.

    `rev` is the commit whose tree the target would have after the merge and `digest` its tree id;
    `conflicts` names paths that do not merge (then `rev` is the head itself). `agent` says that a
    program wrote it, so that the narrow rules hold. `base` is the commit of the target that it was
    merged into: rules are read there, never from the proposal. `request` is what people asked for,
    in their words; "" where nobody asked. `rules` are the guardrails where there is no base.

    Checks in several threads read it side by side. What is read is read once and then shared, so
    nobody may change what comes out of here. What is broken raises again each time.
    """

    reader: RepositoryReader
    head_sha: str
    rev: str
    digest: str
    changes: tuple[Change, ...]
    agent: bool = False
    conflicts: tuple[str, ...] = ()
    loose: bool = False
    base: str = ""
    request: str = ""
    rules: Guardrails | None = None
    _known: dict[tuple[str, str], Any] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _turn: threading.RLock = field(
        default_factory=threading.RLock, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "reader", SharedReader(self.reader))

    @cached_property
    def guardrails(self) -> Guardrails:
        """The rules in force: those of the base. InvalidInput if they are broken."""
        if self.rules is not None or not self.base:
            return self.rules or Guardrails()
        return load(self.reader, self.base)

    @cached_property
    def objects(self) -> tuple[tuple[str, Any], ...]:
        """(path, document) for each document of the changed manifests, in order; InvalidInput.

        After the syntax check has passed, every document is a Kubernetes object.
        """
        found: list[tuple[str, Any]] = []
        for path in (change.path for change in self.changes if change.new):
            if (self.loose or path.startswith("manifests/")) and path.endswith(YAML):
                data = self.reader.read(self.rev, path)
                found += [(path, d) for d in strict_yaml.load_documents(data, source=path)]
        return tuple(found)

    @cached_property
    def example_objects(self) -> tuple[tuple[str, Any], ...]:
        """(case, object) for each object that the changed skills' examples render. InvalidInput."""
        return tuple(
            (case.name, found)
            for name in self.skills
            for case in self.examples(name)
            for found in case.objects
        )

    @property
    def documents(self) -> tuple[tuple[str, Any], ...]:
        """(where it comes from, object) for all that would come to a cluster. InvalidInput."""
        return (*self.objects, *self.example_objects)

    @cached_property
    def touched_releases(self) -> tuple[str, ...]:
        """Folders manifests/<namespace>/<release> that the change touches or removes."""
        return tuple(sorted({f for c in self.changes if (f := release_folder(c.path))}))

    @cached_property
    def release_folders(self) -> tuple[str, ...]:
        """Those that it leaves in place."""
        return tuple(f for f in self.touched_releases if self.reader.entries(self.rev, f))

    @cached_property
    def made_from_skills(self) -> tuple[str, ...]:
        """Those release folders that hold a release.toml."""
        return tuple(
            folder
            for folder in self.release_folders
            if any(
                e.path == f"{folder}/{RELEASE_FILE}" for e in self.reader.entries(self.rev, folder)
            )
        )

    @cached_property
    def touched_skills(self) -> tuple[str, ...]:
        """Names below skills/ that the change touches or removes."""
        paths = (change.path for change in self.changes)
        return tuple(sorted({path.split("/")[1] for path in paths if path.startswith("skills/")}))

    @cached_property
    def skills(self) -> tuple[str, ...]:
        """Names of the skills that the change touches and leaves in place."""
        return tuple(n for n in self.touched_skills if self.reader.entries(self.rev, f"skills/{n}"))

    def skill(self, name: str) -> Skill:
        """A skill as it would be after the merge. InvalidInput, NotFound."""
        return self._once("skill", name, lambda: load_skill_at(self.reader, self.rev, name))

    def release(self, folder: str) -> Release:
        """The release in a folder, as it would be after the merge. InvalidInput, NotFound."""

        def read() -> Release:
            data = self.reader.read(self.rev, f"{folder}/{RELEASE_FILE}")
            return read_release(data, path=folder)

        return self._once("release", folder, read)

    def case(self, folder: str) -> Case:
        """The release in a folder as a case. InvalidInput, NotFound."""

        def make() -> Case:
            release = self.release(folder)
            return Case(folder, self.skill(release.skill), release.values)

        return self._once("case", folder, make)

    def examples(self, name: str) -> tuple[Case, ...]:
        """The examples of a skill as cases. InvalidInput, NotFound."""
        return self._once("examples", name, lambda: tuple(example_cases(self.skill(name))))

    @cached_property
    def cases(self) -> tuple[Case, ...]:
        """Its releases that skills made, then the examples of its skills. InvalidInput."""
        examples = (case for name in self.skills for case in self.examples(name))
        return (*map(self.case, self.made_from_skills), *examples)

    def _once(self, what: str, name: str, make: Callable[[], _T]) -> _T:
        with self._turn:
            if (what, name) not in self._known:
                self._known[what, name] = make()
            found: _T = self._known[what, name]
            return found


def release_folder(path: str) -> str | None:
    """The release folder that a path lies in, or None."""
    parts = path.split("/")
    return "/".join(parts[:3]) if len(parts) > 3 and parts[0] == "manifests" else None


def changes_guardrails(subject: Subject) -> bool:
    """Whether it touches the rules that everything else is judged by."""
    return any(change.path.startswith(f"{GUARDRAILS}/") for change in subject.changes)


def proposed_subject(
    repository: Repository, *, head: str, target: str, agent: bool, request: str = ""
) -> Subject:
    """The subject of a pull request: head merged into the target's tip, without moving a branch."""
    head_sha, base = repository.resolve(head), repository.resolve(target)
    merge = repository.preview(head_sha, base, "What the target would become")
    return _subject(
        repository,
        merge.sha or head_sha,
        base if merge.sha else repository.merge_base(base, head_sha) or "",
        head_sha=head_sha,
        agent=agent,
        conflicts=merge.conflicts,
        base=base,
        request=request,
    )


def combined_subject(repository: RepositoryReader, *, rev: str, base: str) -> Subject:
    """Several proposals at once: commit `rev` holds them all, merged one after the other."""
    return _subject(repository, rev, base, head_sha=rev, base=base)


def loose_subject(reader: RepositoryReader, rules: Guardrails | None = None) -> Subject:
    """Manifests outside any repository: everything counts as added, and `rules` hold."""
    return _subject(reader, "loose", "", head_sha="", loose=True, rules=rules)


def _subject(reader: RepositoryReader, rev: str, before: str, **facts: Any) -> Subject:
    """The tree of `rev`, and what differs in it from `before` ("": everything)."""
    changes = tuple(reader.changes(before, rev))
    if len(changes) > _CHANGES_LIMIT and not facts.get("loose"):
        raise LimitExceeded(
            f"{len(changes)} files changed, at most {_CHANGES_LIMIT} are judged at once; split it"
        )
    return Subject(reader, rev=rev, digest=reader.tree_id(rev), changes=changes, **facts)
