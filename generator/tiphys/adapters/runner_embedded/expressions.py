"""Expressions: JMESPath in parentheses, with `$name` for a binding.

The `jmespath` package parses, `interpreter` evaluates. The package's grammar has no variables, so a
`$name` outside quotes is handed to it as a field with a marked name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from tiphys.adapters.runner_embedded.functions import FUNCTIONS, EvaluationError
from tiphys.adapters.runner_embedded.interpreter import VARIABLE, Bindings, Node, evaluate
from tiphys.adapters.runner_embedded.meter import TooMuch
from tiphys.domain.errors import InvalidInput

_MAX_LENGTH = 4096
_FOREACH = re.compile(r"~([0-9A-Za-z_]+)?\.(.*)")
_BINDING = re.compile(r"(.*)[\t\n\f\r ]*->[\t\n\f\r ]*([0-9A-Za-z_]+)\Z")
_ESCAPED = re.compile(r"\\(.+)\\\Z")
_ENGINE = re.compile(r"\((?:([0-9A-Za-z_]+);)?(.+)\)\Z")
# Quoted text of any kind, or a variable: whichever comes first is not inside the other.
_TOKEN = re.compile(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"|`(?:\\.|[^`\\])*`|\$([0-9A-Za-z_]*)")
_HIDDEN = frozenset({"client", "config"})  # Chainsaw's own Go objects


@dataclass(frozen=True, slots=True)
class Program:
    """A compiled expression."""

    text: str
    node: Node

    def evaluate(self, value: Any, bindings: Bindings) -> Any:
        """The expression's value on `value`. EvaluationError."""
        try:
            return evaluate(self.node, value, bindings)
        except EvaluationError as error:
            raise EvaluationError(f"({self.text}): {error}") from None
        except TooMuch as problem:
            raise EvaluationError(f"({self.text[:200]}): {problem}") from None
        except RecursionError:
            raise EvaluationError(f"({self.text[:200]}): nested too deeply") from None


@dataclass(frozen=True, slots=True)
class Form:
    """What the text of a key or a leaf says: `~name.(statement)->binding`.

    `program` is None for plain text, which `statement` then holds without its escapes.
    """

    statement: str
    program: Program | None
    foreach: bool = False
    index: str = ""
    binding: str = ""


@lru_cache(maxsize=4096)
def parse_form(text: str) -> Form:
    """Read a key or a leaf of an assertion tree. InvalidInput."""
    foreach, index, binding = False, "", ""
    if match := _FOREACH.match(text):
        foreach, index, text = True, match[1] or "", match[2]
    if len(text) <= _MAX_LENGTH and (match := _BINDING.search(text)):
        text, binding = match[1], match[2]
    plain = parse_text(text)
    return Form(plain.statement, plain.program, foreach, index, binding)


@lru_cache(maxsize=4096)
def parse_text(text: str) -> Form:
    """Read text that may be an expression or escaped, and nothing more. InvalidInput."""
    if match := _ESCAPED.match(text):
        return Form(match[1], None)
    if match := _ENGINE.match(text):
        engine, statement = match[1], match[2]
        if engine not in (None, "jp", "default"):
            raise InvalidInput(f"`{engine};` expressions are {_UNSUPPORTED}")
        return Form(statement, compile_expression(statement))
    return Form(text, None)


_UNSUPPORTED = "not supported by the embedded runner; use --runner chainsaw"


@lru_cache(maxsize=4096)
def compile_expression(text: str) -> Program:
    """Compile JMESPath. InvalidInput names what is unknown."""
    import jmespath
    from jmespath.exceptions import JMESPathError

    if len(text) > _MAX_LENGTH or VARIABLE in text:
        raise InvalidInput(f"an expression is longer than {_MAX_LENGTH} characters or has a NUL")
    try:
        parsed = jmespath.compile(_TOKEN.sub(_mark_variable, text))
        node = cast("Node", parsed.parsed)
        _check(node)
    except (JMESPathError, ValueError) as error:
        said = str(error).splitlines()[0].replace('"\\u0000', '"$')
        raise InvalidInput(f"({text}): {said} (arithmetic and `let` are {_UNSUPPORTED})") from None
    except RecursionError:
        raise InvalidInput(f"({text[:40]}...): nested too deeply") from None
    except InvalidInput as error:
        raise InvalidInput(f"({text}): {error}") from None
    return Program(text, node)


def _mark_variable(match: re.Match[str]) -> str:
    name = match[1]
    if name is None:
        return match[0]
    if not name or name in _HIDDEN:
        raise InvalidInput(f"`${name}` is {_UNSUPPORTED}")
    return f'"\\u0000{name}"'


def _check(node: Any) -> None:
    """Refuse what the interpreter below would not understand, before anything runs."""
    if not isinstance(node, dict):
        return
    kind, children = node["type"], node["children"]
    if kind == "function_expression":
        name = node["value"]
        if name not in FUNCTIONS:
            raise InvalidInput(f"function `{name}` is {_UNSUPPORTED}")
        if wrong := FUNCTIONS[name].arity_error(len(children)):
            raise InvalidInput(f"{name}() {wrong}")
    if kind == "subexpression" and any(_is_variable(child) for child in children[1:]):
        raise InvalidInput("a `$name` cannot follow a dot")
    if kind == "literal" and isinstance(node["value"], str) and VARIABLE in node["value"]:
        raise InvalidInput("a literal has a NUL")
    for child in children:
        _check(child)


def _is_variable(node: Node) -> bool:
    return node["type"] == "field" and str(node["value"]).startswith(VARIABLE)
