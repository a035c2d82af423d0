"""What a program may not do to releases and skills, though its files look right."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress

from tiphys.domain.errors import InvalidInput
from tiphys.library import RELEASE_FILE, REQUEST_LIMIT, skill_names, strict_yaml
from tiphys.verify.subject import Subject


def programs_only(subject: Subject) -> Iterator[str]:
    """What a program may not do to a release or a skill, though its files look right."""
    folders, named = subject.touched_releases, subject.touched_skills
    for folder in (*folders, *(f"skills/{name}" for name in named)):
        if not subject.reader.entries(subject.rev, folder):
            yield f"{folder}: is removed; that is for a person to propose"
        elif folder in subject.release_folders and folder not in subject.made_from_skills:
            yield from _by_hand(subject, folder)
    yield from _against_request(subject)
    changed = {
        c.path.split("/")[1] for c in subject.changes if c.old and c.path.startswith("skills/")
    }
    for name in sorted(changed):
        if folders:
            yield f"skills/{name}: is merged; change it by itself, not beside a release"
        if not _only_adds(subject, f"skills/{name}/tests/"):
            yield f"skills/{name}/tests: a program may add steps behind a merged test, nothing else"
    known = skill_names(subject.reader, subject.base or subject.rev)
    for name in named:
        for other in known:
            if other != name and _skeleton(other) == _skeleton(name):
                yield f"skills/{name}: looks like skills/{other}; choose another name"


def _against_request(subject: Subject) -> Iterator[str]:
    """A release quotes what was asked, as people read it there, and a merged one was asked for."""
    asked = re.sub(r"[-_\s]+", " ", subject.request.casefold())
    for folder in subject.made_from_skills if subject.request else ():
        try:
            release = subject.release(folder)
        except InvalidInput:
            continue  # the syntax check says so
        quoted = release.request
        # Answers follow on lines of their own; what is very long was cut.
        whole = f"{subject.request}\n".startswith(f"{quoted}\n") or len(quoted) >= REQUEST_LIMIT
        if not (quoted and whole and subject.request.startswith(quoted)):
            yield f"{folder}/{RELEASE_FILE}: quotes another request than the issue"
        merged = any(c.old and c.path.startswith(f"{folder}/") for c in subject.changes)
        if merged and str(release.values.get("name")).replace("-", " ") not in asked:
            yield f"{folder}: is merged, and the request does not name it"


def _skeleton(name: str) -> str:
    """The name as a hasty eye reads it."""
    for looks, like in (("rn", "m"), ("vv", "w"), ("cl", "d"), ("0", "o"), ("1", "l"), ("i", "l")):
        name = name.replace(looks, like)
    return name.replace("-", "").removesuffix("s")


def _by_hand(subject: Subject, folder: str) -> Iterator[str]:
    """What people wrote a program may only edit, where the request names it."""
    inside = [c for c in subject.changes if c.path.startswith(f"{folder}/")]
    if any(c.old is None or c.new is None for c in inside):
        yield f"{folder}: has no {RELEASE_FILE}; a program proposes what a skill renders"
        return
    asked = _words(subject.request)
    if f" {_words(folder.rpartition('/')[2]).strip()} " not in asked:
        yield f"{folder}: was written by people, and the request does not name it"
    with suppress(InvalidInput):  # the syntax check says so
        before = _identities(subject, subject.base, [c.path for c in inside])
        after = _identities(subject, subject.rev, [c.path for c in inside])
        if before != after:
            yield f"{folder}: other objects than before; a program changes fields, not objects"


def _identities(subject: Subject, rev: str, paths: Sequence[str]) -> list[tuple[object, ...]]:
    found: list[tuple[object, ...]] = []
    for path in paths:
        data = subject.reader.read(rev, path)
        for each in strict_yaml.load_documents(data, source=path):
            metadata = each.get("metadata") if isinstance(each, dict) else None
            named = metadata if isinstance(metadata, dict) else {}
            kind = each.get("kind") if isinstance(each, dict) else None
            found.append((path, kind, named.get("name"), named.get("namespace")))
    return found


def _words(text: str) -> str:
    return f" {re.sub(r'[^a-z0-9]+', ' ', text.casefold()).strip()} "


def _only_adds(subject: Subject, folder: str) -> bool:
    """Whether a merged test keeps all of its steps in front, word for word."""
    for change in subject.changes:
        if not change.path.startswith(folder):
            continue
        if change.old is None:
            continue  # the form check says what may lie there
        if change.new is None:
            return False
        try:
            [before] = strict_yaml.load_documents(
                subject.reader.read(subject.base, change.path), source=change.path
            )
            [after] = strict_yaml.load_documents(
                subject.reader.read(subject.rev, change.path), source=change.path
            )
            old, new = before["spec"].pop("steps"), after["spec"].pop("steps")
            if before != after or new[: len(old)] != old:
                return False
        except (InvalidInput, KeyError, TypeError, ValueError, AttributeError):
            return False
    return True
