"""The user's cache: <root>/tools/NAME/VERSION-PLATFORM/NAME with a receipt.json beside it.

A receipt says what the file was when it was checked in full. A file is taken for that one while
its size and modification time agree, so finding a tool costs no hashing of 100 MB; where they do
not agree, or on request, the bytes decide. Deleting the cache loses nothing.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import subprocess
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from tiphys.domain.errors import Unavailable
from tiphys.toolchain.lock import Lock, Tool, load_lock

Origin = Literal["download", "go", "pieces", "placed"]
State = Literal["installed", "missing", "changed"]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was checked: `seconds` is how long getting it took, `source` a URL or Go module."""

    sha256: str
    size: int
    mtime_ns: int
    origin: Origin
    source: str
    seconds: float


@dataclass(frozen=True, slots=True)
class ToolStatus:
    """One line of `tiphys tools list`; `changed` means the file is not what was installed."""

    name: str
    version: str
    optional: bool
    state: State
    path: Path
    receipt: Receipt | None


class Cache:
    """The tools below one root, for one platform."""

    def __init__(self, root: Path | None, platform: str) -> None:
        self.root = (root or cache_root()) / "tools"
        self.platform = platform

    def path(self, tool: Tool) -> Path:
        """Where the tool's binary is, or would be."""
        return self.root / tool.name / f"{tool.version}-{self.platform}" / tool.name

    def receipt(self, tool: Tool) -> Receipt | None:
        """The receipt, or None if there is no readable one."""
        return read_receipt(self.path(tool))

    def state(self, tool: Tool) -> State:
        """By size and modification time alone."""
        return state_of(self.path(tool))

    def verify(self, tool: Tool) -> bool:
        """Whether the bytes are those of the receipt; if not, file and receipt are removed.

        A file without a receipt (put there by hand) is taken in when it names its version.
        """
        path, receipt = self.path(tool), self.receipt(tool)
        if not path.is_file():
            return False
        if receipt is None:
            return self._take_in(tool, path)
        if digest(path) != receipt.sha256:
            path.unlink()
            receipt_path(path).unlink()
            return False
        if self.state(tool) != "installed":
            write_receipt(path, receipt.sha256, receipt.origin, receipt.source)
        return True

    def store(self, tool: Tool, new: Path, *, origin: Origin, source: str, seconds: float) -> None:
        """Move the file `new` (same file system) into place. Unavailable if it is another tool."""
        new.chmod(0o755)
        with new.open("rb") as stream:
            os.fsync(stream.fileno())
        check_version(tool, new)
        sha256 = digest(new)
        path = self.path(tool)
        path.parent.mkdir(parents=True, exist_ok=True)
        new.replace(path)
        write_receipt(path, sha256, origin, source, seconds)

    def _take_in(self, tool: Tool, path: Path) -> bool:
        try:
            check_version(tool, path)
        except Unavailable:
            return False
        write_receipt(path, digest(path), "placed", str(path))
        return True


def receipt_path(path: Path) -> Path:
    """Where the receipt of the file at `path` is."""
    return path.with_name("receipt.json")


def read_receipt(path: Path) -> Receipt | None:
    """The receipt of the file at `path`, or None if there is no readable one."""
    try:
        return Receipt(**json.loads(receipt_path(path).read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def state_of(path: Path) -> State:
    """Whether the file at `path` is that of its receipt, by size and modification time alone."""
    receipt = read_receipt(path)
    try:
        found = path.stat()
    except OSError:
        return "missing"
    if receipt and (found.st_size, found.st_mtime_ns) == (receipt.size, receipt.mtime_ns):
        return "installed"
    return "changed"


def write_receipt(
    path: Path, sha256: str, origin: Origin, source: str, seconds: float = 0.0
) -> None:
    """Write, whole or not at all, that the file at `path` was checked."""
    found = path.stat()
    receipt = Receipt(sha256, found.st_size, found.st_mtime_ns, origin, source, round(seconds, 1))
    kept = receipt_path(path)
    new = kept.with_suffix(".new")
    new.write_text(json.dumps(asdict(receipt), indent=2) + "\n", "utf-8")
    new.replace(kept)


def cache_root() -> Path:
    """TIPHYS_CACHE, else the platform's place for a user's caches."""
    from platformdirs import user_cache_path

    return Path(os.environ.get("TIPHYS_CACHE") or user_cache_path("tiphys"))


def locate(
    name: str, version: str | None = None, *, lock: Lock | None = None, root: Path | None = None
) -> Path:
    """Path of an installed binary, in the lock's default version unless told.

    Unavailable says to install it; NotFound if the lock has no such tool.
    """
    lock = lock or load_lock()
    tool, cache = lock.find(name, version), Cache(root, lock.platform)
    state = cache.state(tool)
    if state == "installed":
        return cache.path(tool)
    problem = "is not installed" if state == "missing" else "was changed after its installation"
    wanted = f" {lock.request(tool)}" if tool.optional else ""
    raise Unavailable(f"{tool.label} {problem}; run `tiphys tools install{wanted}`")


def versions(name: str, *, lock: Lock | None = None, root: Path | None = None) -> dict[str, Path]:
    """The installed binaries of one tool by version, in the lock's order: the default first."""
    lock = lock or load_lock()
    cache = Cache(root, lock.platform)
    tools = [tool for tool in lock.tools if tool.name == name]
    return {tool.version: cache.path(tool) for tool in tools if cache.state(tool) == "installed"}


def status(*, lock: Lock | None = None, root: Path | None = None) -> list[ToolStatus]:
    """Every tool of the lock as it is in the cache, in the lock's order."""
    lock = lock or load_lock()
    cache = Cache(root, lock.platform)
    return [
        ToolStatus(
            name=tool.name,
            version=tool.version,
            optional=tool.optional,
            state=cache.state(tool),
            path=cache.path(tool),
            receipt=cache.receipt(tool),
        )
        for tool in lock.tools
    ]


def digest(path: Path) -> str:
    """The file's sha256 in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def check_version(tool: Tool, binary: Path) -> None:
    """Run the binary once: Unavailable unless it works and names the tool's version."""
    said = _run(binary, tool)
    if not re.search(rf"(?<![\d.]){re.escape(tool.version)}(?![\d.])", said):
        raise Unavailable(f"what came as {tool.label} calls itself {said.strip()[:80]!r}")


def _run(binary: Path, tool: Tool) -> str:
    for _ in range(50):
        try:
            done = subprocess.run(
                [binary, *tool.version_args],
                capture_output=True,
                stdin=subprocess.DEVNULL,
                timeout=60,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise Unavailable(f"what came as {tool.label} does not answer") from None
        except OSError as error:
            # Another thread's child may hold the freshly written file open until its exec.
            if error.errno == errno.ETXTBSY:
                time.sleep(0.1)
                continue
            raise Unavailable(f"what came as {tool.label} does not run: {error}") from error
        return (done.stdout + done.stderr).decode("utf-8", "replace")
    raise Unavailable(f"what came as {tool.label} stays open for writing")
