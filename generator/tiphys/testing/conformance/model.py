"""What every Model does; the fakes too.

Subclass with fixtures `model` (which answers anything, in at least one word) and `dead_model`
(whose server does not answer).
"""
# ruff: noqa: S101, D102 -- a suite is made of assertions; a test's name says what it shows

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tiphys.domain.errors import Unavailable
from tiphys.ports import Completion, Message

if TYPE_CHECKING:
    from tiphys.ports import Model

_TALK = (Message("system", "Answer in a word."), Message("user", 'Grüße ✓ \x00 {"a": [1]}'))


class ModelConformance:
    """One question, one answer."""

    def test_it_answers(self, model: Model) -> None:
        answer = model.complete(_TALK, max_tokens=50, seed=0)
        assert isinstance(answer, Completion)
        assert answer.text
        assert answer.model
        assert answer.input_tokens >= 0
        assert answer.output_tokens >= 0

    def test_the_same_seed_gives_the_same_answer(self, model: Model) -> None:
        one, other = (model.complete(_TALK, max_tokens=50, seed=7).text for _ in range(2))
        assert one == other

    def test_an_outage_is_the_infrastructures(self, dead_model: Model) -> None:
        with pytest.raises(Unavailable):
            dead_model.complete(_TALK, max_tokens=50, seed=0)
