"""`ClusterProvider` of tier real: a control plane and one node whose pods really run."""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import KW_ONLY, dataclass, field
from pathlib import Path

from tiphys.adapters.cluster_local import commands as control_plane
from tiphys.adapters.cluster_local import state
from tiphys.adapters.cluster_local.processes import Processes
from tiphys.adapters.cluster_local.start import (
    Starting,
    applied,
    has_account,
    in_new_home,
    launch,
    nodes_ready,
    require,
    write_audit_policy,
)
from tiphys.adapters.cluster_node import commands, images, room
from tiphys.adapters.cluster_node.volumes import opened
from tiphys.adapters.kube_api import KubeApi
from tiphys.ports import Lease, Object

PROGRAMS = (
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
    "kube-proxy",
    "kube-router",
)
_OF_THE_SYSTEM = (
    "containerd",
    "containerd-shim-runc-v2",
    "ctr",
    "ip",
    "ipset",
    "iptables",
    "nsenter",
    "runc",
    "unshare",
)
_PLUGINS = (Path("/usr/lib/cni"), Path("/opt/cni/bin"))


@dataclass(frozen=True, slots=True)
class NodeClusters:
    """Clusters with one real node each, below `root`.

    `binaries` maps PROGRAMS to executables. `archives` are docker-archives whose images the node
    has from the start, the sandbox's own among them. A start may take `timeout` seconds.
    """

    binaries: Mapping[str, Path]
    archives: Sequence[Path]
    _: KW_ONLY
    root: Path = field(default_factory=state.default_root)
    timeout: float = 120.0

    @contextlib.contextmanager
    def lease(self) -> Iterator[Lease]:
        """A fresh cluster, gone when the context ends, and when this process does. Unavailable."""
        require(self.binaries, PROGRAMS)
        home, processes = in_new_home(self.root, self._begin)
        try:
            with closing(KubeApi(home.kubeconfig)) as api:
                version, server = api.version(), api.server
            log = home.folder / control_plane.AUDIT_LOG
            with opened(home.folder / room.VOLUMES):
                yield Lease(home.id, home.kubeconfig, server, version, "real", log)
        finally:
            processes.kill()
            home.remove()
            _sweep_groups()

    def _begin(self, home: state.Home) -> Processes:
        return launch(home.folder, self.binaries, self.timeout, self._start)

    def _start(self, starting: Starting) -> None:
        folder = starting.folder
        commands.write(folder, _plugins())
        place = room.make(folder, starting.processes, room.free_subnet())
        starting.processes.run("containerd", [*place.enter, "containerd", *commands.containerd()])
        port = starting.store(place.outer)
        write_audit_policy(folder)
        server = control_plane.open_apiserver(folder, port, place.outer)
        starting.program("kube-apiserver", [*server, *control_plane.audit(folder)])
        for archive in self.archives:
            images.take_in(place.enter, archive)
        inside = room.HOME
        with closing(starting.api()) as api:
            starting.wait("answer from the API server", lambda: bool(api.version()))
            scheduler = control_plane.kube_scheduler(inside)
            starting.program("kube-scheduler", scheduler, place.enter)
            starting.program("kube-proxy", commands.kube_proxy(), place.enter)
            starting.program("kubelet", commands.kubelet(place.inner), place.enter)
            starting.wait("place for a StorageClass", applied(api, _STORAGE_CLASS))
            starting.wait("ready API server", api.ready)
            manager = control_plane.kube_controller_manager(inside)
            starting.program("kube-controller-manager", [*manager, *_VOLUMES], place.enter)
            starting.wait("default service account", lambda: has_account(api))
            starting.wait("node", lambda: bool(api.list("v1", "Node")))
            starting.wait("ready node", lambda: nodes_ready(api))
            starting.program("kube-router", commands.kube_router(), place.enter)
            starting.wait("network policies", lambda: place.succeeds(commands.policies_in_force()))


def missing() -> str:
    """Why no node can run on this machine, in one line; empty if one can."""
    if platform.system() != "Linux":
        return "a real node needs Linux"
    if os.geteuid() != 0:
        return "a real node needs root"
    if absent := [name for name in _OF_THE_SYSTEM if shutil.which(name) is None]:
        return (
            f"a real node needs {', '.join(absent)}: install containerd, runc, iproute2 and ipset"
        )
    if not any((folder / "bridge").exists() for folder in _PLUGINS):
        return "a real node needs the CNI plugins: install containernetworking-plugins"
    return room.refused()


# Volumes are folders of the room, made by the controller manager itself.
_VOLUMES = ("--enable-hostpath-provisioner=true",)
_STORAGE_CLASS: Object = {
    "apiVersion": "storage.k8s.io/v1",
    "kind": "StorageClass",
    "metadata": {
        "name": "standard",
        "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
    },
    "provisioner": "kubernetes.io/host-path",
}


def _plugins() -> Path:
    return next((folder for folder in _PLUGINS if (folder / "bridge").exists()), _PLUGINS[0])


def _sweep_groups() -> None:
    """Remove the control groups that ended pods have left; those in use stay."""
    for top in Path("/sys/fs/cgroup").glob("*/kubepods"):
        for folder, _, _ in os.walk(top, topdown=False):
            with contextlib.suppress(OSError):
                Path(folder).rmdir()
