"""A forge in memory, for tests of everything that talks to one."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Mapping, Sequence

from tiphys.adapters.forge_book import Snapshot
from tiphys.adapters.forge_keys import Signer, verify
from tiphys.adapters.forge_operations import Decide, OperationForge
from tiphys.domain.forge_log import Operation, decode, operation_id
from tiphys.domain.forge_names import Roster


class MemoryStore:
    """Operations in a dict; share one among several `MemoryForge` for several actors."""

    def __init__(self) -> None:
        self._found: dict[str, list[Operation]] = {}

    def snapshot(self) -> Snapshot:
        """The set now (and later: it is the store itself)."""
        return self

    def entities(self) -> Sequence[str]:
        """Names of the entities."""
        return list(self._found)

    def operations(self, entity: str) -> Sequence[Operation]:
        """An entity's operations."""
        return self._found.get(entity, [])

    def append(self, decide: Decide) -> Snapshot:
        """Add what `decide` says."""
        decision = decide(self)
        if decision is not None:
            entity, blob = decision
            self._found.setdefault(entity, []).append(decode(operation_id(blob), blob))
        return self


class MemoryForge(OperationForge):
    """The same operations and views as the local forge, without a repository."""

    def __init__(
        self,
        actor: str = "somebody",
        clock: Callable[[], float] = time.time,
        store: MemoryStore | None = None,
        *,
        people: Mapping[str, Sequence[str]] | None = None,
        signer: Signer | None = None,
    ) -> None:
        count = itertools.count(1)
        super().__init__(
            store or MemoryStore(),
            actor,
            roster=Roster(people or {}, lambda: "memory", verify),
            signer=signer,
            clock=clock,
            nonce=lambda: f"{actor}-{next(count)}",
        )
