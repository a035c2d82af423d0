"""What each kind of operation on the local forge holds, cleaned and within limits."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any, get_args

from tiphys.domain.errors import InvalidInput, LimitExceeded
from tiphys.domain.forge import ReviewDecision, StatusState

BODY_BYTES = 64 * 1024
TITLE_LENGTH = 256
NAME_LENGTH = 128  # actors, keys, contexts
LABEL_LENGTH = 64
LABELS_AT_ONCE = 32
VOUCHED_AT_ONCE = 4096
BRANCH_LENGTH = 256
SUMMARY_LENGTH = 1024

ENTITY = re.compile(r"([1-9][0-9]{0,8})-[0-9a-f]{16}\Z")
HASH = re.compile(r"[0-9a-f]{40}\Z")  # of a commit, and the name of an operation
_PUBLIC_KEY = re.compile(r"ed25519:[0-9a-f]{64}\Z")
_SIGNATURE = re.compile(r"[0-9a-f]{128}\Z")
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


# Text that people write: cleaned when written, refused as malformed when read uncleaned.


def clean_body(text: Any) -> str:
    """Text of several lines, without control characters and direction overrides."""
    if not isinstance(text, str):
        raise InvalidInput("a body must be text")
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    kept = "".join(letter for letter in plain if letter in "\n\t" or not _is_hidden(letter))
    if len(kept.encode()) > BODY_BYTES:
        raise LimitExceeded(f"a body has at most {BODY_BYTES} bytes: shorten it")
    return kept


def _line(limit: int, what: str, *, empty: bool = False) -> Callable[[Any], str]:
    def clean(text: Any) -> str:
        if not isinstance(text, str):
            raise InvalidInput(f"a {what} must be text")
        kept = " ".join("".join(" " if c.isspace() else c for c in text if _shown(c)).split())
        if not kept and not empty:
            raise InvalidInput(f"a {what} must not be empty")
        if len(kept) > limit:
            raise LimitExceeded(f"a {what} has at most {limit} characters: shorten it")
        return kept

    return clean


def _shown(letter: str) -> bool:
    return letter.isspace() or not _is_hidden(letter)


def _is_hidden(letter: str) -> bool:
    return letter in _BIDI or unicodedata.category(letter) in ("Cc", "Cs")


def _choice(what: str, *options: str) -> Callable[[Any], str]:
    def clean(value: Any) -> str:
        if value not in options:
            raise InvalidInput(f"{what} must be one of {', '.join(options)}")
        return str(value)

    return clean


def _pattern(what: str, regex: re.Pattern[str]) -> Callable[[Any], str]:
    def clean(value: Any) -> str:
        if not isinstance(value, str) or not regex.match(value):
            raise InvalidInput(f"{what} is not well formed")
        return value

    return clean


def _optional(inner: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else inner(value)


_label = _line(LABEL_LENGTH, "label")


def _labels(value: Any) -> list[str]:
    if not isinstance(value, list | tuple) or len(value) > LABELS_AT_ONCE:
        raise InvalidInput(f"at most {LABELS_AT_ONCE} labels at once")
    return [_label(label) for label in value]


def _operations(value: Any) -> list[str]:
    if not isinstance(value, list | tuple) or len(value) > VOUCHED_AT_ONCE:
        raise InvalidInput(f"at most {VOUCHED_AT_ONCE} operations at once")
    return [_operation(name) for name in value]


clean_actor = _line(NAME_LENGTH, "actor")
_title = _line(TITLE_LENGTH, "title")
_branch = _line(BRANCH_LENGTH, "branch name")
_name = _line(NAME_LENGTH, "name")
clean_sha = _pattern("a commit sha", HASH)
_operation = _pattern("an operation's id", HASH)
clean_key = _pattern("a public key", _PUBLIC_KEY)
clean_signature = _pattern("a signature", _SIGNATURE)

FIELDS: Mapping[str, Mapping[str, Callable[[Any], Any]]] = {
    "open-issue": {"title": _title, "body": clean_body},
    "open-pull": {
        "title": _title,
        "body": clean_body,
        "source": _branch,
        "target": _branch,
        "issue": _optional(_pattern("an issue reference", ENTITY)),
    },
    "comment": {"body": clean_body, "key": _optional(_name)},
    "label": {"add": _labels, "remove": _labels},
    "state": {"state": _choice("state", "open", "closed")},
    "edit": {"title": _title, "body": clean_body},
    "review": {
        "sha": clean_sha,
        "decision": _choice("decision", *get_args(ReviewDecision)),
        "body": clean_body,
    },
    "merged": {"sha": clean_sha},
    "vouch": {"operations": _operations},
    "status": {
        "context": _name,
        "state": _choice("state", *get_args(StatusState)),
        "summary": _line(SUMMARY_LENGTH, "summary", empty=True),
    },
}
