"""Any server with an OpenAI-compatible chat interface, as a `Model`.

The interface is one POST, so a plain HTTP client does: it leaves the size of an answer, the waits
and the sum of all seconds to us.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tiphys import __version__
from tiphys.domain.errors import Unavailable
from tiphys.domain.identity_rules import LOOPBACK
from tiphys.ports import Completion, Message

if TYPE_CHECKING:
    import httpx

_ATTEMPTS = 3
_BUSY = frozenset({408, 429, 500, 502, 503, 504})
_REFUSED = frozenset({400, 422})
_CONNECT_SECONDS = 10.0
_LONGEST_WAIT = 30.0
_BYTES = 1 << 20
_MODEL_ID = 200


class _TryAgain(Exception):
    """The server is busy or away; `wait` is what it asks for, in seconds."""

    def __init__(self, said: str, wait: float | None = None) -> None:
        super().__init__(said)
        self.wait = wait


class _RefusedRequest(Exception):
    """The server understands the request and will not have it in this form."""


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    wait: float | None
    body: bytes


class OpenAiModel:
    """Asks `model` at `base_url` (such as http://127.0.0.1:8081/v1).

    `seconds` bounds a completion with all its attempts; at most two more follow a first one where
    the server is busy or away. `transport` replaces the network (`model_replay`).
    """

    def __init__(
        self,
        base_url: str,
        model: str,
        *,
        api_key: str = "",
        seconds: float = 120.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._url = f"{base_url.rstrip('/')}/chat/completions"
        self._model = model
        self._api_key = api_key
        self._seconds = seconds
        self._transport = transport
        self._who = f"model {model} at {_shown(base_url)}"
        self._unwanted: set[str] = set()  # digests of schemas that the server refused
        self._made: httpx.Client | None = None
        self._making = threading.Lock()

    def complete(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        seed: int,
        temperature: float = 0.0,
        schema: Mapping[str, Any] | None = None,
    ) -> Completion:
        """One answer. Unavailable for a refusal, an outage, or an answer that is no completion.

        A schema that the server refuses is left out, then and later.
        """
        body: dict[str, Any] = {
            "model": self._model,
            "messages": [{"role": each.role, "content": _sound(each.text)} for each in messages],
            "max_tokens": max_tokens,
            "seed": seed,
            "temperature": temperature,
        }
        ends = time.monotonic() + self._seconds
        key = _digest(schema) if schema is not None else ""
        if schema is not None and key not in self._unwanted:
            try:
                return self._read(self._ask(body | {"response_format": _format(schema)}, ends))
            except _RefusedRequest:
                answer = self._plainly(body, ends)  # only if that works was it the schema
                self._unwanted.add(key)
                return answer
        return self._plainly(body, ends)

    def _plainly(self, body: Mapping[str, Any], ends: float) -> Completion:
        try:
            return self._read(self._ask(body, ends))
        except _RefusedRequest as refused:
            raise Unavailable(f"{self._who} {refused}; is its name right?") from None

    def _ask(self, body: Mapping[str, Any], ends: float) -> bytes:
        """The body of a 200. _RefusedRequest; Unavailable after the last attempt."""
        data = json.dumps(body, ensure_ascii=False).encode()
        for attempt in range(_ATTEMPTS):
            try:
                return self._once(data, ends)
            except _TryAgain as trouble:
                wait = 0.5 * 2**attempt if trouble.wait is None else trouble.wait
                if attempt + 1 == _ATTEMPTS:
                    raise Unavailable(f"{self._who} {trouble}; is it running?") from None
                if wait > min(_LONGEST_WAIT, ends - time.monotonic()):
                    raise Unavailable(
                        f"{self._who} {trouble} and asks for {wait:.0f} s; try again later"
                        if trouble.wait is not None
                        else f"{self._who} {trouble}; is it running?"
                    ) from None
                time.sleep(wait)
        raise AssertionError("every last attempt ends above")

    def _once(self, data: bytes, ends: float) -> bytes:
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
        if not answers:
            raise self._late()
        answer = answers[0]
        if isinstance(answer, BaseException):
            raise answer
        if answer.status in _BUSY:
            raise _TryAgain(f"answers {answer.status}", answer.wait)
        if answer.status in _REFUSED:
            raise _RefusedRequest(f"refuses the request ({answer.status})")
        if answer.status != 200:
            raise Unavailable(f"{self._who} answers {answer.status}; {_hint(answer.status)}")
        return answer.body

    def _exchange(self, data: bytes, ends: float) -> _Answer:
        import httpx

        left = max(0.1, ends - time.monotonic())
        limits = httpx.Timeout(left, connect=min(left, _CONNECT_SECONDS))
        got = bytearray()
        try:
            with self._client().stream("POST", self._url, content=data, timeout=limits) as response:
                for chunk in response.iter_bytes():
                    got += chunk
                    if len(got) > _BYTES:
                        raise Unavailable(
                            f"{self._who} answers with more than {_BYTES} bytes; refused"
                        )
                    if time.monotonic() > ends:
                        raise self._late()
        except (httpx.ConnectTimeout, httpx.PoolTimeout) as problem:
            raise _TryAgain(f"does not answer ({type(problem).__name__})") from None
        except httpx.TimeoutException:
            raise self._late() from None
        except (httpx.UnsupportedProtocol, httpx.InvalidURL, ValueError):
            raise Unavailable(
                f"{self._who} can't be asked; check OPENAI_BASE_URL, OPENAI_API_KEY and the proxy"
            ) from None
        except httpx.TransportError as problem:
            raise _TryAgain(f"does not answer ({type(problem).__name__})") from None
        except httpx.HTTPError as problem:  # such as a body in a broken compression
            raise Unavailable(f"{self._who} answers nonsense ({type(problem).__name__})") from None
        return _Answer(response.status_code, _wait(response.headers.get), bytes(got))

    def _late(self) -> Unavailable:
        return Unavailable(
            f"{self._who} did not end within {self._seconds:g} s; allow it more, or ask for less"
        )

    def _read(self, body: bytes) -> Completion:
        try:
            answer = json.loads(body)
            choice = answer["choices"][0]
            text = choice["message"]["content"]
        except (ValueError, LookupError, TypeError, RecursionError):
            raise Unavailable(
                f"{self._who} answered with something that is no completion"
            ) from None
        if not isinstance(text, str):
            raise Unavailable(f"{self._who} answered without text")
        usage = answer.get("usage")
        usage = usage if isinstance(usage, dict) else {}
        named = answer.get("model")
        named = " ".join(_sound(named).split())[:_MODEL_ID] if isinstance(named, str) else ""
        return Completion(
            text=_sound(text),
            model=named or self._model,
            input_tokens=_count(usage.get("prompt_tokens")),
            output_tokens=_count(usage.get("completion_tokens")),
            cut=choice.get("finish_reason") == "length",
        )

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


def _format(schema: Mapping[str, Any]) -> dict[str, Any]:
    named = {"name": "answer", "strict": True, "schema": schema}
    return {"type": "json_schema", "json_schema": named}


def _digest(schema: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(schema, sort_keys=True).encode()).hexdigest()


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


def _count(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def _sound(text: str) -> str:
    """Without halves of characters, which no encoder takes."""
    return text.encode("utf-8", "replace").decode()


def _shown(base_url: str) -> str:
    """The address without a name and password that it may hold."""
    try:
        parts = urlsplit(base_url)
    except ValueError:  # such as half an IPv6 address
        return base_url.rpartition("@")[2][:200]
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()[:200]


def _hint(status: int) -> str:
    if status in (401, 403):
        return "check OPENAI_API_KEY"
    return "check OPENAI_BASE_URL and the model's name"
