"""Index: an embedded Chroma collection beside a small file that says which commit it shows.

    <folder>/<embedder>/state.json      commit, serial, name of the store: renamed into place, last
    <folder>/<embedder>/store-<id>/     Chroma; a new one after `clear`, so that no reader trips
    <folder>/<embedder>/lock            one writer at a time

It is a cache: whatever is wrong with it, `clear` and an update from git put it right.
"""

from __future__ import annotations

import errno
import itertools
import json
import logging
import os
import re
import shutil
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from tiphys.domain.beyond import BEYOND
from tiphys.domain.errors import Conflict, Unavailable
from tiphys.domain.ranking import Calibration, Lexicon, best_per_skill, intent, summary, words
from tiphys.ports import Document, Embedder, Hit

CALIBRATION = Calibration(lexical=0.4, slope=12.0, bias=0.0)  # fitted: see docs/retrieval.md
_FORMAT = 1
_BATCH = 64
_CANDIDATES = 50  # of each side; both are ranked again together
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FULL_SIGNS = ("disk is full", "no space left", "disk i/o error", "os error 28", "os error 27")
_BRIM = 4 << 20
_DAMAGED = "the search index is damaged: run `tiphys index --rebuild`"
_spellings = itertools.cycle(range(500))
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _State:
    """`commit` is None while the store is empty or a writer died inside of it."""

    commit: str | None = None
    serial: int = 0
    store: str = ""
    documents: int = 0
    format: int = _FORMAT


class _Unreadable(Exception):
    """The store is damaged or not ours."""


class ChromaIndex:
    """Port Index in `folder`; a subfolder for each embedder.

    `calibration` belongs to the embedder; `update` raises Conflict when another process wrote since
    this object last told its commit.
    """

    def __init__(
        self, folder: Path, embedder: Embedder, *, calibration: Calibration = CALIBRATION
    ) -> None:
        self._folder = folder / re.sub(r"[^A-Za-z0-9.-]+", "-", embedder.name)
        self._embedder = embedder
        self._calibration = calibration
        self._seen: _State | None = None
        self._opened: tuple[_State, _Store] | None = None

    def commit(self) -> str | None:
        """The commit that the index shows; a damaged store shows none."""
        self._seen = state = self._state()
        if state.commit is None:
            return None
        try:
            with _translated(self._folder):
                store = self._current()
                whole = store is not None and store.count() == state.documents
        except _Unreadable as problem:
            _log.warning("the search index is damaged and starts anew: %s", problem)
            return None
        if not whole:
            _log.warning("the search index lacks documents and starts anew")
        return state.commit if whole else None

    def search(self, query: str, limit: int = 5) -> Sequence[Hit]:
        """The best document of each skill, best first."""
        wish = intent(query)
        if not wish or limit < 1:
            return []
        try:
            with _translated(self._folder):
                store = self._current()
                return store.search(wish, limit, self._calibration) if store else []
        except _Unreadable as problem:
            raise Unavailable(f"{_DAMAGED} ({problem})") from None

    def update(
        self,
        commit: str,
        put: Sequence[Document],
        remove: Sequence[str],
        progress: Callable[[int, int], None] = lambda _done, _all: None,
    ) -> None:
        """Embed first, then write under the lock, then record the commit."""
        expected = self._seen or self._state()
        try:
            with _translated(self._folder):
                vectors = self._embedded(put, progress)
                with self._locked():
                    state = self._state()
                    if state != expected:
                        raise Conflict("the index was written meanwhile: run `tiphys index` again")
                    self._seen = self._write(state, commit, put, vectors, remove)
        except _Unreadable as problem:
            raise Unavailable(f"{_DAMAGED} ({problem})") from None

    def clear(self) -> None:
        """Start an empty store; nothing happens to one that is empty."""
        with _translated(self._folder), self._locked():
            state = self._state()
            if state.commit is not None or state.store:
                self._save(_State(serial=state.serial + 1))
            self._seen = self._state()
            self._sweep()

    def _write(
        self,
        state: _State,
        commit: str,
        put: Sequence[Document],
        vectors: Sequence[Sequence[float]],
        remove: Sequence[str],
    ) -> _State:
        dirty = replace(
            state,
            commit=None,
            serial=state.serial + 1,
            store=state.store or f"store-{uuid.uuid4().hex[:12]}",
        )
        self._save(dirty)
        if self._opened and self._opened[0] == state and state.store:
            store = self._opened[1]
        else:
            store = _Store(self._folder / dirty.store, self._embedder)
        store.write(put, vectors, remove)
        done = replace(dirty, commit=commit, documents=store.count())
        self._save(done)
        self._show(done, store)
        return done

    def _show(self, state: _State, store: _Store) -> None:
        if self._opened and self._opened[1] is not store:
            self._opened[1].close()
        self._opened = (state, store)

    def _embedded(
        self, put: Sequence[Document], progress: Callable[[int, int], None]
    ) -> list[Sequence[float]]:
        vectors: list[Sequence[float]] = []
        for start in range(0, len(put), _BATCH):
            texts = [summary(document.text) for document in put[start : start + _BATCH]]
            vectors.extend(self._embedder.embed(texts, query=False))
            progress(len(vectors), len(put))
        return vectors

    def _current(self) -> _Store | None:
        state = self._state()
        if not state.store:
            return None
        if self._opened is None or self._opened[0] != state:
            self._show(state, _Store(self._folder / state.store, self._embedder))
        return self._opened[1] if self._opened else None

    def _state(self) -> _State:
        path = self._folder / "state.json"
        try:
            state = _State(**json.loads(path.read_bytes()))
        except FileNotFoundError:
            return _State()
        except (OSError, ValueError, TypeError) as problem:
            _log.warning("%s is unreadable (%s): the index starts anew", path, problem)
            return _State()
        return state if state.format == _FORMAT else _State()

    def _save(self, state: _State) -> None:
        path = self._folder / "state.json"
        fresh = path.with_suffix(".new")
        with fresh.open("w") as file:
            json.dump(asdict(state), file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)

    def _sweep(self) -> None:
        """Remove stores that nothing points at."""
        kept = self._state().store
        for path in self._folder.glob("store-*"):
            if path.name != kept:
                shutil.rmtree(path, ignore_errors=True)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        from filelock import FileLock

        self._folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self._folder / "lock"):
            yield


class _Store:
    """One Chroma collection and the words of its documents, kept in memory."""

    def __init__(self, path: Path, embedder: Embedder) -> None:
        self._path = path
        self._embedder = embedder

    def close(self) -> None:
        """Let go of files and memory."""
        if "_client" in self.__dict__:
            self._client.close()

    @cached_property
    def _client(self) -> Any:
        import chromadb
        from chromadb.config import Settings

        # Chroma shares one stale memory among all clients of a path, so each has its own spelling.
        path = f"{self._path}{'/.' * next(_spellings)}"
        return chromadb.PersistentClient(path, settings=Settings(anonymized_telemetry=False))

    @cached_property
    def _collection(self) -> Any:
        return self._client.get_or_create_collection(
            "documents",
            metadata={"embedder": self._embedder.name},
            configuration={"hnsw": {"space": "cosine", "ef_search": 2 * _CANDIDATES}},
            embedding_function=None,
        )

    @cached_property
    def _memory(self) -> tuple[Lexicon, dict[str, str]]:
        lexicon, skills = Lexicon(), {}
        found = self._collection.get(include=["metadatas"])
        for id_, metadata in zip(found["ids"], found["metadatas"], strict=True):
            lexicon.put(id_, metadata["words"].split(" "))
            skills[id_] = metadata["skill"]
        return lexicon, skills

    def write(
        self, put: Sequence[Document], vectors: Sequence[Sequence[float]], remove: Sequence[str]
    ) -> None:
        lexicon, skills = self._memory
        gone = [id_ for id_ in remove if id_ in skills]
        for start in range(0, len(gone), _BATCH):
            self._collection.delete(ids=gone[start : start + _BATCH])
        for start in range(0, len(put), _BATCH):
            some = put[start : start + _BATCH]
            terms = [" ".join(words(document.text)) for document in some]
            self._collection.upsert(
                ids=[document.id for document in some],
                embeddings=[[float(x) for x in v] for v in vectors[start : start + _BATCH]],
                metadatas=[
                    {"tree": d.digest, "skill": d.skill, "words": w}
                    for d, w in zip(some, terms, strict=True)
                ],
            )
            for document, text in zip(some, terms, strict=True):
                lexicon.put(document.id, text.split(" "))
                skills[document.id] = document.skill
        for id_ in gone:
            lexicon.remove(id_)
            del skills[id_]

    @cached_property
    def _beyond(self) -> _Beyond:
        return _Beyond(self._embedder)

    def count(self) -> int:
        """How many documents Chroma holds."""
        return int(self._collection.count())

    def search(self, query: str, limit: int, calibration: Calibration) -> list[Hit]:
        lexicon, skills = self._memory
        if not skills:
            return []
        vector = [float(x) for x in self._embedder.embed([query], query=True)[0]]
        terms = words(query)
        lexical = lexicon.scores(terms)
        near = self._collection.query(
            query_embeddings=[vector],
            n_results=min(_CANDIDATES, len(skills)),
            include=["distances"],
        )
        cosines = {
            id_: 1.0 - distance
            for id_, distance in zip(near["ids"][0], near["distances"][0], strict=True)
        }
        best = sorted(lexical, key=lambda id_: (-lexical[id_], id_))[:_CANDIDATES]
        if missing := [id_ for id_ in best if id_ not in cosines]:
            rest = self._collection.get(ids=missing, include=["embeddings"])
            for id_, other in zip(rest["ids"], rest["embeddings"], strict=True):
                cosines[id_] = _cosine(vector, other)
        # A release leads nowhere once its skill is gone.
        beyond = self._beyond.nearest(vector, terms, lexicon, calibration)
        served = {
            id_: calibration.score(calibration.nearness(lexical.get(id_, 0.0), cosine), beyond)
            for id_, cosine in cosines.items()
            if f"skills/{skills.get(id_)}" in skills
        }
        return [
            Hit(id_, skills[id_], served[id_], lexical.get(id_, 0.0), cosines[id_])
            for id_ in best_per_skill(served, skills)[:limit]
        ]


class _Beyond:
    """What no skill serves, as documents that are never found."""

    def __init__(self, embedder: Embedder) -> None:
        self._vectors = [
            [float(x) for x in vector] for vector in embedder.embed(BEYOND, query=False)
        ]
        self._words = [words(text) for text in BEYOND]

    def nearest(
        self,
        vector: Sequence[float],
        terms: Sequence[str],
        lexicon: Lexicon,
        calibration: Calibration,
    ) -> float:
        return max(
            calibration.nearness(lexicon.score_of(terms, own), _cosine(vector, other))
            for own, other in zip(self._words, self._vectors, strict=True)
        )


def _cosine(one: Sequence[float], other: Sequence[float]) -> float:
    return float(sum(a * b for a, b in zip(one, other, strict=True)))


@contextmanager
def _translated(folder: Path) -> Iterator[None]:
    """Chroma's and the file system's errors as ours; its engine's panics are no `Exception`."""
    try:
        yield
    except BaseException as problem:
        module = type(problem).__module__
        engine = module.startswith(("chromadb", "pyo3_runtime", "sqlite3"))
        if _is_full(problem) or (engine and _starved(folder)):
            raise Unavailable(
                "no space left for the search index (or the disk fails): free some and run "
                "`tiphys index`"
            ) from None
        if isinstance(problem, OSError):
            raise Unavailable(f"the search index can't be written: {problem}") from None
        if engine:
            raise _Unreadable(str(problem)[:200]) from None
        raise


def _starved(folder: Path) -> bool:
    """Whether the disk is full to the brim: Chroma's errors often hide that it was the cause."""
    return folder.exists() and shutil.disk_usage(folder).free < _BRIM


def _is_full(problem: BaseException) -> bool:
    if isinstance(problem, OSError):
        return problem.errno in _FULL
    text = str(problem).lower()
    return any(sign in text for sign in _FULL_SIGNS)
