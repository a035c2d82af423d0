"""Clusters started ahead, so that the next lease is instant."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from types import TracebackType

from tiphys.adapters.kube_api import KubeApi
from tiphys.domain.errors import TiphysError, Unavailable
from tiphys.ports import ClusterProvider, Lease

_Started = tuple[ExitStack, Lease]


def answers(lease: Lease) -> bool:
    """Whether the leased cluster calls itself ready."""
    api = KubeApi(lease.kubeconfig, timeout=5)
    try:
        return api.ready()
    finally:
        api.close()


class WarmPool:
    """A `ClusterProvider` over another one, with `size` clusters ready or on their way.

    Every lease is a cluster that nobody used before. The next one starts when no lease is out:
    a start keeps two cores busy for seconds, which would slow down the very check that runs.
    `alive` is asked before a cluster is handed out, as it may have died while it waited. Without
    `refill` only `warm` starts clusters.

    Use it as a context manager, or call `warm` and `close`.
    """

    def __init__(
        self,
        provider: ClusterProvider,
        *,
        size: int = 1,
        alive: Callable[[Lease], bool] = answers,
        refill: bool = True,
    ) -> None:
        self._provider = provider
        self._size = size
        self._alive = alive
        self._refill = refill
        self._lock = threading.Lock()
        self._ready: list[Future[_Started]] = []
        self._out = 0
        self._closed = False

    def __enter__(self) -> WarmPool:
        self.warm()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def warm(self) -> None:
        """Start what is missing, in the background; does nothing while a lease is out."""
        with self._lock:
            while not (self._closed or self._out) and len(self._ready) < self._size:
                self._ready.append(self._start_ahead())

    def wait(self) -> None:
        """Return when every cluster that is on its way has started or failed."""
        with self._lock:
            started = list(self._ready)
        for future in started:
            future.exception()

    @contextmanager
    def lease(self) -> Iterator[Lease]:
        """A warm cluster, or one that starts now. Unavailable."""
        with self._lock:
            ahead = self._ready.pop(0) if self._ready else None
            self._out += 1
        stack = ExitStack()
        try:
            with stack:
                yield self._warm_one(ahead, stack) or stack.enter_context(self._provider.lease())
        finally:
            with self._lock:
                self._out -= 1
            if self._refill:
                self.warm()

    def close(self) -> None:
        """End the clusters that nobody leased. One that still starts ends when it has started."""
        with self._lock:
            self._closed = True
            ready, self._ready = self._ready, []
        for future in ready:
            future.add_done_callback(_end)

    def _warm_one(self, ahead: Future[_Started] | None, stack: ExitStack) -> Lease | None:
        """The cluster of `ahead`, to be ended by `stack`; None if that came to nothing."""
        if ahead is None:
            return None
        try:
            started, lease = ahead.result()
        except TiphysError:
            return None
        except BaseException:  # interrupted while it starts
            ahead.add_done_callback(_end)
            raise
        with ExitStack() as owner:
            owner.push(started)
            if self._alive(lease):
                stack.push(owner.pop_all())
                return lease
        return None

    def _start_ahead(self) -> Future[_Started]:
        future: Future[_Started] = Future()

        def run() -> None:
            stack = ExitStack()
            try:
                lease = stack.enter_context(self._provider.lease())
            except TiphysError as error:
                future.set_exception(error)
            except Exception as error:  # noqa: BLE001  # nobody else would ever see it
                future.set_exception(Unavailable(f"a cluster failed to start: {error}"))
            else:
                future.set_result((stack, lease))

        # A daemon: a program that is done need not wait for a cluster that nobody will use.
        threading.Thread(target=run, name="tiphys-warm-pool", daemon=True).start()
        return future


def _end(started: Future[_Started]) -> None:
    if started.exception() is None:
        started.result()[0].close()
