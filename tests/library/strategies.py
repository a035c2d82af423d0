"""Hostile and everyday values for property tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from tiphys.domain.errors import TiphysError

# Characters and words that some reader of YAML, Jinja, JSON or TOML gives a meaning to.
AWKWARD = [
    *" \n\t\r#:-'\"|>&*!%@`,[]{}?~=\\/\x00\x01\x7f\x85\xa0\u2028\u2029\ufeff\ufffe\uffff😀é",
    "\r\n", ": ", " #", "- ", "---", "...", "{{", "}}", "{%", "%}", "{#", "<<", "on", "no", "null",
    "1e3", "0x1", "0o17", "017", "1_0", "1:30", "2020-01-01", ".5", "1.", "1.0", ".inf", "true",
]  # fmt: skip


def texts(max_size: int = 12) -> st.SearchStrategy[str]:
    """Text of every Unicode sort, rich in what breaks readers."""
    part = st.sampled_from(AWKWARD) | st.characters(exclude_categories=["Cs"])
    return st.sampled_from(AWKWARD) | st.lists(part, max_size=max_size).map("".join)


def scalars() -> st.SearchStrategy[Any]:
    """JSON scalars: integers of 64 bits, finite floats."""
    return (
        st.none()
        | st.booleans()
        | st.integers(-(2**63), 2**63 - 1)
        | st.floats(allow_nan=False, allow_infinity=False)
        | texts()
    )


def json_values(leaves: st.SearchStrategy[Any] | None = None) -> st.SearchStrategy[Any]:
    """Any JSON value, nested a little."""
    return st.recursive(
        scalars() if leaves is None else leaves,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts(4), inner, max_size=4),
        max_leaves=10,
    )


def refusal(call: Callable[[], Any]) -> str | None:
    """The one line with which a call refuses, None if it works; any other error leaves."""
    try:
        call()
    except TiphysError as problem:
        said = str(problem)
        assert said
        assert len(said.splitlines()) == 1
        assert len(said) < 1500
        return said
    return None
