"""What is tried out: a skill with the values of a release, or of one of its own examples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tiphys.domain.skill import Skill
from tiphys.library import render, strict_yaml
from tiphys.ports import Object

# A cluster-scoped release needs some namespace for its test to run in.
_TEST_NAMESPACE = "tiphys-test"


@dataclass(frozen=True)
class Case:
    """One skill with values; `name` is the release's or the example's folder.

    What it renders is kept and shared: nobody may change it.
    """

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
