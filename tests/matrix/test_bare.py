"""Bare API servers: real ones, where they listen and how they end, and keeping them."""

from __future__ import annotations

import gc
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.cluster.test_lease import folders, processes_in
from tests.cluster_fixtures import eventually
from tests.matrix.conftest import Servers, refusals
from tiphys.adapters.cluster_local import LocalClusters, state
from tiphys.adapters.cluster_local.bare import BareServers, Kept, api_servers
from tiphys.adapters.kube_api import KubeApi
from tiphys.domain.errors import Unavailable
from tiphys.ports import ClusterProvider, Lease, Object
from tiphys.testing.memory_cluster import MemoryClusters
from tiphys.toolchain import locate
from tiphys.verify.checks.matrix import objections, shown, side_by_side

# A program that leases a bare server, says so and waits for its end.
OWNER = """
import sys
import threading
from pathlib import Path
from tiphys.adapters.cluster_local.bare import BareServers
from tiphys.toolchain import locate
binaries = {"etcd": locate("etcd"), "kube-apiserver": locate("kube-apiserver", "1.35.4")}
with BareServers(binaries, root=Path(sys.argv[1])).lease() as lease:
    print(lease.id, flush=True)
    sys.stdin.read()
"""

real = pytest.mark.cluster
together = pytest.mark.xdist_group("matrix")


def pod(**spec: object) -> Object:
    container = {"name": "main", "image": "registry.example/main:1"}
    metadata = {"name": "one", "namespace": "default"}
    spec = {"containers": [container], **spec}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def service(**spec: object) -> Object:
    spec = {"selector": {"app": "one"}, "ports": [{"port": 80}], **spec}
    metadata = {"name": "one", "namespace": "default"}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}


def autoscaler(**scaling: object) -> Object:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "one"}
    spec = {"scaleTargetRef": target, "maxReplicas": 3, "behavior": {"scaleUp": scaling}}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "one", "namespace": "default"},
        "spec": spec,
    }


def job(**spec: object) -> Object:
    template = {"spec": {**pod(**spec)["spec"], "restartPolicy": "Never"}}
    metadata = {"name": "one", "namespace": "default"}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": metadata,
        "spec": {"template": template},
    }


DEVICES = {
    "apiVersion": "resource.k8s.io/v1",
    "kind": "DeviceClass",
    "metadata": {"name": "gpu.registry.example"},
    "spec": {},
}


@real
@together
def test_a_bare_server_is_private_complete_and_gone_afterwards(tmp_path: Path) -> None:
    root = tmp_path / "clusters"
    binaries = {"etcd": locate("etcd"), "kube-apiserver": locate("kube-apiserver", "1.33.4")}
    with BareServers(binaries, root=root).lease() as lease:
        home = state.Home(lease.kubeconfig.parent)
        assert (lease.kubernetes_version, lease.tier) == ("v1.33.4", "api")
        assert stat.S_IMODE(home.folder.stat().st_mode) == 0o700
        listening = [
            (process.name(), connection.laddr.ip)
            for process in home.processes()
            for connection in process.net_connections("inet")
            if connection.status == psutil.CONN_LISTEN
        ]
        assert listening == [("kube-apiserver", "127.0.0.1")]
        assert len(processes_in(root)) == 3  # with the guard
        assert LocalClusters({}, root=root).running() == []
        # At once: what waits for controllers or roles elsewhere must not be refused here.
        wanted = [pod(priorityClassName="system-node-critical"), service()]
        api = KubeApi(lease.kubeconfig)
        assert refusals(api, [("one", each) for each in wanted]) == []
        assert api.get("v1", "Pod", "one", "default") is None
        text = lease.kubeconfig.read_text()
        stranger = tmp_path / "kubeconfig"
        stranger.write_text(text.replace(text.split('"token": "')[1].split('"')[0], "wrong"))
        assert not KubeApi(stranger).ready()
    assert not processes_in(root)
    assert not folders(root)


@real
@together
def test_a_killed_owner_takes_its_server_along(tmp_path: Path) -> None:
    root = tmp_path / "clusters"
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as owner:
        assert owner.stdout is not None
        name = owner.stdout.readline().decode().strip()
        assert folders(root) == [name]
        assert len(processes_in(root)) == 3
        owner.send_signal(signal.SIGKILL)
        owner.wait()
    eventually(lambda: not processes_in(root), 10)
    eventually(lambda: not folders(root), 10)


@real
@together
@pytest.mark.parametrize(
    ("found", "words", "refusing"),
    [
        (pod(), "", set()),
        (service(trafficDistribution="PreferClose"), "", set()),
        (DEVICES, 'no kind "DeviceClass" in "resource.k8s.io/v1"', {"1.33.4"}),
        (service(trafficDistribution="PreferSameNode"), "Unsupported value", {"1.33.4"}),
        (
            pod(restartPolicyOfAll="Never"),
            ".spec.restartPolicyOfAll: field not declared",
            {"1.33.4", "1.34.4", "1.35.4"},
        ),
        (
            autoscaler(tolerance="100m"),
            "ignores spec.behavior.scaleUp.tolerance, unlike 1.35.4",
            {"1.33.4", "1.34.4"},
        ),
        (
            job(resources={"limits": {"memory": "64Mi"}}),
            "ignores spec.template.spec.resources, unlike 1.34.4, 1.35.4",
            {"1.33.4"},
        ),
        (
            pod(workloadRef={"name": "one", "podGroup": "all"}),
            ".spec.workloadRef: field not declared",
            {"1.33.4", "1.34.4"},
        ),
        (
            {**DEVICES, "apiVersion": "flowcontrol.apiserver.k8s.io/v1beta3", "kind": "FlowSchema"},
            'no kind "FlowSchema"',
            {"1.33.4", "1.34.4", "1.35.4"},
        ),
    ],
)
def test_versions_differ(
    real_servers: Servers, found: Object, words: str, refusing: set[str]
) -> None:
    seen = objections(side_by_side(real_servers, lambda api: shown(api, [("one", found)])))
    assert {version for version, refused in seen.items() if refused} == refusing
    assert all(words in each for refused in seen.values() for each in refused)


@real
@together
def test_the_next_use_of_a_kept_server_does_not_see_the_last(real_servers: Servers) -> None:
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "mine"}}
    space["metadata"] |= {"labels": {"pod-security.kubernetes.io/enforce": "privileged"}}  # type: ignore[operator]  # a JSON map
    inside = pod(hostNetwork=True)
    inside["metadata"]["namespace"] = "mine"
    servers = {"1.33": real_servers["1.33"]}

    def tried(*objects: Object) -> list[str]:
        documents = [("one", each) for each in objects]
        return side_by_side(servers, lambda api: refusals(api, documents))["1.33.4"]

    assert tried(space, inside) == []
    assert "violates PodSecurity" in tried(inside)[0]
    assert tried(space, inside) == []


def test_a_bare_server_needs_its_binaries(tmp_path: Path) -> None:
    for binaries in ({}, {"etcd": tmp_path / "none", "kube-apiserver": tmp_path / "none"}):
        with (
            pytest.raises(Unavailable, match="needs etcd, kube-apiserver: run `tiphys tools"),
            BareServers(binaries, root=tmp_path / "clusters").lease(),
        ):
            raise AssertionError("leased")


def test_servers_are_named_by_minor_and_start_when_asked_for(tmp_path: Path) -> None:
    none = tmp_path / "none"
    servers = api_servers(none, {"1.34.4": none, "1.33.10": none, "1.33.4": none}, root=none)
    assert list(servers) == ["1.34", "1.33"]
    with pytest.raises(Unavailable), servers["1.33"]():
        raise AssertionError("leased")
    assert not none.exists()


class Counted:
    """A provider that says which of its leases have ended."""

    def __init__(self) -> None:
        self._clusters = MemoryClusters()
        self.ended: list[str] = []

    @contextmanager
    def lease(self) -> Iterator[Lease]:
        with self._clusters.lease() as lease:
            try:
                yield lease
            finally:
                self.ended.append(lease.id)


def use(provider: ClusterProvider) -> str:
    with provider.lease() as lease:
        return lease.id


def test_a_kept_server_is_handed_out_again_until_it_is_closed() -> None:
    counted = Counted()
    kept = Kept(counted, alive=lambda _lease: True)
    assert [use(kept) for _ in range(3)] == ["memory-1"] * 3
    assert counted.ended == []
    kept.close()
    kept.close()
    assert counted.ended == ["memory-1"]
    assert use(kept) == "memory-2"
    assert counted.ended == ["memory-1", "memory-2"]


def test_two_at_once_get_two_and_one_is_kept() -> None:
    counted = Counted()
    kept = Kept(counted, alive=lambda _lease: True)
    with kept.lease() as one, kept.lease() as other:
        assert one.id != other.id
    assert len(counted.ended) == 1
    assert use(kept) not in counted.ended


def test_a_kept_server_that_died_is_replaced() -> None:
    counted = Counted()
    kept = Kept(counted, alive=lambda lease: lease.id != "memory-1")
    assert (use(kept), use(kept), use(kept)) == ("memory-1", "memory-2", "memory-2")
    assert counted.ended == ["memory-1"]


def test_a_server_whose_use_failed_is_not_handed_out_again() -> None:
    counted = Counted()
    kept = Kept(counted, alive=lambda _lease: True)
    with pytest.raises(ZeroDivisionError), kept.lease():
        raise ZeroDivisionError
    assert (counted.ended, use(kept)) == (["memory-1"], "memory-2")


def test_a_kept_server_that_nobody_wants_ends() -> None:
    counted = Counted()
    kept = Kept(counted, alive=lambda _lease: True, idle=0.05)
    with kept.lease() as lease:
        first = lease.id
    eventually(lambda: counted.ended == [first])
    assert use(kept) != first


def test_a_kept_server_does_not_end_while_it_is_used() -> None:
    counted = Counted()
    kept = Kept(counted, alive=lambda _lease: True, idle=0.05)
    use(kept)
    with kept.lease() as lease:
        held = lease.id
        threading.Event().wait(0.2)  # longer than it may be idle
        assert held not in counted.ended
    eventually(lambda: held in counted.ended)


def test_a_kept_server_ends_with_its_keeper() -> None:
    counted = Counted()
    kept = Kept(counted, alive=lambda _lease: True)
    use(kept)
    del kept
    gc.collect()
    assert counted.ended == ["memory-1"]
