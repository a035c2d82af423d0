"""A git repository that is served over http, on loopback unless told otherwise."""

from __future__ import annotations

import base64
import hmac
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

_SECONDS = 30.0  # for one request of git
_LIMIT = 64 << 20  # bytes that a git may send


@contextmanager
def served(
    git_dir: Path,
    name: str = "skills",
    *,
    address: str = "127.0.0.1",
    port: int = 0,
    password: str = "",
) -> Iterator[str]:
    """The URL at which the repository in `git_dir` can be fetched; port 0 is any that is free.

    With a `password` it can be pushed to as well, by whoever gives it.
    """
    own = {"git_dir": git_dir.resolve(), "prefix": f"/{name}.git", "password": password}
    handler = type("Handler", (_Fetches,), own)
    with ThreadingHTTPServer((address, port), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://{address}:{server.server_port}/{name}.git"
        finally:
            server.shutdown()
            thread.join()


class _Fetches(BaseHTTPRequestHandler):
    """Hands each request to `git http-backend`, which speaks CGI."""

    git_dir: Path
    prefix: str
    password: str

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if self.headers.get("Transfer-Encoding") or length > _LIMIT:
            self.send_error(413)
        else:
            self._answer(self.rfile.read(length))

    def log_message(self, *_: object) -> None:
        """Nothing: a test's output is for what fails."""

    def _answer(self, body: bytes) -> None:
        url = urlsplit(self.path)
        if not url.path.startswith(self.prefix + "/"):
            self.send_error(404)
            return
        writes = "git-receive-pack" in self.path
        if writes and not self._knows_the_password():
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="skills"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        done = subprocess.run(
            ["git", "http-backend"],
            input=body,
            env=self._variables(url.path.removeprefix(self.prefix), url.query, len(body)),
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        if not head:
            self.send_error(500)
            return
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        self.send_response(int(headers.pop("Status", "200").split()[0]))
        for key, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(key, value)
        self.end_headers()
        with suppress(BrokenPipeError):  # a git that was ended while it fetched
            self.wfile.write(content)

    def _knows_the_password(self) -> bool:
        kind, _, given = self.headers.get("Authorization", "").partition(" ")
        said = base64.b64decode(given).decode().partition(":")[2] if kind == "Basic" else ""
        return bool(self.password) and hmac.compare_digest(said, self.password)

    def _variables(self, path: str, query: str, length: int) -> dict[str, str]:
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "GIT_PROJECT_ROOT": str(self.git_dir),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "REQUEST_METHOD": self.command,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(length),
            # Without a user git lets nobody push.
            "REMOTE_USER": "someone" if self.headers.get("Authorization") else "",
        }
