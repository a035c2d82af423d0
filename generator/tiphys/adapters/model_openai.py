"""Any server with an OpenAI-compatible chat interface, as a `Model`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tiphys.domain.errors import Unavailable
from tiphys.ports import Completion, Message

if TYPE_CHECKING:
    from openai import OpenAI

_RETRIES = 2


class OpenAiModel:
    """Asks `model` at `base_url` (such as http://127.0.0.1:8081/v1).

    `seconds` bounds one attempt; at most two more follow where the server is busy or away.
    """

    def __init__(
        self, base_url: str, model: str, *, api_key: str = "", seconds: float = 60.0
    ) -> None:
        self._base_url = base_url
        self._model = model
        self._api_key = api_key
        self._seconds = seconds
        self._made: OpenAI | None = None

    def complete(self, messages: Sequence[Message], *, max_tokens: int, seed: int) -> Completion:
        """One answer at temperature 0. Unavailable for a refusal, an outage or an empty answer."""
        import openai

        written: Any = [{"role": each.role, "content": each.text} for each in messages]
        try:
            answer = self._client().chat.completions.create(
                model=self._model,
                messages=written,
                max_tokens=max_tokens,
                seed=seed,
                temperature=0,
            )
        except (openai.OpenAIError, ValueError) as problem:  # a 200 that is no JSON
            raise Unavailable(
                f"model {self._model} at {self._base_url}: {_said(problem)}"
            ) from None
        text = _text(answer)
        if text is None:
            raise Unavailable(f"model {self._model} at {self._base_url} answered without text")
        usage = getattr(answer, "usage", None)
        return Completion(
            text=text,
            model=str(getattr(answer, "model", None) or self._model),
            input_tokens=_count(getattr(usage, "prompt_tokens", 0)),
            output_tokens=_count(getattr(usage, "completion_tokens", 0)),
        )

    def _client(self) -> OpenAI:
        if self._made is None:
            from openai import OpenAI

            self._made = OpenAI(
                base_url=self._base_url,
                api_key=self._api_key or "none",  # local servers ask for none, the package for one
                organization="",
                project="",
                timeout=self._seconds,
                max_retries=_RETRIES,
            )
        return self._made


def _text(answer: Any) -> str | None:
    """The first choice's text; the package checks no types, so a server can send anything."""
    choices = getattr(answer, "choices", None)
    message = (
        getattr(choices[0], "message", None) if isinstance(choices, list) and choices else None
    )
    content = getattr(message, "content", None)
    return content if isinstance(content, str) else None


def _count(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _said(problem: Exception) -> str:
    """The kind of trouble and the status; never the body, which may repeat the key."""
    status = getattr(problem, "status_code", None)
    return f"{type(problem).__name__}{f' ({status})' if status else ''}; is it running?"
