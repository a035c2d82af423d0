"""From a request to what is exported: real git, a scripted model, a workbench without a cluster."""

from __future__ import annotations

import itertools
import json
from contextlib import nullcontext

from tests.author.boards import Board
from tests.pipeline.world import start_files
from tiphys.acceptance import land, pull_subject
from tiphys.adapters.git_repository import GitRepository
from tiphys.adapters.traces_git import GitTraces
from tiphys.context import Ports
from tiphys.domain.policy import Settings
from tiphys.learn.export import lessons, lines
from tiphys.pipeline import work_on
from tiphys.testing.memory_forge import MemoryForge, MemoryStore
from tiphys.testing.memory_index import MemoryIndex
from tiphys.testing.memory_verdicts import MemoryNotary, MemoryVerdicts
from tiphys.testing.scripted_model import ScriptedModel

REQUEST = "Keep the greeting of the lobby in a ConfigMap called lobby in namespace shop"


def config(mode="Fast", name="lobby", size=3, data=None):
    """A whole answer; nothing in it has to be mended."""
    text = (
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n"
        f"  name: {name}\n  namespace: shop\nsize: {size}\nmode: {mode}\n"
    )
    return text + (f"data:\n  greeting: {data}\n" if data else "")


class Lab:
    """`ask` works on a request with the model's `answers`; `merge` is a person's."""

    def __init__(self, tmp_path, *answers, judge=lambda _objects: ()):
        GitRepository.init(tmp_path / "home")
        self.repository = GitRepository(tmp_path / "home")
        self.repository.commit("main", None, start_files(), "Start\n")
        ticks = itertools.count(1)
        store = MemoryStore()
        self.bot, self.ann = (
            MemoryForge(name, lambda: float(next(ticks)), store) for name in ("tiphys", "ann")
        )
        self.traces = GitTraces(
            tmp_path / "home", tmp_path / "cache", lambda: 1_700_000_000.0 + next(ticks)
        )
        self.model = ScriptedModel(*answers)
        self.board = Board(judge)
        self.ports = Ports(
            repository=self.repository,
            forge=self.bot,
            index=MemoryIndex(),
            sandbox=self._no_cluster,
            verdicts=MemoryVerdicts(),
            notary=MemoryNotary("here"),
            settings=Settings(match_threshold=0.99),
            model=self.model,
            workbench=lambda _rev: nullcontext(self.board),
            traces=self.traces,
        )

    def _no_cluster(self):
        raise AssertionError

    def ask(self, text=REQUEST):
        return self.work(self.ann.open_issue(text[:80], text).number)

    def work(self, number):
        return work_on(self.bot.issue(number), self.ports)

    def push(self, branch, files):
        """A reviewer's commit."""
        return self.repository.commit(branch, self.repository.resolve(branch), files, "Better\n")

    def manifests(self, work):
        return {e.path for e in self.repository.entries(work.pull.source, "manifests")}

    def merge(self, work):
        pull = self.bot.pull(work.pull.number)
        return land(pull, pull_subject(pull, self.ports), self.ports)

    def lessons(self):
        return lessons(self.traces, self.bot, self.repository, "main")

    def export(self, form):
        made = lines(self.lessons().found, form)
        return json.loads(json.dumps(made))
