"""One pull request for what is taken back, by a person."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.release.world import Target
from tiphys.domain.errors import Conflict, LimitExceeded, Refused
from tiphys.domain.policy import Policy, Settings
from tiphys.releases.opening import BRANCHES, Opened, open_take_back
from tiphys.releases.taking_back import take_back_release, take_back_skill
from tiphys.testing.memory_forge import MemoryForge


@pytest.fixture
def target() -> Target:
    target = Target()
    digest = target.skill("bad")
    target.release("one", digest)
    target.release("two", digest)
    target.push({"manifests/shop/two/object.yaml": b"by: hand\n"}, "Mend | two\n")
    return target


@pytest.fixture
def forge() -> MemoryForge:
    return MemoryForge("ann", lambda: 1.0)


def back(
    target: Target,
    forge: MemoryForge,
    name: str = "shop/one",
    *,
    to: str | None = None,
    skill: str = "",
    actor: str = "ann",
    why: str = "",
    settings: Settings | None = None,
) -> Opened:
    history = target.history()
    plan = take_back_skill(history, skill) if skill else take_back_release(history, name, to)
    return open_take_back(
        plan,
        history,
        repository=target.repository,
        forge=forge,
        settings=settings or Settings(),
        actor=actor,
        why=why,
    )


def test_the_target_stays_and_the_branch_is_one_commit_on_it(
    target: Target, forge: MemoryForge
) -> None:
    before = target.repository.resolve("main")
    pull = back(target, forge, why="It broke\nthe shop").pull
    assert target.repository.resolve("main") == before
    assert pull.source.startswith(f"{BRANCHES}shop-one-")
    assert (pull.target, pull.issue, pull.author) == ("main", None, "ann")
    changed = target.repository.changes("main", pull.source)
    assert {c.path.rpartition("/")[0] for c in changed} == {"manifests/shop/one"}
    assert not any(c.new for c in changed)
    assert "> It broke\n> the shop" in pull.body
    assert pull.title == "Remove shop/one"
    assert target.repository.message(pull.source).startswith("Remove shop/one\n\nThis takes back")


def test_asked_again_it_is_the_same_pull_request(target: Target, forge: MemoryForge) -> None:
    first = back(target, forge)
    target.push({"README.md": b"Meanwhile\n"})
    again = back(target, forge)
    assert (first.new, again.new, again.pull.number) == (True, False, first.pull.number)
    assert len(forge.pulls()) == 1


def test_after_a_close_the_branch_is_taken_up_again(target: Target, forge: MemoryForge) -> None:
    first = back(target, forge)
    forge.set_state(first.pull.number, "closed")
    again = back(target, forge)
    assert again.new
    assert again.pull.source == first.pull.source
    assert again.pull.number != first.pull.number


def test_a_branch_that_holds_something_else_is_not_taken(
    target: Target, forge: MemoryForge
) -> None:
    pull = back(target, forge).pull
    tip = target.repository.resolve(pull.source)
    target.repository.commit(pull.source, tip, {"skills/x/y": b"z"}, "More\n")
    with pytest.raises(Conflict, match="git branch -D"):
        back(target, forge)


def test_another_way_back_is_another_pull_request_that_names_the_first(
    target: Target, forge: MemoryForge
) -> None:
    start = list(target.history().steps["manifests/shop/two"])[-1].before
    first = back(target, forge, "shop/two")
    second = back(target, forge, "shop/two", to=start)
    assert second.others == (first.pull.number,)
    assert (first.pull.title, second.pull.title) == ("Take back shop/two", "Remove shop/two")


def test_the_text_says_what_is_left_alone(target: Target, forge: MemoryForge) -> None:
    pull = back(target, forge, skill="web").pull
    assert pull.source.startswith(f"{BRANCHES}skill-web-")
    assert "| skill web | gone |" in pull.body
    assert "| shop/one | gone |" in pull.body
    assert "- shop/two: was changed by hand in" in pull.body


def test_links_lead_to_the_pull_requests_that_are_taken_back(
    target: Target, forge: MemoryForge
) -> None:
    base = target.repository.resolve("main")
    files = {"manifests/shop/one/object.yaml": b"better: no\n"}
    head = target.repository.commit("aside", base, files, "Change one\n")
    merged = target.repository.preview(
        head, base, "Merge #7: One\n\nTiphys-Request: 5\n", commit=True
    ).sha
    target.repository.fast_forward(str(merged), "main", base)
    body = back(target, forge).pull.body
    assert "| #7 for #5 (1970-01-01, `" in body


def test_a_tables_cell_holds_what_others_wrote(target: Target, forge: MemoryForge) -> None:
    body = back(target, forge, "shop/two").pull.body
    assert "Mend \\| two" in body


def test_the_bot_takes_nothing_back(target: Target, forge: MemoryForge) -> None:
    with pytest.raises(Refused, match="TIPHYS_ACTOR"):
        back(target, forge, actor="tiphys")
    assert target.repository.branches(BRANCHES) == []


def test_more_than_can_be_judged_is_not_opened(target: Target, forge: MemoryForge) -> None:
    few = replace(Settings(), policy=Policy(max_files=1))
    with pytest.raises(LimitExceeded, match="max_files"):
        back(target, forge, settings=few)
    assert forge.pulls() == []
