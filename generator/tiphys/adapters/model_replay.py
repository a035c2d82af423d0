"""Recorded exchanges with a model's server, at the level of HTTP.

A folder holds one JSON file for each exchange, named by the digest of the request's body: no host,
no header and no key is in it. So what a real model said is answered again for the same question,
whatever server it came from, in milliseconds and without a network.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx

from tiphys.domain.errors import Unavailable

# An outage is no answer; a refusal of the request is one.
_LASTING = frozenset({200, 400, 422})
_LIMIT = 4 << 20


class Replay(httpx.BaseTransport):
    """Answers from `folder`; what is not there is asked of `real` and kept, where one is given.

    Without `real` a request that was not recorded is Unavailable.
    """

    def __init__(self, folder: Path, real: httpx.BaseTransport | None = None) -> None:
        self._folder = folder
        self._real = real

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The recorded response to this request's body."""
        body = json.loads(request.read())
        path = self._folder / f"{request_digest(body)}.json"
        kept = _load(path)
        if kept is None:
            if self._real is None:
                raise Unavailable(
                    f"no recording of this request in {self._folder}; set TIPHYS_RECORD=1 and"
                    " OPENAI_BASE_URL to ask the model and keep its answer"
                )
            response, kept = _ask(self._real, request, body)
            if kept is None:
                return response
            _keep(path, kept)
        return httpx.Response(kept["status"], json=kept["answer"], request=request)

    def close(self) -> None:
        """Close the connections to the real server."""
        if self._real is not None:
            self._real.close()


def request_digest(body: Any) -> str:
    """The name of an exchange: of the body's content, not of its order or spacing."""
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:40]


def _ask(
    real: httpx.BaseTransport, request: httpx.Request, body: Any
) -> tuple[httpx.Response, dict[str, Any] | None]:
    """What the real server says, and the exchange as it is kept (None: not worth keeping)."""
    started = time.monotonic()
    response = real.handle_request(request)
    content = bytearray()
    try:
        for chunk in httpx.Response(response.status_code, stream=response.stream).iter_raw():
            content += chunk
            if len(content) > _LIMIT:
                break  # the reader refuses far less than this
    finally:
        response.close()
    plain = httpx.Response(
        response.status_code, headers=response.headers, content=bytes(content), request=request
    )
    try:
        answer = plain.json()
    except (ValueError, RecursionError):
        return plain, None
    if response.status_code not in _LASTING or not isinstance(answer, dict):
        return plain, None
    told = {name: answer[name] for name in ("choices", "model", "usage", "error") if name in answer}
    seconds = round(time.monotonic() - started, 2)
    return plain, {
        "request": body,
        "status": response.status_code,
        "answer": told,
        "seconds": seconds,
    }


def _load(path: Path) -> dict[str, Any] | None:
    try:
        kept = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as problem:
        raise Unavailable(f"{path} can't be read ({type(problem).__name__}); remove it") from None
    if not isinstance(kept, dict) or kept.get("status") not in _LASTING or "answer" not in kept:
        raise Unavailable(f"{path} is not a recorded exchange; remove it")
    return kept


def _keep(path: Path, kept: dict[str, Any]) -> None:
    """Whole or not at all: a run may be killed, and two may record side by side."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, new = tempfile.mkstemp(dir=path.parent, suffix=".new")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump(kept, stream, ensure_ascii=True, indent=1, sort_keys=True)
            stream.write("\n")
        Path(new).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(new).unlink()
        raise
