"""An Index in memory: the share of a query's words that a document holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tiphys.domain.ranking import best_per_skill, words
from tiphys.ports import Document, Hit


class MemoryIndex:
    """Port Index for tests."""

    def __init__(self) -> None:
        self._commit: str | None = None
        self._documents: dict[str, Document] = {}

    def commit(self) -> str | None:
        """The commit of the last update."""
        return self._commit

    def search(self, query: str, limit: int = 5) -> Sequence[Hit]:
        """Hits, best first, at most one for each skill; documents without a shared word are none."""
        wanted = set(words(query))
        scores = {
            d.id: len(wanted & set(words(d.text))) / max(1, len(wanted))
            for d in self._documents.values()
        }
        skills = {d.id: d.skill for d in self._documents.values()}
        found = [pair for pair in scores.items() if pair[1] > 0]
        return [
            Hit(i, skills[i], scores[i], scores[i], 0.0) for i in best_per_skill(found, skills)
        ][:limit]

    def update(
        self,
        commit: str,
        put: Sequence[Document],
        remove: Sequence[str],
        progress: Callable[[int, int], None] = lambda _done, _all: None,
    ) -> None:
        """Put and remove, then record the commit."""
        for document in remove:
            self._documents.pop(document, None)
        self._documents |= {document.id: document for document in put}
        progress(len(put), len(put))
        self._commit = commit

    def clear(self) -> None:
        """Forget everything."""
        self._documents.clear()
        self._commit = None
