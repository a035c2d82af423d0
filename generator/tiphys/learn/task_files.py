"""Files of tasks: families, each told once with `<name>` where its tasks differ."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tiphys.domain.errors import InvalidInput
from tiphys.learn.answers import read_answer
from tiphys.learn.task import Task, Wrong
from tiphys.library import strict_yaml

_TEXTS = ("id", "family", "half", "level", "mode", "request", "reference")
_OPTIONAL = frozenset({"context", "presumes", "namespace", "later"})
_FIELDS = frozenset({*_TEXTS, "check", "wrong", *_OPTIONAL})
_CHOICES = {"half": ("learn", "held"), "level": ("plain", "hard"), "mode": ("new", "edit")}
_LIMITS = strict_yaml.Limits(nodes=200_000)
_ID = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,48}[a-z0-9])?")  # part of a namespace's name
_BLANK = re.compile(r"<([a-z][A-Za-z0-9]*)>")


def load_tasks(folder: Path) -> tuple[Task, ...]:
    """Every task of the YAML files in a folder, by file and place. InvalidInput.

    A file is a list of families. What a family says holds for each of its `tasks`, which may say
    otherwise and bring the `values` of its blanks.
    """
    found: list[Task] = []
    for path in sorted(folder.glob("*.yaml")):
        listed = strict_yaml.load(path.read_bytes(), source=path.name, limits=_LIMITS)
        for number, family in enumerate(listed if isinstance(listed, list) else [None]):
            found += _family(family, f"{path.name}[{number}]")
    twice = [name for name, count in Counter(each.id for each in found).items() if count > 1]
    if twice:
        raise InvalidInput(f"{folder.name}: more than one task is called {twice[0]}")
    return tuple(found)


def _family(given: Any, where: str) -> Iterator[Task]:
    if not (isinstance(given, dict) and isinstance(given.get("tasks"), list)):
        raise InvalidInput(f"{where}: must be a family with a list of tasks")
    shared = {key: value for key, value in given.items() if key != "tasks"}
    for each in given["tasks"]:
        if not isinstance(each, dict):
            raise InvalidInput(f"{where}: a task must be a mapping")
        own = {key: value for key, value in each.items() if key != "values"}
        name = f"{where} {each.get('id', '')}".strip()
        try:
            yield _task(_filled({**shared, **own}, each.get("values") or {}))
        except InvalidInput as problem:
            raise InvalidInput(f"{name}: {problem}") from None


def _filled(value: Any, values: Mapping[str, Any]) -> Any:
    """A tree with its blanks filled in; a text that is one blank becomes the value itself."""
    if isinstance(value, dict):
        return {_filled(key, values): _filled(each, values) for key, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, values) for each in value]
    if not isinstance(value, str):
        return value
    for blank in _BLANK.findall(value):
        if blank not in values:
            raise InvalidInput(f"no value for <{blank}>")
    if whole := _BLANK.fullmatch(value):
        return values[whole[1]]
    return _BLANK.sub(lambda blank: _text(values[blank[1]]), value)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _task(given: Mapping[str, Any]) -> Task:
    if unknown := sorted(set(given) - _FIELDS):
        raise InvalidInput(f"unknown field {unknown[0]}")
    for key in _TEXTS:
        if not (isinstance(given.get(key), str) and given[key].strip()):
            raise InvalidInput(f"needs {key}, as text")
    for key, allowed in _CHOICES.items():
        if given[key] not in allowed:
            raise InvalidInput(f"{key} must be {' or '.join(allowed)}")
    if not _ID.fullmatch(given["id"]):
        raise InvalidInput("the id must be lower-case words with dashes, of 50 characters at most")
    if (given["mode"] == "edit") != bool(given.get("context")):
        raise InvalidInput("an edit has a context, and nothing else has")
    wrong = tuple(_wrong(each, given["reference"]) for each in given.get("wrong") or ())
    if len(wrong) < 2:
        raise InvalidInput("needs at least two wrong answers")
    check = tuple(map(_operation, given.get("check") or ()))
    if not check:
        raise InvalidInput("needs a check")
    texts: dict[str, Any] = {key: given[key].strip() for key in _TEXTS}
    return Task(
        **texts,
        check=check,
        later=tuple(map(_operation, given.get("later") or ())),
        wrong=wrong,
        context=given.get("context") or "",
        presumes=tuple(given.get("presumes") or ()),
        namespace=given.get("namespace") or "",
    )


def _operation(given: Any) -> Mapping[str, Any]:
    """An operation; `assert` and `error` may hold the tree itself in place of `resource`."""
    if not isinstance(given, dict) or len(given) != 1:
        raise InvalidInput("each operation of a check is a mapping of one key")
    ((kind, action),) = given.items()
    if kind in ("assert", "error") and isinstance(action, dict) and "kind" in action:
        return {kind: {"resource": action}}
    return given


def _wrong(given: Any, reference: str) -> Wrong:
    """A wrong answer, as its own text or told as a change of the reference.

    `edit` replaces texts that stand there once, `without` leaves out the documents of a kind, and
    `set` gives fields another value (null: none) by pointers such as `Deployment/spec/replicas`.
    """
    ways: Mapping[str, Callable[[Any, str], str]] = {
        "answer": lambda text, _reference: str(text),
        "edit": _edited,
        "without": _without,
        "set": _changed,
    }
    why = given.get("why") if isinstance(given, dict) else None
    way = [key for key in given if key in ways] if why else []
    if len(way) != 1 or len(given) != 2:
        raise InvalidInput(f"a wrong answer has `why` and one of {', '.join(ways)}")
    try:
        return Wrong(str(why), ways[way[0]](given[way[0]], reference))
    except (InvalidInput, LookupError, TypeError, ValueError) as problem:
        raise InvalidInput(f"{why}: {problem!r}") from None


def _edited(edits: Any, reference: str) -> str:
    for old, new in edits.items():
        if reference.count(old) != 1:
            raise InvalidInput(f"{old} stands there {reference.count(old)} times, not once")
        reference = reference.replace(old, str(new))
    return reference


def _without(kind: Any, reference: str) -> str:
    objects = read_answer(reference)
    kept = [each for each in objects if each["kind"] != kind]
    if len(kept) == len(objects):
        raise InvalidInput(f"the reference has no {kind} to leave out")
    return strict_yaml.dump_all(kept)


def _changed(changes: Any, reference: str) -> str:
    objects = read_answer(reference)
    for pointer, value in changes.items():
        kind, *path, last = (part.replace("~1", "/") for part in pointer.split("/"))
        name, _, number = kind.partition(":")
        at: Any = [each for each in objects if each["kind"] == name][int(number or 0)]
        for part in path:
            at = at[int(part)] if isinstance(at, list) else at[part]
        if value is None:
            del at[int(last) if isinstance(at, list) else last]
        elif isinstance(at, list):
            at[int(last) :] = [value, *at[int(last) + 1 :]]
        else:
            at[last] = value
    return strict_yaml.dump_all(objects)
