"""The installed model, served by a child process for as long as this process wants it."""

from __future__ import annotations

import atexit
import contextlib
import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import IO, Any

import httpx

from tiphys.domain.errors import Unavailable

# For messages and recordings: where the child listens is known only once it does.
CHILD_URL = "http://localhost/v1"
_START_SECONDS = 180.0
_END_SECONDS = 10.0
_SERVE = ("-P", "-m", "tiphys", "model", "serve", "--port", "0", "--json", "--with-parent")


@contextmanager
def serving(command: tuple[str, ...] = (sys.executable, *_SERVE)) -> Iterator[str]:
    """The base URL of a server of our own on a random port; it ends with us, however we end.

    Unavailable with the server's own words where it does not start.
    """
    with tempfile.TemporaryFile() as errors:
        # The child ends when its stdin does, and that the kernel closes for us if need be.
        child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors
        )
        try:
            yield _url(child, errors)
        finally:
            _end(child)


class ChildTransport(httpx.BaseTransport):
    """Sends requests to a server that `start` starts for the first of them."""

    def __init__(self, start: Callable[[], AbstractContextManager[str]] = serving) -> None:
        self._start = start
        self._real = httpx.HTTPTransport()
        self._lives = ExitStack()
        self._url: httpx.URL | None = None
        self._starting = threading.Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The child's response."""
        with self._starting:
            if self._url is None:
                self._url = httpx.URL(self._lives.enter_context(self._start()))
                atexit.register(self.close)
        request.url = request.url.copy_with(
            scheme=self._url.scheme, host=self._url.host, port=self._url.port
        )
        return self._real.handle_request(request)

    def close(self) -> None:
        """End the server."""
        atexit.unregister(self.close)
        self._lives.close()
        self._real.close()


def _url(child: subprocess.Popen[bytes], errors: IO[bytes]) -> str:
    lines: list[bytes] = []
    stdout = child.stdout

    def read() -> None:
        if stdout is not None:
            lines.append(stdout.readline())
            stdout.read()  # whatever else comes must not fill the pipe

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    ends = threading.Event()
    for _ in range(int(_START_SECONDS / 0.1)):
        if lines or ends.wait(0.1):
            break
    try:
        told: dict[str, Any] = json.loads(lines[0] if lines else b"")
        return str(told["url"])
    except (ValueError, LookupError, TypeError):
        child.kill()
        child.wait()
        errors.seek(0)
        said = errors.read(1 << 16).decode("utf-8", "replace").strip().splitlines()
        why = said[-1].removeprefix("tiphys: ") if said else f"nothing in {_START_SECONDS:.0f} s"
        raise Unavailable(f"the local model does not start: {why}") from None


def _end(child: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(OSError):
        if child.stdin is not None:
            child.stdin.close()
    try:
        child.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
