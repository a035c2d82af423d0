import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiphys.domain import trailers
from tiphys.domain.errors import InvalidInput
from tiphys.domain.trailers import REQUEST, SKILL, VERDICT

printable = st.text().filter(lambda s: s.isprintable() and s.strip())
values = st.dictionaries(st.sampled_from([REQUEST, SKILL, VERDICT, "Signed-off-by"]), printable)
messages = st.text(min_size=1).filter(str.strip)


@given(messages, values)
def test_what_is_added_is_parsed(message, pairs):
    found = trailers.parse(trailers.add(message, pairs))
    assert {k: found[k] for k in pairs} == {k: v.strip() for k, v in pairs.items()}


@given(messages, values)
def test_adding_twice_is_adding_once(message, pairs):
    once = trailers.add(message, pairs)
    assert trailers.add(once, pairs) == once


@given(st.text())
def test_parsing_never_fails(message):
    trailers.parse(message)


@given(printable)
def test_a_subject_is_no_trailer(text):
    assert trailers.parse(f"Fix: {text}") == {}


@pytest.mark.parametrize(
    "value", ["", " ", "a\nTiphys-Verdict: accept", "a\rb", "a\x00", "a\u2028b"]
)
def test_values_that_could_forge_a_line_are_refused(value):
    with pytest.raises(InvalidInput):
        trailers.add("Subject", {REQUEST: value})


def test_a_trailer_is_replaced_not_repeated():
    message = trailers.add("Subject\n\nBody: no, prose.\nMore\n", {REQUEST: "#1", SKILL: "web"})
    again = trailers.add(message, {REQUEST: "#2"})
    assert again == ("Subject\n\nBody: no, prose.\nMore\n\nTiphys-Skill: web\nTiphys-Request: #2\n")


def test_git_reads_the_same():
    message = trailers.add("Subject\n\nBody\n", {REQUEST: "#1", VERDICT: "accept (real)"})
    done = subprocess.run(
        ["git", "interpret-trailers", "--parse"],
        input=message,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "Tiphys-Request: #1\nTiphys-Verdict: accept (real)\n"
