"""Whose figure a figure is, and what the server asks by itself."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiphys.propose.author.words.probes import probe_by_words

BOTH = {"livenessProbe": {"tcpSocket": {"port": 80}}, "readinessProbe": {"tcpSocket": {"port": 80}}}


def pod(**probes):
    return {"kind": "Pod", "spec": {"containers": [{"name": "web", **copy.deepcopy(probes)}]}}


def probed(request, context="", **probes):
    made = pod(**probes)
    list(probe_by_words(made, request, context))
    return made["spec"]["containers"][0]


@pytest.mark.parametrize(
    ("request_", "probe", "field", "value"),
    [
        ("Ready when /up answers, asked every five seconds.", "readinessProbe", "periodSeconds", 5),
        ("Restart it after 4 failed attempts.", "livenessProbe", "failureThreshold", 4),
        ("Restart it when /live fails twice in a row.", "livenessProbe", "failureThreshold", 2),
        ("Leave it alone for the first 45 seconds, then restart it if it hangs.",
         "livenessProbe", "initialDelaySeconds", 45),
        ("No traffic before /up works, with a timeout of 3 s.",
         "readinessProbe", "timeoutSeconds", 3),
    ],
)  # fmt: skip
def test_a_figure_is_that_of_the_probe_its_sentence_is_about(request_, probe, field, value):
    made = probed(request_, **BOTH)
    assert made[probe][field] == value
    [other] = BOTH.keys() - {probe}
    assert field not in made[other]


def test_a_figure_that_stood_in_another_probe_moves():
    guessed = copy.deepcopy(BOTH)
    guessed["readinessProbe"]["initialDelaySeconds"] = 45
    made = probed("Restart it when it hangs, but not in the first 45 seconds.", **guessed)
    assert made["livenessProbe"]["initialDelaySeconds"] == 45
    assert "initialDelaySeconds" not in made["readinessProbe"]


@pytest.mark.parametrize(
    "request_",
    [
        "Both checks are made every 7 seconds.",
        "A report is written every 9 seconds.",
        "It exports figures every 30 seconds.",
        "Restart it after 3 failures; no: restart it after 5 failures.",
    ],
)
def test_a_figure_of_which_it_is_not_clear_whose_it_is_is_left(request_):
    assert probed(request_, **BOTH) == {"name": "web", **BOTH}


def test_what_exists_already_is_not_said_again():
    context = "livenessProbe:\n  periodSeconds: 5\n"
    request = "The liveness check, every 5 seconds today, is all right."
    assert probed(request, context, **BOTH) == {"name": "web", **BOTH}


def test_a_span_of_something_else_makes_no_start_long():
    probe = {"tcpSocket": {"port": 80}}
    assert probed("A query takes up to ten minutes.", startupProbe=probe)["startupProbe"] == probe


def test_one_probe_is_not_asked_as_often_as_something_else_happens():
    request = "Ready when /up works. It sends its figures every 30 seconds."
    assert probed(request, readinessProbe={})["readinessProbe"] == {}


def test_who_may_take_long_to_start_is_asked_as_long():
    probe = {"tcpSocket": {"port": 80}, "periodSeconds": 8}
    made = probed("It needs up to four minutes to boot.", startupProbe=probe)
    assert made["startupProbe"]["failureThreshold"] == 30


@pytest.mark.parametrize(
    ("request_", "kept"),
    [
        ("Send users to it while an HTTP GET of /up works.", False),
        ("It is ready when the command curl http://localhost:7070/up gets an answer.", True),
    ],
)
def test_a_page_is_fetched_by_the_server_unless_a_program_was_asked_for(request_, kept):
    run = {"exec": {"command": ["curl", "-f", "http://localhost:7070/up"]}}
    made = probed(request_, readinessProbe=run)["readinessProbe"]
    assert made == (run if kept else {"httpGet": {"path": "/up", "port": 7070}})


VALUES = st.recursive(
    st.none() | st.integers(-1, 99) | st.sampled_from(["5", "http://localhost/x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["exec", "command", "periodSeconds", "httpGet", "failureThreshold"]), inner
    ),
)  # fmt: skip


@given(
    st.dictionaries(st.sampled_from(["startupProbe", *BOTH]), VALUES),
    st.sampled_from(
        ["up to 50 seconds, HTTP", "every 5 seconds, restart, http", "ready, 3 failures"]
    ),
)
def test_whatever_stands_there_breaks_nothing_and_once_is_enough(probes, request_):
    once = pod(**probes)
    list(probe_by_words(once, request_))
    twice = copy.deepcopy(once)
    assert not list(probe_by_words(twice, request_))
    assert twice == once
