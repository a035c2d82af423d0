"""The work behind an installation: each group of tools from the first source that has them."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass

from tiphys.domain.errors import Unavailable
from tiphys.toolchain.cache import Cache
from tiphys.toolchain.download import Downloader, extract
from tiphys.toolchain.events import Event, Progress
from tiphys.toolchain.gobuild import GoBuilder, work_folder
from tiphys.toolchain.lock import Source, Tool, labels
from tiphys.toolchain.locking import alone

# Two builds fill two cores: one links or downloads modules while the other compiles.
_SIDE_BY_SIDE = 2


@dataclass(frozen=True, slots=True)
class Outcome:
    """By label: the tools this run made ready, and why each that is still missing is."""

    fresh: frozenset[str]
    missing: Mapping[str, tuple[str, ...]]


class Work:
    """One run. What went wrong with one group does not keep another from its end."""

    def __init__(
        self, cache: Cache, *, sources: Collection[Source], offline: bool, progress: Progress
    ) -> None:
        self._cache = cache
        self._offline = offline
        self._progress = progress
        self._cancel = threading.Event()
        self._downloads = Downloader(self._cancel)
        self._go = GoBuilder(self._cancel, offline=offline)
        ways = {"download": self._download, "go": self._build}
        self._ways = [way for source, way in ways.items() if source in sources]
        self._fresh: set[str] = set()
        self._missing: dict[str, tuple[str, ...]] = {}

    def make(self, tools: Sequence[Tool]) -> Outcome:
        """Check, download or build `tools`. Unavailable if the cache cannot be written."""
        with ThreadPoolExecutor(_SIDE_BY_SIDE, "tools") as pool:
            futures = [pool.submit(self._group, group) for group in _groups(tools)]
            try:
                for future in wait(futures, return_when=FIRST_EXCEPTION).done:
                    future.result()
            except BaseException:
                self._cancel.set()
                pool.shutdown(cancel_futures=True)
                raise
        return Outcome(frozenset(self._fresh), self._missing)

    def _group(self, tools: Sequence[Tool]) -> None:
        subject, started = labels(tools), time.monotonic()
        self._progress(Event(subject, "start", "looking in the cache"))
        reasons: dict[str, tuple[str, ...]] = {tool.label: () for tool in tools}
        try:
            recipe = f"{tools[0].recipe.name}-{tools[0].version}"
            with alone(self._cache.root, recipe, subject, self._progress, self._cancel):
                wanted = [tool for tool in tools if not self._cache.verify(tool)]
                left = wanted
                for way in self._ways:
                    left = way(left, subject, reasons) if left else left
        except OSError as error:
            self._progress(Event(subject, "failed", str(error)))
            raise Unavailable(
                f"{subject}: {error}; see that {self._cache.root} can be written and has room"
            ) from error
        if left:
            self._missing.update({tool.label: reasons[tool.label] for tool in left})
            self._progress(Event(subject, "failed", "; ".join(reasons[left[0].label])))
            return
        took = f"ready after {time.monotonic() - started:.0f} s"
        self._progress(Event(subject, "done", took if wanted else "as it should be"))

    def _download(
        self, tools: Sequence[Tool], subject: str, reasons: dict[str, tuple[str, ...]]
    ) -> list[Tool]:
        """Download what can be; returns the rest."""
        left = []
        for tool in tools:
            try:
                self._download_one(tool, subject)
            except Unavailable as error:
                if reasons[tool.label][-1:] != (str(error),):
                    reasons[tool.label] += (str(error),)
                left.append(tool)
        told = dict.fromkeys(reason for tool in left for reason in reasons[tool.label])
        if told:
            self._progress(Event(subject, "step", f"not downloaded: {'; '.join(told)}"))
        return left

    def _download_one(self, tool: Tool, subject: str) -> None:
        if self._offline:
            raise Unavailable("downloads need the network")
        if tool.release is None:
            raise Unavailable(f"its project has no release file for {self._cache.platform}")
        path = self._cache.path(tool)
        path.parent.mkdir(parents=True, exist_ok=True)
        part, new = path.with_name(f"{tool.name}.part"), path.with_name(f"{tool.name}.new")
        text, started = f"downloading {tool.name}", time.monotonic()

        def tell(fraction: float) -> None:
            self._progress(Event(subject, "step", text, fraction))

        expected = self._downloads.expect(tool.release)
        self._progress(Event(subject, "step", text))
        self._downloads.fetch(tool.release.url, expected, part, tell)
        if tool.release.member is None:
            part.replace(new)
        else:
            extract(part, tool.release.member, new)
            part.unlink()
        seconds = time.monotonic() - started
        self._cache.store(tool, new, origin="download", source=tool.release.url, seconds=seconds)
        self._fresh.add(tool.label)

    def _build(
        self, tools: Sequence[Tool], subject: str, reasons: dict[str, tuple[str, ...]]
    ) -> list[Tool]:
        """Build all of them, or none; returns the rest."""
        recipe, started = tools[0].recipe, time.monotonic()
        text = f"building with Go; the first time takes about {recipe.minutes} minutes on 2 cores"
        source = f"{recipe.module}@v{recipe.version}"
        try:
            self._go.check()
            self._progress(Event(subject, "step", text))
            with work_folder(self._cache.root / ".build", recipe) as work:
                built = self._go.build(recipe, tools, self._cache.platform, work)
                seconds = time.monotonic() - started
                for tool in tools:
                    path, new = self._cache.path(tool), built[tool.name]
                    self._cache.store(tool, new, origin="go", source=source, seconds=seconds)
                    path.with_name(f"{tool.name}.part").unlink(missing_ok=True)
                    self._fresh.add(tool.label)
        except Unavailable as error:
            for tool in tools:
                reasons[tool.label] += (str(error),)
            return list(tools)
        return []


def _groups(tools: Sequence[Tool]) -> list[list[Tool]]:
    """Tools that one build makes together, the longest build first."""
    recipes: dict[tuple[str, str], list[Tool]] = {}
    for tool in tools:
        recipes.setdefault((tool.recipe.name, tool.recipe.version), []).append(tool)
    return sorted(recipes.values(), key=lambda group: -group[0].recipe.minutes)
