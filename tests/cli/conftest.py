"""The command line in this process, on a small repository, without vectors or clusters."""

from __future__ import annotations

import io
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.pipeline.world import start_files
from tiphys import bootstrap
from tiphys.adapters.git_repository import GitRepository
from tiphys.adapters.git_worktree import adopt
from tiphys.adapters.runner_embedded import EmbeddedRunner
from tiphys.cli import main
from tiphys.domain.policy import Policy
from tiphys.scaffold import write_files
from tiphys.testing.memory_cluster import MemoryClusters
from tiphys.testing.memory_index import MemoryIndex
from tiphys.testing.scripted_runner import ScriptedRunner
from tiphys.verify.check import Sandbox
from tiphys.verify.plan import BRIEF

SETTINGS = b"match_threshold = 0.01\n"


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


Tiphys = Callable[..., Done]


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("original") / "repository"
    files = {**start_files(), "tiphys.toml": SETTINGS}
    write_files(folder, files)
    GitRepository.init(folder).commit("main", None, {**files}, "Start\n")
    adopt(folder)
    return folder


@pytest.fixture
def repository(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "repository"))


@pytest.fixture
def tiphys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Tiphys:
    """`tiphys(folder, *arguments, text=stdin)`, with fakes for clusters and vectors."""
    index = MemoryIndex()
    monkeypatch.setenv("TIPHYS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(bootstrap, "open_index", lambda _path=None: index)
    real = bootstrap.open_ports
    monkeypatch.setattr(
        bootstrap, "open_ports", lambda *a, **k: replace(real(*a, **k), plan=BRIEF)
    )  # the rest of the checks need more of a cluster than a fake is
    monkeypatch.setattr(bootstrap, "sandboxes", lambda *_, **__: _scripted)
    monkeypatch.setattr(bootstrap, "sandboxes_for", lambda *_: (Policy(), _embedded))

    def call(folder: Path, *arguments: str, text: str | bytes = "") -> Done:
        raw = text.encode() if isinstance(text, str) else text
        monkeypatch.chdir(folder)
        monkeypatch.setattr(sys, "argv", ["tiphys", *arguments])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8"))
        with pytest.raises(SystemExit) as leaving:
            main()
        return Done(int(leaving.value.code or 0), *capsys.readouterr())

    return call


@contextmanager
def _scripted() -> Iterator[Sandbox]:
    clusters = MemoryClusters()
    with clusters.lease() as lease:
        yield Sandbox(lease, clusters.api(lease), ScriptedRunner(), lambda _api: ScriptedRunner())


@contextmanager
def _embedded() -> Iterator[Sandbox]:
    clusters = MemoryClusters()
    with clusters.lease() as lease:
        api = clusters.api(lease)
        yield Sandbox(
            lease,
            api,
            EmbeddedRunner(lambda _lease: api, deadline=2.0),
            lambda other: EmbeddedRunner(lambda _lease: other, deadline=2.0),
        )
