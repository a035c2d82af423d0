"""What is judged: the tree that the target would become, and how it differs from the target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tiphys.domain.errors import LimitExceeded
from tiphys.domain.tree import Change
from tiphys.library import RELEASE_FILE, strict_yaml
from tiphys.ports import Repository, RepositoryReader
from tiphys.verify.guardrails import GUARDRAILS, Guardrails, load

AGENT_BRANCHES = "tiphys/"
_CHANGES_LIMIT = 1000


@dataclass(frozen=True)
class Subject:
    """A proposal as data.

    `rev` is the commit whose tree the target would have after the merge and `digest` its tree id;
    `conflicts` names paths that do not merge (then `rev` is the head itself). `agent` says that a
    program wrote it, so that the narrow rules hold. `base` is the commit of the target that it was
    merged into: rules are read there, never from the proposal. `request` is what people asked for,
    in their words; "" where nobody asked. `rules` are the guardrails where there is no base.
    """

    @cached_property
    def guardrails(self) -> Guardrails:
        """The rules in force: those of the base. InvalidInput if they are broken."""
        if self.rules is not None or not self.base:
            return self.rules or Guardrails()
        return load(self.reader, self.base)

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

    @cached_property
    def files(self) -> Mapping[str, bytes]:
        """Added and changed files by path."""
        return {c.path: self.reader.read(self.rev, c.path) for c in self.changes if c.new}

    @cached_property
    def objects(self) -> tuple[tuple[str, Any], ...]:
        """(path, document) for each document of the changed manifests, in order; InvalidInput.

        After the syntax check has passed, every document is a Kubernetes object.
        """
        found: list[tuple[str, Any]] = []
        for path, data in self.files.items():
            if (self.loose or path.startswith("manifests/")) and path.endswith((".yaml", ".yml")):
                found += [(path, d) for d in strict_yaml.load_documents(data, source=path)]
        return tuple(found)

    @cached_property
    def release_folders(self) -> tuple[str, ...]:
        """Folders manifests/<namespace>/<release> that the change touches and leaves in place."""
        folders = sorted({f for c in self.changes if (f := release_folder(c.path))})
        return tuple(f for f in folders if self.reader.entries(self.rev, f))

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
    def skills(self) -> tuple[str, ...]:
        """Names of the skills that the change touches and leaves in place."""
        names = {p.path.split("/")[1] for p in self.changes if p.path.count("/") > 1
                 and p.path.startswith("skills/")}  # fmt: skip
        return tuple(n for n in sorted(names) if self.reader.entries(self.rev, f"skills/{n}"))


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
    rev = merge.sha or head_sha
    ancestor = base if merge.sha else repository.merge_base(base, head_sha) or ""
    return Subject(
        reader=repository,
        head_sha=head_sha,
        rev=rev,
        digest=repository.tree_id(rev),
        changes=_changes(repository, ancestor, rev),
        agent=agent,
        conflicts=merge.conflicts,
        base=base,
        request=request,
    )


def combined_subject(repository: RepositoryReader, *, rev: str, base: str) -> Subject:
    """Several proposals at once: commit `rev` holds them all, merged one after the other."""
    return Subject(
        reader=repository,
        head_sha=rev,
        rev=rev,
        digest=repository.tree_id(rev),
        changes=_changes(repository, base, rev),
        base=base,
    )


def _changes(repository: RepositoryReader, old: str, new: str) -> tuple[Change, ...]:
    changes = tuple(repository.changes(old, new))
    if len(changes) > _CHANGES_LIMIT:
        raise LimitExceeded(
            f"{len(changes)} files changed, at most {_CHANGES_LIMIT} are judged at once; split it"
        )
    return changes


def loose_subject(reader: RepositoryReader, rules: Guardrails | None = None) -> Subject:
    """Manifests outside any repository: everything counts as added, and `rules` hold."""
    changes = tuple(reader.changes("", "loose"))
    digest = reader.tree_id("loose")
    return Subject(reader, "", "loose", digest, changes, loose=True, rules=rules)
