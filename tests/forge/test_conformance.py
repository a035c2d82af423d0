import pytest

from tiphys.adapters.forge_local import LocalForge
from tiphys.adapters.git_repository import GitRepository
from tiphys.testing.conformance.forge import ForgeConformance, NamesConformance
from tiphys.testing.memory_forge import MemoryForge, MemoryStore


class TestLocal(ForgeConformance):
    @pytest.fixture
    def forge(self, tmp_path):
        GitRepository.init(tmp_path, bare=True)
        return LocalForge(tmp_path, "ann")


class TestMemory(ForgeConformance):
    @pytest.fixture
    def forge(self):
        return MemoryForge("ann")


class TestLocalNames(NamesConformance):
    @pytest.fixture
    def speaking(self, tmp_path):
        GitRepository.init(tmp_path, bare=True).commit("main", None, {"a": b""}, "Start")
        return lambda actor, people, signer=None: LocalForge(
            tmp_path, actor, people=people, signer=signer
        )


class TestMemoryNames(NamesConformance):
    @pytest.fixture
    def speaking(self):
        store = MemoryStore()
        return lambda actor, people, signer=None: MemoryForge(
            actor, store=store, people=people, signer=signer
        )
