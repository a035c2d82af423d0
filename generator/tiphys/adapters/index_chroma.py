"""Port Index over an embedded Chroma collection, plus BM25 over the same documents.

Chroma holds texts, vectors and metadata; `state.json` beside it, replaced last and atomically, says
which commit and which embedder they show. The folder is a cache: whatever is wrong with it, the
answer is to empty it and let the repository fill it again.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from tiphys.domain.errors import Unavailable
from tiphys.domain.ranking import Fusion, best_per_skill, words
from tiphys.ports import Document, Embedder, Hit

FUSION = Fusion(floor=0.76, ceiling=0.90, lexical_weight=0.3)
_HALF_LEXICAL = 8.0  # the BM25 score that counts as 0.5
_CANDIDATES = 50
_BATCH = 64
_COLLECTION = "tiphys"

Progress = Callable[[int, int], None]


class ChromaIndex:
    """An index in `folder`, which is made when it is first written to.

    Readers need no lock; writers take turns. Vectors of another embedder count as no index.
    """

    def __init__(self, folder: Path, embedder: Embedder, *, fusion: Fusion = FUSION) -> None:
        self._folder = folder
        self._embedder = embedder
        self._fusion = fusion
        self._open: Any = None
        self._lexical: _Lexical | None = None

    def commit(self) -> str | None:
        """The commit that the index shows; None when empty, damaged or of another embedder."""
        try:
            state = json.loads((self._folder / "state.json").read_text())
            if state["embedder"] == self._embedder.name:
                return str(state["commit"])
        except (OSError, ValueError, KeyError, TypeError):
            pass
        return None

    def search(self, query: str, limit: int = 5) -> Sequence[Hit]:
        """Hits, best first, at most one for each skill. Unavailable."""
        if self.commit() is None:
            return ()
        with _told("searching"):
            return self._search(query, limit)

    def update(
        self,
        commit: str,
        put: Sequence[Document],
        remove: Sequence[str],
        progress: Progress = lambda _done, _all: None,
    ) -> None:
        """Put and remove documents, then record `commit`. Unavailable."""
        with _told("indexing"), self._writing():
            if self.commit() is None:
                self._forget()
            collection = self._collection()
            if remove:
                collection.delete(ids=list(remove))
            for start in range(0, len(put), _BATCH):
                self._put(collection, put[start : start + _BATCH])
                progress(min(start + _BATCH, len(put)), len(put))
            self._lexical = None
            self._record(commit)

    def clear(self) -> None:
        """Forget everything."""
        with _told("clearing the index"), self._writing():
            self._forget()

    # -- inside ----------------------------------------------------------------------------------

    def _search(self, query: str, limit: int) -> Sequence[Hit]:
        lexical = self._words()
        if not lexical.ids:
            return ()
        vector = self._embedder.embed([query], query=True)[0]
        near = self._collection().query(
            query_embeddings=[vector],
            n_results=min(_CANDIDATES, len(lexical.ids)),
            include=["distances"],
        )
        cosine = {i: 1.0 - d for i, d in zip(near["ids"][0], near["distances"][0], strict=True)}
        scores = lexical.scores(query)
        for document in sorted(scores, key=lambda i: -scores[i])[:_CANDIDATES]:
            cosine.setdefault(document, self._fusion.floor)
        fused = {i: self._fusion.score(scores.get(i, 0.0), c) for i, c in cosine.items()}
        best = best_per_skill(fused.items(), lexical.skills)[:limit]
        return tuple(
            Hit(i, lexical.skills[i], fused[i], scores.get(i, 0.0), cosine[i]) for i in best
        )

    def _words(self) -> _Lexical:
        if self._lexical is None or self._lexical.commit != self.commit():
            found = self._collection().get(include=["documents", "metadatas"])
            self._lexical = _Lexical(
                str(self.commit()),
                found["ids"],
                found["documents"],
                [str(m["skill"]) for m in found["metadatas"]],
            )
        return self._lexical

    def _put(self, collection: Any, documents: Sequence[Document]) -> None:
        texts = [document.text for document in documents]
        collection.upsert(
            ids=[document.id for document in documents],
            embeddings=self._embedder.embed(texts, query=False),
            documents=texts,
            metadatas=[
                {"tree": d.digest, "skill": d.skill, "embedder": self._embedder.name}
                for d in documents
            ],
        )

    def _collection(self) -> Any:
        if self._open is None:
            import chromadb
            from chromadb.config import Settings

            client = chromadb.PersistentClient(
                str(self._folder / "chroma"), Settings(anonymized_telemetry=False)
            )
            self._open = client.get_or_create_collection(
                _COLLECTION, embedding_function=None, metadata={"hnsw:space": "cosine"}
            )
        return self._open

    def _forget(self) -> None:
        self._open = None
        self._lexical = None
        (self._folder / "state.json").unlink(missing_ok=True)
        if (self._folder / "chroma").exists():
            from chromadb.api.shared_system_client import SharedSystemClient

            SharedSystemClient.clear_system_cache()  # else Chroma keeps the deleted files open
            shutil.rmtree(self._folder / "chroma")

    def _record(self, commit: str) -> None:
        draft = self._folder / "state.json.new"
        draft.write_text(json.dumps({"commit": commit, "embedder": self._embedder.name}))
        draft.replace(self._folder / "state.json")

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        from filelock import FileLock

        self._folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self._folder / "lock"):
            yield


class _Lexical:
    """BM25 over the documents of one commit, in memory."""

    def __init__(
        self, commit: str, ids: Sequence[str], texts: Sequence[str], skills: Sequence[str]
    ) -> None:
        self.commit = commit
        self.ids = list(ids)
        self.skills = dict(zip(ids, skills, strict=True))
        self._bm25: Any = None
        if texts:
            import bm25s

            self._bm25 = bm25s.BM25()
            self._bm25.index([words(text) or [""] for text in texts], show_progress=False)

    def scores(self, query: str) -> dict[str, float]:
        """Documents that share a word with the query, each with a score in 0..1."""
        known = [word for word in words(query) if word in self._bm25.vocab_dict]
        if not known:
            return {}
        raw = self._bm25.get_scores(known)
        return {
            self.ids[place]: float(raw[place] / (raw[place] + _HALF_LEXICAL))
            for place in raw.nonzero()[0]
        }


@contextlib.contextmanager
def _told(doing: str) -> Iterator[None]:
    """Translate what Chroma and the disk raise into one line that says what to do."""
    try:
        yield
    except Unavailable:
        raise
    except OSError as problem:
        if problem.errno == 28:  # ENOSPC
            raise Unavailable(
                f"{doing}: no space left on the disk; free some and run `tiphys index`"
            ) from None
        raise Unavailable(f"{doing}: {os.strerror(problem.errno or 5)}; run `tiphys index --rebuild`") from None  # fmt: skip
    except Exception as problem:  # Chroma raises errors of many libraries
        full = "disk is full" in str(problem) or "No space left" in str(problem)
        advice = "no space left on the disk; free some and run `tiphys index`" if full else (
            f"{problem}; run `tiphys index --rebuild`"
        )  # fmt: skip
        raise Unavailable(f"{doing}: {advice}") from None
