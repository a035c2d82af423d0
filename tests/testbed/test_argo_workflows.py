"""The real Argo runs the plan in pods that start their own control planes, and posts a verdict."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.cluster_fixtures import eventually
from tests.pipeline.world import STOREFRONT
from tests.testbed import argo
from tests.testbed.bed import Bed, bed
from tests.testbed.images import runner
from tests.testbed.served import served
from tiphys.adapters.notary import DsseNotary, key_from
from tiphys.argo.names import NAMESPACE
from tiphys.bootstrap import init_repository, open_ports, pods, sync_forge
from tiphys.cli.argo import command as argo_command
from tiphys.context import Ports
from tiphys.domain.evidence import Verdict
from tiphys.pipeline import work_on
from tiphys.testing.memory_index import MemoryIndex
from tiphys.verify.report import VERDICT_KEY

pytestmark = pytest.mark.testbed
ROOT = Path(__file__).parents[2]
IMAGE = "registry.example/tiphys:0.1.0"
PASSWORD = "of-the-pods"  # of a server on this machine


def git(folder: Path, *arguments: str) -> str:
    return subprocess.check_output(["git", "-C", str(folder), *arguments], text=True).strip()


@dataclass(frozen=True)
class Team:
    """A clone, and the address at which the pods reach what it is pushed to."""

    home: Path
    origin: Path

    @property
    def bot(self) -> Ports:
        return replace(open_ports(self.home), index=MemoryIndex())

    def propose(self, text: str = STOREFRONT) -> int:
        pull = work_on(self.bot.forge.open_issue("A request", text), self.bot).pull
        assert pull is not None
        git(self.home, "push", "--quiet", str(self.origin), "main", pull.source)
        sync_forge(str(self.origin), self.home)
        return pull.number

    def posted(self, number: int) -> list[str]:
        sync_forge(str(self.origin), self.home)
        comments = self.bot.forge.pull(number).comments
        return [each.body for each in comments if each.key == VERDICT_KEY]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory, small_images: list[Path]) -> Iterator[Bed]:
    """A node with Argo's controller."""
    folder = tmp_path_factory.mktemp("argo")
    runner.build(folder / "runner.tar", names=[IMAGE], source=ROOT)
    archives = [*small_images, *argo.images(folder), folder / "runner.tar"]
    with bed(folder / "clusters", archives) as made:
        argo.install(made)
        eventually(lambda: argo.ready(made), seconds=90)
        yield made


@pytest.fixture(scope="module")
def team(cluster: Bed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    """Installed as the guide says: `tiphys argo install`, and the Secrets that it names."""
    folder = tmp_path_factory.mktemp("team")
    home, origin = folder / "skills", folder / "origin.git"
    init_repository(home)
    key = key_from(lambda _: None, folder / "pods.pem")
    _trust(home, DsseNotary(lambda: key).public_key)
    git(folder, "init", "--quiet", "--bare", "--initial-branch=main", str(origin))
    with (
        pytest.MonkeyPatch.context() as patch,
        served(origin, address=cluster.host, password=PASSWORD) as url,
    ):
        patch.setenv("KUBECONFIG", str(cluster.lease.kubeconfig))
        patch.chdir(home)
        site = ["--base", str(ROOT / "argo"), "--overlay", str(folder / "site")]
        done = CliRunner().invoke(
            argo_command, ["install", *site, "--image", IMAGE], catch_exceptions=False
        )
        assert done.exit_code == 0, done.output
        for who in ("read", "report", "propose"):
            words = [f"--from-literal=url={url}", f"--from-literal=token={PASSWORD}"]
            name = f"tiphys-forge-{who}"
            cluster.kubectl("create", "secret", "generic", name, f"-n={NAMESPACE}", *words)
        words = [f"--from-literal=key={key.decode()}"]
        cluster.kubectl("create", "secret", "generic", "tiphys-signing", f"-n={NAMESPACE}", *words)
        yield Team(home, origin)


def _trust(home: Path, key: str) -> None:
    """The pods' key signs verdicts, and speaks for the bot."""
    file = home / "tiphys.toml"
    text = file.read_text("utf-8").replace('tiphys = ["', f'tiphys = ["{key}", "')
    file.write_text(f'trusted_keys = ["{key}"]\n{text}', "utf-8")
    git(home, "commit", "--quiet", "--all", "--message", "Trust what the pods sign")


def judged(team: Team, number: int, told: list[str]) -> Verdict:
    return pods.judge_in_pods(number, remote=str(team.origin), progress=told.append)


def test_a_proposal_is_judged_in_pods_and_the_verdict_posted(team: Team) -> None:
    number, told = team.propose(), list[str]()
    verdict = judged(team, number, told)
    assert verdict.decision == "accept", (verdict.explanation, told)
    [comment] = team.posted(number)
    assert "accept" in comment
