"""A value of the document that knows its path, and how it is read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, TypeVar

from tiphys.adapters.runner_embedded.templating import check_template
from tiphys.domain.errors import InvalidInput

_T = TypeVar("_T")
_DURATION = re.compile(r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:ns|us|µs|ms|s|m|h)")
_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


def read_duration(text: str) -> float:
    """Seconds of a Go duration such as "1m30s". InvalidInput."""
    parts = _DURATION.findall(text)
    if text == "0":
        return 0.0
    if not parts or "".join(parts) != text:
        raise InvalidInput(f"{text!r} is not a duration such as 30s")
    units = (re.fullmatch(r"([0-9.]+)(.+)", part) for part in parts)
    return sum(float(found[1]) * _UNITS[found[2]] for found in units if found)


@dataclass(frozen=True, slots=True)
class Node:
    """A value of the document and its path."""

    value: Any
    path: str

    def wrong(self, what: str) -> InvalidInput:
        """The error that names this place."""
        return InvalidInput(f"{self.path or 'document'}: {what}")

    def unsupported(self, key: str) -> InvalidInput:
        """The error that names a field below."""
        where = f"{self.path}.{key}" if self.path else key
        return InvalidInput(
            f"{where}: `{key}` is not supported by the embedded runner; use --runner chainsaw"
        )

    def mapping(self, allowed: frozenset[str] | None = None) -> dict[str, Any]:
        """The value as an object with no other fields than `allowed`. InvalidInput."""
        if not isinstance(self.value, dict):
            raise self.wrong("must be an object")
        if allowed is not None:
            for key in self.value:
                if key not in allowed:
                    raise self.unsupported(key)
        return self.value

    def at(self, key: str) -> Node:
        """The value of a field, None if it is missing."""
        return Node(self.mapping().get(key), f"{self.path}.{key}" if self.path else key)

    def items(self, key: str) -> list[Node]:
        """The items of a list, none if the field is missing. InvalidInput."""
        node = self.at(key)
        if node.value is None:
            return []
        if not isinstance(node.value, list):
            raise node.wrong("must be a list")
        return [Node(each, f"{node.path}[{i}]") for i, each in enumerate(node.value)]

    def scalar(self, key: str, kind: type[_T], default: _T) -> _T:
        """A plain value of one type. InvalidInput."""
        node = self.at(key)
        if node.value is None:
            return default
        if not isinstance(node.value, kind):
            raise node.wrong(f"must be {'true or false' if kind is bool else 'text'}")
        return node.value

    def flag(self, key: str) -> bool | None:
        """A boolean, None if it is missing. InvalidInput."""
        return self.scalar(key, bool, False) if self.at(key).value is not None else None

    def text(self, key: str, *, required: bool = False) -> str:
        """A single text, which may be an expression."""
        found = self.scalar(key, str, "")
        if required and not found:
            raise self.at(key).wrong("is missing")
        check_template(found, self.at(key).path)
        return found

    def seconds(self, key: str) -> float | None:
        """A duration, None if it is missing. InvalidInput."""
        node = self.at(key)
        if node.value is None:
            return None
        if not isinstance(node.value, str):
            raise node.wrong("must be a duration such as 30s")
        try:
            return read_duration(node.value)
        except InvalidInput as error:
            raise node.wrong(str(error)) from None


def only_defaults(node: Node) -> None:
    """Refuse another value than the default where only that one is supported. InvalidInput."""
    for key, supported in (("compiler", "jp"), ("deletionPropagationPolicy", "Background")):
        if node.value.get(key) not in (None, supported):
            raise node.at(key).wrong(
                f"only `{supported}` is supported by the embedded runner; use --runner chainsaw"
            )
