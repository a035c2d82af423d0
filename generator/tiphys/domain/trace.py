"""A trace: what an attempt saw, thought, did, expected beforehand, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from tiphys.domain.errors import InvalidInput

Outcome = Literal["good", "better", "no better", "failed"]


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
    """What came of the tick of the same number: `answer` is the model's text, or the objects."""

    tick: int
    evaluation: str
    outcome: Outcome
    answer: str = ""
    problems: tuple[str, ...] = ()
    rank: tuple[int, ...] = ()


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
            fields = json.loads(line)
            made = {"intent": _intent, "result": _result}[fields.pop("entry")](fields)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise InvalidInput(f"line {number} is no entry of a trace") from None
        found.append(made)
    return found


def _intent(fields: dict[str, Any]) -> Entry:
    messages = tuple((str(role), str(text)) for role, text in fields.pop("messages", ()))
    return Intent(**fields, messages=messages)


def _result(fields: dict[str, Any]) -> Entry:
    problems, rank = fields.pop("problems", ()), fields.pop("rank", ())
    return Result(**fields, problems=tuple(map(str, problems)), rank=tuple(map(int, rank)))
