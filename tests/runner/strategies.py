"""Objects, and assertion trees that expect exactly them."""

import re

from hypothesis import strategies as st

_UNESCAPABLE = re.compile(r"(~|.*->)", re.DOTALL)

words = st.sampled_from(
    ["", "web", "(", "()", "(a)", "(length(@))", "~.a", "~x.(b)", "a -> b", "(a)->b", "\\", "\\a\\",
     "a\nb", "$values", "(\n)", "1", "null", "é ∆"]
)  # fmt: skip
texts = words | st.text("ab\\(~.)->\n", max_size=4)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**40), 2**40)
    | st.floats(allow_nan=False, allow_infinity=False, width=32)
    | texts
)


def escapable(text):
    """Whether a tree can say this text: nothing escapes `~` or `->` beside a line break."""
    return not ("\n" in text and _UNESCAPABLE.match(text))


objects = st.recursive(
    scalars.filter(lambda v: not isinstance(v, str) or escapable(v)),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(texts.filter(escapable), inner, max_size=3)
    ),
    max_leaves=8,
)


def exactly(value):
    """The tree that expects `value`."""
    if isinstance(value, dict):
        return {escape(key): exactly(each) for key, each in value.items()}
    if isinstance(value, list):
        return [exactly(each) for each in value]
    return escape(value) if isinstance(value, str) else value


def escape(text):
    return f"\\{text}\\" if text and "\n" not in text else text
