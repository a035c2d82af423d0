"""The warm pool, over a provider whose starts the test controls."""

import threading
from contextlib import contextmanager

import pytest

from tests.cluster_fixtures import eventually
from tiphys.adapters.cluster_local import WarmPool
from tiphys.domain.errors import Unavailable
from tiphys.testing.conformance.cluster import ClusterProviderConformance
from tiphys.testing.memory_cluster import MemoryClusters


class Slow(MemoryClusters):
    """Each start waits until `go` is set; `broken` starts fail."""

    def __init__(self, broken=0):
        super().__init__()
        self.go = threading.Event()
        self.broken = broken

    @contextmanager
    def lease(self):
        assert self.go.wait(10)
        if self.broken:
            self.broken -= 1
            raise Unavailable("no room")
        with super().lease() as lease:
            yield lease


@pytest.fixture
def clusters():
    clusters = Slow()
    clusters.go.set()
    yield clusters
    clusters.go.set()
    eventually(lambda: clusters.active == 0)


@pytest.fixture
def pool(clusters):
    with WarmPool(clusters, alive=lambda lease: True) as pool:
        yield pool


class TestPool(ClusterProviderConformance):
    @pytest.fixture
    def provider(self, pool):
        return pool

    @pytest.fixture
    def connect(self, clusters):
        return clusters.api


def test_a_cluster_waits_before_it_is_asked_for(pool, clusters):
    eventually(lambda: clusters.active == 1)
    clusters.go.clear()
    with pool.lease() as lease:
        assert lease.id == "memory-1"


def test_the_next_starts_when_no_lease_is_out(pool, clusters):
    eventually(lambda: clusters.active == 1)
    with pool.lease(), pool.lease() as second:
        assert second.id == "memory-2"
        pool.warm()
        assert clusters.active == 2
    eventually(lambda: clusters.active == 1)
    assert clusters.leased == 3


def test_no_cluster_is_used_twice(pool):
    ids = []
    for _ in range(5):
        with pool.lease() as lease:
            ids.append(lease.id)
    assert len(set(ids)) == 5


def test_a_lease_waits_for_the_start_under_way(clusters):
    clusters.go.clear()
    with WarmPool(clusters, alive=lambda lease: True) as pool:
        threading.Timer(0.05, clusters.go.set).start()
        with pool.lease() as lease:
            assert lease.id == "memory-1"


def test_a_cluster_that_died_while_waiting_is_replaced(clusters):
    with WarmPool(clusters, alive=lambda lease: lease.id != "memory-1") as pool:
        eventually(lambda: clusters.active == 1)
        with pool.lease() as lease:
            assert lease.id == "memory-2"
            assert clusters.active == 1


def test_a_failed_start_ahead_is_tried_once_more_in_the_open(clusters):
    clusters.broken = 1
    with WarmPool(clusters, alive=lambda lease: True) as pool, pool.lease() as lease:
        assert lease.id == "memory-1"
    eventually(lambda: clusters.active == 0)
    clusters.broken = 2
    with (
        WarmPool(clusters, alive=lambda lease: True) as pool,
        pytest.raises(Unavailable, match="no room"),
        pool.lease(),
    ):
        pass


def test_closing_ends_what_waits_and_what_starts(clusters):
    pool = WarmPool(clusters, size=2, alive=lambda lease: True)
    pool.warm()
    eventually(lambda: clusters.active == 2)
    pool.close()
    assert clusters.active == 0
    clusters.go.clear()
    with WarmPool(clusters, alive=lambda lease: True):
        pass
    clusters.go.set()
    eventually(lambda: clusters.leased == 3 and clusters.active == 0)


def test_a_closed_pool_still_leases_but_starts_nothing(clusters):
    pool = WarmPool(clusters, alive=lambda lease: True)
    pool.close()
    with pool.lease():
        assert clusters.active == 1
    pool.warm()
    assert clusters.active == 0
