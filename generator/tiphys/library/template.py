"""Templates as pure functions from values to Kubernetes objects.

A template comes out of a proposal, so it is treated as hostile. Two rules make it harmless without
leaning on Jinja's sandbox: its syntax tree may hold only the node types listed here (no calls, no
assignments, no arithmetic that grows), and every expression leaves as a JSON scalar or flow value,
so text can't become structure. The result is parsed strictly and written canonically.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.runtime import LoopContext

from tiphys.domain.errors import InvalidInput, LimitExceeded
from tiphys.library import strict_yaml

OUTPUT_LIMIT = 1 << 20  # bytes of one rendered template
_SOURCE_LIMIT = 32 * 1024
_TEXT_LIMIT = 64 * 1024  # characters that one filter may give
_LOOP_DEPTH = 2
_EXPRESSION_NODES = 100
_FILTERS = frozenset(
    "items length default join lower upper int string replace first last sort unique".split()
)
_TESTS = frozenset(
    """defined none boolean integer string mapping sequence in eq equalto ne lt gt le ge true
    false""".split()
)
_NODES = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.For, nodes.Name, nodes.Const,
    nodes.Getattr, nodes.Getitem, nodes.Filter, nodes.Test, nodes.Compare, nodes.Operand,
    nodes.And, nodes.Or, nodes.Not, nodes.CondExpr, nodes.Concat, nodes.Add, nodes.Sub, nodes.List,
    nodes.Tuple, nodes.Dict, nodes.Pair, nodes.Keyword,
)  # fmt: skip
# YAML reads these raw characters inside double quotes as line breaks or refuses them.
_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def render_template(source: str, values: Mapping[str, Any], *, name: str) -> list[dict[str, Any]]:
    """The Kubernetes objects that a template gives for complete `values`.

    InvalidInput names the template and what is wrong; LimitExceeded an output over OUTPUT_LIMIT.
    """
    template = _compile(source, name)
    pieces: list[str] = []
    size = 0
    try:
        for piece in template.generate(dict(values)):
            pieces.append(piece)
            size += len(piece.encode())
            if size > OUTPUT_LIMIT:
                raise LimitExceeded(f"renders more than {OUTPUT_LIMIT} bytes")
    except LimitExceeded as problem:
        raise LimitExceeded(f"{name}: {problem}") from None
    except (jinja2.TemplateError, ArithmeticError, LookupError, TypeError, ValueError) as problem:
        raise InvalidInput(f"{name}: {_brief(problem)}") from None
    documents = strict_yaml.load_documents("".join(pieces), source=f"{name} (rendered)")
    for document in documents:
        _check_object(document, name)
    return documents


def check_template(source: str, *, name: str) -> None:
    """Refuse a template that uses more of Jinja than Tiphys allows, without rendering it."""
    _compile(source, name)


class _Environment(jinja2.Environment):
    """Looks names up in JSON values only: no attribute of a Python object is reachable."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        """A key of a map, or one of the loop counters."""
        if isinstance(obj, LoopContext) and attribute in ("first", "last", "index", "index0"):
            return getattr(obj, attribute)
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """A key of a map or a place in a list."""
        if isinstance(obj, Mapping | list | tuple):
            try:
                return obj[argument]
            except (LookupError, TypeError):
                pass
        return self.undefined(obj=obj, name=argument)


def _join(value: Any, separator: str = "") -> str:
    parts = [str(part) for part in value]
    _bound(sum(map(len, parts)) + len(str(separator)) * len(parts))
    return str(separator).join(parts)


def _replace(value: Any, old: str, new: str) -> str:
    text = str(value)
    _bound(len(text) + text.count(str(old)) * len(str(new)))
    return text.replace(str(old), str(new))


def _bound(length: int) -> None:
    if length > _TEXT_LIMIT:
        raise LimitExceeded(f"a filter gives {length} characters, at most {_TEXT_LIMIT}")


@lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    environment = _Environment(  # output is YAML; `_as_json` escapes everything
        undefined=jinja2.StrictUndefined,
        finalize=_as_json,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters = {n: f for n, f in environment.filters.items() if n in _FILTERS}
    environment.filters |= {"join": _join, "replace": _replace}
    environment.tests = {n: t for n, t in environment.tests.items() if n in _TESTS}
    environment.globals = {}
    return environment


@lru_cache(maxsize=512)
def _compile(source: str, name: str) -> jinja2.Template:
    if len(source) > _SOURCE_LIMIT:
        raise LimitExceeded(
            f"{name}: a template of {len(source)} characters, at most {_SOURCE_LIMIT}"
        )
    environment = _environment()
    try:
        tree = environment.parse(source)
        _check_node(tree, name, loops=0)
        return environment.from_string(tree)
    except jinja2.TemplateError as problem:
        raise InvalidInput(f"{name}: {_brief(problem)}") from None
    except RecursionError:
        raise LimitExceeded(f"{name}: an expression is nested too deeply") from None


def _check_node(node: nodes.Node, name: str, loops: int) -> None:
    line = f"{name}: line {node.lineno}"
    if not isinstance(node, _NODES):
        raise InvalidInput(f"{line}: {type(node).__name__.lower()} is not allowed in a template")
    if isinstance(node, nodes.Expr) and sum(1 for _ in _walk(node)) > _EXPRESSION_NODES:
        raise LimitExceeded(f"{line}: an expression of more than {_EXPRESSION_NODES} parts")
    if isinstance(node, nodes.Filter) and (node.name not in _FILTERS or node.dyn_args):
        raise InvalidInput(f"{line}: filter {node.name} is not allowed")
    if isinstance(node, nodes.Test) and node.name not in _TESTS:
        raise InvalidInput(f"{line}: test {node.name} is not allowed")
    if isinstance(node, nodes.For):
        loops += 1
        if node.recursive or loops > _LOOP_DEPTH:
            raise InvalidInput(f"{line}: loops nest deeper than {_LOOP_DEPTH}")
    for child in node.iter_child_nodes():
        _check_node(child, name, loops)


def _walk(node: nodes.Node) -> Iterator[nodes.Node]:
    yield node
    for child in node.iter_child_nodes():
        yield from _walk(child)


def _as_json(value: Any) -> str:
    if isinstance(value, jinja2.Undefined):
        return str(value)  # StrictUndefined raises, naming the variable
    if callable(value) or not isinstance(value, str | int | float | list | tuple | dict | None):
        raise TypeError(f"an expression gives a {type(value).__name__}, not a JSON value")
    if isinstance(value, float):
        text = json.dumps(value, allow_nan=False)
        return text if "." in text.partition("e")[0] else text.replace("e", ".0e", 1)
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _check_object(document: Any, name: str) -> None:
    if not isinstance(document, dict):
        raise InvalidInput(f"{name}: renders something that is not a Kubernetes object")
    metadata = document.get("metadata")
    if not isinstance(metadata, dict) or not isinstance(metadata.get("name"), str):
        raise InvalidInput(f"{name}: renders an object without metadata.name")
    for field in ("apiVersion", "kind"):
        if not isinstance(document.get(field), str):
            raise InvalidInput(f"{name}: renders an object without {field}")


def _brief(problem: BaseException) -> str:
    line = getattr(problem, "lineno", None)
    text = str(problem)[:300] or type(problem).__name__
    return f"line {line}: {text}" if line else text
