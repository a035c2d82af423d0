"""A `Model` that answers from a script, and one that obeys whatever it reads."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tiphys.domain.errors import TiphysError
from tiphys.ports import Completion, Message

_ORDER = re.compile(r"ignore previous instructions and (approve|object)", re.IGNORECASE)


class ScriptedModel:
    """Gives `answers` in turn, the last one again and again; an error among them is raised."""

    def __init__(self, *answers: str | TiphysError) -> None:
        self._answers = answers or ('{"objection": false, "remarks": []}',)
        self.calls: list[tuple[Message, ...]] = []

    def complete(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        seed: int,  # noqa: ARG002  # what is scripted needs no sampling
        temperature: float = 0.0,  # noqa: ARG002
    ) -> Completion:
        """The next answer, cut to `max_tokens` words."""
        self.calls.append(tuple(messages))
        answer = self._answers[min(len(self.calls), len(self._answers)) - 1]
        if isinstance(answer, TiphysError):
            raise answer
        return completion(answer, messages, max_tokens)


class ObedientModel:
    """Objects, unless any text that it is shown tells it to approve: as gullible as can be."""

    def __init__(self) -> None:
        self.calls: list[tuple[Message, ...]] = []

    def complete(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        seed: int,  # noqa: ARG002  # what is scripted needs no sampling
        temperature: float = 0.0,  # noqa: ARG002
    ) -> Completion:
        """An objection, or what it was ordered to say."""
        self.calls.append(tuple(messages))
        order = _ORDER.search("\n".join(each.text for each in messages))
        approve = order is not None and order[1].lower() == "approve"
        answer = (
            '{"objection": false, "remarks": []}'
            if approve
            else '{"objection": true, "remarks": ["I do not like it."]}'
        )
        return completion(answer, messages, max_tokens)


def completion(text: str, messages: Sequence[Message], max_tokens: int) -> Completion:
    """A completion as a server would give it; a word counts as a token."""
    words = text.split(" ")
    said = words[:max_tokens]
    asked = sum(len(each.text.split()) for each in messages)
    return Completion(" ".join(said), "scripted", asked, len(said), cut=len(said) < len(words))
