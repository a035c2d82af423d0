"""A trace: what an attempt saw, thought, did, expected beforehand, and what came of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Literal, get_args

from tiphys.domain.errors import InvalidInput, LimitExceeded

# What came of a round of writing, or (`CHOICE`) which road was taken.
Outcome = Literal["good", "better", "no better", "failed", "reuse", "adapt", "author"]
CHOICE = 0  # the tick that chooses a road; the author's rounds count from 1
TEXT_LIMIT = 64 * 1024  # characters of one text that are kept
RUN_LIMIT = 4 << 20  # bytes of one attempt that are kept
_ENTRIES = 500
_MANY = 100  # messages or problems of one entry
_CUT = re.compile(r"\n\[cut: (\d{1,12}) characters more\]\Z")
_MARK = 40  # characters that such a mark may have


@dataclass(frozen=True, slots=True)
class Intent:
    """One tick up to its action; written before anything is done.

    `messages` are (role, text) as a model was asked, empty where none was.
    """

    tick: int
    observation: str
    orientation: str
    action: str
    expectation: str
    messages: tuple[tuple[str, str], ...] = ()
    model: str = ""
    sampling: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Result:
    """What came of the tick of the same number: `answer` is the model's text, or the objects.

    `model` is who answered, with so many tokens `read` and `written`; "" and 0 where not told.
    """

    tick: int
    evaluation: str
    outcome: Outcome
    answer: str = ""
    problems: tuple[str, ...] = ()
    rank: tuple[int, ...] = ()
    model: str = ""
    read: int = 0
    written: int = 0


Entry = Intent | Result
Scribe = Callable[[Entry], None]


def to_line(entry: Entry) -> str:
    """One line of JSON."""
    kind = "intent" if isinstance(entry, Intent) else "result"
    return json.dumps({"entry": kind, **asdict(entry)}, ensure_ascii=False, sort_keys=True)


def from_lines(lines: Iterable[str]) -> list[Entry]:
    """The entries of a trace. InvalidInput for what is none."""
    found: list[Entry] = []
    for number, line in enumerate(lines, 1):
        try:
            given = json.loads(line)
            made = {"intent": _intent, "result": _result}[given.pop("entry")](given)
            _check(made)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise InvalidInput(f"line {number} is no entry of a trace") from None
        found.append(made)
    return found


def _intent(given: dict[str, Any]) -> Entry:
    messages = tuple((str(role), str(text)) for role, text in given.pop("messages", ()))
    return Intent(**given, messages=messages)


def _result(given: dict[str, Any]) -> Entry:
    problems, rank = given.pop("problems", ()), given.pop("rank", ())
    return Result(**given, problems=tuple(map(str, problems)), rank=tuple(map(int, rank)))


def _check(entry: Entry) -> None:
    """TypeError unless every field is what it is declared to be: others may have written it."""
    kinds = {"str": str, "int": int, "Outcome": str}
    for each in fields(entry):
        value = getattr(entry, each.name)
        if not isinstance(value, kinds.get(str(each.type), object)) or isinstance(value, bool):
            raise TypeError(each.name)
    if isinstance(entry, Result) and entry.outcome not in get_args(Outcome):
        raise TypeError(entry.outcome)
    if isinstance(entry, Intent):
        plain = (str, int, float, bool, type(None))
        if not all(isinstance(value, plain) for value in entry.sampling.values()):
            raise TypeError("sampling")
    to_line(entry).encode()  # a lone surrogate is a ValueError


def clip(text: str, limit: int = TEXT_LIMIT) -> str:
    """At most `limit` characters of a text; a mark at its end says how many are missing."""
    cut = _CUT.search(text[-_MARK:])
    missing = int(cut[1]) if cut else 0
    kept = text.removesuffix(cut[0]) if cut else text
    if len(kept) <= limit:
        return text
    return f"{kept[:limit]}\n[cut: {len(kept) - limit + missing} characters more]"


def is_cut(text: str) -> bool:
    """Whether `clip` has left something out of it."""
    return bool(_CUT.search(text[-_MARK:]))


def shorten(entry: Entry, limit: int = TEXT_LIMIT) -> Entry:
    """The entry with each of its texts clipped, and with text that no file can hold replaced."""
    texts = {
        each.name: clip(_plain(value), limit)
        for each in fields(entry)
        if isinstance(value := getattr(entry, each.name), str)
    }
    entry = replace(entry, **texts)  # type: ignore[arg-type]  # only fields of text
    if isinstance(entry, Intent):
        told = tuple((clip(_plain(r), 40), clip(_plain(t), limit)) for r, t in entry.messages)
        return replace(entry, messages=told[:_MANY])
    return replace(entry, problems=tuple(clip(_plain(p), limit) for p in entry.problems[:_MANY]))


def _plain(text: str) -> str:
    return text.encode(errors="replace").decode()


def to_lines(entries: Iterable[Entry]) -> str:
    """A whole attempt as lines of JSON, cut to RUN_LIMIT bytes. LimitExceeded."""
    kept = list(entries)
    if not kept:
        raise InvalidInput("a trace has at least one entry")
    if len(kept) > _ENTRIES:
        raise LimitExceeded(f"a trace has at most {_ENTRIES} entries, not {len(kept)}")
    limit = TEXT_LIMIT
    while limit:
        text = "".join(f"{to_line(shorten(each, limit))}\n" for each in kept)
        if len(text.encode()) <= RUN_LIMIT:
            return text
        limit //= 2
    raise LimitExceeded(f"a trace has at most {RUN_LIMIT} bytes: make its texts shorter")
