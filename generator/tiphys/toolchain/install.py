"""Installation: from the cache, else the release page, else Go; each file checked before use."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from tiphys.domain.errors import Unavailable
from tiphys.toolchain.cache import Cache, Origin
from tiphys.toolchain.events import Progress, ignore
from tiphys.toolchain.lock import SOURCES, Lock, Source, Tool, labels, load_lock


@dataclass(frozen=True, slots=True)
class Installed:
    """A tool that is ready. `fresh` tells whether this run made it so."""

    name: str
    version: str
    path: Path
    origin: Origin
    fresh: bool


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
    tools, cache = lock.select(names), Cache(root, lock.platform)
    todo = [tool for tool in tools if verify or cache.state(tool) != "installed"]
    fresh: frozenset[str] = frozenset()
    if todo:
        from tiphys.toolchain.work import Work

        work = Work(cache, sources=sources, offline=offline, progress=progress)
        outcome = work.make(todo)
        if outcome.missing:
            missing = [
                (tool, outcome.missing[tool.label])
                for tool in todo
                if tool.label in outcome.missing
            ]
            raise Unavailable(_explain(missing, cache))
        fresh = outcome.fresh
    return tuple(_installed(tool, cache, fresh) for tool in tools)


def _installed(tool: Tool, cache: Cache, fresh: Collection[str]) -> Installed:
    receipt = cache.receipt(tool)
    origin = receipt.origin if receipt else "placed"
    return Installed(tool.name, tool.version, cache.path(tool), origin, tool.label in fresh)


def _explain(missing: Sequence[tuple[Tool, tuple[str, ...]]], cache: Cache) -> str:
    """One line for everything that is missing: which, why, what helps."""
    causes: dict[tuple[str, ...], list[Tool]] = {}
    for tool, reasons in missing:
        causes.setdefault(reasons, []).append(tool)
    parts = [
        f"cannot get {labels(tools)}: {'; '.join(reasons) or 'no source is allowed'}"
        for reasons, tools in causes.items()
    ]
    places = ", ".join(str(cache.path(tool)) for tool, _ in missing)
    what = "it" if len(missing) == 1 else "them"
    return f"{'. '.join(parts)}. What helps: Go 1.24 or newer, or {what} put at {places}"
