"""A cluster whose pods really run: a node on this machine, or the cluster of a given kubeconfig.

TIPHYS_TESTBED_KUBECONFIG names a cluster that already has the images (kind, say), and
TIPHYS_TESTBED_HOST the address at which its pods reach this machine.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tiphys.adapters.cluster_node import PROGRAMS, NodeClusters, missing
from tiphys.adapters.kube_api import KubeApi
from tiphys.ports import Lease
from tiphys.toolchain import locate

BOX = "registry.example/box:1"
# The box stands in for what the tests' requests name.
BOXES = (BOX, "registry.example/storefront:1.4")


@dataclass(frozen=True, slots=True)
class Bed:
    """A cluster, its administrator's access, and this machine's address as its pods know it."""

    lease: Lease
    api: KubeApi
    host: str

    def kubectl(self, *arguments: str, given: str = "") -> str:
        """What kubectl prints, with `given` as its input."""
        command = [str(locate("kubectl")), f"--kubeconfig={self.lease.kubeconfig}", *arguments]
        done = subprocess.run(
            command, input=given, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@dataclass(frozen=True, slots=True)
class Lent:
    """A `ClusterProvider` that lends a cluster of somebody else's."""

    own: Lease

    @contextmanager
    def lease(self) -> Iterator[Lease]:
        """The same one each time."""
        yield self.own


@contextmanager
def bed(root: Path, archives: Sequence[Path]) -> Iterator[Bed]:
    """A cluster that has the images of `archives`; one that is made here ends with the context."""
    if given := os.environ.get("TIPHYS_TESTBED_KUBECONFIG"):
        with closing(KubeApi(Path(given))) as api:
            lease = Lease("given", Path(given), api.server, api.version(), "real")
            yield Bed(lease, api, os.environ["TIPHYS_TESTBED_HOST"])
        return
    if reason := missing():
        pytest.fail(f"no test bed: {reason}", pytrace=False)
    binaries = {name: locate(name) for name in PROGRAMS}
    nodes = NodeClusters(binaries, archives, root=root)
    with nodes.lease() as lease, closing(KubeApi(lease.kubeconfig)) as api:
        yield Bed(lease, api, str(urlsplit(lease.server).hostname))
