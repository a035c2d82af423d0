"""The part of a request in which something is unsaid is asked for alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.author.boards import Board, wants
from tests.author.test_loop import config, run
from tiphys.propose.author.types import ALL, Unsaid
from tiphys.propose.author.unsaid import parts
from tiphys.testing.scripted_model import ScriptedModel

LONG = (
    "Run 4 replicas of registry.example/api:1 as Deployment api, only on nodes labelled disk=ssd, "
    "and spread them evenly over the zones (topology.example/zone): a difference of more than one "
    "must not be scheduled."
)
TWO = "The size is 3. Keep 200Mi free."


@pytest.mark.parametrize(
    ("request_", "said", "found"),
    [
        (TWO, ["200Mi"], ["Keep 200Mi free."]),
        (TWO, ["3", "200Mi"], ["The size is 3.", "Keep 200Mi free."]),
        ("- keep 200Mi\n- on port 80", ["80"], ["on port 80"]),
        (TWO, ["00Mi", ""], []),
        (LONG, ["topology.example/zone"], [LONG.partition("as Deployment api, ")[2]]),
    ],
)
def test_the_sentence_or_the_clause_with_its_neighbours(request_, said, found):
    assert [text for text, _ in parts(request_, [Unsaid(each, "?") for each in said])] == found


@given(st.text(max_size=300), st.lists(st.text(max_size=8), max_size=3))
def test_nothing_is_told_twice(request_, said):
    told = [
        word for _, wrong in parts(request_, [Unsaid(e, e) for e in set(said)]) for word in wrong
    ]
    assert len(told) == len(set(told))


def test_the_model_is_given_what_stands_and_the_one_part():
    model = ScriptedModel(config(3), config(3, mode="Slow-200Mi"))
    made, entries = run(model, Board(), request=TWO)
    ask = model.calls[1][-1].text
    assert len(model.calls[1]) == 2, "what went wrong before is not told again"
    assert "mode: Fast" in ask
    assert "still missing: Keep 200Mi free." in ask
    assert (made.good, made.calls) == (True, 2)
    assert any("Keep 200Mi free." in each.orientation for each in entries[2:3])


def test_a_part_that_makes_it_worse_is_not_taken():
    model = ScriptedModel(config(3), config(4, mode="Slow-200Mi"))
    made, _ = run(model, Board(wants("size", 3)), request=TWO)
    assert made.good
    assert made.best.objects[0]["size"] == 3


def test_every_part_has_one_chance():
    model = ScriptedModel(config(1))
    made, _ = run(model, Board(), request="Keep 200Mi free. Listen on 8080. It belongs to a-team.")
    asked = [call[-1].text.partition("still missing: ")[2][:6] for call in model.calls[1:]]
    assert asked == ["Keep 2", "Listen", "It bel"]
    assert len(made.best.unsaid) == 3


def test_without_the_piece_all_of_it_is_told_at_once():
    model = ScriptedModel(config(3))
    run(model, Board(), request=TWO, pieces=replace(ALL, parts=False))
    assert "That is not right yet" in model.calls[1][-1].text


def test_of_one_object_written_twice_the_last_counts():
    model = ScriptedModel(f"{config(1)}---\n{config(2)}---\n{config(3, name='two')}")
    made, _ = run(model, Board(), request="Make two.")
    assert [each["size"] for each in made.best.objects] == [2, 3]
