"""Installation: from the cache, else the release page, else Go; each file checked before use."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

from tiphys.domain.errors import Unavailable
from tiphys.toolchain.cache import Cache, Origin
from tiphys.toolchain.download import Downloader, extract
from tiphys.toolchain.events import Event, Progress, ignore
from tiphys.toolchain.gobuild import ADVICE, GoBuilder, work_folder
from tiphys.toolchain.lock import Lock, Tool, load_lock

Source = Literal["download", "go"]
SOURCES: tuple[Source, ...] = ("download", "go")
# Two builds fill two cores: one links or downloads modules while the other compiles.
_SIDE_BY_SIDE = 2


@dataclass(frozen=True, slots=True)
class Installed:
    """A tool that is ready. `fresh` tells whether this run made it so."""

    name: str
    version: str
    path: Path
    origin: Origin
    fresh: bool


@dataclass(frozen=True, slots=True)
class _Missing:
    tool: Tool
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Run:
    cache: Cache
    sources: Collection[Source]
    offline: bool
    progress: Progress
    cancel: threading.Event
    downloads: Downloader
    go: GoBuilder
    missing: list[_Missing] = field(default_factory=list)
    fresh: set[str] = field(default_factory=set)


def install(
    names: Sequence[str] | None = None,
    *,
    lock: Lock | None = None,
    root: Path | None = None,
    progress: Progress = ignore,
    sources: Collection[Source] = SOURCES,
    offline: bool = False,
    verify: bool = False,
) -> tuple[Installed, ...]:
    """Make the named tools (NAME or NAME@VERSION; all but the optional ones) ready.

    What is there by size and modification time is done at once; `verify` hashes it too. `sources`
    narrows where a missing one may come from, `offline` forbids the network. Safe beside other
    installations, and after a killed one. `progress` is called from several threads.

    NotFound for an unknown name; Unavailable says which tools are missing, why, and what helps.
    """
    lock = lock or load_lock()
    tools = lock.select(names)
    cache = Cache(root, lock.platform)
    cancel = threading.Event()
    run = _Run(
        cache=cache,
        sources=sources,
        offline=offline,
        progress=progress,
        cancel=cancel,
        downloads=Downloader(cancel),
        go=GoBuilder(cancel, offline=offline),
    )
    todo = [tool for tool in tools if verify or cache.state(tool) != "installed"]
    _work(run, _groups(todo))
    if run.missing:
        raise Unavailable(_explain(run))
    return tuple(_installed(run, tool) for tool in tools)


def _groups(tools: Sequence[Tool]) -> list[list[Tool]]:
    """Tools that one build makes together, the longest build first."""
    recipes: dict[tuple[str, str], list[Tool]] = {}
    for tool in tools:
        recipes.setdefault((tool.recipe.name, tool.recipe.version), []).append(tool)
    return sorted(recipes.values(), key=lambda group: -group[0].recipe.minutes)


def _work(run: _Run, groups: Sequence[Sequence[Tool]]) -> None:
    with ThreadPoolExecutor(_SIDE_BY_SIDE, "tools") as pool:
        futures = [pool.submit(_install_group, run, group) for group in groups]
        try:
            wait(futures, return_when=FIRST_EXCEPTION)
            for future in futures:
                if future.done():
                    future.result()
        except BaseException:
            run.cancel.set()
            pool.shutdown(cancel_futures=True)
            raise


def _install_group(run: _Run, tools: Sequence[Tool]) -> None:
    subject = _labels(tools)
    started = time.monotonic()
    run.progress(Event(subject, "start", "looking in the cache"))
    try:
        with _alone(run, tools[0], subject):
            left = [tool for tool in tools if not run.cache.verify(tool)]
            needed = bool(left)
            reasons: dict[str, tuple[str, ...]] = {tool.name: () for tool in left}
            for source in SOURCES:
                if left and source in run.sources:
                    attempt = _download if source == "download" else _build
                    left = attempt(run, left, subject, reasons)
    except OSError as error:
        run.progress(Event(subject, "failed", str(error)))
        raise Unavailable(
            f"{subject}: {error}; see that {run.cache.root} can be written"
        ) from error
    if left:
        run.missing.extend(_Missing(tool, reasons[tool.name]) for tool in left)
        run.progress(Event(subject, "failed", "; ".join(reasons[left[0].name])))
        return
    ready = f"ready after {time.monotonic() - started:.0f} s" if needed else "is as it should be"
    run.progress(Event(subject, "done", ready))


def _download(
    run: _Run, tools: Sequence[Tool], subject: str, reasons: dict[str, tuple[str, ...]]
) -> list[Tool]:
    """Download what can be; returns the rest."""
    left = []
    for tool in tools:
        try:
            _download_one(run, tool, subject)
        except Unavailable as error:
            reasons[tool.name] += (str(error),)
            run.progress(Event(subject, "step", f"not downloaded: {error}"))
            left.append(tool)
    return left


def _download_one(run: _Run, tool: Tool, subject: str) -> None:
    if run.offline:
        raise Unavailable("no download while offline")
    if tool.release is None:
        raise Unavailable(f"its project has no release file for {run.cache.platform}")
    path = run.cache.path(tool)
    path.parent.mkdir(parents=True, exist_ok=True)
    part, new = path.with_name(f"{tool.name}.part"), path.with_name(f"{tool.name}.new")
    text, started = f"downloading {tool.name}", time.monotonic()

    def tell(fraction: float) -> None:
        run.progress(Event(subject, "step", text, fraction))

    run.progress(Event(subject, "step", text))
    run.downloads.fetch(tool.release, part, tell)
    if tool.release.member is None:
        part.replace(new)
    else:
        extract(part, tool.release.member, new)
        part.unlink()
    seconds = time.monotonic() - started
    run.cache.store(tool, new, origin="download", source=tool.release.url, seconds=seconds)
    run.fresh.add(tool.label)


def _build(
    run: _Run, tools: Sequence[Tool], subject: str, reasons: dict[str, tuple[str, ...]]
) -> list[Tool]:
    """Build all of them, or none; returns the rest."""
    recipe, started = tools[0].recipe, time.monotonic()
    expected = f"building with Go; a first build takes about {recipe.minutes} minutes on 2 cores"
    run.progress(Event(subject, "step", expected))
    work = work_folder(run.cache.root / ".build", recipe)
    try:
        built = run.go.build(recipe, tools, run.cache.platform, work)
        seconds = time.monotonic() - started
        for tool in tools:
            run.cache.path(tool).parent.mkdir(parents=True, exist_ok=True)
            source = f"{recipe.module}@v{recipe.version}"
            run.cache.store(tool, built[tool.name], origin="go", source=source, seconds=seconds)
            run.cache.path(tool).with_name(f"{tool.name}.part").unlink(missing_ok=True)
            run.fresh.add(tool.label)
    except Unavailable as error:
        for tool in tools:
            reasons[tool.name] += (str(error),)
        return list(tools)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return []


@contextmanager
def _alone(run: _Run, tool: Tool, subject: str) -> Iterator[None]:
    """Keep other installations of the same recipe waiting: they then find the finished files."""
    folder = run.cache.root / ".locks"
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / f"{tool.recipe.name}-{tool.version}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        run.progress(Event(subject, "step", "waiting for another installation of the same"))
        while not lock.is_locked:
            if run.cancel.is_set():
                raise Unavailable("interrupted") from None
            try:
                lock.acquire(timeout=0.5)
            except Timeout:
                continue
    try:
        yield
    finally:
        lock.release()


def _installed(run: _Run, tool: Tool) -> Installed:
    receipt = run.cache.receipt(tool)
    origin = receipt.origin if receipt else "placed"
    path = run.cache.path(tool)
    return Installed(tool.name, tool.version, path, origin, tool.label in run.fresh)


def _explain(run: _Run) -> str:
    """One line for everything that is missing: which, why, what helps."""
    causes: dict[tuple[str, ...], list[Tool]] = {}
    for missing in run.missing:
        causes.setdefault(missing.reasons, []).append(missing.tool)
    parts = [
        f"cannot get {_labels(tools)}: {'; '.join(reasons) or 'no source is allowed'}"
        for reasons, tools in causes.items()
    ]
    places = ", ".join(str(run.cache.path(missing.tool)) for missing in run.missing)
    what = "it" if len(run.missing) == 1 else "them"
    return f"{'. '.join(parts)}. What helps: {ADVICE}, or put {what} at {places}"


def _labels(tools: Sequence[Tool]) -> str:
    """As in "etcd 3.6.6" and "kwok, kwokctl 0.8.0"; the tools are of one version or listed."""
    if len({tool.version for tool in tools}) == 1:
        return f"{', '.join(tool.name for tool in tools)} {tools[0].version}"
    return ", ".join(tool.label for tool in tools)
