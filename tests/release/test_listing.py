"""Which verdict is told of a release."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.pipeline.world import World
from tests.release.world import MemoryLog
from tiphys.domain.attestation import PAYLOAD_TYPE, Attested, Circumstances, write_statement
from tiphys.domain.errors import Unavailable
from tiphys.domain.evidence import Decision, Verdict
from tiphys.releases.history import History, read_history
from tiphys.releases.listing import judged, list_releases
from tiphys.testing.memory_verdicts import MemoryNotary


@pytest.fixture
def world() -> World:
    """A push, and the merge of a head that nobody has judged."""
    world = World()
    world.push("main", {"manifests/shop/pushed/a.yaml": b"a: 1\n"})
    base = world.repository.resolve("main")
    files = {"manifests/shop/web/a.yaml": b"a: 1\n"}
    head = world.repository.commit("head", base, files, "Web\n")
    merged = world.repository.preview(head, base, "Merge #7: Web\n", commit=True).sha
    world.repository.fast_forward(str(merged), "main", base)
    return world


def history(world: World) -> History:
    return read_history(world.repository, MemoryLog(world.repository), "main")


def keep(
    world: World, decision: Decision, *, head: str = "head", tree: str = "", by: str = "here"
) -> None:
    """A verdict on `head`, kept beside the merged head."""
    merged = world.repository.resolve("head")
    sha = world.repository.resolve(head)
    tree = tree or world.repository.tree_id("main")
    found = Circumstances("1" * 40, tree, "", "r", "q", True, {"scope": 1}, {"k": "1"})
    statement = write_statement(Attested(Verdict(decision, sha, (), "so"), found))
    world.verdicts.put(found.key, merged, MemoryNotary(by).sign(statement, PAYLOAD_TYPE))


def told(world: World) -> dict[str, str]:
    return {row.release: row.verdict for row in list_releases(history(world), world.ports)}


def test_without_one_there_is_none(world: World) -> None:
    assert told(world) == {"pushed": "none", "web": "none"}


def test_it_is_the_one_on_the_merged_head(world: World) -> None:
    keep(world, "accept")
    assert told(world) == {"pushed": "none", "web": "accept"}


def test_one_that_is_about_another_head_is_passed_by(world: World) -> None:
    keep(world, "accept", head="main")
    assert told(world)["web"] == "none"


def test_one_that_is_not_trusted_is_passed_by(world: World) -> None:
    keep(world, "revise")
    keep(world, "accept", by="eve")
    assert told(world)["web"] == "revise"


def test_the_merged_tree_counts_more_than_what_is_newer(world: World) -> None:
    keep(world, "accept")
    keep(world, "revise", tree="3" * 40)
    found = judged(history(world).steps["manifests/shop/web"][0], world.ports)
    assert found is not None
    assert (found.verdict.decision, found.same_tree) == ("accept", True)


def test_of_those_on_other_trees_the_newest_counts(world: World) -> None:
    keep(world, "revise", tree="2" * 40)
    keep(world, "accept", tree="3" * 40)
    found = judged(history(world).steps["manifests/shop/web"][0], world.ports)
    assert found is not None
    assert (found.verdict.decision, found.same_tree) == ("accept", False)


def test_nobody_who_could_check_is_not_nobody_who_judged(world: World) -> None:
    class Away:
        def open(self, *_: Any) -> bytes:
            raise Unavailable("the issuer does not answer")

    keep(world, "accept")
    ports = replace(world.ports, notary=Away())  # type: ignore[arg-type]  # nothing is signed
    (row,) = [row for row in list_releases(history(world), ports) if row.release == "web"]
    assert row.verdict == "unknown"
