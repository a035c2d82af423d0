"""Every object that a change would bring to a cluster: its manifests, and its skills' examples."""

from __future__ import annotations

from collections.abc import Iterator

from tiphys.library import load_skill_at
from tiphys.ports import Object
from tiphys.verify.cases import example_cases
from tiphys.verify.subject import Subject


def documents_of(subject: Subject) -> Iterator[tuple[str, Object]]:
    """(where it comes from, object); manifests first. InvalidInput."""
    yield from subject.objects
    for name in subject.skills:
        for case in example_cases(load_skill_at(subject.reader, subject.rev, name)):
            yield from ((case.name, found) for found in case.objects)
