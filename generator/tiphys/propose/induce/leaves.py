"""Leaves of assertion trees: as Chainsaw takes them, and as the server keeps them."""

from __future__ import annotations

import json
import re
from typing import Any

from tiphys.library.formats import canonical_quantity
from tiphys.propose.induce.model import (
    Address,
    Condition,
    Const,
    Else,
    Expression,
    Joined,
    Parameter,
    Ref,
)
from tiphys.propose.induce.places import is_quantity

Tree = dict[str, Any]

# Texts that an assertion tree would take for an expression, an escape, a loop or a binding.
_ODD_TEXT = re.compile(r"\(|\\|~|.*->", re.DOTALL)
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_MOST = 3500  # characters of an expression; the runner takes 4096
_CHUNK = 400
# Fields that the server leaves out when they hold false, 0 or nothing; others keep it, or make
# something else of its absence.
_SHY = frozenset(
    "hostNetwork hostPID hostIPC readOnly stdin stdinOnce tty paused publishNotReadyAddresses "
    "globalDefault unschedulable initialDelaySeconds minReadySeconds hostPort nodePort".split()
)


def jmespath(expression: Expression) -> str:
    """An expression as JMESPath over `$values`."""
    if isinstance(expression, Ref):
        return f"$values.{expression.name}"
    if isinstance(expression, Else):
        return f"not_null($values.{expression.name}, $values.{expression.other.name})"
    if isinstance(expression, Joined):
        parts = ", ".join(
            f"$values.{part.name}" if isinstance(part, Ref) else f"'{part}'"
            for part in expression.parts
        )
        return f"join('', [{parts}])"
    raise TypeError("a constant is no expression")


def leaf(expression: Expression) -> Any:
    """What stands at a scalar's place in a tree."""
    return text(expression.value) if isinstance(expression, Const) else f"({jmespath(expression)})"


def text(value: Any) -> Any:
    """A literal that is nothing but itself to an assertion tree."""
    if not isinstance(value, str) or not _ODD_TEXT.match(value):
        return value
    if (said := f"({_json(value)})") and len(said) <= _MOST:
        return said
    chunks = [value[at : at + _CHUNK] for at in range(0, len(value), _CHUNK)]
    return {f"(contains(@, {_json(chunk)}))": True for chunk in chunks}


def field(key: str) -> str:
    """A field's name inside an expression."""
    return key if _IDENTIFIER.match(key) else json.dumps(key)


def holds(condition: Condition) -> str:
    """A condition inside an expression, as something that is true or false."""
    return f"$values.{condition.name}{' != null' if condition.given else ''}"


def variables(filled: str) -> Tree:
    """The environment variables of a container are exactly those of a map."""
    return {
        "(length(@))": f"(length({filled}))",
        f"~key.({filled})": {
            "((($variables[?name == $key].value | [0]) || '') == @)": True,
            "(length($variables[?name == $key]))": 1,
        },
    }


def live(value: Any, kind: str, here: Address) -> Any:
    """A literal as the API server keeps it."""
    if (
        is_quantity(kind, here[1])
        and isinstance(value, str | int | float)
        and not isinstance(value, bool)
    ):
        return canonical_quantity(str(value))
    return value


def zero_of(key: str, value: Any) -> str:
    """The empty value that a literal is, as JMESPath; "" if it is none."""
    if isinstance(value, bool):
        return "" if value or key not in _SHY else "`false`"
    if isinstance(value, int | float):
        return "" if value or key not in _SHY else "`0`"
    return {"": "''"}.get(value, "") if isinstance(value, str) else ""


def zero_for(key: str, parameter: Parameter) -> str:
    """The empty value that a parameter may have, as JMESPath; "" if it may have none."""
    definition = parameter.definition
    kind = definition["type"]
    kinds = [kind] if isinstance(kind, str) else list(kind)
    if "boolean" in kinds:
        return "`false`" if key in _SHY else ""
    if "array" in kinds:
        return "`[]`"
    if "object" in kinds:
        return "`{}`"
    if kinds[0] == "integer" and key in _SHY and definition.get("minimum", 1) <= 0:
        return "`0`"
    if kinds[0] == "string" and not {"format", "enum"} & set(definition):
        return "" if definition.get("minLength", 0) else "''"
    return ""


def plain_key(key: str) -> str:
    """A field's name as a tree's key."""
    odd = _ODD_TEXT.match(key) or not key
    return f"({json.dumps(key)})" if odd else key


def _json(value: str) -> str:
    """A text as a JMESPath literal on one line."""
    return f"`{json.dumps(value).replace('`', chr(92) + '`')}`"


def iterated(tree: Any) -> Any:
    """What each item of a loop must match; a scalar needs a key that stands for itself."""
    return tree if isinstance(tree, dict) else {"(@)": tree}
