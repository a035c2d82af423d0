"""The one way out of a box: each connection to a socket inside goes on to one address outside."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from types import TracebackType

AT_ONCE = 64  # connections
_CHUNK = 1 << 16  # bytes
_CONNECT = 10.0  # seconds


class Relay:
    """Passes on what arrives at `listener` until the context ends; nothing else is ever dialled."""

    def __init__(self, listener: socket.socket, target: tuple[str, int]) -> None:
        self._listener = listener
        self._target = target
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._closed = False

    def __enter__(self) -> Relay:
        threading.Thread(target=self._accept, name="box-relay", daemon=True).start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _value: object, _trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._closed = True
            every = [self._listener, *self._open]
        for each in every:
            _end(each)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                inside, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(inside,), daemon=True).start()

    def _serve(self, inside: socket.socket) -> None:
        with inside, suppress(OSError):
            if not self._keep(inside):
                return
            try:
                with socket.create_connection(self._target, timeout=_CONNECT) as outside:
                    outside.settimeout(None)
                    if self._keep(outside):
                        back = threading.Thread(target=_pump, args=(outside, inside), daemon=True)
                        back.start()
                        _pump(inside, outside)
                        back.join()
                    self._forget(outside)
            finally:
                self._forget(inside)

    def _keep(self, connection: socket.socket) -> bool:
        with self._lock:
            if self._closed or len(self._open) >= 2 * AT_ONCE:
                return False
            self._open.add(connection)
            return True

    def _forget(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.discard(connection)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    """Until either side ends; then both do."""
    with suppress(OSError):
        while data := source.recv(_CHUNK):
            sink.sendall(data)
    _end(source)
    _end(sink)


def _end(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
