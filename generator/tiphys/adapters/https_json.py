"""Getting a small JSON document over https: bounded in size and time, never redirected."""

from __future__ import annotations

import http.client
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import IO, Any
from urllib.parse import urlsplit

from tiphys.domain.errors import Unavailable
from tiphys.domain.identity_rules import LOOPBACK

SECONDS = 10.0
_BYTES = 256 << 10


class _Stay(urllib.request.HTTPRedirectHandler):
    """Takes a redirect for the answer, which then is not the one that was asked for."""

    def redirect_request(
        self,
        req: urllib.request.Request,  # noqa: ARG002  # urllib's signature
        fp: IO[bytes],  # noqa: ARG002
        code: int,  # noqa: ARG002
        msg: str,  # noqa: ARG002
        headers: http.client.HTTPMessage,  # noqa: ARG002
        newurl: str,  # noqa: ARG002
    ) -> None:
        return None


def get_json(
    url: str, headers: Mapping[str, str] | None = None, *, seconds: float = SECONDS
) -> dict[str, Any]:
    """The JSON object at `url`, an https URL or one on loopback, within `seconds` in all.

    Unavailable for everything else that may happen; the message never holds headers or a query.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        raise Unavailable("an address to ask is not a URL") from None
    shown = f"{parts.scheme}://{parts.netloc}{parts.path}"[:200]
    local = parts.hostname in LOOPBACK
    if parts.scheme != "https" and not (parts.scheme == "http" and local):
        raise Unavailable(f"{shown} is not an https URL; nothing was asked there")
    answers: list[bytes | str] = []
    # A thread of its own: looking up names heeds no time-out, and one that bounds each read does
    # not bound the sum of them.
    asking = threading.Thread(
        target=lambda: answers.append(_get(url, headers or {}, seconds, proxies=not local)),
        daemon=True,
    )
    asking.start()
    asking.join(seconds)
    said = answers[0] if answers else f"no answer within {seconds:g} seconds"
    if isinstance(said, bytes):
        try:
            found = json.loads(said)
        except (ValueError, RecursionError):
            found = None
        if isinstance(found, dict):
            return found
        said = "the answer is not a JSON object"
    raise Unavailable(f"{shown}: {said}; try again later")


def _get(url: str, headers: Mapping[str, str], seconds: float, *, proxies: bool) -> bytes | str:
    """The body, or what went wrong as a text."""
    handlers = [_Stay()] if proxies else [_Stay(), urllib.request.ProxyHandler({})]
    end = time.monotonic() + seconds
    body = b""
    request = urllib.request.Request(url, headers=dict(headers))  # noqa: S310  # checked above
    try:
        with urllib.request.build_opener(*handlers).open(request, timeout=seconds) as response:
            while len(body) <= _BYTES and time.monotonic() < end:
                piece = response.read1(1 << 16)
                if not piece:
                    return body
                body += piece
    except urllib.error.HTTPError as answer:
        return f"answered {answer.code}"
    except (OSError, ValueError, http.client.HTTPException) as problem:
        return f"no answer ({type(problem).__name__})"
    return f"answered more than {_BYTES} bytes" if len(body) > _BYTES else "answered too slowly"
