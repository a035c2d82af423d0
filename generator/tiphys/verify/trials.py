"""What is applied and taken away together, for checks that need objects and no skill's test."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tiphys.ports import Object
from tiphys.verify.guardrails import GUARDRAILS
from tiphys.verify.subject import Subject


@dataclass(frozen=True, slots=True)
class Trial:
    """A case, or a folder of hand-written manifests; `name` is the folder's path."""

    name: str
    objects: tuple[Object, ...]

    @property
    def own_namespaces(self) -> frozenset[str]:
        """Namespaces that it makes."""
        return frozenset(o["metadata"]["name"] for o in self.objects if o["kind"] == "Namespace")

    @property
    def namespaces(self) -> frozenset[str]:
        """Namespaces that it makes or lives in."""
        living = {o["metadata"].get("namespace") for o in self.objects}
        return self.own_namespaces | {str(name) for name in living if name}


def trials(subject: Subject) -> Iterator[Trial]:
    """Every case, then every folder of manifests that no skill made. InvalidInput."""
    for case in subject.cases:
        yield Trial(case.name, case.objects)
    folders: dict[str, list[Object]] = {}
    for path, found in subject.objects:
        folder = path.rpartition("/")[0] or "manifests"
        # The guardrails are in force on the leased cluster: taking them away would open it.
        if folder not in subject.made_from_skills and not path.startswith(f"{GUARDRAILS}/"):
            folders.setdefault(folder, []).append(found)
    for folder, objects in folders.items():
        yield Trial(folder, tuple(objects))
