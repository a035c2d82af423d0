"""Templates: the merged objects as text that Jinja fills in.

Every literal is written so that neither YAML nor Jinja sees structure in it, and every expression
is a whole value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from tiphys.library import strict_yaml
from tiphys.propose.induce.model import (
    Address,
    Branch,
    Choice,
    Condition,
    Const,
    Else,
    Expression,
    Leaf,
    Node,
    Piece,
    Ref,
    Variables,
    children,
)

_JINJA = re.compile(r"\{[{%#]")
_STEP = "  "
_ESCAPED = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff{}%#]")


def write_templates(pieces: Sequence[Piece], choice: Choice) -> dict[str, bytes]:
    """`templates/<file>.yaml.j2` for each piece."""
    writer = Writer(choice)
    return {
        f"templates/{piece.file}.yaml.j2": writer.document(number, piece).encode()
        for number, piece in enumerate(pieces)
    }


def literal(value: Any) -> str:
    """A JSON value as YAML on one line, in which Jinja finds nothing."""
    if isinstance(value, str):
        plain = strict_yaml.dump(value).removesuffix("\n")
        if "\n" not in plain and not _JINJA.search(plain) and plain.isprintable():
            return plain
        return _quoted(value)
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_quoted(k)}: {literal(v)}' for k, v in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(_flow(each) for each in value)}]"
    return strict_yaml.dump(value).removesuffix("\n")


def jinja(expression: Expression) -> str:
    """An expression as it stands between the braces."""
    if isinstance(expression, Ref):
        return expression.name
    if isinstance(expression, Else):
        return f"{expression.other.name} if {expression.name} is none else {expression.name}"
    if isinstance(expression, Const):
        raise TypeError("a constant is written as a literal")
    return " ~ ".join(
        part.name if isinstance(part, Ref) else json.dumps(part) for part in expression.parts
    )


def test_of(condition: Condition) -> str:
    """A condition as it stands behind `if`."""
    return f"{condition.name} is not none" if condition.given else condition.name


class Writer:
    """Writes objects, or parts of them, as lines of a template."""

    def __init__(self, choice: Choice) -> None:
        self._expressions = choice.expressions
        self._conditions = choice.conditions

    def part(self, address: Address, node: Node, indent: str) -> list[str]:
        """A key or item with its condition, as lines that begin at `indent`."""
        key = address[1][-1]
        head = f"{indent}{literal(key)}:" if isinstance(key, str) else f"{indent}-"
        lines = list(self._member(address, node, head, indent))
        condition = self._conditions.get(address)
        return _guarded(condition, lines) if condition else lines

    def document(self, number: int, piece: Piece) -> str:
        """A whole object as a template's text."""
        lines = list(self._branch((number, ()), piece.tree, ""))
        if condition := self._conditions.get((number, ())):
            lines = _guarded(condition, lines)
        return "\n".join([*lines, ""])

    def _branch(self, address: Address, node: Node, indent: str) -> Iterator[str]:
        for part, child in children(node):
            here: Address = (address[0], (*address[1], part))
            key = f"{indent}{literal(str(part))}:" if isinstance(part, str) else f"{indent}-"
            lines = list(self._member(here, child, key, indent))
            condition = self._conditions.get(here)
            yield from _guarded(condition, lines) if condition else lines

    def _member(self, address: Address, node: Node, key: str, indent: str) -> Iterator[str]:
        if isinstance(node, Variables):
            yield from self._variables(address, key, indent)
        elif isinstance(node, Leaf):
            yield from self._leaf(address, key, indent)
        else:
            yield from self._below(address, node, key, indent)

    def _leaf(self, address: Address, key: str, indent: str) -> Iterator[str]:
        expression = self._expressions[address]
        if not isinstance(expression, Const):
            yield f"{key} {{{{ {jinja(expression)} }}}}"
            return
        value = expression.value
        if isinstance(value, str) and _block(value):
            first, *rest = strict_yaml.dump({"k": value}).splitlines()
            yield f"{key}{first.removeprefix('k:')}"
            yield from (f"{indent}{line}" if line else "" for line in rest)
        else:
            yield f"{key} {literal(value)}"

    def _below(self, address: Address, node: Node, key: str, indent: str) -> Iterator[str]:
        empty = "{}" if isinstance(node, Branch) else "[]"
        inner = list(self._branch(address, node, indent + _STEP))
        if not inner:
            yield f"{key} {empty}"
            return
        if key.endswith("-") and not inner[0].startswith("{%"):
            # The first key stands beside the dash, as people write it.
            lines = [f"{key} {inner[0].removeprefix(indent + _STEP)}", *inner[1:]]
        else:
            lines = [key, *inner]
        tests = [self._conditions.get((address[0], (*address[1], p))) for p, _ in children(node)]
        some = [condition for condition in tests if condition is not None]
        if len(some) < len(tests):
            yield from lines
            return
        both = dict.fromkeys(f"({test_of(c)})" if c.given else test_of(c) for c in some)
        yield f"{{% if {' or '.join(both)} %}}"
        yield from lines
        yield "{% else %}"
        yield f"{key} {empty}"
        yield "{% endif %}"

    def _variables(self, address: Address, key: str, indent: str) -> Iterator[str]:
        yield key
        yield f"{{% for key, value in {jinja(self._expressions[address])} | items %}}"
        yield f"{indent}{_STEP}- name: {{{{ key }}}}"
        yield f"{indent}{_STEP}  value: {{{{ value }}}}"
        yield "{% endfor %}"


def _guarded(condition: Condition, lines: Sequence[str]) -> list[str]:
    return [f"{{% if {test_of(condition)} %}}", *lines, "{% endif %}"]


def _flow(value: Any) -> str:
    return _quoted(value) if isinstance(value, str) else literal(value)


def _quoted(value: str) -> str:
    """In double quotes, with braces and odd characters as escapes."""
    text = json.dumps(value, ensure_ascii=False)
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _block(value: str) -> bool:
    """Whether a text of many lines may be written as a block."""
    if "\n" not in value or _JINJA.search(value) or value[:1].isspace():
        return False
    return strict_yaml.dump({"k": value}).startswith("k: |")
