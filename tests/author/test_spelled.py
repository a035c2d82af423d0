"""Amounts in words, as Kubernetes takes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiphys.propose.reading.spelled import in_figures


@pytest.mark.parametrize(
    ("words", "figures"),
    [
        ("value minus fifty, never preempts", "value -50, never preempts"),
        ("at least two pods and at most nine", "at least 2 pods and at most 9"),
        ("seventy percent, twenty-five percent", "70 percent, 25 percent"),
        ("forty gibibytes", "40Gi"),
        ("2 GiB to 5 gigs", "2Gi to 5Gi"),
        ("40Gi, RWO, in BROWOX", "40Gi, ReadWriteOnce, in BROWOX"),
        ("make their limit half a gig", "make their limit 512Mi"),
        ("half a core and a quarter of a cpu", "500m of cpu and 250m of cpu"),
        ("a hundred, three hundred and five", "100, 305"),
        ("half a dozen replicas", "6 replicas"),
        ("the window is ten minutes", "the window is 10 minutes (600 seconds)"),
        ("a two-hour limit", "a 2-hour (7200 seconds) limit"),
        ("every ten minutes", "every 10 minutes"),
        ("cada 15 minutos", "cada 15 minutos"),
        ("una ventana de 15 minutos", "una ventana de 15 minutos (900 seconds)"),
        ("after half an hour of calm", "after 30 minutes (1800 seconds) of calm"),
        ("every half an hour", "every half an hour"),
        ("media hora después", "30 minutos (1800 seconds) después"),
        ("nach einer halben Stunde", "nach 30 Minuten (1800 seconds)"),
        ("ten minutes past four", "10 minutes past 4"),
        ("give it 2 minutes to end", "give it 2 minutes (120 seconds) to end"),
        ("10 minutes after it ended", "10 minutes (600 seconds) after it ended"),
        ("the one Secret called x", "the one Secret called x"),
        ("labels app=two, two.example, /two, two-paths", None),
        ('say "twenty two" and `forty gibibytes`', None),
        ("someone, weightless, tender", None),
    ],
)
def test_words_become_figures_and_names_stay(words, figures):
    assert in_figures(words) == (figures or words)


@given(st.text())
def test_any_text_is_read_and_once_is_enough(text):
    once = in_figures(text)
    assert in_figures(once) == once


@given(st.lists(st.from_regex(r"[a-z]+[0-9][-a-z0-9./=]*", fullmatch=True)))
def test_what_looks_like_a_name_stays(names):
    text = " ".join(names)
    assert in_figures(text) == text
