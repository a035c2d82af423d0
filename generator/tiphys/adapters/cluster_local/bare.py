"""Bare API servers: an etcd and a kube-apiserver of any version, for dry runs.

Nothing acts on what they store: no controllers, no nodes. Half the start of a whole cluster is
the making of roles and accounts that a dry run by the administrator does not need.
"""

from __future__ import annotations

import contextlib
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, closing
from dataclasses import KW_ONLY, dataclass, field
from functools import partial
from pathlib import Path

from tiphys.adapters.cluster_local import commands, state
from tiphys.adapters.cluster_local.pool import answers
from tiphys.adapters.cluster_local.processes import Processes
from tiphys.adapters.cluster_local.start import Starting, applied, in_new_home, launch, require
from tiphys.adapters.kube_api import KubeApi
from tiphys.domain.errors import Unavailable
from tiphys.ports import ClusterApi, ClusterProvider, Lease, Object

_Started = tuple[ExitStack, Lease]

_REQUEST = 1.0  # seconds; short, as a server that hangs hides a program that ended

# The server looks only once a second whether these are there, so we make them ourselves.
_PRIORITIES_HOOK = "poststarthook/scheduling/bootstrap-system-priority-classes"
_PRIORITIES = {"system-cluster-critical": 2_000_000_000, "system-node-critical": 2_000_001_000}


@dataclass(frozen=True, slots=True)
class BareServers:
    """API servers on this machine, each with an etcd of its own in a folder below `root`.

    `binaries` maps etcd and kube-apiserver to executables; the second one decides the version. A
    start may take `timeout` seconds. `root`, ownership and clean-up are those of `LocalClusters`.
    """

    binaries: Mapping[str, Path]
    _: KW_ONLY
    root: Path = field(default_factory=lambda: state.default_root())  # noqa: PLW0108  # tests move it
    timeout: float = 60.0

    @contextlib.contextmanager
    def lease(self) -> Iterator[Lease]:
        """An empty server, gone when the context ends, and when this process does. Unavailable."""
        require(self.binaries, ("etcd", "kube-apiserver"))
        home, (processes, lease) = in_new_home(self.root, self._begin)
        try:
            yield lease
        finally:
            processes.kill()
            home.remove()

    def _begin(self, home: state.Home) -> tuple[Processes, Lease]:
        processes = launch(home.folder, self.binaries, self.timeout, _serve)
        with closing(KubeApi(home.kubeconfig)) as api:
            return processes, Lease(home.id, home.kubeconfig, api.server, api.version(), "api")


class Kept:
    """A `ClusterProvider` over another one that hands out the same cluster again and again.

    For uses that leave nothing behind which the next one would see. A cluster has one holder at a
    time: who comes meanwhile gets another, and one of them is kept. It ends after `idle` seconds
    without use (it is large), with `close`, with this object, or with the process. One whose use
    ended in an error is not handed out again.
    """

    def __init__(
        self,
        provider: ClusterProvider,
        *,
        alive: Callable[[Lease], bool] = answers,
        idle: float = 600.0,
    ) -> None:
        self._provider = provider
        self._alive = alive
        self._seconds = idle
        self._timer: threading.Timer | None = None
        self._lock = threading.Lock()
        self._idle: list[_Started] = []
        self.close = weakref.finalize(self, _close, self._idle)

    @contextlib.contextmanager
    def lease(self) -> Iterator[Lease]:
        """The kept cluster, or one that starts now. Unavailable."""
        stack, lease = self._take() or self._start()
        try:
            yield lease
        except BaseException:
            stack.close()
            raise
        self._give_back(stack, lease)

    def _take(self) -> _Started | None:
        with self._lock:
            kept = self._idle.pop() if self._idle else None
            if self._timer:
                self._timer.cancel()
        if kept and not self._alive(kept[1]):
            kept[0].close()
            return None
        return kept

    def _start(self) -> _Started:
        stack = ExitStack()
        return stack, stack.enter_context(self._provider.lease())

    def _give_back(self, stack: ExitStack, lease: Lease) -> None:
        started = (stack, lease)
        with self._lock:
            if not self._idle and self.close.alive:
                self._idle.append(started)
                # It knows nothing of this object, which may go away before.
                self._timer = threading.Timer(self._seconds, _expire, (self._idle, started))
                self._timer.daemon = True
                self._timer.start()
                return
        stack.close()


def api_servers(
    etcd: Path, servers: Mapping[str, Path], *, root: Path | None = None
) -> dict[str, Callable[[], AbstractContextManager[ClusterApi]]]:
    """By minor ("1.33"), what lends the API of a bare server; `servers` are binaries by version.

    Nothing starts before it is asked for. A server is kept for whoever asks next.
    """
    found: dict[str, Callable[[], AbstractContextManager[ClusterApi]]] = {}
    for version, binary in servers.items():
        binaries = {"etcd": etcd, "kube-apiserver": binary}
        bare = BareServers(binaries, root=root) if root else BareServers(binaries)
        minor = ".".join(version.split(".")[:2])
        found.setdefault(minor, partial(_lend, Kept(bare, alive=_alive)))
    return found


@contextlib.contextmanager
def _lend(servers: ClusterProvider) -> Iterator[ClusterApi]:
    with servers.lease() as lease, closing(KubeApi(lease.kubeconfig)) as api:
        yield api


def _alive(lease: Lease) -> bool:
    with closing(_NearlyReady(lease.kubeconfig, timeout=_REQUEST)) as api:
        return api.ready()


def _close(idle: list[_Started]) -> None:
    while idle:
        idle.pop()[0].close()


def _expire(idle: list[_Started], started: _Started) -> None:
    with contextlib.suppress(ValueError):  # somebody has it, or it has ended
        idle.remove(started)
        started[0].close()


class _NearlyReady(KubeApi):
    def ready(self) -> bool:
        """Whether all is ready but what waits for the priorities."""
        try:
            return self._send("GET", "/readyz", {"exclude": _PRIORITIES_HOOK}).status == 200
        except Unavailable:
            return False


def _serve(starting: Starting) -> None:
    port = starting.store()
    starting.program("kube-apiserver", commands.bare_apiserver(starting.folder, port))
    with closing(_NearlyReady(starting.kubeconfig, timeout=_REQUEST)) as api:
        starting.wait("answer from the API server", lambda: bool(api.version()))
        starting.wait("ready API server", api.ready)
        for name, value in _PRIORITIES.items():
            starting.wait("place for a PriorityClass", applied(api, _priority(name, value)))


def _priority(name: str, value: int) -> Object:
    return {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": name},
        "value": value,
    }
