"""An index in memory: words only, exact, for tests of what uses one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tiphys.domain.ranking import Lexicon, best_per_skill, intent, words
from tiphys.ports import Document, Hit


class MemoryIndex:
    """Port Index without a disk and without a model; a score is the share of words found."""

    def __init__(self) -> None:
        self._lexicon = Lexicon()
        self._documents: dict[str, Document] = {}
        self._commit: str | None = None

    def commit(self) -> str | None:
        """The commit that the index shows."""
        return self._commit

    def search(self, query: str, limit: int = 5) -> Sequence[Hit]:
        """The best document of each skill, best first."""
        found = {
            id_: score
            for id_, score in self._lexicon.scores(words(intent(query))).items()
            if f"skills/{self._documents[id_].skill}" in self._documents
        }
        skills = {id_: self._documents[id_].skill for id_ in found}
        best = best_per_skill(found, skills)[: max(0, limit)]
        return [Hit(id_, skills[id_], found[id_], found[id_], 0.0) for id_ in best]

    def update(
        self,
        commit: str,
        put: Sequence[Document],
        remove: Sequence[str],
        progress: Callable[[int, int], None] = lambda _done, _all: None,
    ) -> None:
        """Put and remove documents, then record the commit."""
        for document in put:
            self._documents[document.id] = document
            self._lexicon.put(document.id, words(document.text))
        for id_ in remove:
            self._documents.pop(id_, None)
            self._lexicon.remove(id_)
        progress(len(put), len(put))
        self._commit = commit

    def clear(self) -> None:
        """Forget everything."""
        self._lexicon, self._documents, self._commit = Lexicon(), {}, None
