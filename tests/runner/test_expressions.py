from contextlib import suppress

import jmespath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiphys.adapters.runner_embedded.expressions import compile_expression, parse_form, parse_text
from tiphys.adapters.runner_embedded.functions import FUNCTIONS, EvaluationError
from tiphys.adapters.runner_embedded.gotypes import identical
from tiphys.domain.errors import InvalidInput

names = st.sampled_from("abc")
values = st.recursive(
    st.none() | st.booleans() | st.text("xyz", max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=10,
)
paths = st.recursive(
    names | st.sampled_from(["@", "a.b", "[0]", "[-1]", "'x'", "`null`", "`[]`"]),
    lambda inner: st.one_of(
        st.builds("{}.{}".format, inner.filter(str.isalpha), names),
        st.builds("{}[0]".format, inner),
        st.builds("{}[]".format, inner),
        st.builds("{}[*].a".format, inner),
        st.builds("{}[1:]".format, inner.filter(lambda p: "'" not in p)),
        st.builds("{}[?a == `null`].b".format, inner),
        st.builds("({} || {})".format, inner, inner),
        st.builds("({} && {})".format, inner, inner),
        st.builds("(!{})".format, inner),
        st.builds("({} | {})".format, inner, inner),
        st.builds("({} == {})".format, inner, inner),
        st.builds("[{}, {}]".format, inner, inner),
        st.builds("type({})".format, inner),
        st.builds("to_string({})".format, inner),
        st.builds("not_null({}, {})".format, inner, inner),
    ),
    max_leaves=4,
)


def run(text, value=None, **bindings):
    return compile_expression(text).evaluate(value, bindings)


@given(paths, values)
def test_without_numbers_it_is_jmespath(path, value):
    """Only numbers and a few inputs of the wrong type are read in another way than by the book."""
    try:
        expected = jmespath.search(path, value)
    except (jmespath.exceptions.JMESPathError, TypeError):
        return
    got = run(path, value)
    if "[1:]" in path or "[{" in path or ("[" in path and "," in path):
        return  # text may be sliced, and a list of nulls is made of a null
    assert identical(got, expected) or "to_string" in path


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text):
    try:
        form = parse_form(f"({text})")
    except InvalidInput:
        return
    if form.program:
        with suppress(EvaluationError):
            form.program.evaluate({"a": [1]}, {})


@pytest.mark.parametrize(
    ("text", "foreach", "index", "statement", "binding", "program"),
    [
        ("", False, "", "", "", False),
        ("test", False, "", "test", "", False),
        ("(a.b)", False, "", "a.b", "", True),
        ("(jp; a)", False, "", " a", "", True),
        ("~.test", True, "", "test", "", False),
        ("~i.(a)->b", True, "i", "a", "b", True),
        ("a->b", False, "", "a", "b", False),
        ("\\~(test)->foo\\", False, "", "~(test)->foo", "", False),
        ("~index.\\(test)\\->name", True, "index", "(test)", "name", False),
        ("\\\\", False, "", "\\\\", "", False),
        ("()", False, "", "()", "", False),
        ("(a\nb)", False, "", "(a\nb)", "", False),
    ],
)
def test_forms(text, foreach, index, statement, binding, program):
    form = parse_form(text)
    assert (form.foreach, form.index, form.statement, form.binding, form.program is not None) == (
        foreach, index, statement, binding, program,
    )  # fmt: skip


def test_only_keys_have_arrows():
    assert parse_text("a->b").statement == "a->b"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$a", 1.0),
        ("$o.b[0]", "x"),
        ("o[?@ == $o.b[0]] | [0]", "x"),
        ("'$a'", "$a"),
        ('"$a"', "quoted"),
        ("`\"$a\"`", "$a"),
        ("{k: $a}.k", 1.0),
        ("live == `2`", False),
        ("live == live", True),
        ("live > `1`", True),
        ("live > 'x'", None),
        ("`true` == `1`", False),
        ("`1` == `1.0`", True),
        ("[live] == [`2`]", False),
        ("contains([`2`], `2`)", True),
        ("contains('text', live)", False),
        ("length('é∆')", 2.0),
        ("length(@)", 3.0),
        ("to_string(live)", "2"),
        ("to_string(`{\"b\": 1, \"a\": \"<é>\"}`)", '{"a":"\\u003cé\\u003e","b":1}'),
        ("to_string(`2.5`)", "2.5"),
        ("to_number('x')", None),
        ("to_number('2')", 2.0),
        ("'abc'[1:]", "bc"),
        ("floor(`-1.5`)", -2.0),
        ("ceil(`1.2`)", 2.0),
        ("avg(`[1, 2]`)", 1.5),
        ("avg(`[]`)", None),
        ("max_by(`[{\"n\": 1}, {\"n\": 3}]`, &n).n", 3.0),
        ("min(`[\"b\", \"a\"]`)", "a"),
        ("to_array('a')", ["a"]),
        ("split('', ',')", []),
        ("concat('a', $o.b[0])", "ax"),
        ("*[] | [0]", "x"),
    ],
)  # fmt: skip
def test_values(text, value):
    got = run(text, {"o": ["x", "y"], "live": 2, "$a": "quoted"}, a=1.0, o={"b": ["x"]})
    assert identical(got, value)


@pytest.mark.parametrize(
    "text",
    ["$nobody", "abs(live)", "sum([live])", "join(',', [live])", "length(live)", "keys('a')",
     "sort([`1`, 'a'])", "max_by(`[1, \"a\"]`, &@)", "to_string(&a)", "length(&a)", "'a'[::0]"],
)  # fmt: skip
def test_wrong_types_are_errors(text):
    with pytest.raises(EvaluationError):
        run(text, {"live": 2})


def test_every_function_survives_any_argument():
    for name, function in FUNCTIONS.items():
        for argument in ("@", "'a'", "`1`", "`[]`", "`{}`", "`null`", "live", "&a"):
            arguments = ", ".join([argument] * len(function.arguments))
            with suppress(EvaluationError):
                run(f"{name}({arguments})", {"live": 1})
