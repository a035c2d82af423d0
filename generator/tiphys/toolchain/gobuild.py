"""Binaries built by Go from the module proxy, by a recipe of this package.

The user's own GOPROXY, GOSUMDB and the like hold; what a build needs beside them is set for the
child alone. Go's build cache keeps what an interrupted build has compiled.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tiphys.domain.errors import Unavailable
from tiphys.toolchain.lock import Recipe, Tool

LEAST_GO = (1, 24)
# The size is most of a debug build; nobody debugs these.
_COMPILER = "-gcflags=all=-dwarf=false"
_STRIP = "-s -w"


class GoBuilder:
    """Builds of one run. `offline` uses only what Go's module cache holds."""

    def __init__(self, cancel: threading.Event | None = None, *, offline: bool = False) -> None:
        self._cancel = cancel or threading.Event()
        self._offline = offline

    def check(self) -> None:
        """Unavailable unless a Go that is new enough is on PATH."""
        self._find_go()

    def build(
        self, recipe: Recipe, tools: Sequence[Tool], platform: str, work: Path
    ) -> Mapping[str, Path]:
        """Build `tools`, all of `recipe`, in one go below the empty folder `work`.

        Returns paths by tool name. Unavailable says why not and names the log.
        """
        go = self._find_go()
        sources, out, temp = work / "src", work / "out", work / "tmp"
        shutil.copytree(recipe.folder, sources, copy_function=shutil.copyfile)
        sources.chmod(0o755)  # an installed package's folder may be read-only
        out.mkdir()
        temp.mkdir()
        log = work.with_name(f"{work.name}.log")
        env = self._environment(go, recipe, platform, temp)
        mode = "-mod=readonly"
        if recipe.vendor:
            mode = "-mod=vendor"
            self._run([go, "mod", "vendor"], sources, env, log)
            for name, place in recipe.vendor.items():
                shutil.copyfile(sources / name, sources / "vendor" / place)
        flags = ["-trimpath", mode, _COMPILER]
        linker = " ".join([_STRIP, *recipe.ldflags])
        packages = [tool.package for tool in tools]
        command = [go, "build", *flags, "-ldflags", linker, "-o", f"{out}{os.sep}", *packages]
        self._run(command, sources, env, log)
        built = {tool.name: out / tool.name for tool in tools}
        for name, path in built.items():
            if not path.is_file():
                raise Unavailable(f"the Go build made no {name} (log: {log})")
        log.unlink()
        return built

    def _find_go(self) -> str:
        go = shutil.which("go")
        if go is None:
            raise Unavailable("Go is not installed")
        version = _local_version(go)
        if version < LEAST_GO:
            raise Unavailable(f"{go} is Go {version[0]}.{version[1]}, which is too old")
        return go

    def _environment(self, go: str, recipe: Recipe, platform: str, temp: Path) -> dict[str, str]:
        system, arch = platform.split("-")
        wants = re.search(r"^go (\d+)\.(\d+)", (recipe.folder / "go.mod").read_text("utf-8"), re.M)
        new_enough = wants is None or _local_version(go) >= (int(wants[1]), int(wants[2]))
        own = {
            "CGO_ENABLED": "0",
            "GO111MODULE": "on",
            "GOARCH": arch,
            # Not empty: Go would then take what the user wrote with `go env -w`.
            "GOFLAGS": "-buildvcs=false",
            "GOOS": system,
            # Go's scraps of hundreds of MB go where the next run cleans up after a kill.
            "GOTMPDIR": str(temp),
            # A recipe may want a newer Go than the one here, which can fetch it as a module.
            "GOTOOLCHAIN": "local" if new_enough else "auto",
            "GOWORK": "off",
        }
        return {**os.environ, **own, **({"GOPROXY": "off"} if self._offline else {})}

    def _run(self, command: list[str], folder: Path, env: Mapping[str, str], log: Path) -> None:
        with log.open("wb") as output:
            # A session of its own, so that an interruption ends the compilers too.
            child = subprocess.Popen(
                command,
                cwd=folder,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                while child.poll() is None and not self._cancel.is_set():
                    with suppress(subprocess.TimeoutExpired):
                        child.wait(0.2)
            finally:
                _end(child)
        if self._cancel.is_set():
            raise Unavailable("interrupted")
        if child.returncode != 0:
            raise Unavailable(f"the Go build failed: {_reason(log)} (log: {log})")


@contextmanager
def work_folder(parent: Path, recipe: Recipe) -> Iterator[Path]:
    """A new empty folder for one build, removed afterwards with what killed builds left.

    Only for the holder of the recipe's lock. A build that outlived its parent ends for want of
    its files, but may write once more on the way: so the second look.
    """
    parent.mkdir(parents=True, exist_ok=True)
    prefix = f"{recipe.name}-{recipe.version}-"
    for log in parent.glob(f"{prefix}*.log"):
        log.unlink()
    _remove_folders(parent, prefix)
    try:
        yield Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    finally:
        _remove_folders(parent, prefix)


def _remove_folders(parent: Path, prefix: str) -> None:
    for left in parent.glob(f"{prefix}*"):
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)


def _local_version(go: str) -> tuple[int, int]:
    env = {**os.environ, "GOTOOLCHAIN": "local", "GOWORK": "off"}
    try:
        said = subprocess.run(
            [go, "env", "GOVERSION"],
            env=env,
            cwd=Path(go).parent,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise Unavailable(f"{go} does not run: {error}") from error
    found = re.search(r"go(\d+)\.(\d+)", said)
    # A development build has no number and is newer than any release.
    return (int(found[1]), int(found[2])) if found else (99, 0)


def _end(child: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        if child.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, number)
            with suppress(subprocess.TimeoutExpired):
                child.wait(5)


def _reason(log: Path) -> str:
    """The last two lines that say something, shortened."""
    text = log.read_text("utf-8", "replace")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " ".join(lines[-2:])[-300:] or "it said nothing"
