"""Release files over HTTP: resumable, and worth nothing until their checksum agrees.

A failure is Unavailable, with a reason short enough to stand inside a longer sentence.
"""

from __future__ import annotations

import errno
import http.client
import json
import re
import tarfile
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from tiphys import __version__
from tiphys.domain.errors import Unavailable
from tiphys.toolchain.cache import digest
from tiphys.toolchain.lock import Release

CONNECT_SECONDS = 5.0
READ_SECONDS = 20.0
ATTEMPTS = 5
_CHUNK = 1 << 18
_NO_MORE = http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
_DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EIO, errno.EFBIG)
_CHECKSUM_LIMIT = 4 << 20

Fraction = Callable[[float], None]


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects, but never from https to something that can be read on the way."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        if urlsplit(req.full_url).scheme == "https" and urlsplit(newurl).scheme != "https":
            raise urllib.error.URLError(f"redirected to {newurl}")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class Downloader:
    """Downloads of one run: a host that did not answer once is not asked again.

    `cancel` ends a download between two reads; what came stays in the .part file.
    """

    def __init__(self, cancel: threading.Event | None = None) -> None:
        self._cancel = cancel or threading.Event()
        self._opener = urllib.request.build_opener(_Redirects())
        self._answers: dict[str, bool] = {}
        self._one_probe = threading.Lock()

    def expect(self, release: Release) -> str:
        """The sha256 that the file must have: the pinned one, else the published one.

        Unavailable if the release's host does not answer, or nothing names a checksum.
        """
        self._reach(release.url)
        return release.sha256 or self._published(release)

    def fetch(self, url: str, expected: str, part: Path, progress: Fraction) -> None:
        """Get the file at `url` into `part`, continuing what is there, and check its sha256.

        Unavailable if it does not come or does not match; OSError is the disk's.
        """
        resumed = part.exists()
        self._complete(url, part, progress)
        if digest(part) == expected:
            return
        part.unlink()
        if resumed:
            # The beginning was somebody's leftover: the file itself may still be good.
            self._complete(url, part, progress)
            if digest(part) == expected:
                return
            part.unlink()
        raise Unavailable(f"{url} does not match its checksum")

    def _reach(self, url: str) -> None:
        host = urlsplit(url).netloc
        with self._one_probe:
            if host not in self._answers:
                # In a thread: looking a name up ignores the socket's timeout.
                prober = threading.Thread(target=self._probe, args=(url, host), daemon=True)
                prober.start()
                prober.join(CONNECT_SECONDS)
                self._answers.setdefault(host, False)
            if not self._answers[host]:
                raise Unavailable(f"{host} does not answer")

    def _probe(self, url: str, host: str) -> None:
        request = urllib.request.Request(url, method="HEAD")  # noqa: S310  # URLs are the lock's
        try:
            self._opener.open(request, timeout=CONNECT_SECONDS).close()
        except urllib.error.HTTPError:
            self._answers.setdefault(host, True)
        except (OSError, http.client.HTTPException):
            self._answers.setdefault(host, False)
        else:
            self._answers.setdefault(host, True)

    def _published(self, release: Release) -> str:
        if release.checksum is None:
            raise Unavailable(f"{release.url} has no published checksum and none is pinned")
        self._reach(release.checksum)
        try:
            with self._open(release.checksum) as response:
                text = response.read(_CHECKSUM_LIMIT).decode("utf-8", "replace")
        except (OSError, http.client.HTTPException) as error:
            raise Unavailable(f"{release.checksum} broke off: {error}") from error
        found = published_checksum(text, release.url.rsplit("/", 1)[-1])
        if found is None:
            raise Unavailable(f"{release.checksum} names no sha256 of {release.url}")
        return found

    def _complete(self, url: str, part: Path, progress: Fraction) -> None:
        trouble = ""
        for attempt in range(ATTEMPTS):
            if self._cancel.wait(0.0 if attempt == 0 else min(4.0, 0.25 * 2**attempt)):
                break
            try:
                if self._continue(url, part, progress):
                    return
                trouble = "the connection ended early"
            except (OSError, http.client.HTTPException) as error:
                if isinstance(error, OSError) and error.errno in _DISK_ERRORS:
                    raise
                trouble = str(error) or type(error).__name__
        raise Unavailable(f"{url} broke off: {trouble or 'interrupted'}")

    def _continue(self, url: str, part: Path, progress: Fraction) -> bool:
        """One request for what is missing; whether the file is complete now."""
        have = part.stat().st_size if part.exists() else 0
        try:
            response = self._open(url, have)
        except urllib.error.HTTPError as error:
            if have and error.code == _NO_MORE:
                return True  # nothing is missing; if there is too much, the checksum says so
            raise
        with response:
            ranged = response.headers.get("Content-Range", "").startswith(f"bytes {have}-")
            have = have if response.status == http.HTTPStatus.PARTIAL_CONTENT and ranged else 0
            length = response.headers.get("Content-Length")
            total = have + int(length) if length else None
            with part.open("ab" if have else "wb") as stream:
                while chunk := response.read(_CHUNK):
                    if self._cancel.is_set():
                        raise Unavailable("interrupted")
                    stream.write(chunk)
                    have += len(chunk)
                    if total:
                        progress(have / total)
        return total is None or have == total

    def _open(self, url: str, start: int = 0) -> http.client.HTTPResponse:
        headers = {"User-Agent": f"tiphys/{__version__}", "Accept-Encoding": "identity"}
        if start:
            headers["Range"] = f"bytes={start}-"
        request = urllib.request.Request(url, headers=headers)  # noqa: S310  # URLs are the lock's
        try:
            response: http.client.HTTPResponse = self._opener.open(request, timeout=READ_SECONDS)
        except urllib.error.HTTPError as error:
            if error.code >= http.HTTPStatus.INTERNAL_SERVER_ERROR or error.code == _NO_MORE:
                raise
            raise Unavailable(f"{url} answers {error.code} {error.reason}") from error
        return response


def published_checksum(text: str, file: str) -> str | None:
    """The sha256 (hex) of `file` in a checksum document, or None.

    Understood are a lone digest, the lines of sha256sum, and a forge's JSON of a release whose
    assets have a `digest`.
    """
    try:
        for asset in json.loads(text)["assets"]:
            if asset["name"] == file:
                return _sha256(str(asset["digest"]).removeprefix("sha256:"))
    except (ValueError, KeyError, TypeError):
        pass
    lines = [line.split(maxsplit=1) for line in text.splitlines() if line.strip()]
    if len(lines) == 1 and len(lines[0]) == 1:
        return _sha256(lines[0][0])
    for line in lines:
        if len(line) == 2 and line[1].strip().lstrip("*").rsplit("/", 1)[-1] == file:
            return _sha256(line[0])
    return None


def extract(archive: Path, member: str, into: Path) -> None:
    """Write one regular file of a .tar.gz to `into`. Unavailable if it has no such file."""
    try:
        with tarfile.open(archive, "r:gz") as tar:
            source = tar.extractfile(member)
            if source is None:
                raise Unavailable(f"{member} is not a file in the release archive")
            with source, into.open("wb") as stream:
                while chunk := source.read(_CHUNK):
                    stream.write(chunk)
    except (KeyError, tarfile.TarError, EOFError) as error:
        raise Unavailable(f"the release archive is broken: {error}") from error


def _sha256(text: str) -> str | None:
    return text.lower() if re.fullmatch(r"[0-9a-fA-F]{64}", text) else None
