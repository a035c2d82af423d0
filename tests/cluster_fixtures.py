"""A control plane for each test worker, and a namespace for each test.

The binaries come from `tiphys tools install`, or from the folder that TIPHYS_BINARIES names. A
missing one is an error, never a skip.
"""

import os
import secrets
import time
from pathlib import Path

import pytest

from tiphys.adapters.cluster_local import LocalClusters
from tiphys.adapters.kube_api import KubeApi

COMPONENTS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok")


def eventually(done, seconds=30.0):
    """The first true value of `done()`, or a failure after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (value := done()):
        assert time.monotonic() < deadline, f"still {value!r} after {seconds} s"
        time.sleep(0.02)
    return value


def locate_binaries():
    """Executables by name."""
    if folder := os.environ.get("TIPHYS_BINARIES"):
        return {name: Path(folder, name) for name in COMPONENTS}
    from tiphys.toolchain import locate

    return {name: locate(name) for name in COMPONENTS}


@pytest.fixture(scope="session")
def binaries():
    return locate_binaries()


@pytest.fixture(scope="session")
def control_plane(binaries, tmp_path_factory):
    """A lease that the tests of this worker share: stay in your namespace."""
    provider = LocalClusters(binaries, root=tmp_path_factory.mktemp("session") / "clusters")
    with provider.lease() as lease:
        yield lease


@pytest.fixture(scope="session")
def api(control_plane):
    """The shared cluster's API, as its administrator."""
    api = KubeApi(control_plane.kubeconfig)
    yield api
    api.close()


@pytest.fixture(scope="module")
def own_cluster(binaries, tmp_path_factory):
    """A lease and its API for one module: to put rules in force, or to find nobody's traces."""
    provider = LocalClusters(binaries, root=tmp_path_factory.mktemp("own") / "clusters")
    with provider.lease() as lease:
        own = KubeApi(lease.kubeconfig)
        yield lease, own
        own.close()


@pytest.fixture
def namespace(api):
    """A fresh namespace that takes pods; what is in it goes away in the background."""
    name = f"test-{secrets.token_hex(4)}"
    api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    eventually(lambda: api.get("v1", "ServiceAccount", "default", name))
    yield name
    api.delete("v1", "Namespace", name)
