"""The rules themselves change only with a second person's review of that very head."""

from __future__ import annotations

import pytest

from tests.pipeline.world import World
from tiphys.domain.errors import Refused

RULE = {"manifests/guardrails/README.md": b"# Guardrails\n"}


@pytest.fixture
def world() -> World:
    return World()


def propose(world: World) -> int:
    base = world.repository.resolve("main")
    world.repository.commit("rules", base, {**RULE}, "Change the rules\n")
    number = world.ann.open_pull("Change the rules", "", "rules", "main").number
    assert world.judge(number).decision == "accept"
    return number


def test_guardrails_need_a_second_person(world: World) -> None:
    number = propose(world)
    head = world.repository.resolve("rules")
    with pytest.raises(Refused, match="review of a second person"):
        world.merge(number)
    for forge in (world.ann, world.bot):  # the author and the bot are nobody here
        forge.review(number, head, "approve", "")
    with pytest.raises(Refused, match="review of a second person"):
        world.merge(number)
    world.bob.review(number, head, "approve", "")
    world.merge(number)
    assert world.bot.pull(number).state == "merged"


def test_an_approval_is_of_one_head(world: World) -> None:
    number = propose(world)
    world.bob.review(number, world.repository.resolve("rules"), "approve", "")
    world.push("rules", {"manifests/guardrails/README.md": b"# Other rules\n"})
    world.judge(number)
    with pytest.raises(Refused, match="review of a second person"):
        world.merge(number)


def test_a_reviewer_who_wants_changes_stops_it(world: World) -> None:
    number = propose(world)
    head = world.repository.resolve("rules")
    world.bob.review(number, head, "approve", "")
    world.bob.review(number, head, "request-changes", "not like this")
    with pytest.raises(Refused, match="wants changes"):
        world.merge(number)


def test_rules_hidden_among_others_and_rules_by_a_program_are_rejected(world: World) -> None:
    base = world.repository.resolve("main")
    world.repository.commit("mixed", base, {**RULE, "docs/a.md": b"a\n"}, "Both\n")
    mixed = world.ann.open_pull("Both", "", "mixed", "main").number
    assert world.judge(mixed).decision == "reject"
    world.repository.commit("tiphys/9-rules", base, {**RULE}, "Rules\n")
    issue = world.ann.open_issue("Rules", "Change the rules").number
    by_bot = world.bot.open_pull("Rules", "", "tiphys/9-rules", "main", issue).number
    assert world.judge(by_bot).decision == "reject"
    world.repository.commit("feature", base, {**RULE}, "Rules\n")
    disguised = world.bot.open_pull("Rules", "", "feature", "main", issue).number
    assert world.judge(disguised).decision == "reject"
