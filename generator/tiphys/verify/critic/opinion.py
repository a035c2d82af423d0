"""A model's opinion: it may object, and can do nothing else.

The deterministic rulings stand before it is asked. Silence, nonsense, praise and an outage all come
to the same: no objection.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tiphys.domain.errors import InvalidInput, TiphysError
from tiphys.domain.markdown import visible
from tiphys.library.prompts import load_prompt
from tiphys.ports import Message, Model
from tiphys.verify.critic.masking import cleaned
from tiphys.verify.critic.model import Remark
from tiphys.verify.critic.world import World

_REMARKS = 8
_REMARK_LENGTH = 300
_ANSWER = 16 * 1024
_REQUEST = 16 * 1024
_OBJECTS = 64 * 1024
_TOKENS = 600


@dataclass(frozen=True, slots=True)
class Opinion:
    """`lower` says that it objects; `remarks` why, or why there is no opinion."""

    lower: bool
    remarks: tuple[str, ...] = ()


def opinion(
    model: Model, request: str, objects: Iterable[Any], remarks: Sequence[Remark]
) -> Opinion:
    """Ask once. Never raises for what the model or its server does.

    The model sees the request, the objects without anything that may be a credential, and the
    rulings. It sees no other text of the proposal.
    """
    shown = json.dumps([_json(each) for each in World.of(objects).objects])
    if len(shown) > _OBJECTS:
        return _none(f"the objects are longer than {_OBJECTS} characters")
    try:
        messages = _messages(
            request=json.dumps(cleaned(request[:_REQUEST])),
            objects=shown,
            rulings=json.dumps([each.line for each in remarks]),
        )
        answer = model.complete(messages, max_tokens=_TOKENS, seed=0)
    except TiphysError as problem:
        return _none(str(problem))
    try:
        return parse(answer.text)
    except InvalidInput as problem:
        return _none(f"its answer {problem}")


def parse(text: str) -> Opinion:
    """The answer, taken strictly; InvalidInput for anything but the one form asked for."""
    if len(text) > _ANSWER:
        raise InvalidInput(f"is longer than {_ANSWER} characters")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidInput("is not JSON") from None
    if not isinstance(found, dict) or set(found) != {"objection", "remarks"}:
        raise InvalidInput("is not an object of objection and remarks")
    objection, remarks = found["objection"], found["remarks"]
    if not isinstance(objection, bool) or not isinstance(remarks, list):
        raise InvalidInput("has an objection or remarks of a wrong type")
    if not all(isinstance(each, str) for each in remarks) or len(remarks) > _REMARKS:
        raise InvalidInput(f"has remarks that are not at most {_REMARKS} sentences")
    if objection and not any(each.strip() for each in remarks):
        raise InvalidInput("objects without saying why")
    said = tuple(
        visible(" ".join(cleaned(r).split()))[:_REMARK_LENGTH] for r in remarks if r.strip()
    )
    return Opinion(objection, said if objection else ())


def _none(why: str) -> Opinion:
    return Opinion(False, (f"the model gave no opinion: {visible(why)[:_REMARK_LENGTH]}",))


def _json(value: Any) -> Any:
    """Only what JSON has: an object that a program built may hold anything."""
    return json.loads(json.dumps(value, default=str, skipkeys=True))


def _messages(**data: str) -> tuple[Message, ...]:
    # The mark can't be guessed by who writes the data, as it depends on all of it.
    mark = hashlib.sha256("\n".join(data.values()).encode()).hexdigest()[:24]
    values = {**data, "mark": mark, "most": _REMARKS}
    prompt = load_prompt("critic")
    return (
        Message("system", prompt.render("system", **values)),
        Message("user", prompt.render("user", **values)),
    )
