"""The merge queue: what lands together was tested together."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.pipeline.world import World, web_files
from tiphys.domain import trailers
from tiphys.domain.errors import Unavailable
from tiphys.domain.testreport import TestReport
from tiphys.merge_queue import Ended, merge_queue
from tiphys.ports import Lease
from tiphys.testing.scripted_runner import scripted_report
from tiphys.verify.check import Finding, StaticCheck
from tiphys.verify.plan import BRIEF


class Runner:
    """Fails what runs on a tree where a given set of notes stands together."""

    def __init__(self) -> None:
        self.world: World | None = None
        self.enemies: list[frozenset[str]] = []
        self.broken = 0
        self.runs = 0

    def run(
        self, folder: Path, lease: Lease, *, values: Mapping[str, Any], namespace: str
    ) -> TestReport:
        self.runs += 1
        if self.broken:
            self.broken -= 1
            raise Unavailable("the server died")
        return scripted_report("pass")


@pytest.fixture
def world() -> World:
    return World()


def note(world: World, name: str, *, judged: bool = True) -> int:
    """A person's pull request with a document of that name."""
    base = world.repository.resolve("main")
    files = {f"docs/{name}.md": f"{name}\n".encode()}
    world.repository.commit(f"add-{name}", base, files, f"Add {name}\n")
    number = world.ann.open_pull(f"Add {name}", "", f"add-{name}", "main").number
    if judged:
        # Documents alone pass the static checks; nothing else applies.
        assert world.judge(number).decision == "accept"
    return number


def ends(ended: Sequence[Ended]) -> dict[int, str]:
    return {each.number: each.end for each in ended}


def test_what_fits_lands_as_the_tested_commit(world: World) -> None:
    numbers = [note(world, name) for name in ("one", "two", "three")]
    base = world.repository.resolve("main")
    ended = merge_queue([], world.person)
    assert ends(ended) == dict.fromkeys(numbers, "merged")
    tip = world.repository.resolve("main")
    assert ended[-1].text == tip
    for each in ended:
        pull = world.bot.pull(each.number)
        assert (pull.state, pull.merged_sha) == ("merged", each.text)
        said = trailers.parse(world.repository.message(each.text))["Tiphys-Verdict"]
        assert said == f"accept {world.repository.tree_id(tip)}"
        assert world.repository.merge_base(each.text, tip) == each.text
        assert world.repository.merge_base(base, each.text) == base
    assert {"docs/one.md", "docs/two.md", "docs/three.md"} <= {
        e.path for e in world.repository.entries("main")
    }
    assert world.index.commit() == tip


def test_two_that_break_each_other_are_never_both_merged(world: World) -> None:
    """A release of a skill, and a change of that skill: each is fine on main, not both."""
    release = world.ask(
        "Run the storefront web application in namespace shop: image "
        "registry.example/storefront:1.4, 3 replicas, port 8080"
    ).pull
    assert release is not None
    needy = web_files("Run a web application, and say who owns it.")
    schema = json.loads(needy["values.schema.json"])
    schema["properties"]["owner"] = {"type": "string", "description": "Who owns it?"}
    schema["required"].append("owner")
    needy["values.schema.json"] = json.dumps(schema).encode()
    for case in ("short", "other"):
        needy[f"examples/{case}/values.yaml"] += b"owner: ann\n"
    files = {f"skills/web/{path}": data for path, data in needy.items()}
    base = world.repository.resolve("main")
    world.repository.commit("new-web", base, files, "Describe web anew\n")
    change = world.ann.open_pull("Describe web anew", "", "new-web", "main")
    for number in (release.number, change.number):
        assert world.judge(number).decision == "accept"
    ended = merge_queue([release.number, change.number], world.person)
    assert sorted(each.end for each in ended) == ["left", "merged"]
    (left,) = [each for each in ended if each.end == "left"]
    assert world.bot.pull(left.number).state == "open"
    assert "regression failed" in left.text
    (comment,) = world.sticky(left.number, "tiphys/verdict")
    assert "### Verdict: revise" in comment.body


def test_what_no_trusted_verdict_accepts_stays_out(world: World) -> None:
    good, bare = note(world, "good"), note(world, "bare", judged=False)
    pushed = note(world, "pushed")
    world.push("add-pushed", {"docs/pushed.md": b"something else\n"})
    ended = merge_queue([], world.person)
    assert ends(ended) == {good: "merged", bare: "left", pushed: "left"}
    assert all("no accepting verdict" in e.text for e in ended if e.end == "left")


def test_closed_unknown_and_conflicting_ones_say_why(world: World) -> None:
    closed, first = note(world, "closed"), note(world, "same")
    world.ann.set_state(closed, "closed")
    base = world.repository.resolve("main")
    world.repository.commit("other", base, {"docs/same.md": b"other\n"}, "Other\n")
    second = world.ann.open_pull("Other", "", "other", "main").number
    assert world.judge(second).decision == "accept"
    ended = {e.number: e for e in merge_queue([closed, first, second, 99], world.person)}
    assert ends(list(ended.values())) == {
        closed: "left", first: "merged", second: "left", 99: "left",
    }  # fmt: skip
    assert "closed" in ended[closed].text
    assert "docs/same.md conflicts" in ended[second].text
    assert "99" in ended[99].text


def test_guardrails_are_merged_alone(world: World) -> None:
    base = world.repository.resolve("main")
    world.repository.commit("rules", base, {"manifests/guardrails/README.md": b"x\n"}, "Rules\n")
    number = world.ann.open_pull("Rules", "", "rules", "main").number
    assert world.judge(number).decision in ("accept", "inconclusive")
    ((ended),) = merge_queue([number], world.person)
    assert "merged alone" in ended.text


def test_a_cluster_that_dies_blames_nobody(world: World) -> None:
    text = "Run the {} web application in namespace shop: image registry.example/x:1, port 80"
    numbers = []
    for name in ("alpha", "beta"):
        pull = world.ask(text.format(name)).pull
        assert pull is not None
        assert world.judge(pull.number).decision == "accept"
        numbers.append(pull.number)
    runner = Runner()
    runner.broken = 99
    world.runner = runner  # type: ignore[assignment]  # a runner is a runner
    ended = merge_queue(numbers, world.person)
    assert ends(ended) == dict.fromkeys(numbers, "left")
    assert all("could not" in each.text for each in ended)
    runner.broken = 0
    assert ends(merge_queue(numbers, world.person)) == dict.fromkeys(numbers, "merged")


@pytest.mark.parametrize("seed", range(8))
def test_whatever_breaks_what_breaks_never_lands_together(seed: int) -> None:
    """Random pairs of enemies among documents; a static check stands for what finds them."""
    dice = random.Random(seed)
    world = World()
    names = [f"d{n}" for n in range(dice.randint(2, 11))]
    enemies = [frozenset(dice.sample(names, 2)) for _ in range(dice.randint(0, 3))]

    def together(subject: Any, _policy: object) -> Finding:
        paths = {e.path for e in subject.reader.entries(subject.rev, "docs")}
        found = {n for n in names if f"docs/{n}.md" in paths}
        bad = [pair for pair in enemies if pair <= found]
        return Finding("fail", f"{sorted(bad[0])} clash") if bad else Finding("pass", "fine")

    check = StaticCheck("together", "static", 1, together)
    world.person = replace(world.person, plan=replace(BRIEF, static=(*BRIEF.static, check)))
    world.ports = replace(world.ports, plan=world.person.plan)
    numbers = {note(world, name): name for name in names}
    ended = merge_queue([], world.person)
    merged = {numbers[e.number] for e in ended if e.end == "merged"}
    assert not any(pair <= merged for pair in enemies)
    for each in ended:  # nothing is left without a reason that still stands
        if each.end == "left":
            assert any(numbers[each.number] in pair and pair - {numbers[each.number]} <= merged
                       for pair in enemies)  # fmt: skip
    assert {e.path for e in world.repository.entries("main", "docs")} == {
        f"docs/{name}.md" for name in merged
    }
