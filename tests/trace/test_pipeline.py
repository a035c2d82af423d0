"""Every road leaves a trace, written before and after; also where it ends badly."""

from __future__ import annotations

import pytest

from tests.author.boards import wants
from tests.pipeline.world import OUT_OF_REACH, STOREFRONT, World
from tests.trace.world import REQUEST, Lab, config
from tiphys.domain.errors import Unavailable
from tiphys.domain.trace import Intent, Result
from tiphys.testing.memory_traces import MemoryTraces


def traced(world):
    from dataclasses import replace

    world.ports = replace(world.ports, traces=MemoryTraces())
    return world


def only(traces, issue):
    ((_, entries),) = traces.of_issue(issue)
    return entries


def test_reuse_leaves_the_choice_with_what_was_searched_and_why():
    world = traced(World())
    work = world.ask(STOREFRONT)
    before, after = only(world.ports.traces, 1)
    assert isinstance(before, Intent)
    assert STOREFRONT in before.observation
    assert "skills/web (" in before.observation
    assert before.orientation.startswith("skill web (")
    assert before.action == "reuse"
    assert before.expectation
    assert isinstance(after, Result)
    assert after.outcome == "reuse"
    assert after.evaluation == f"{work.road.line}\nproposed: {work.reply}"
    assert work.pull.body.endswith("\n\nTrace: `tiphys trace show 1`")


def test_a_request_out_of_reach_leaves_one_too():
    world = traced(World())
    work = world.ask(OUT_OF_REACH)
    before, after = only(world.ports.traces, 1)
    assert (before.action, after.outcome) == ("author", "failed")
    assert after.evaluation == f"declined: {work.reply}"


def test_each_time_that_an_issue_is_worked_on_is_an_attempt():
    world = traced(World())
    world.ask(STOREFRONT.replace(" in namespace shop", ""))
    world.ann.comment(1, "shop")
    world.work(1)
    (_, first), (_, second) = world.ports.traces.of_issue(1)
    assert "asked: " in first[1].evaluation
    assert "proposed: " in second[1].evaluation
    assert "\nshop" in second[0].observation


def test_an_authored_request_has_the_choice_and_each_round(tmp_path):
    lab = Lab(tmp_path, config(size="1\nmood: bad"), config(), judge=wants("size", 3, "refused"))
    work = lab.ask()
    assert work.ending == "proposed", work.reply
    entries = only(lab.traces, 1)
    kinds = [(type(each).__name__, each.tick) for each in entries]
    rounds = len(lab.model.calls)
    middle = [(kind, n) for n in range(1, rounds + 1) for kind in ("Intent", "Result")]
    assert kinds == [("Intent", 0), *middle, ("Result", 0)]
    assert entries[-1].outcome == "author"
    assert entries[-1].evaluation.startswith("author (")
    assert entries[1].messages == tuple((m.role, m.text) for m in lab.model.calls[0])
    assert REQUEST in entries[1].messages[-1][1]
    assert entries[2].model == "scripted"
    assert entries[2].written > 0


def test_what_breaks_in_the_middle_is_kept_and_said(tmp_path):
    lab = Lab(tmp_path, Unavailable("the model does not answer; start it"))
    with pytest.raises(Unavailable):
        lab.ask()
    *_, asked, ended = only(lab.traces, 1)
    assert isinstance(asked, Intent)
    assert asked.messages
    assert (ended.outcome, ended.evaluation) == ("failed", "the model does not answer; start it")
