"""A release page on loopback, a lock that points at it, and a Go that builds at once."""

import hashlib
import json
import re
import sys
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tiphys.toolchain import load_lock

ON = "linux-amd64"


def binary(version="1.2.3", size=400_000):
    """A program that names its version, with a tail that makes it worth resuming."""
    head = f"#!/bin/sh\necho tool version v{version}\nexit 0\n".encode()
    return head + b"#" * (size - len(head))


@dataclass
class Page:
    """What the release page serves: `files` by path; faults are switched on by a test."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    requests: list[tuple[str, str, str]] = field(default_factory=list)
    ranges: bool = True
    cut_after: list[int] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    stalled: threading.Event = field(default_factory=threading.Event)
    stall_at: int | None = None
    released: threading.Event = field(default_factory=threading.Event)

    def asked(self, path):
        """The Range header of each GET of a path."""
        return [ranged for verb, at, ranged in self.requests if (verb, at) == ("GET", path)]

    def publish(self, path, content):
        self.files[path] = content
        self.files[f"{path}.sha256"] = hashlib.sha256(content).hexdigest().encode() + b"\n"


@pytest.fixture
def page():
    page = Page()

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self):
            page.requests.append(("HEAD", self.path, ""))
            self.send_response(200 if self.path in page.files else 404)
            self.end_headers()

        def do_GET(self):
            ranged = self.headers.get("Range", "")
            page.requests.append(("GET", self.path, ranged))
            content = page.files.get(self.path)
            body = not self.path.endswith((".sha256", "SUMS"))
            if body and page.statuses:
                return self.send_error(page.statuses.pop(0))
            if content is None:
                return self.send_error(404)
            start = int(re.fullmatch(r"bytes=(\d+)-", ranged)[1]) if ranged and page.ranges else 0
            if start and start >= len(content):
                return self.send_error(416)
            self.send_response(206 if start else 200)
            if start:
                span = f"bytes {start}-{len(content) - 1}/{len(content)}"
                self.send_header("Content-Range", span)
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            rest = content[start:]
            if body and page.cut_after:
                rest = rest[: page.cut_after.pop(0)]
            if body and page.stall_at is not None:
                self.wfile.write(rest[: page.stall_at])
                page.stalled.set()
                page.released.wait(30)
                rest = rest[page.stall_at :]
            return self.wfile.write(rest)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    page.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield page
    page.released.set()
    server.shutdown()
    thread.join()
    server.server_close()


LOCK = """
schema = 1
[recipes.one]
version = "1.2.3"
module = "example.com/one"
minutes = 1
ldflags = ["-X main.version={{version}}"]
[recipes.two]
version = "2.0.0"
module = "example.com/two"
minutes = 2
ldflags = []
[recipes.two.vendor]
"extra.go.in" = "example.com/dep/extra.go"
[[tools]]
name = "alpha"
version = "1.2.3"
homepage = "http://127.0.0.1"
recipe = "one"
package = "example.com/one/cmd/alpha"
version-args = ["--version"]
[tools.release]
url = "{url}/{{version}}/{{os}}/{{arch}}/{{name}}"
checksum = "{{url}}.sha256"
platforms = ["linux-amd64"]
[tools.release.sha256]
{pin}
[[tools]]
name = "beta"
version = "1.2.3"
homepage = "http://127.0.0.1"
recipe = "one"
package = "example.com/one/cmd/beta"
version-args = ["--version"]
[[tools]]
name = "gamma"
version = "2.0.0"
optional = true
homepage = "http://127.0.0.1"
recipe = "two"
package = "example.com/two/cmd/gamma"
version-args = ["version"]
[tools.release]
url = "{url}/gamma_{{os}}_{{arch}}.tar.gz"
checksum = "{url}/SHA256SUMS"
member = "gamma-{{version}}/gamma"
platforms = ["linux-amd64"]
[tools.release.sha256]
"""


@pytest.fixture
def write_lock(tmp_path):
    """Write a lock whose release page is at `url`; returns its path."""

    def write(url="http://127.0.0.1:1", pin="", go="1.24.0"):
        folder = tmp_path / "lock"
        for name in ("one", "two"):
            recipe = folder / "recipes" / name
            recipe.mkdir(parents=True, exist_ok=True)
            (recipe / "go.mod").write_text(f"module tiphys.example/{name}\n\ngo {go}\n")
        (folder / "recipes" / "two" / "extra.go.in").write_text("package dep\n")
        path = folder / "lock.toml"
        path.write_text(LOCK.format(url=url, pin=pin and f'linux-amd64 = "{pin}"'))
        load_lock.cache_clear()
        return path

    return write


@pytest.fixture
def make_lock(write_lock):
    return lambda *args, **kwargs: load_lock(write_lock(*args, **kwargs), ON)


@pytest.fixture
def root(tmp_path):
    return tmp_path / "cache"


FAKE_GO = """#!{python} -I
import json, os, pathlib, sys, time
here = pathlib.Path(__file__).parent
keep = "CGO_ENABLED GO111MODULE GOFLAGS GOTOOLCHAIN GOPROXY GOTMPDIR GOWORK".split()
with (here / "log").open("a") as log:
    env = {{name: os.environ.get(name) for name in keep}}
    print(json.dumps({{"args": sys.argv[1:], "cwd": os.getcwd(), "env": env}}), file=log)
if sys.argv[1] == "env":
    print((here / "version").read_text())
elif sys.argv[1:3] == ["mod", "vendor"]:
    pathlib.Path("vendor/example.com/dep").mkdir(parents=True)
elif sys.argv[1] == "build":
    broken = here / "broken"
    if broken.exists() and broken.read_text() in " ".join(sys.argv):
        sys.exit("example.com/one: does not compile\\nno such function")
    (here / "building.new").write_text(str(os.getpid()))
    (here / "building.new").rename(here / "building")
    while (here / "hold").exists():
        time.sleep(0.02)
    if "-mod=vendor" in sys.argv and not os.path.exists("vendor/example.com/dep/extra.go"):
        sys.exit("extra.go is missing")
    out = pathlib.Path(sys.argv[sys.argv.index("-o") + 1])
    for package in sys.argv[sys.argv.index("-o") + 2:]:
        path = out / ("etcd" if package == "." else package.rsplit("/", 1)[-1])
        path.write_text("#!/bin/sh\\necho I am any of 1.2.3 2.0.0 3.6.6\\n")
        path.chmod(0o755)
"""


@dataclass
class FakeGo:
    """The `go` on PATH. Builds whose arguments contain what `broken` says fail; while there is a
    file `hold` they wait; `building` is the process id of the last one."""

    folder: Path

    def calls(self, verb):
        log = self.folder / "log"
        lines = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
        return [line for line in lines if line["args"][0] == verb]

    def says(self, version):
        (self.folder / "version").write_text(version)


@pytest.fixture
def no_go(tmp_path, monkeypatch):
    """A PATH with a shell and no Go."""
    folder = tmp_path / "nothing"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))


@pytest.fixture
def go(tmp_path, monkeypatch):
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "go").write_text(FAKE_GO.format(python=sys.executable))
    (folder / "go").chmod(0o755)
    fake = FakeGo(folder)
    fake.says("go1.26.0")
    monkeypatch.setenv("PATH", str(folder))
    return fake
