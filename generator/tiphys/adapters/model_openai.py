"""Any server with an OpenAI-compatible chat interface, as a `Model`."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tiphys.domain.errors import Unavailable
from tiphys.ports import Completion, Message

if TYPE_CHECKING:
    import httpx
    import openai

SECONDS = 120.0
_ATTEMPTS = 3
_BUSY = frozenset({408, 429, 500, 502, 503, 504})
_CONNECT_SECONDS = 10.0
_LONGEST_WAIT = 30.0
_MODEL_ID = 200
# What some servers of this interface no longer take, and what they take instead.
_OPTIONAL = {"max_tokens": "max_completion_tokens", "temperature": "", "seed": ""}


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
        seconds: float = SECONDS,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._base_url = base_url
        self._model = model
        self._api_key = api_key
        self._seconds = seconds
        self._transport = transport
        self._who = f"model {model} at {_shown(base_url)}"
        self._made: openai.OpenAI | None = None
        self._making = threading.Lock()
        self._unwanted: set[str] = set()  # settings that the server refused

    def complete(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        seed: int,
        temperature: float = 0.0,
    ) -> Completion:
        """One answer. Unavailable for a refusal, an outage, or an answer that is no completion.

        An optional setting that the server refuses is left out, then and later. No message holds
        what the server said, as that may repeat the key.
        """
        body: dict[str, Any] = {
            "model": self._model,
            "messages": [{"role": each.role, "content": _sound(each.text)} for each in messages],
            "max_tokens": max_tokens,
            "seed": seed,
            "temperature": temperature,
        }
        client = self._client()  # importing what it needs is not the server's time
        return self._read(self._ask(client, body, time.monotonic() + self._seconds))

    def _ask(self, client: openai.OpenAI, body: Mapping[str, Any], ends: float) -> object:
        import openai

        unwanted = set(self._unwanted)
        while True:
            sent = _without(body, unwanted)
            try:
                answer = self._post(client, sent, ends)
            except (openai.BadRequestError, openai.UnprocessableEntityError) as refused:
                named = refused.param if isinstance(refused.param, str) else ""
                if named in _OPTIONAL and named in sent:
                    unwanted.add(named)
                else:
                    raise self._no(
                        f"refuses the request ({refused.status_code}); check its name and that"
                        " the request fits its context"
                    ) from None
                continue
            self._unwanted |= unwanted
            return answer

    def _post(self, client: openai.OpenAI, body: Mapping[str, Any], ends: float) -> object:
        """The answer to one of at most three attempts; a refusal is raised as the package's.

        The package's own retries know no deadline and wait up to two minutes: it has none here.
        """
        import openai

        attempt = 1
        while True:
            try:
                return self._once(client, body, ends - time.monotonic())
            except openai.APIConnectionError as problem:
                said, wait = f"does not answer ({type(problem.__cause__).__name__})", None
            except openai.APIStatusError as problem:
                if problem.status_code in (400, 422):
                    raise
                said, wait = f"answers {problem.status_code}", _wait(problem.response.headers)
                if problem.status_code not in _BUSY:
                    raise self._no(f"{said}; {_hint(problem.status_code)}") from None
            left = min(_LONGEST_WAIT, ends - time.monotonic())
            if wait is not None and wait > left and attempt < _ATTEMPTS:
                raise self._no(f"{said} and asks to wait {wait:.0f} s; try again then")
            wait = 0.25 * 2**attempt if wait is None else wait
            if attempt == _ATTEMPTS or wait > left:
                raise self._no(f"{said}; is it running?")
            time.sleep(wait)
            attempt += 1

    def _once(self, client: openai.OpenAI, body: Mapping[str, Any], left: float) -> object:
        import httpx
        import openai

        left = max(0.1, left)
        create: Any = client.chat.completions.create  # fields of a body made at run time
        try:
            return create(
                **body,
                timeout=httpx.Timeout(left, connect=min(left, _CONNECT_SECONDS)),
                # Local servers ask for no key, the package does.
                extra_headers={} if self._api_key else {"Authorization": openai.omit},
            )
        except TimeoutError:
            raise self._no(
                f"did not end within {self._seconds:.3g} s; allow it more, or ask for less"
            ) from None
        except (ValueError, TypeError, RecursionError):
            raise self._no("answered with something that is no completion") from None

    def _read(self, answer: Any) -> Completion:
        # The package holds the answer's shape for what it should be: any field may be anything.
        try:
            choice = answer.choices[0]
            text = choice.message.content
        except (AttributeError, LookupError, TypeError):
            raise self._no("answered with something that is no completion") from None
        if not isinstance(text, str):
            raise self._no("answered without text")
        named = getattr(answer, "model", None)
        named = " ".join(_sound(named).split())[:_MODEL_ID] if isinstance(named, str) else ""
        usage = getattr(answer, "usage", None)
        return Completion(
            text=_sound(text),
            model=named or self._model,
            input_tokens=_count(getattr(usage, "prompt_tokens", 0)),
            output_tokens=_count(getattr(usage, "completion_tokens", 0)),
            cut=getattr(choice, "finish_reason", None) == "length",
        )

    def _client(self) -> openai.OpenAI:
        from tiphys.adapters.model_http import open_client

        with self._making:
            self._made = self._made or open_client(
                self._base_url, who=self._who, api_key=self._api_key, transport=self._transport
            )
            return self._made

    def _no(self, why: str) -> Unavailable:
        return Unavailable(f"{self._who} {why}")


def _without(body: Mapping[str, Any], unwanted: set[str]) -> dict[str, Any]:
    instead = {_OPTIONAL[name]: body[name] for name in unwanted if _OPTIONAL.get(name)}
    return {name: value for name, value in body.items() if name not in unwanted} | instead


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


def _wait(headers: Mapping[str, str]) -> float | None:
    """What the answer's headers ask for, in seconds; dates are not understood."""
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name) or "") / unit
        except ValueError:
            continue
        if 0 <= seconds < float("inf"):
            return seconds
    return None


def _hint(status: int) -> str:
    if status in (401, 403):
        return "check OPENAI_API_KEY"
    return "check OPENAI_BASE_URL and the model's name"
