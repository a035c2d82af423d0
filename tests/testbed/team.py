"""A team whose proposals Argo judges: installed as the guide says, served from this machine."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.pipeline.world import STOREFRONT
from tests.testbed.bed import Bed
from tests.testbed.served import served
from tiphys.adapters.notary import DsseNotary, key_from
from tiphys.argo.names import IMAGE, NAMESPACE
from tiphys.bootstrap import init_repository, open_ports, pods, sync_forge
from tiphys.cli.argo import command as argo_command
from tiphys.context import Ports
from tiphys.domain.evidence import Verdict
from tiphys.pipeline import work_on
from tiphys.testing.memory_index import MemoryIndex
from tiphys.verify.report import VERDICT_KEY

ROOT = Path(__file__).parents[2]
FORGE_PORT = 443  # the one that the network policies leave open
_PASSWORD = "of-the-pods"  # of a server on this machine


def git(folder: Path, *arguments: str) -> str:
    """What git prints there."""
    return subprocess.check_output(["git", "-C", str(folder), *arguments], text=True).strip()


@dataclass(frozen=True, slots=True)
class Team:
    """A clone, the repository that it is pushed to, and the cluster whose pods fetch from there."""

    home: Path
    origin: Path
    bed: Bed

    @property
    def bot(self) -> Ports:
        """The clone's ports, in the bot's name."""
        ports = open_ports(self.home)
        # The fake index has no vectors: what it finds is right, and what it scores is little.
        sure = replace(ports.settings, match_threshold=0.01)
        return replace(ports, index=MemoryIndex(), settings=sure)

    def propose(self, text: str = STOREFRONT, title: str = "A request") -> int:
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


@contextmanager
def team_on(bed: Bed, folder: Path) -> Iterator[Team]:
    """`tiphys argo install`, and the Secrets that it names."""
    home, origin = folder / "skills", folder / "origin.git"
    init_repository(home)
    key = key_from(lambda _: None, folder / "pods.pem")
    _trust(home, DsseNotary(lambda: key).public_key)
    git(folder, "init", "--quiet", "--bare", "--initial-branch=main", str(origin))
    git(home, "remote", "add", "origin", str(origin))
    with (
        pytest.MonkeyPatch.context() as patch,
        served(origin, address=bed.host, port=FORGE_PORT, password=_PASSWORD) as url,
    ):
        patch.setenv("KUBECONFIG", str(bed.lease.kubeconfig))
        patch.chdir(home)
        site = ["--base", str(ROOT / "argo"), "--overlay", str(folder / "site")]
        done = CliRunner().invoke(
            argo_command, ["install", *site, "--image", IMAGE], catch_exceptions=False
        )
        assert done.exit_code == 0, done.output
        for who in ("read", "report", "propose"):
            _secret(bed, f"tiphys-forge-{who}", url=url, token=_PASSWORD)
        _secret(bed, "tiphys-signing", key=key.decode())
        yield Team(home, origin, bed)


def _secret(bed: Bed, name: str, **values: str) -> None:
    words = [f"--from-literal={key}={value}" for key, value in values.items()]
    bed.kubectl("create", "secret", "generic", name, f"--namespace={NAMESPACE}", *words)


def _trust(home: Path, key: str) -> None:
    """The pods' key signs verdicts, and speaks for the bot."""
    file = home / "tiphys.toml"
    text = file.read_text("utf-8").replace('tiphys = ["', f'tiphys = ["{key}", "')
    file.write_text(f'trusted_keys = ["{key}"]\n{text}', "utf-8")
    git(home, "commit", "--quiet", "--all", "--message", "Trust what the pods sign")
