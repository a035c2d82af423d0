"""`ClusterProvider`: leases of throw-away clusters, and clusters kept until somebody ends them."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from pathlib import Path

from tiphys.adapters.cluster_local import commands, state
from tiphys.adapters.cluster_local.processes import Processes
from tiphys.adapters.cluster_local.start import in_new_home, require, start
from tiphys.adapters.kube_api import KubeApi
from tiphys.domain.errors import NotFound
from tiphys.ports import Lease

_PROGRAMS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok")
_DESCRIPTION = "lease.json"


@dataclass(frozen=True, slots=True)
class Running:
    """A cluster found on this machine; `kept` if it outlives the process that made it."""

    id: str
    kubeconfig: Path
    server: str
    kubernetes_version: str
    kept: bool


@dataclass(frozen=True, slots=True)
class LocalClusters:
    """Clusters of processes on this machine, each in a folder below `root`.

    `binaries` maps etcd, kube-apiserver, kube-controller-manager, kube-scheduler and kwok to
    executables. `nodes` simulated nodes are ready in each. A start may take `timeout` seconds.
    """

    binaries: Mapping[str, Path]
    _: KW_ONLY
    root: Path = field(default_factory=lambda: state.default_root())  # noqa: PLW0108  # tests move it
    nodes: int = 5  # as many as copies that may not meet on one are usually asked for
    timeout: float = 60.0

    @contextlib.contextmanager
    def lease(self) -> Iterator[Lease]:
        """A fresh cluster, gone when the context ends, and when this process does. Unavailable.

        Leftovers of processes that were killed are cleaned up first.
        """
        home, processes, lease = self._start()
        try:
            yield lease
        finally:
            processes.kill()
            home.remove()

    def up(self) -> Lease:
        """Start a cluster that stays until `down`, also after this process. Unavailable."""
        home, processes, lease = self._start()
        home.keep()
        processes.leave()
        return lease

    def down(self, id: str) -> None:  # noqa: A002  # the name that `Running` uses
        """End a cluster, whoever started it. NotFound."""
        for home in state.find(self.root):
            if home.id == id:
                home.kill()
                home.remove()
                return
        raise NotFound(f"no cluster {id!r} runs here; `tiphys cluster list` shows those that do")

    def running(self) -> Sequence[Running]:
        """Clusters of this `root` that are up, by id, after a sweep."""
        state.sweep(self.root)
        found = []
        for home in state.find(self.root):
            with contextlib.suppress(OSError, ValueError):  # still starting, or just gone
                text = (home.folder / _DESCRIPTION).read_text(encoding="utf-8")
                found.append(
                    Running(**json.loads(text), kubeconfig=home.kubeconfig, kept=home.kept)
                )
        return found

    def _start(self) -> tuple[state.Home, Processes, Lease]:
        require(self.binaries, _PROGRAMS)

        def launch(home: state.Home) -> tuple[Processes, Lease]:
            processes = start(home.folder, self.binaries, nodes=self.nodes, timeout=self.timeout)
            return processes, _describe(home)

        home, (processes, lease) = in_new_home(self.root, launch)
        return home, processes, lease


def _describe(home: state.Home) -> Lease:
    """The lease of a cluster that has started, also written down for `running`."""
    api = KubeApi(home.kubeconfig)
    try:
        version, server = api.version(), api.server
    finally:
        api.close()
    log = home.folder / commands.AUDIT_LOG
    lease = Lease(home.id, home.kubeconfig, server, version, "simulated", log)
    facts = {"id": home.id, "server": server, "kubernetes_version": version}
    (home.folder / _DESCRIPTION).write_text(json.dumps(facts), encoding="utf-8")
    return lease
