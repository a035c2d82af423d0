"""Asking a model's server over HTTP: retried, bounded in bytes and in seconds as a whole."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tiphys import __version__
from tiphys.domain.errors import Unavailable
from tiphys.domain.identity_rules import LOOPBACK

if TYPE_CHECKING:
    import httpx

_ATTEMPTS = 3
_BUSY = frozenset({408, 429, 500, 502, 503, 504})
_REFUSED = frozenset({400, 422})
_CONNECT_SECONDS = 10.0
_LONGEST_WAIT = 30.0
_BYTES = 1 << 20


class RefusedRequest(Exception):
    """The server understands the request and will not have it; `parameter` is what it names."""

    def __init__(self, status: int, parameter: str) -> None:
        super().__init__(f"refuses the request ({status})")
        self.parameter = parameter


class _TryAgain(Exception):
    """The server is busy or away; `wait` is what it asks for, in seconds."""

    def __init__(self, said: str, wait: float | None = None) -> None:
        super().__init__(said)
        self.wait = wait


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    wait: float | None
    body: bytes


class ModelServer:
    """POSTs JSON to `url` as `who` is called in messages. `transport` replaces the network."""

    def __init__(
        self, url: str, who: str, *, api_key: str = "", transport: httpx.BaseTransport | None = None
    ) -> None:
        self._url = url
        self._who = who
        self._api_key = api_key
        self._transport = transport
        self._made: httpx.Client | None = None
        self._making = threading.Lock()

    def post(self, body: Mapping[str, Any], *, seconds: float) -> bytes:
        """The body of a 200, at most 1 MiB, after at most two more attempts.

        RefusedRequest for a 400 or 422; Unavailable for everything else, and after `seconds`. No
        message holds what the server said, as that may repeat the key.
        """
        ends = time.monotonic() + seconds
        data = json.dumps(body, ensure_ascii=False).encode()
        attempt = 1
        while True:
            try:
                return self._once(data, ends, seconds)
            except _TryAgain as trouble:
                left = min(_LONGEST_WAIT, ends - time.monotonic())
                wait = 0.25 * 2**attempt if trouble.wait is None else trouble.wait
                if attempt == _ATTEMPTS or (trouble.wait is None and wait > left):
                    raise Unavailable(f"{self._who} {trouble}; is it running?") from None
                if wait > left:
                    raise Unavailable(
                        f"{self._who} {trouble} and asks to wait {wait:.0f} s; try again then"
                    ) from None
                time.sleep(wait)
            attempt += 1

    def _once(self, data: bytes, ends: float, seconds: float) -> bytes:
        # A thread of its own: the client's time-outs bound each read, not the sum of them.
        answers: list[_Answer | BaseException] = []

        def run() -> None:
            try:
                answers.append(self._exchange(data, ends))
            except BaseException as problem:  # noqa: BLE001  # raised below, where it is heard
                answers.append(problem)

        asking = threading.Thread(target=run, daemon=True)
        asking.start()
        asking.join(max(0.0, ends - time.monotonic()) + 0.1)
        answer = answers[0] if answers else TimeoutError()
        if isinstance(answer, TimeoutError):
            raise Unavailable(
                f"{self._who} did not end within {seconds:.3g} s; allow it more, or ask for less"
            )
        if isinstance(answer, BaseException):
            raise answer
        if answer.status in _BUSY:
            raise _TryAgain(f"answers {answer.status}", answer.wait)
        if answer.status in _REFUSED:
            raise RefusedRequest(answer.status, _parameter(answer.body))
        if answer.status != 200:
            raise Unavailable(f"{self._who} answers {answer.status}; {_hint(answer.status)}")
        return answer.body

    def _exchange(self, data: bytes, ends: float) -> _Answer:
        """One attempt. TimeoutError after the deadline; _TryAgain; Unavailable."""
        import httpx

        left = max(0.1, ends - time.monotonic())
        limits = httpx.Timeout(left, connect=min(left, _CONNECT_SECONDS))
        got = bytearray()
        try:
            with self._client().stream("POST", self._url, content=data, timeout=limits) as response:
                for chunk in response.iter_bytes():
                    got += chunk
                    if len(got) > _BYTES:
                        raise Unavailable(f"{self._who} answers with more than {_BYTES} bytes")
                    if time.monotonic() > ends:
                        raise TimeoutError
        except (httpx.ReadTimeout, httpx.WriteTimeout):
            raise TimeoutError from None
        except (httpx.UnsupportedProtocol, httpx.InvalidURL, ValueError):
            raise Unavailable(
                f"{self._who} can't be asked; check OPENAI_BASE_URL, OPENAI_API_KEY and the proxy"
            ) from None
        except httpx.TransportError as problem:
            raise _TryAgain(f"does not answer ({type(problem).__name__})") from None
        except httpx.HTTPError as problem:  # such as a body in a broken compression
            raise Unavailable(f"{self._who} answers nonsense ({type(problem).__name__})") from None
        return _Answer(response.status_code, _wait(response.headers.get), bytes(got))

    def _client(self) -> httpx.Client:
        import httpx

        with self._making:
            if self._made is None:
                headers = {
                    "content-type": "application/json",
                    "user-agent": f"tiphys/{__version__}",
                }
                if self._api_key:
                    headers["authorization"] = f"Bearer {self._api_key}"
                # What runs on this machine is never asked for through a proxy.
                near = urlsplit(self._url).hostname in LOOPBACK
                self._made = httpx.Client(
                    headers=headers, transport=self._transport, trust_env=not near
                )
            return self._made


def _parameter(body: bytes) -> str:
    """The name of the request's field that the server objects to, or ""."""
    try:
        named = json.loads(body)["error"]["param"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return ""
    return named if isinstance(named, str) else ""


def _wait(header: Callable[[str], str | None]) -> float | None:
    """What the answer's headers ask for, in seconds; dates are not understood."""
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            seconds = float(header(name) or "") / unit
        except ValueError:
            continue
        if 0 <= seconds < float("inf"):
            return seconds
    return None


def _hint(status: int) -> str:
    if status in (401, 403):
        return "check OPENAI_API_KEY"
    return "check OPENAI_BASE_URL and the model's name"
