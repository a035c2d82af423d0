"""Which paths, kinds of files and namespaces this proposer may touch."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from tiphys.domain.errors import InvalidInput, NotFound
from tiphys.domain.policy import Policy
from tiphys.domain.tree import MODE_EXECUTABLE, MODE_FILE, MODE_SUBMODULE, MODE_SYMLINK, Change
from tiphys.domain.wording import counted
from tiphys.library import CLUSTER_FOLDER
from tiphys.verify.check import Finding, StaticCheck, failed_or_passed
from tiphys.verify.guardrails import GUARDRAILS
from tiphys.verify.programs import programs_only
from tiphys.verify.subject import Subject, changes_guardrails, release_folder

_SEGMENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}\Z")
_PEOPLE_ALSO = ("docs/", "README.md")
_ODD_MODES = {MODE_SYMLINK: "a symbolic link", MODE_SUBMODULE: "a submodule",
              MODE_EXECUTABLE: "executable"}  # fmt: skip


def check_scope(subject: Subject, policy: Policy) -> Finding:
    """`fail` on any path, mode, size or namespace outside the proposer's reach."""
    problems = [f"{path}: does not merge with the target" for path in subject.conflicts]
    if not subject.changes:
        problems.append("nothing is changed")
    if len(subject.changes) > policy.max_files:
        problems.append(f"{len(subject.changes)} files changed, at most {policy.max_files}")
    for change in subject.changes:
        problems += _path_problems(change, policy)
        if not subject.loose:
            problems += _place_problems(change, subject.agent)
    problems += _agent_problems(subject)
    if changes_guardrails(subject) and not all(
        change.path.startswith(f"{GUARDRAILS}/") for change in subject.changes
    ):
        problems.append(f"{GUARDRAILS}: guardrails are changed alone; take out the rest")
    if not problems:
        problems += _off_limits(subject, policy)
    if not problems:
        problems += _twice(subject)
    if not problems and subject.agent:
        problems += programs_only(subject)
    return failed_or_passed(problems, f"{counted(len(subject.changes), 'file')}, all within reach")


def _path_problems(change: Change, policy: Policy) -> Iterator[str]:
    shown = ascii(change.path)[1:-1]
    if not all(_SEGMENT.match(part) for part in change.path.split("/")):
        yield f"{shown}: has an odd name; use letters, digits, dot, hyphen and underscore"
    if change.new is None:
        return
    if change.new.mode != MODE_FILE:
        yield f"{shown}: is {_ODD_MODES.get(change.new.mode, 'not a plain file')}"
    if change.new.size > policy.max_file_bytes:
        yield f"{shown}: {change.new.size} bytes, at most {policy.max_file_bytes}"


def _twice(subject: Subject) -> Iterator[str]:
    """A tree can hold a name twice; git's own commands make none, and readers differ on which."""
    for folder in sorted({change.path.rpartition("/")[0] for change in subject.changes}):
        found = Counter(
            entry.path
            for entry in subject.reader.entries(subject.rev, folder)
            if entry.path.rpartition("/")[0] == folder
        )
        yield from (f"{path!a}: is there {n} times" for path, n in found.items() if n > 1)


def _place_problems(change: Change, agent: bool) -> Iterator[str]:
    path = ascii(change.path)[1:-1]
    if change.path.startswith(f"{GUARDRAILS}/"):
        if agent:
            yield f"{path}: guardrails are changed by people, never by a program"
    elif change.path.startswith(("skills/", "manifests/")):
        if change.path.startswith("manifests/") and release_folder(change.path) is None:
            yield f"{path}: manifests live in manifests/<namespace>/<release>/"
        if change.path.count("/") < 2:
            yield f"{path}: skills live in skills/<name>/"
    elif agent or not change.path.startswith(_PEOPLE_ALSO):
        yield f"{path}: only skills/ and manifests/ are judged here; take it out of this proposal"


def _agent_problems(subject: Subject) -> Iterator[str]:
    if not subject.agent:
        return
    folders, named = subject.touched_releases, subject.touched_skills
    if len(folders) > 1:
        yield f"touches {len(folders)} releases ({', '.join(folders[:3])}); one at a time"
    if len(named) > 1:
        yield f"touches {len(named)} skills ({', '.join(named[:3])}); one at a time"


def _off_limits(subject: Subject, policy: Policy) -> Iterator[str]:
    for folder in subject.release_folders:
        namespace = folder.split("/")[1]
        if namespace in policy.off_limits_namespaces:
            yield f"{folder}: namespace {namespace} is off limits"
    try:
        objects = subject.objects
        made = subject.example_objects
    except (InvalidInput, NotFound):
        return  # not YAML, no skill: the syntax check says so
    for path, found in (*objects, *made):
        if isinstance(found, dict) and found.get("kind") in policy.off_limits_kinds:
            yield f"{path}: kind {found['kind']} is off limits"
    for path, found in objects:
        if isinstance(found, dict):
            yield from _inside(path, found, subject, policy)


def _inside(path: str, found: dict[str, object], subject: Subject, policy: Policy) -> Iterator[str]:
    metadata = found.get("metadata")
    namespace = metadata.get("namespace") if isinstance(metadata, dict) else None
    if namespace in policy.off_limits_namespaces:
        yield f"{path}: namespace {namespace} is off limits"
    if not subject.loose:
        yield from _foreign_namespace(path, found, namespace)


def _foreign_namespace(path: str, found: dict[str, object], namespace: object) -> Iterator[str]:
    folder, release = path.split("/")[1:3]
    allowed = {None, release} if folder == CLUSTER_FOLDER else {None, folder}
    if namespace not in allowed:
        yield f"{path}: {found.get('kind')} is in namespace {namespace}, its folder is {folder}"


CHECK = StaticCheck("scope", "static", 3, check_scope)
