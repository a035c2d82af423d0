"""A deterministic Embedder without weights: hashed character trigrams."""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence


class HashEmbedder:
    """Port Embedder for tests, and the baseline that a real model has to beat."""

    def __init__(self, size: int = 256) -> None:
        self.name = f"hashed-trigrams-{size}"
        self._size = size

    def embed(self, texts: Sequence[str], *, query: bool) -> Sequence[Sequence[float]]:  # noqa: ARG002  # the port's signature
        """One unit vector for each text; the same for queries and documents."""
        return [self._one(text) for text in texts]

    def _one(self, text: str) -> list[float]:
        padded = f"  {' '.join(text.lower().split())} "
        vector = [0.0] * self._size
        for start in range(len(padded) - 2):
            vector[zlib.crc32(padded[start : start + 3].encode()) % self._size] += 1.0
        length = math.sqrt(sum(x * x for x in vector)) or 1.0
        return [x / length for x in vector]
