"""Ask a model for changes of what exists, where `editing` did not understand: one at a time.

The model picks an object, then a field, both from numbered lists, then says a value; and again
until it says that all is done. It never writes a path or an object, and nothing that it says is
used before it has been checked against the object.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from tiphys.domain.errors import InvalidInput
from tiphys.library.patch_steps import Op, Path, shown_path
from tiphys.library.patching import FieldPatch, patched_value
from tiphys.library.prompts import Prompt, load_prompt
from tiphys.ports import Message, Model, Object
from tiphys.propose.patch_places import Place, fitting, places, short

_T = TypeVar("_T")
_Answer = dict[str, Any]
_REQUEST = 2000  # characters that are shown
_CHOICES = 30
_OBJECTS = 20
_CHANGES = 8
_ACTIONS = ("set", "remove", "append")
_ANSWER = re.compile(r"\{.*\}", re.DOTALL)
_LONGEST = 4000


def ask_patches(
    model: Model,
    request: str,
    objects: Sequence[Object],
    fields: Mapping[str, Sequence[Path]],
    *,
    seed: int = 0,
) -> tuple[FieldPatch, ...]:
    """The patches that a model makes of a request, each of which fits its object.

    `fields` names further paths that a kind may get, such as {"Deployment": [("spec", "paused")]}.
    InvalidInput where the model can't say it in the given forms, Unavailable where it does not
    answer.
    """
    ask = _Asking(model, load_prompt("patch"), " ".join(request.split())[:_REQUEST], seed)
    known = [each for each in objects if each.get("kind") and _name(each)]
    if not known or not ask.request:
        raise InvalidInput("there is nothing to change; name an object that exists")
    obj = ask.object(_ranked(ask.request, known, _label)[:_OBJECTS])
    patches: list[FieldPatch] = []
    for _ in range(_CHANGES):
        found = places(obj, fields.get(str(obj["kind"]), ()))
        hidden = obj["kind"] == "Secret"
        place = ask.place(obj, found, [_told(patch) for patch in patches], hidden=hidden)
        if place is None:
            break
        patch, obj = ask.value(obj, place, hidden=hidden)
        if patch in patches:
            break
        patches.append(patch)
    else:
        raise InvalidInput(f"the model wants more than {_CHANGES} changes; ask for less at once")
    if not patches:
        raise InvalidInput("the model found nothing to change; say which field should hold what")
    return tuple(patches)


@dataclass(frozen=True, slots=True)
class _Asking:
    """One conversation: each question stands alone, with one more try for a misfit."""

    model: Model
    prompt: Prompt
    request: str
    seed: int

    def object(self, objects: Sequence[Object]) -> Object:
        """The one that is meant."""
        if len(objects) == 1:
            return objects[0]
        text = self.prompt.render("object", request=self.request, choices=[*map(_label, objects)])
        number = self._number(text, len(objects))
        if not number:
            raise InvalidInput("none of the objects is meant; name the one that should change")
        return objects[number - 1]

    def place(
        self, obj: Object, places: Sequence[Place], done: Sequence[str], *, hidden: bool
    ) -> Place | None:
        """The field that changes next; None when all is done."""
        shown = _ranked(self.request, places, lambda each: each.line(hidden=hidden))[:_CHOICES]
        text = self.prompt.render(
            "field",
            request=self.request,
            label=_label(obj),
            choices=[each.line(hidden=hidden) for each in shown],
            done=done,
        )
        number = self._number(text, len(shown))
        return shown[number - 1] if number else None

    def value(self, obj: Object, place: Place, *, hidden: bool) -> tuple[FieldPatch, Object]:
        """What becomes of a field, and the object with it."""
        now = "an item is added" if place.item else "not there yet"
        if place.present and not place.item:
            now = "now (hidden)" if hidden else f"now {short(place.now, 400)}"
        text = self.prompt.render(
            "value", request=self.request, field=shown_path(place.path), now=now, item=place.item
        )
        schema = {
            "type": "object",
            "properties": {"action": {"enum": [*_ACTIONS]}, "value": {}},
            "required": ["action", "value"],
            "additionalProperties": False,
        }

        def check(answer: Mapping[str, Any]) -> tuple[FieldPatch, Object]:
            action, value = answer.get("action"), answer.get("value")
            if action not in _ACTIONS:
                raise InvalidInput(f"action is one of {', '.join(_ACTIONS)}")
            op: Op = "remove" if action == "remove" else "append" if place.item else "set"
            if op == "remove" and not place.present:
                raise InvalidInput("it is not there, so it can't be removed")
            if op != "remove":
                value = fitting(value, place)
            namespace = (obj.get("metadata") or {}).get("namespace")
            patch = FieldPatch(str(obj["kind"]), _name(obj), place.path, value, op, namespace)
            changed = patched_value(obj, patch)
            if changed == obj:
                raise InvalidInput("that is so already")
            return patch, changed

        return self._asked(text, schema, 300, check)

    def _number(self, text: str, most: int) -> int:
        schema = {
            "type": "object",
            "properties": {"number": {"type": "integer", "enum": [*range(most + 1)]}},
            "required": ["number"],
            "additionalProperties": False,
        }

        def check(answer: Mapping[str, Any]) -> int:
            number = answer.get("number")
            if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number <= most:
                raise InvalidInput(f"number is a whole number from 0 to {most}")
            return number

        return self._asked(text, schema, 24, check)

    def _asked(
        self,
        text: str,
        schema: Mapping[str, Any],
        tokens: int,
        check: Callable[[dict[str, Any]], _T],
    ) -> _T:
        messages = [Message("system", self.prompt.render("system")), Message("user", text)]
        problem = InvalidInput("")
        for attempt in range(2):
            said = self.model.complete(
                messages, max_tokens=tokens, seed=self.seed + attempt, schema=schema
            ).text
            try:
                return check(_parsed(said))
            except InvalidInput as wrong:
                problem = wrong
                again = self.prompt.render("again", problem=str(wrong))
                messages = [
                    *messages,
                    Message("assistant", said[:_LONGEST]),
                    Message("user", again),
                ]
        raise InvalidInput(f"the model's answer does not fit: {problem}")


def _parsed(said: str) -> dict[str, Any]:
    found = _ANSWER.search(said[:_LONGEST])
    try:
        answer = json.loads(found[0]) if found else None
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise InvalidInput("it is no JSON object")
    return answer


def _ranked(request: str, things: Sequence[Any], text: Any) -> list[Any]:
    """Those that share words with the request first, else in their order."""
    words = set(re.findall(r"[a-z0-9]{2,}", request.lower()))

    def score(thing: Any) -> int:
        split = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text(thing)).lower()
        return -len(words & set(re.findall(r"[a-z0-9]{2,}", split)))

    return sorted(things, key=score)


def _label(obj: Object) -> str:
    namespace = (obj.get("metadata") or {}).get("namespace")
    return f"{obj['kind']} {namespace + '/' if namespace else ''}{_name(obj)}"


def _name(obj: Object) -> str:
    return str((obj.get("metadata") or {}).get("name") or "")


def _told(patch: FieldPatch) -> str:
    words = {"set": "is now", "append": "has got", "remove": "is gone"}[patch.op]
    return f"{shown_path(patch.path)} {words} {short(patch.value) if patch.op != 'remove' else ''}"
