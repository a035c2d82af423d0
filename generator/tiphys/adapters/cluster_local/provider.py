"""`ClusterProvider`: leases of throw-away clusters, and clusters kept until somebody ends them."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from pathlib import Path

from tiphys.adapters.cluster_local import state
from tiphys.adapters.cluster_local.processes import Processes
from tiphys.adapters.cluster_local.start import start
from tiphys.adapters.kube_api import KubeApi
from tiphys.domain.errors import NotFound, Unavailable
from tiphys.ports import Lease

_ATTEMPTS = 3  # a free port may be taken by somebody else before the server binds it
_PORT_TAKEN = "address already in use"
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
    nodes: int = 2
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
        self._check_binaries()
        try:
            return self._try_to_start()
        except OSError as error:
            raise Unavailable(f"a cluster cannot be started below {self.root}: {error}") from error

    def _try_to_start(self) -> tuple[state.Home, Processes, Lease]:
        state.sweep(self.root)
        for attempt in range(1, _ATTEMPTS + 1):
            home = state.create(self.root)
            try:
                processes = start(
                    home.folder, self.binaries, nodes=self.nodes, timeout=self.timeout
                )
                return home, processes, _describe(home)
            except BaseException as error:
                home.kill()
                home.remove()
                taken = isinstance(error, Unavailable) and _PORT_TAKEN in str(error)
                if not taken or attempt == _ATTEMPTS:
                    raise
        raise AssertionError("unreachable")  # pragma: no cover

    def _check_binaries(self) -> None:
        needed = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok")
        missing = [name for name in needed if not self._executable(name)]
        if missing:
            raise Unavailable(
                f"a cluster needs {', '.join(missing)}: run `tiphys tools install` first"
            )

    def _executable(self, name: str) -> bool:
        path = self.binaries.get(name)
        return path is not None and path.is_file()


def _describe(home: state.Home) -> Lease:
    """The lease of a cluster that has started, also written down for `running`."""
    api = KubeApi(home.kubeconfig)
    try:
        version, server = api.version(), api.server
    finally:
        api.close()
    lease = Lease(home.id, home.kubeconfig, server, version, "simulated")
    facts = {"id": home.id, "server": server, "kubernetes_version": version}
    (home.folder / _DESCRIPTION).write_text(json.dumps(facts), encoding="utf-8")
    return lease
