"""There and back on real git, the local forge and a real control plane."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from tests.pipeline.world import STOREFRONT
from tiphys.acceptance import judge_pull, merge_pull
from tiphys.adapters.git_history import GitHistory
from tiphys.bootstrap import init_repository, open_ports, signers
from tiphys.context import Ports
from tiphys.library import load_skill_at, make_release, release_files
from tiphys.pipeline import work_on
from tiphys.ports import ClusterProvider, Lease
from tiphys.releases.find import find
from tiphys.releases.history import History, read_history
from tiphys.releases.listing import list_releases
from tiphys.releases.opening import Opened, open_take_back
from tiphys.releases.story import tell
from tiphys.releases.taking_back import TakeBack, take_back_release, take_back_skill
from tiphys.scaffold import skill_files
from tiphys.testing.memory_index import MemoryIndex
from tiphys.verify.plan import BRIEF, FULL, Plan

pytestmark = pytest.mark.cluster


class Lent:
    """The module's own control plane; nothing that is judged here is left on it."""

    def __init__(self, lease: Lease) -> None:
        self._lease = lease

    def lease(self) -> nullcontext[Lease]:
        return nullcontext(self._lease)


class Team:
    """A repository with the starter skills, the bot and a person."""

    def __init__(self, home: Path, provider: ClusterProvider) -> None:
        init_repository(home)
        index = MemoryIndex()
        self.home = home
        self.bot, self.ann = (
            replace(open_ports(home, actor=who, provider=lambda: provider), index=index)
            for who in ("tiphys", "ann")
        )

    @property
    def tree(self) -> str:
        return self.ann.repository.tree_id("main")

    def history(self) -> History:
        return read_history(self.ann.repository, GitHistory(self.home), "main")

    def push(self, files: dict[str, bytes | None]) -> None:
        repository = self.ann.repository
        repository.commit("main", repository.resolve("main"), files, "By hand\n")

    def take_back(self, plan: TakeBack) -> Opened:
        ports = self.ann
        return open_take_back(
            plan,
            self.history(),
            repository=ports.repository,
            forge=ports.forge,
            settings=ports.settings,
            actor="ann",
        )

    def merge(self, number: int, plan: Plan = FULL) -> None:
        verdict = judge_pull(number, replace(self.bot, plan=plan))
        assert verdict.decision == "accept", verdict
        merge_pull(number, replace(self.ann, plan=plan))


@pytest.fixture
def team(own_cluster: tuple[Lease, object], tmp_path: Path) -> Team:
    return Team(tmp_path / "skills", Lent(own_cluster[0]))


def test_a_release_comes_by_request_and_goes_by_revert(team: Team) -> None:
    before = team.tree
    issue = team.ann.forge.open_issue("Storefront", STOREFRONT)
    pull = work_on(team.bot.forge.issue(issue.number), team.bot).pull
    assert pull is not None
    team.merge(pull.number, BRIEF)

    history = team.history()
    place = find(history.reader, history.rev, "Deployment/shop/storefront")
    story = tell(history, place, team.ann, signers(team.ann.settings))
    assert (story.issue, story.pull, story.skill) == (issue.number, pull.number, "web-service")
    assert (story.merged_by, story.proposed_by, story.asked_by) == ("ann", "tiphys", "ann")
    assert STOREFRONT in story.request
    assert (story.state, story.signed_by) == ("current", "the key of this machine's user")
    assert story.verdict is not None
    assert story.verdict_is_of_this_tree
    file = team.ann.repository.read("main", story.file).decode().splitlines()
    assert file[story.line - 1 : story.line + 1] == ["apiVersion: apps/v1", "kind: Deployment"]

    opened = team.take_back(take_back_release(history, "shop/storefront"))
    assert opened.pull.author == "ann"
    assert f"#{pull.number} for #{issue.number} (" in opened.pull.body
    again = team.take_back(take_back_release(team.history(), "shop/storefront"))
    assert (again.pull.number, again.new) == (opened.pull.number, False)
    assert team.tree != before
    team.merge(opened.pull.number)
    assert team.tree == before
    assert list_releases(team.history(), team.ann) == []


def test_a_bad_skill_goes_with_all_that_it_made(team: Team) -> None:
    team.push(skill("Publish a note for visitors in a config map."))
    team.push(released(team.ann, "kept"))
    before = team.tree
    team.push(skill("Publish a note for visitors in a config map, in a way that turned out bad."))
    team.push(released(team.ann, "kept"))
    team.push(released(team.ann, "fresh"))
    rows = list_releases(team.history(), team.ann, "note")
    assert [(row.release, row.state, row.verdict) for row in rows] == [
        ("fresh", "current", "none"),
        ("kept", "current", "none"),
    ]
    opened = team.take_back(take_back_skill(team.history(), "note"))
    assert opened.pull.title.endswith("and 2 releases made by it")
    team.merge(opened.pull.number)
    assert team.tree == before


def skill(description: str) -> dict[str, bytes | None]:
    return {f"skills/note/{path}": data for path, data in skill_files("note", description).items()}


def released(ports: Ports, name: str) -> dict[str, bytes | None]:
    note = load_skill_at(ports.repository, "main", "note")
    values = {**next(iter(note.examples.values())), "name": name, "namespace": "shop"}
    return {**release_files(make_release(note, values, request="A note, please"), note)}
