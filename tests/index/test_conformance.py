import pytest

from tiphys.adapters.index_chroma import ChromaIndex
from tiphys.testing.conformance.index import IndexConformance
from tiphys.testing.hash_embedder import HashEmbedder
from tiphys.testing.memory_index import MemoryIndex


class TestChroma(IndexConformance):
    @pytest.fixture
    def index(self, tmp_path):
        return ChromaIndex(tmp_path / "index", HashEmbedder())


class TestMemory(IndexConformance):
    @pytest.fixture
    def index(self):
        return MemoryIndex()
