import pytest

from tiphys.adapters.forge_local import LocalForge
from tiphys.adapters.git_repository import GitRepository
from tiphys.testing.conformance.forge import ForgeConformance
from tiphys.testing.memory_forge import MemoryForge


class TestLocal(ForgeConformance):
    @pytest.fixture
    def forge(self, tmp_path):
        GitRepository.init(tmp_path, bare=True)
        return LocalForge(tmp_path, "ann")


class TestMemory(ForgeConformance):
    @pytest.fixture
    def forge(self):
        return MemoryForge("ann")
