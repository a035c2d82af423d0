"""Schedules in words, in the languages that people write in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiphys.propose.schedule import cron_from_words


@pytest.mark.parametrize(
    ("text", "cron"),
    [
        ("22:45 on the 1st day of each month", "45 22 1 * *"),
        ("Each night at ten past two it runs.", "10 2 * * *"),
        ("every day at quarter to seven", "45 6 * * *"),
        ("every day at half past three in the afternoon", "30 15 * * *"),
        ("Monday to Saturday at 5:40", "40 5 * * 1-6"),
        ("at 05:40, only from Monday to Friday", "40 5 * * 1-5"),
        ("rodar às 05:40 e só de segunda a sábado", "40 5 * * 1-6"),
        ("todas as noites às 3:15", "15 3 * * *"),
        ("von Montag bis Samstag um 4 Uhr", "0 4 * * 1-6"),
        ("du lundi au vendredi à 6h30", "30 6 * * 1-5"),
        ("elke maandag om 7:15", "15 7 * * 1"),
        ("friday to monday at 1:00", "0 1 * * 0,1,5,6"),
        ("monday to sunday at 1:00", "0 1 * * *"),
        ("every weekday at 7am", "0 7 * * 1-5"),
        ("on Saturdays only, at half past four in the afternoon", "30 16 * * 6"),
        ("a las 0:40, 6:40, 12:40 y 18:40", "40 0,6,12,18 * * *"),
        ("at 6:15 and at 18:15 every weekday", "15 6,18 * * 1-5"),
    ],
)
def test_what_was_said_is_what_cron_says(text, cron):
    assert [found for *_, found in cron_from_words(text)] == [cron]


@pytest.mark.parametrize(
    "text",
    [
        "Each night at ten.",  # morning or evening
        "the release is on Thursday",
        "Monday to Friday",
        "every day at 25:10",
        "at 6:15 and 18:30",  # two schedules
        "at 6:15 and 18:15, and every monday something else happens",
        "two of ten past the post",
        "Le 1er et le 15 de chaque mois à 4 h 20",
        "hourly, on the half hour",
    ],
)
def test_what_would_have_to_be_guessed_is_left_out(text):
    assert [*cron_from_words(text)] == []


@given(st.text(alphabet="at every monday to10:25 pasthlf", max_size=60))
def test_any_text_is_read_or_left(text):
    for start, end, cron in cron_from_words(text):
        assert 0 <= start < end <= len(text)
        assert len(cron.split()) == 5
