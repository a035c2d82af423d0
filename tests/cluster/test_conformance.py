import pytest

from tiphys.testing.conformance.cluster import ClusterApiConformance, ClusterProviderConformance
from tiphys.testing.memory_cluster import MemoryCluster, MemoryClusters


class TestMemory(ClusterApiConformance):
    @pytest.fixture
    def api(self):
        return MemoryCluster()

    @pytest.fixture
    def namespace(self, api):
        api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "suite"}})
        return "suite"


@pytest.mark.cluster
class TestReal(ClusterApiConformance):
    """With the shared fixtures."""


class TestMemoryProvider(ClusterProviderConformance):
    @pytest.fixture
    def provider(self):
        provider = MemoryClusters()
        yield provider
        assert provider.active == 0

    @pytest.fixture
    def connect(self, provider):
        return provider.api
