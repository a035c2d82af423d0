"""Fake API servers with a version, and real ones that the tests of this folder share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

import pytest

from tests.cluster.test_lease import processes_in
from tests.cluster_fixtures import eventually
from tiphys.adapters.cluster_local.bare import api_servers
from tiphys.domain.errors import ApiRefusal
from tiphys.ports import ClusterApi, Object
from tiphys.testing.memory_cluster import MemoryCluster
from tiphys.toolchain import locate, versions
from tiphys.verify.checks.matrix import Documents, objections, shown

Servers = dict[str, Callable[[], AbstractContextManager[ClusterApi]]]


class FakeServer(MemoryCluster):
    """Says a version, remembers what it was shown, refuses objects by name and ignores fields."""

    def __init__(self, version: str, refused: Mapping[str, str] | None = None) -> None:
        self.said = version
        self.refused = dict(refused or {})
        self.ignored: set[str] = set()
        self.shown: list[tuple[str, str, bool]] = []
        super().__init__()

    def version(self) -> str:
        return self.said

    def apply(self, obj: Object, *, dry_run: bool = False, manager: str = "tiphys") -> Object:
        name = obj["metadata"]["name"]
        self.shown.append((obj["kind"], name, dry_run))
        if name in self.refused:
            raise ApiRefusal(self.refused[name], status=422, reason="Invalid")
        made = super().apply(obj, dry_run=dry_run, manager=manager)
        return {key: value for key, value in made.items() if key not in self.ignored}


def lent(*servers: FakeServer) -> Servers:
    """Fakes as a sandbox has them."""
    found: Servers = {}
    for server in servers:
        minor = ".".join(server.version().removeprefix("v").split(".")[:2])
        found[minor] = lambda server=server: nullcontext(server)  # type: ignore[misc]  # bound now
    return found


def refusals(api: ClusterApi, documents: Documents) -> list[str]:
    """What this one server has against them."""
    return objections({"this": shown(api, documents)})["this"]


@contextmanager
def broken() -> Iterator[ClusterApi]:
    """A server whose start is refused, as if the subject were to blame."""
    raise ApiRefusal("out of memory", status=400, reason="Invalid")
    yield MemoryCluster()


@pytest.fixture(scope="session")
def servers_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("matrix") / "clusters"


@pytest.fixture(scope="session")
def real_servers(servers_root: Path) -> Iterator[Servers]:
    """Every installed minor; nothing of them may be left at the end."""
    servers = api_servers(locate("etcd"), versions("kube-apiserver"), root=servers_root)
    assert {"1.33", "1.34", "1.35"} <= set(servers), "run `make test`, which installs them"
    yield servers
    servers.clear()
    eventually(lambda: not processes_in(servers_root), 10)
