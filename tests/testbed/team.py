"""A team whose proposals Argo judges: set up by the guide, served from this machine."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.testbed import argo
from tests.testbed.bed import Bed
from tests.testbed.guide import ROOT, Walk
from tests.testbed.served import served
from tiphys.argo.names import IMAGE
from tiphys.bootstrap import init_repository, open_ports, own_names, person, pods, sync_forge
from tiphys.context import Ports
from tiphys.domain.evidence import Verdict
from tiphys.pipeline import work_on
from tiphys.testing.memory_index import MemoryIndex
from tiphys.verify.report import VERDICT_KEY

FORGE_PORT = 443  # the one that the network policies leave open
_PASSWORD = "of-the-pods"  # of a server on this machine


def git(folder: Path, *arguments: str) -> str:
    """What git prints there."""
    return subprocess.check_output(["git", "-C", str(folder), *arguments], text=True).strip()


@dataclass(frozen=True, slots=True)
class Team:
    """A clone, the repository that it is pushed to, the cluster whose pods fetch from there."""

    home: Path
    origin: Path
    bed: Bed
    walk: Walk

    @property
    def bot(self) -> Ports:
        """The clone's ports, in the bot's name."""
        ports = open_ports(self.home)
        # The fake index has no vectors: what it finds is right, and what it scores is little.
        sure = replace(ports.settings, match_threshold=0.01)
        return replace(ports, index=MemoryIndex(), settings=sure)

    def propose(self, text: str, title: str = "A request") -> int:
        """The number of the pull request that answers a request."""
        pull = work_on(self.bot.forge.open_issue(title, text), self.bot).pull
        assert pull is not None
        return self.push(pull.number)

    def propose_files(self, branch: str, files: Mapping[str, bytes], title: str) -> int:
        """The number of a pull request that holds the files."""
        repository = self.bot.repository
        repository.commit(branch, repository.resolve("main"), files, title)
        issue = self.bot.forge.open_issue(title, title)
        pull = self.bot.forge.open_pull(title, "", branch, "main", issue.number)
        return self.push(pull.number)

    def push(self, number: int) -> int:
        """Hand everything over."""
        source = self.bot.forge.pull(number).source
        git(self.home, "push", "--quiet", "origin", "main", source)
        sync_forge("origin", self.home)
        return number

    def judged(self, number: int, told: list[str] | None = None) -> Verdict:
        """The verdict of pods."""
        lines = [] if told is None else told
        return pods.judge_in_pods(number, remote="origin", progress=lines.append)

    def posted(self, number: int) -> list[str]:
        """The verdicts among the pull request's comments."""
        sync_forge("origin", self.home)
        comments = self.bot.forge.pull(number).comments
        return [each.body for each in comments if each.key == VERDICT_KEY]


def start_of(folder: Path) -> Walk:
    """A new skill repository with a remote, and the way through the guide that begins there."""
    home, origin = folder / "skills", folder / "origin.git"
    init_repository(home, own_names())
    git(home, "config", "user.name", person())
    git(home, "config", "user.email", f"{person()}@localhost")
    git(folder, "init", "--quiet", "--bare", "--initial-branch=main", str(origin))
    git(home, "remote", "add", "origin", str(origin))
    argo.write_install(folder / "argo")
    values = {"SOURCE": ROOT, "IMAGE": IMAGE, "ARGO": folder / "argo", "TOKEN": _PASSWORD}
    return Walk(home, {name: str(value) for name, value in values.items()})


@contextmanager
def team_on(bed: Bed, walk: Walk) -> Iterator[Team]:
    """All that the guide says, up to the first verdict."""
    origin = walk.home.with_name("origin.git")
    with (
        pytest.MonkeyPatch.context() as patch,
        served(origin, address=bed.host, port=FORGE_PORT, password=_PASSWORD) as url,
    ):
        patch.setenv("KUBECONFIG", str(bed.lease.kubeconfig))
        patch.chdir(walk.home)
        walk.finish({"FORGE": url})
        yield Team(walk.home, origin, bed, walk)
