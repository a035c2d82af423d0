"""What a forge shows at one moment: the views of a set of operations, each read when asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from tiphys.domain.errors import NotFound
from tiphys.domain.forge import Issue, Pull
from tiphys.domain.forge_fold import Order, creation, fold, numbers
from tiphys.domain.forge_log import Operation
from tiphys.domain.forge_names import Screened

View = Issue | Pull


class Snapshot(Protocol):
    """The set at one moment."""

    def entities(self) -> Sequence[str]:
        """Names of the folders."""

    def operations(self, entity: str) -> Sequence[Operation]:
        """The well-formed operations in a folder, in any order; empty if there is none."""


# What of an entity's operations counts.
Screen = Callable[[str, Iterable[Operation]], Screened]


class Book:
    """The views of one snapshot, of what `screen` lets count."""

    def __init__(self, snapshot: Snapshot, screen: Screen) -> None:
        self._snapshot = snapshot
        self._screen = screen
        self._entity_of = numbers(snapshot.entities(), self._creation_order)
        self.number_of: Mapping[str, int] = {e: n for n, e in self._entity_of.items()}

    def _creation_order(self, entity: str) -> Order | None:
        """A number that a proven name has is not taken over by a claim that says it was earlier."""
        made = creation(entity, self.screened(entity).operations)
        return (not made.proven, *made.order) if made else None

    def screened(self, entity: str) -> Screened:
        """An entity's operations, sorted into those that count and those that do not."""
        return self._screen(entity, self._snapshot.operations(entity))

    def next_number(self) -> int:
        """The number that a new issue or pull request claims."""
        return 1 + max(self._entity_of, default=0)

    def view(self, entity: str) -> View | None:
        """An entity's view; None if its creation is not readable."""
        found = self.screened(entity)
        return fold(
            self.number_of[entity],
            entity,
            found.operations,
            self.number_of,
            left_out=found.left_out,
            listed=found.listed,
        )

    def views(self) -> Iterable[View]:
        """All of them, by number."""
        found = (self.view(self._entity_of[number]) for number in sorted(self._entity_of))
        return (view for view in found if view is not None)

    def find(self, number: int) -> tuple[str, View]:
        """Entity and view of a number. NotFound."""
        entity = self._entity_of.get(number)
        view = self.view(entity) if entity else None
        if entity is None or view is None:
            why = self.screened(entity).left_out if entity else ()
            said = f" that counts ({why[0]})" if why else ""
            raise NotFound(
                f"there is no issue or pull request #{number}{said}: see `tiphys issue list`"
            )
        return entity, view


def as_pull(view: View) -> Pull:
    """NotFound if the number is an issue's."""
    if not isinstance(view, Pull):
        raise NotFound(f"#{view.number} is an issue, not a pull request: see `tiphys pr list`")
    return view
