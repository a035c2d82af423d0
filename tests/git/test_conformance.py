import pytest

from tiphys.adapters.git_repository import GitRepository
from tiphys.testing.conformance.repository import RepositoryConformance
from tiphys.testing.memory_repository import MemoryRepository


class TestGit(RepositoryConformance):
    @pytest.fixture
    def repository(self, tmp_path):
        return GitRepository.init(tmp_path / "r")


class TestBareGit(RepositoryConformance):
    @pytest.fixture
    def repository(self, tmp_path):
        return GitRepository.init(tmp_path / "r.git", bare=True)


class TestMemory(RepositoryConformance):
    @pytest.fixture
    def repository(self):
        return MemoryRepository()
