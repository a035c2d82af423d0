"""Any server with an OpenAI-compatible chat interface, as a `Model`."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tiphys.adapters.model_http import ModelServer, RefusedRequest
from tiphys.domain.errors import Unavailable
from tiphys.ports import Completion, Message

if TYPE_CHECKING:
    import httpx

SECONDS = 120.0
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
        self._model = model
        self._seconds = seconds
        self._who = f"model {model} at {_shown(base_url)}"
        url = f"{base_url.rstrip('/')}/chat/completions"
        self._server = ModelServer(url, self._who, api_key=api_key, transport=transport)
        # What the server refused: names of fields, and digests of schemas.
        self._unwanted: set[str] = set()

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

        A schema or an optional setting that the server refuses is left out, then and later.
        """
        body: dict[str, Any] = {
            "model": self._model,
            "messages": [{"role": each.role, "content": _sound(each.text)} for each in messages],
            "max_tokens": max_tokens,
            "seed": seed,
            "temperature": temperature,
        }
        key = _digest(schema) if schema is not None else ""
        if schema is not None and key not in self._unwanted:
            body["response_format"] = _format(schema)
        ends = time.monotonic() + self._seconds
        answer, formatted = self._ask(body, ends)
        if "response_format" in body and not formatted:
            self._unwanted.add(key)
        return self._read(answer)

    def _ask(self, body: Mapping[str, Any], ends: float) -> tuple[bytes, bool]:
        """The answer, and whether the schema was still in what was asked."""
        unwanted = set(self._unwanted)
        while True:
            sent = _without(body, unwanted)
            try:
                answer = self._server.post(sent, seconds=ends - time.monotonic())
            except RefusedRequest as refused:
                if refused.parameter in _OPTIONAL and refused.parameter in sent:
                    unwanted.add(refused.parameter)
                elif "response_format" in sent:
                    unwanted.add("response_format")
                else:
                    raise Unavailable(
                        f"{self._who} {refused}; check its name and that the request fits its"
                        " context"
                    ) from None
                continue
            self._unwanted |= unwanted & _OPTIONAL.keys()
            return answer, "response_format" in sent

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


def _without(body: Mapping[str, Any], unwanted: set[str]) -> dict[str, Any]:
    instead = {_OPTIONAL[name]: body[name] for name in unwanted if _OPTIONAL.get(name)}
    return {name: value for name, value in body.items() if name not in unwanted} | instead


def _format(schema: Mapping[str, Any]) -> dict[str, Any]:
    named = {"name": "answer", "strict": True, "schema": schema}
    return {"type": "json_schema", "json_schema": named}


def _digest(schema: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(schema, sort_keys=True).encode()).hexdigest()


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
