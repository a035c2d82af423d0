"""What is tried out: each proposed release with its values, and each example of a changed skill."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tiphys.domain.skill import Skill
from tiphys.library import RELEASE_FILE, load_skill_at, read_release, render, strict_yaml
from tiphys.ports import Object
from tiphys.verify.subject import Subject

# A cluster-scoped release needs some namespace for its test to run in.
_TEST_NAMESPACE = "tiphys-test"


@dataclass(frozen=True)
class Case:
    """One skill with values; `name` is the release's or the example's folder."""

    name: str
    skill: Skill
    values: Mapping[str, Any]

    @property
    def namespace(self) -> str:
        """Where its test runs."""
        return str(self.values.get("namespace", _TEST_NAMESPACE))

    @cached_property
    def manifests(self) -> Mapping[str, bytes]:
        """Rendered files by name. InvalidInput."""
        return render(self.skill, self.values)

    @cached_property
    def objects(self) -> tuple[Object, ...]:
        """The objects of the rendered files, in order. InvalidInput."""
        return tuple(
            found
            for name, data in self.manifests.items()
            for found in strict_yaml.load_documents(data, source=f"{self.name}/{name}")
        )


def example_cases(skill: Skill) -> Iterator[Case]:
    """A skill's own examples as cases."""
    for name, values in skill.examples.items():
        yield Case(f"{skill.path}/examples/{name}", skill, values)


def cases_of(subject: Subject) -> Iterator[Case]:
    """Every case of a subject: its releases, then the examples of its skills. InvalidInput."""
    for folder in subject.made_from_skills:
        data = subject.reader.read(subject.rev, f"{folder}/{RELEASE_FILE}")
        release = read_release(data, path=folder)
        yield Case(
            folder, load_skill_at(subject.reader, subject.rev, release.skill), release.values
        )
    for name in subject.skills:
        yield from example_cases(load_skill_at(subject.reader, subject.rev, name))
