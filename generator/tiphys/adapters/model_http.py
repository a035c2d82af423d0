"""The openai package's client over one of ours: an attempt is bounded in bytes and in seconds."""

from __future__ import annotations

import threading
import time
from typing import Any

import httpx
import openai

from tiphys import __version__
from tiphys.domain.errors import Unavailable
from tiphys.domain.identity_rules import LOOPBACK

_BYTES = 1 << 20
_READ = ("content-type", "retry-after", "retry-after-ms")
_WRONG = "can't be asked; check OPENAI_BASE_URL, OPENAI_API_KEY and the proxy"


def open_client(
    base_url: str, *, who: str, api_key: str, transport: httpx.BaseTransport | None
) -> openai.OpenAI:
    """A client without retries, as the package's know no deadline.

    Unavailable, in which the server is called `who`, for an address or a key that can't be one.
    """
    try:
        httpx.Headers({"authorization": api_key})
        # What runs on this machine is never asked for through a proxy.
        near = httpx.URL(base_url).host in LOOPBACK
        asking: Any = BoundedClient(who, transport=transport, trust_env=not near)
        return openai.OpenAI(
            base_url=base_url,
            api_key=api_key or "none",
            http_client=asking,  # httpx's is taken as httpx2's is, but not by the types
            max_retries=0,
            default_headers={"User-Agent": f"tiphys/{__version__}"},
        )
    except (httpx.InvalidURL, ValueError):
        raise Unavailable(f"{who} {_WRONG}") from None


class BoundedClient(httpx.Client):
    """Reads an answer whole: at most 1 MiB, within the request's time-out for a read.

    TimeoutError after that; Unavailable for more, and for an address that can't be asked.
    """

    def __init__(self, who: str, **options: Any) -> None:
        super().__init__(**options)
        self._who = who

    def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """The response with its body and the few headers that say how to take it."""
        seconds = request.extensions["timeout"]["read"]
        ends = time.monotonic() + seconds
        # A thread of its own: the time-outs bound each read, not the sum of them.
        answers: list[httpx.Response | BaseException] = []

        def run() -> None:
            try:
                answers.append(self._whole(request, ends, options))
            except BaseException as problem:  # noqa: BLE001  # raised below, where it is heard
                answers.append(problem)

        asking = threading.Thread(target=run, daemon=True)
        asking.start()
        asking.join(seconds + 0.1)
        answer = answers[0] if answers else TimeoutError()
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def _whole(
        self, request: httpx.Request, ends: float, options: dict[str, Any]
    ) -> httpx.Response:
        got = bytearray()
        try:
            response = super().send(request, **options | {"stream": True})
            try:
                for chunk in response.iter_bytes():
                    got += chunk
                    if len(got) > _BYTES:
                        raise Unavailable(f"{self._who} answers with more than {_BYTES} bytes")
                    if time.monotonic() > ends:
                        raise TimeoutError
            finally:
                response.close()
        except (httpx.ReadTimeout, httpx.WriteTimeout):
            raise TimeoutError from None
        except (httpx.UnsupportedProtocol, httpx.InvalidURL, ValueError):
            raise Unavailable(f"{self._who} {_WRONG}") from None
        headers = {name: response.headers[name] for name in _READ if name in response.headers}
        return httpx.Response(
            response.status_code, headers=headers, content=bytes(got), request=request
        )
