"""What every author should know of the common kinds: how one looks, and what is seldom asked for.

A card is shown to the model as an example, as far as the request asks for it: the card says which
words ask for a field. What the model copies without having been asked is taken out again.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

from tiphys.domain.errors import InvalidInput
from tiphys.library import strict_yaml
from tiphys.library.patching import FieldPatch, apply_patches
from tiphys.library.prompts import load_folder
from tiphys.ports import Object
from tiphys.propose.author.literals import leaves_of, unused
from tiphys.propose.author.types import Example, Meant
from tiphys.propose.editing.targets import WORKLOADS
from tiphys.propose.kinds import asked_kinds

_MOST = 3
_LETTERS = 3000  # shown in all
IMAGE = re.compile(r"[\w.-]+(?:/[\w.-]+)+:\w[\w.-]*")
_DENIED = re.compile(
    r"\b(?:no|not an?|without an?|instead of an?)\s+"
    r"(?:deployment|service|pod|job|cron ?job|stateful ?set|daemon ?set|ingress|role|secret)s?\b"
)
_PART = re.compile(r"\[([^\]]*)\]|([^.\[]+)")


@dataclass(frozen=True, slots=True)
class Card:
    """`words` and `optional` are patterns: what names the kind, and what asks for a field."""

    kind: str
    words: re.Pattern[str]
    optional: Mapping[str, re.Pattern[str]]
    example: str

    def shown(self, request: str, meant: Sequence[Meant] = ()) -> Example:
        """As the model sees it: without optional fields that nothing in the request asks for."""
        text = self.example.encode()
        for obj in strict_yaml.load_documents(text, source=self.kind):
            if obj["kind"] == self.kind:
                name = obj["metadata"]["name"]
                for path in _unasked(request, self, obj, meant):
                    with suppress(InvalidInput):
                        patch = FieldPatch(self.kind, name, path, op="remove")
                        text = apply_patches(text, [patch])
        return Example(f"An example of a {self.kind}", text.decode().strip())


def cards_of(kind: str, request: str, meant: Sequence[Meant] = ()) -> tuple[Example, ...]:
    """The example of a kind, or none."""
    return tuple(each.shown(request, meant) for each in known() if each.kind == kind)


def cards_for(request: str, meant: Sequence[Meant] = ()) -> tuple[Example, ...]:
    """At most three, asked for before named before described; empty where no kind is recognised."""
    chosen = _chosen(request)
    named = {each.kind for each in chosen}
    made = {each.makes for each in meant if each.makes not in named}
    chosen = [*(each for each in known() if each.kind in made), *chosen][:_MOST]
    return tuple(each.shown(request, meant) for each in chosen)


def kinds_of(request: str) -> tuple[str, ...]:
    """The kinds whose cards would be shown."""
    return tuple(each.kind for each in _chosen(request))


def _chosen(request: str) -> list[Card]:
    low = _DENIED.sub(" ", request.lower())
    words = [(m[0], m.start(), card) for card in known() if (m := card.words.search(low))]
    asked = asked_kinds(request, referred=False)
    named = {card.kind for word, _, card in words if _is_named(card.kind, word)}
    found = [
        (card.kind not in asked, card.kind not in named, at, card.kind, card)
        for word, at, card in words
        # "A pod" of a named Deployment is no Pod; what is within pods its card alone shows. "A job"
        # that has a schedule is a CronJob.
        if not (card.kind in WORKLOADS - {"CronJob"} - asked - named and WORKLOADS & named)
        or word.startswith(("init", "side"))
    ]
    chosen: list[Card] = []
    for *_, card in sorted(found, key=lambda each: each[:4])[:_MOST]:
        if sum(len(each.example) for each in chosen) + len(card.example) <= _LETTERS:
            chosen.append(card)
    return chosen


def _is_named(kind: str, word: str) -> bool:
    """Whether a word is the kind's own name, and not what people say of such things."""
    return re.sub(r"[^a-z]", "", word).removesuffix("s").startswith(kind.lower().removesuffix("s"))


def prune(
    request: str, obj: Object, meant: Sequence[Meant] = (), shown: Sequence[Object] = ()
) -> tuple[str, ...]:
    """Take out in place what its card calls optional, nothing asks for and `shown` ones have.

    What nobody showed a model it wrote for a reason. What only stands there, and the request says
    it, was asked for in words that no card knows. The paths of what is gone.
    """
    gone = []
    unsaid = unused(request, [obj])
    like = [each for each in shown if each["kind"] == obj.get("kind")]
    for card in known():
        if card.kind != obj.get("kind"):
            continue
        for path in _not_asked(request, card, meant):
            parts = _parts(path)
            if not any([*_held(obj, parts)] == [*_held(each, parts)] for each in like):
                continue
            rest = copy.deepcopy(obj)
            if _take_out(rest, parts) and unused(request, [rest]) == unsaid:
                _take_out(obj, parts)
                gone.append(path)
    return tuple(gone)


def _held(obj: Object, parts: Sequence[str]) -> Iterator[Any]:
    for path in _places(obj, parts):
        value: Any = obj
        for part in path:
            value = value[part]
        yield value


def without_copies(
    request: str, objects: Sequence[Object], shown: Sequence[Object]
) -> Iterator[str]:
    """Take out in place the items of lists that are an example's own, where others stand beside.

    What the request says all of is no copy.
    """
    text = request.lower()
    for obj in objects:
        for example in shown:
            if example["kind"] == obj.get("kind"):
                yield from _without_items(obj, example, text, "")


def _without_items(value: Any, example: Any, text: str, path: str) -> Iterator[str]:
    if isinstance(value, dict) and isinstance(example, dict):
        for key in sorted(value.keys() & example.keys()):
            at = f"{path}.{key}".lstrip(".")
            if isinstance(held := value[key], list) and isinstance(example[key], list):
                kept = [each for each in held if each not in example[key] or _says(text, each)]
                if kept and len(kept) < len(held) and any(isinstance(e, dict) for e in held):
                    value[key] = kept
                    yield at
            else:
                yield from _without_items(held, example[key], text, at)


def _says(text: str, value: Any) -> bool:
    """Whether each of its figures stands in the text, or each word if it has none."""
    if isinstance(value, dict | list):
        leaves = [str(each) for each in leaves_of(value)]
        if figures := [each for each in leaves if each.isdecimal()]:
            return all(re.search(rf"(?<![\w.]){each}(?!\w|\.\d)", text) for each in figures)
    if isinstance(value, dict):
        return all(_says(text, each) for each in value.values())
    if isinstance(value, list):
        return all(_says(text, each) for each in value)
    return str(value).lower().removesuffix("s") in text


def _spoken(request: str) -> str:
    """In small letters and without images, whose parts are no words."""
    return IMAGE.sub(" ", request.lower())


def _unasked(
    request: str, card: Card, obj: Object, meant: Sequence[Meant]
) -> Iterator[tuple[str | int, ...]]:
    for path in _not_asked(request, card, meant):
        yield from _places(obj, _parts(path))


def _not_asked(request: str, card: Card, meant: Sequence[Meant]) -> Iterator[str]:
    """Optional fields that no word asks for, and no clause by its meaning."""
    low = _spoken(request)
    near = {key for each in meant if card.kind in each.kinds for key in each.keys}
    for path, words in card.optional.items():
        if not words.search(low) and near.isdisjoint(_parts(path)):
            yield path


def _places(value: Any, parts: Sequence[str]) -> Iterator[tuple[str | int, ...]]:
    """Where the parts lead to in an object; "" is every item."""
    if not parts:
        yield ()
        return
    part, *rest = parts
    if part == "" and isinstance(value, list):
        for number, each in enumerate(value):
            yield from ((number, *more) for more in _places(each, rest))
    elif isinstance(value, dict) and part in value:
        yield from ((part, *more) for more in _places(value[part], rest))


def _parts(path: str) -> list[str]:
    """`spec.limits[].max` as ["spec", "limits", "", "max"]; "" is every item."""
    return [key if bare is None else bare for key, bare in _split(path)]


def _split(path: str) -> Iterator[tuple[str, str | None]]:
    for match in _PART.finditer(path):
        yield match.group(1) or "", match.group(2)


def _take_out(value: Any, parts: Sequence[str]) -> bool:
    part, *rest = parts
    if part == "" and isinstance(value, list):
        taken = [_take_out(each, rest) for each in value]
        return any(taken)
    if not isinstance(value, dict) or part not in value:
        return False
    if rest:
        return _take_out(value[part], rest)
    del value[part]
    return True


def shown_objects(examples: Sequence[Example]) -> tuple[Object, ...]:
    """The objects that these examples hold, as the model saw them."""
    return tuple(obj for each in examples for obj in _parsed(each.text))


@cache
def card_objects() -> tuple[Object, ...]:
    """The objects of every card, whole."""
    return tuple(obj for each in known() for obj in _parsed(each.example))


def _parsed(text: str) -> list[Object]:
    """Nothing of an outline, which shows types and no values."""
    with suppress(InvalidInput):
        found = strict_yaml.load_documents(text.encode(), source="an example")
        return [each for each in found if isinstance(each, dict) and "kind" in each]
    return []


@cache
def known() -> tuple[Card, ...]:
    """Every card, by file name."""
    return tuple(map(_read, load_folder("kinds")))


def _read(card: Mapping[str, Any]) -> Card:
    named = "|".join(rf"(?<![\w-]){word}s?(?![\w-])" for word in card["words"])
    optional = card.get("optional") or {}
    return Card(
        kind=card["kind"],
        words=re.compile(named),
        optional={path: re.compile(words) for path, words in optional.items()},
        example=card["example"].strip(),
    )
