"""Templates as pure functions from values to Kubernetes objects.

A template comes out of a proposal, so it is treated as hostile. Two rules make it harmless without
leaning on Jinja's sandbox: its syntax tree may hold only the node types listed here (no calls, no
assignments, no arithmetic that grows), and every expression leaves as a JSON scalar or flow value
that the YAML parser must see as one whole node, so text can't become structure. Every operand is
charged to a budget before use, so work is bounded too. The result is parsed strictly.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.runtime import LoopContext

from tiphys.domain.errors import InvalidInput, LimitExceeded
from tiphys.library import strict_yaml
from tiphys.library.template_filters import BUDGET, CHARGE, FILTERS, Budget

OUTPUT_LIMIT = 1 << 20  # bytes of one rendered template
_SOURCE_LIMIT = 32 * 1024
_LOOP_DEPTH = 2
_EXPRESSION_NODES = 100
_NESTING = 40
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
    spans: list[tuple[int, int]] = []
    at = size = 0
    try:
        for piece in template.generate({**values, BUDGET: Budget()}):
            if isinstance(piece, _Written):
                spans.append((at, at + len(piece)))
            pieces.append(piece)
            at += len(piece)
            size += len(piece.encode(errors="replace"))
            if size > OUTPUT_LIMIT:
                raise LimitExceeded(f"renders more than {OUTPUT_LIMIT} bytes")
    except LimitExceeded as problem:
        raise LimitExceeded(f"{name}: {problem}") from None
    except (
        jinja2.TemplateError, ArithmeticError, AttributeError, LookupError, RecursionError,
        TypeError, ValueError,
    ) as problem:  # fmt: skip
        raise InvalidInput(f"{name}: {_brief(problem)}") from None
    text, rendered = "".join(pieces), f"{name} (rendered)"
    documents = strict_yaml.load_documents(text, source=rendered)
    nodes_at = strict_yaml.node_spans(text)
    for start, end in spans:
        if (start, end) not in nodes_at:
            raise InvalidInput(
                f"{rendered}: line {text.count(chr(10), 0, start) + 1}: an expression must be a "
                "whole value or key: no quotes or text around {{ }}, join texts with ~ inside"
            )
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


class _Written(str):
    """What an expression was written as, to be told from the template's own text."""

    __slots__ = ()

    def __str__(self) -> str:
        return self


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
    environment.filters |= FILTERS
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
        _check_node(tree, name, loops=0, depth=0)
        _charge_operands(tree)
        return environment.from_string(tree)
    except jinja2.TemplateError as problem:
        raise InvalidInput(f"{name}: {_brief(problem)}") from None
    except (RecursionError, MemoryError, SyntaxError):  # Python's limits on the compiled code
        raise LimitExceeded(f"{name}: an expression is nested too deeply") from None
    except ValueError as problem:  # a literal of thousands of digits, half a surrogate pair
        raise InvalidInput(f"{name}: {_brief(problem)}") from None


def _check_node(node: nodes.Node, name: str, loops: int, depth: int) -> None:
    line = f"{name}: line {node.lineno}" if node.lineno else name
    if depth > _NESTING:
        raise LimitExceeded(f"{line}: nested deeper than {_NESTING} levels")
    if not isinstance(node, _NODES):
        raise InvalidInput(f"{line}: {type(node).__name__.lower()} is not allowed in a template")
    if isinstance(node, nodes.Expr) and sum(1 for _ in _walk(node)) > _EXPRESSION_NODES:
        raise LimitExceeded(f"{line}: an expression of more than {_EXPRESSION_NODES} parts")
    _check_names(node, line)
    if isinstance(node, nodes.For):
        loops += 1
        if node.recursive or loops > _LOOP_DEPTH:
            raise InvalidInput(f"{line}: loops nest deeper than {_LOOP_DEPTH}")
    for child in node.iter_child_nodes():
        _check_node(child, name, loops, depth + 1)


def _check_names(node: nodes.Node, line: str) -> None:
    if isinstance(node, nodes.Const) and node.value in (math.inf, -math.inf):
        raise InvalidInput(f"{line}: a number beyond 64 bits")
    if isinstance(node, nodes.CondExpr) and node.expr2 is None:
        raise InvalidInput(f"{line}: an inline if needs an else")
    if isinstance(node, nodes.Filter) and (node.name not in _FILTERS or node.dyn_args):
        raise InvalidInput(f"{line}: filter {node.name} is not allowed")
    if isinstance(node, nodes.Test) and node.name not in _TESTS:
        raise InvalidInput(f"{line}: test {node.name} is not allowed")


def _charge_operands(node: nodes.Node) -> None:
    """Wrap whatever an operation reads, so that it is weighed before the operation runs."""
    for child in list(node.iter_child_nodes()):
        _charge_operands(child)
    if isinstance(node, nodes.For):
        node.iter = _charged(node.iter, body=1 + sum(1 for _ in _walk(node)))
    elif isinstance(node, nodes.Compare | nodes.Operand):
        node.expr = _charged(node.expr)
    elif isinstance(node, nodes.BinExpr) and not isinstance(node, nodes.And | nodes.Or):
        node.left, node.right = _charged(node.left), _charged(node.right)
    elif isinstance(node, nodes.Concat):
        node.nodes = [_charged(part) for part in node.nodes]
    elif isinstance(node, nodes.Filter | nodes.Test) and node.name != CHARGE:
        if node.node is not None:
            node.node = _charged(node.node)
        node.args = [_charged(argument) for argument in node.args]


def _charged(node: Any, *, body: int = 0) -> nodes.Expr:
    arguments: list[nodes.Expr] = [nodes.Const(body)] if body else []
    return nodes.Filter(node, CHARGE, arguments, [], None, None, lineno=node.lineno)


def _walk(node: nodes.Node) -> Iterator[nodes.Node]:
    yield node
    for child in node.iter_child_nodes():
        yield from _walk(child)


def _as_json(value: Any) -> str:
    if isinstance(value, jinja2.Undefined):
        return str(value)  # StrictUndefined raises, naming the variable
    Budget().weigh(value)
    return _Written(_ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", _flow(value)))


def _flow(value: Any) -> str:
    """JSON, with floats as YAML readers agree about them and keys always text."""
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise TypeError("a map's key is not text")
        return f"{{{', '.join(f'{_flow(k)}: {_flow(v)}' for k, v in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_flow, value))}]"
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    if isinstance(value, float) and "." not in text:
        return text.replace("e", ".0e", 1)
    return text


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
