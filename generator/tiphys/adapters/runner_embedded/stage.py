"""Where a test runs: the cluster, the folder, the time that is left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from tiphys.adapters.runner_embedded.functions import EvaluationError
from tiphys.domain.errors import InvalidInput
from tiphys.library.strict_yaml import load_documents
from tiphys.ports import ClusterApi, Object

_FIRST_POLL = 0.05  # seconds; also Chainsaw's only interval, before its first look
_LAST_POLL = 0.5
_GROWTH = 1.5
_MAX_FILE = 1 << 20


class OperationFailed(InvalidInput):
    """An operation did not come true; the message is the cluster's or the assertion's words."""


@dataclass(frozen=True, slots=True, eq=False)
class Content:
    """The objects of one file. Runs share it by what the file holds: nobody changes them."""

    objects: tuple[Object, ...]


@dataclass
class Stage:
    """The surroundings of one run. `deadline` is a reading of `clock`.

    `still` says that the cluster never changes: who looks twice would wait in vain.
    """

    api: ClusterApi
    folder: Path
    namespace: str
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    deadline: float
    still: bool = False
    _files: dict[tuple[str, bool], list[Content]] = field(default_factory=dict)

    def poll(self, timeout: float, attempt: Callable[[], str | None]) -> None:
        """Repeat `attempt` until it returns None; OperationFailed with its last words.

        The first attempt is made at once; what it raises ends the polling.
        """
        if timeout < _FIRST_POLL:
            raise OperationFailed(f"timed out after {timeout:g}s, before the first look")
        start = self.clock()
        end = min(start + timeout, self.deadline)
        delay = _FIRST_POLL
        while (problem := attempt()) is not None:
            left = end - self.clock()
            if left <= 0 or self.still:
                spent = f"after {self.clock() - start:.1f}s"
                if end == self.deadline and left <= 0:
                    spent = f"the test's time was up {spent}"
                raise OperationFailed(f"{problem} ({spent})")
            self.sleep(min(delay, left))
            delay = min(delay * _GROWTH, _LAST_POLL)

    def pause(self, seconds: float) -> None:
        """Sleep, but not past the deadline. OperationFailed."""
        left = self.deadline - self.clock()
        self.sleep(max(0.0, min(seconds, left)))
        if seconds > left:
            raise OperationFailed(f"the test's time was up during a sleep of {seconds:g}s")

    def files(self, pattern: str, *, manifests: bool) -> list[Object]:
        """The objects in the files that match, lists taken apart. OperationFailed, InvalidInput.

        `manifests` tells objects to send, which need a kind, from assertion trees.
        """
        return [obj for each in self.contents(pattern, manifests=manifests) for obj in each.objects]

    def contents(self, pattern: str, *, manifests: bool) -> list[Content]:
        """The same, file by file."""
        known = self._files.get((pattern, manifests))
        if known is None:
            known = [_content(path, manifests) for path in self._matching(pattern)]
            if not any(each.objects for each in known):
                raise OperationFailed(f"{pattern}: holds no object")
            self._files[pattern, manifests] = known
        return known

    def _matching(self, pattern: str) -> list[Path]:
        if pattern.startswith("/") or ".." in pattern.split("/"):
            raise EvaluationError(f"{pattern}: must stay below the test's folder")
        paths = sorted(self.folder.glob(pattern.replace("**", "*")))
        if not paths:
            raise OperationFailed(f"{pattern}: no file matches")
        inside = self.folder.resolve()
        for path in paths:
            if not path.resolve().is_relative_to(inside) or not path.is_file():
                raise InvalidInput(f"{pattern}: must be plain files below the test's folder")
        return paths


def _content(path: Path, manifests: bool) -> Content:
    if path.stat().st_size > _MAX_FILE:
        raise InvalidInput(f"{path.name}: larger than {_MAX_FILE} bytes")
    return _parsed(path.read_bytes(), path.name, manifests)


@lru_cache(maxsize=32)  # the negative control sends the same files a hundred times
def _parsed(data: bytes, name: str, manifests: bool) -> Content:
    return Content(tuple(_read(data, name, manifests)))


def _read(data: bytes, name: str, manifests: bool) -> Iterator[Object]:
    for found in load_documents(data, source=name):
        if not isinstance(found, dict):
            raise InvalidInput(f"{name}: holds something that is not an object")
        items = found.get("items")
        for each in items if isinstance(items, list) else [found]:
            _check(each, name, manifests)
            yield each


def _check(obj: Any, name: str, manifests: bool) -> None:
    if not isinstance(obj, dict):
        raise InvalidInput(f"{name}: holds something that is not an object")
    for key in ("apiVersion", "kind"):
        if manifests and not (isinstance(obj.get(key), str) and obj[key]):
            raise InvalidInput(f"{name}: an object without {key}")
