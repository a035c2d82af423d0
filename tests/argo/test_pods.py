"""What the pods run, one after the other, as processes' functions on one volume: a folder."""

from __future__ import annotations

import base64
import json
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.pipeline.world import STOREFRONT
from tiphys.argo import OBJECTIONS, parts
from tiphys.argo.render import other_minors
from tiphys.bootstrap import init_repository, open_ports, pods, sync_forge
from tiphys.bootstrap.pods import Remote, Which
from tiphys.context import Ports
from tiphys.domain.errors import InvalidInput, Refused, Unavailable
from tiphys.domain.evidence import Verdict
from tiphys.pipeline import work_on
from tiphys.testing.memory_index import MemoryIndex
from tiphys.verify.plan import FULL
from tiphys.verify.report import VERDICT_KEY


def git(folder: Path, *arguments: str) -> str:
    return subprocess.check_output(["git", "-C", str(folder), *arguments], text=True).strip()


def quiet(_line: str) -> None:
    pass


@dataclass
class Team:
    """A clone, what it is served from, and the volume of a workflow."""

    home: Path
    remote: Remote
    work: Path

    @property
    def bot(self) -> Ports:
        return replace(open_ports(self.home), index=MemoryIndex())

    def propose(self, text: str = STOREFRONT) -> Which:
        issue = self.bot.forge.open_issue("A request", text)
        pull = work_on(issue, self.bot).pull
        assert pull is not None
        self.push(pull.source)
        return Which(pull.number, git(self.home, "rev-parse", pull.source), self.main)

    @property
    def main(self) -> str:
        return git(self.home, "rev-parse", "main")

    def push(self, *branches: str) -> None:
        git(self.home, "push", "--quiet", self.remote.address, "main", *branches)
        sync_forge(self.remote.address, self.home)

    def check(self, part: str, which: Which, minor: str = "") -> int:
        folder = self.work / "evidence" / part
        source = self.work / "in"
        return pods.check(part, minor, which, source=source, to=folder, progress=quiet)

    def report(self, which: Which) -> Verdict:
        evidence = self.work / "evidence"
        return pods.report(which, self.remote, evidence=evidence, progress=quiet)

    def posted(self, which: Which) -> list[str]:
        sync_forge(self.remote.address, self.home)
        comments = self.bot.forge.pull(which.pull).comments
        return [comment.body for comment in comments if comment.key == VERDICT_KEY]


@pytest.fixture
def team(tmp_path: Path) -> Team:
    home, served, work = (tmp_path / name for name in ("skills", "served", "work"))
    init_repository(home)
    served.mkdir()
    git(served, "init", "--quiet", "--bare", "--initial-branch=main")
    work.mkdir()
    return Team(home, Remote(str(served)), work)


def refs(folder: Path) -> set[str]:
    return set(git(folder, "for-each-ref", "--format=%(refname)").splitlines())


def test_a_pod_gets_the_commits_in_question_and_nothing_newer(team: Team) -> None:
    which = team.propose()
    git(team.home, "commit", "--quiet", "--allow-empty", "--message", "later")
    team.push("main:another")

    pods.fetch(team.work, team.remote, which)

    fetched = team.work / "in"
    assert git(fetched, "rev-parse", "main") == which.base != team.main
    assert "refs/heads/another" not in refs(fetched)
    made = {path.name for path in (team.work / "evidence").iterdir()}
    assert {*(part.name for part in parts(FULL)), OBJECTIONS.name} <= made


def test_every_branch_comes_where_no_pull_request_is_named(team: Team) -> None:
    team.push("main:another")

    pods.fetch(team.work, team.remote, None)
    pods.fetch(team.work, team.remote, None)  # an attempt after one that was cut short

    assert {"refs/heads/main", "refs/heads/another"} <= refs(team.work / "in")


def test_commits_that_the_branch_never_held_are_refused(team: Team) -> None:
    which = team.propose()
    git(team.home, "commit", "--quiet", "--allow-empty", "--message", "elsewhere")
    team.push()

    with pytest.raises(Refused, match="does not hold"):
        pods.fetch(team.work, team.remote, replace(which, head=team.main))


@pytest.mark.parametrize("sha", ["main", "--all", "a" * 39, "A" * 40, ""])
def test_only_commit_ids_name_commits(sha: str) -> None:
    with pytest.raises(InvalidInput, match="no commit id"):
        Which(1, sha, "b" * 40)


def test_a_part_leaves_its_evidence_and_changes_nothing_that_was_fetched(team: Team) -> None:
    which = team.propose()
    pods.fetch(team.work, team.remote, which)
    before = refs(team.work / "in"), git(team.work / "in", "count-objects", "-v")

    assert team.check("static", which) == 0

    assert (refs(team.work / "in"), git(team.work / "in", "count-objects", "-v")) == before
    left = json.loads((team.work / "evidence/static/static.json").read_bytes())
    assert left["head"] == which.head
    assert [each["check"] for each in left["evidence"]] == [check.name for check in FULL.static]
    assert len(list((team.work / "evidence/static").iterdir())) == 1


def test_a_proposal_that_fails_is_an_answer(team: Team) -> None:
    which = team.propose()
    branch = team.bot.forge.pull(which.pull).source
    files = {"manifests/shop/storefront/extra.yaml": b"kind: [not, an, object]\n"}
    head = team.bot.repository.commit(branch, which.head, {**files}, "Break it\n")
    team.push(branch)
    which = replace(which, head=head)
    pods.fetch(team.work, team.remote, which)

    assert team.check("static", which) == 1
    verdict = team.report(which)

    assert verdict.decision in ("revise", "reject")
    assert len(team.posted(which)) == 1


def test_a_part_for_each_minor_takes_one_and_no_other_does(team: Team) -> None:
    which = team.propose()
    pods.fetch(team.work, team.remote, which)

    with pytest.raises(Refused, match="for one"):
        team.check("matrix", which)
    with pytest.raises(Refused, match="not for a"):
        team.check("static", which, "1.33")


def test_without_evidence_the_verdict_is_inconclusive_and_posted_all_the_same(team: Team) -> None:
    which = team.propose()

    verdict = team.report(which)

    assert verdict.decision == "inconclusive"
    assert "left no evidence" in team.posted(which)[0]
    assert team.bot.verdicts.of_commit(which.head) == []


def test_what_a_proposing_pod_made_reaches_the_remote_and_nothing_else_does(team: Team) -> None:
    team.push()
    pods.fetch(team.work, team.remote, None)
    inside = Team(team.work / "in", team.remote, team.work)
    issue = inside.bot.forge.open_issue("A request", STOREFRONT)
    pull = work_on(issue, inside.bot).pull
    assert pull is not None
    git(inside.home, "update-ref", "refs/heads/main", pull.source)
    git(inside.home, "update-ref", "refs/tiphys/verdicts", pull.source)
    git(inside.home, "config", "core.sshCommand", "touch /tmp/never")
    git(inside.home, "config", "core.hooksPath", str(team.work))

    assert pods.send(inside.home, team.remote) == [pull.source]

    served = Path(team.remote.address)
    assert git(served, "rev-parse", "main") == team.main
    assert f"refs/heads/{pull.source}" in refs(served)
    assert "refs/tiphys/verdicts" not in refs(served)
    sync_forge(team.remote.address, team.home)
    assert team.bot.forge.pull(pull.number).source == pull.source


def test_nobodys_commits_are_overwritten(team: Team) -> None:
    which = team.propose()
    pods.fetch(team.work, team.remote, None)
    branch = team.bot.forge.pull(which.pull).source
    inside = open_ports(team.work / "in").repository
    inside.commit(branch, which.head, {"manifests/a.yaml": b"{}"}, "Here\n")
    theirs = team.bot.repository.commit(branch, which.head, {"manifests/b.yaml": b"{}"}, "There\n")
    team.push(branch)

    with pytest.raises(Unavailable, match="pushing"):
        pods.send(team.work / "in", team.remote)

    assert git(Path(team.remote.address), "rev-parse", branch) == theirs


@pytest.fixture
def asked() -> Iterator[tuple[str, list[str]]]:
    """The address of a server that wants a password, and the ones that it was told."""
    told: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = self.headers.get("Authorization", "")
            if answer:
                told.append(base64.b64decode(answer.removeprefix("Basic ")).decode())
            self.send_response(404 if answer else 401)
            if not answer:
                self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/skills.git", told
    server.shutdown()
    server.server_close()


def test_a_remote_that_asks_is_told_the_token(
    team: Team, asked: tuple[str, list[str]], capfd: pytest.CaptureFixture[str]
) -> None:
    address, told = asked

    with pytest.raises(Unavailable) as caught:
        pods.fetch(team.work, Remote(address, "s3cret"), None)

    assert told == ["tiphys:s3cret"]
    assert "s3cret" not in str(caught.value) + "".join(capfd.readouterr())
    assert "s3cret" not in repr(Remote(address, "s3cret"))


@pytest.mark.cluster
def test_all_pods_together_reach_the_verdict_of_one_process(team: Team) -> None:
    which = team.propose()
    pods.fetch(team.work, team.remote, which)

    codes = {
        f"{part.name} {minor}": team.check(part.name, which, minor)
        for part in parts(FULL)
        for minor in (other_minors() if part.per_minor else ("",))
    }
    verdict = team.report(which)

    assert set(codes.values()) == {0}
    assert verdict.decision == "accept"
    assert {e.check: e.outcome for e in verdict.evidence}.keys() == FULL.versions.keys()
    assert "accept" in team.posted(which)[0]
    # It is kept and signed as one that was reached here: nobody runs the checks again.
    from tiphys.acceptance import circumstances_of, pull_subject, recall

    subject = pull_subject(team.bot.forge.pull(which.pull), team.bot)
    assert recall(circumstances_of(subject, team.bot), team.bot) == verdict


def test_where_no_model_is_configured_the_pod_for_one_does_nothing(team: Team) -> None:
    which = team.propose()
    pods.fetch(team.work, team.remote, which)
    assert team.check(OBJECTIONS.name, which) == 0
    assert list((team.work / "evidence" / OBJECTIONS.name).iterdir()) == []
