"""What the pods of `tiphys argo render` do, each with what its zone may see.

Commits reach a check as a repository that `fetch` made; each pod works on a copy of its own.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tiphys.argo.names import COMMIT
from tiphys.bootstrap import open_ports, sandboxes_of_minor, sync_forge
from tiphys.domain.errors import InvalidInput, Refused

if TYPE_CHECKING:
    from tiphys.argo import Part
    from tiphys.context import Ports, Progress
    from tiphys.domain.evidence import Verdict
    from tiphys.verify.subject import Subject

IN, EVIDENCE = "in", "evidence"


@dataclass(frozen=True, slots=True)
class Which:
    """What a verdict is asked for: a pull request's number, its head and the target's commit.

    InvalidInput unless these are commit ids.
    """

    pull: int
    head: str
    base: str

    def __post_init__(self) -> None:
        for sha in (self.head, self.base):
            if not re.fullmatch(COMMIT, sha):
                raise InvalidInput(f"{sha[:60]!a} is no commit id: give all 40 digits")


@dataclass(frozen=True, slots=True)
class Remote:
    """Where the repository is served, and the password for it, if any."""

    address: str
    token: str = field(default="", repr=False)

    @classmethod
    def of_environment(cls) -> Remote:
        """As TIPHYS_REMOTE and TIPHYS_FORGE_TOKEN say. Refused without the first."""
        address = os.environ.get("TIPHYS_REMOTE", "")
        if not address:
            raise Refused("TIPHYS_REMOTE is not set: name the repository's address")
        return cls(address, os.environ.get("TIPHYS_FORGE_TOKEN", ""))


def fetch(work: Path, remote: Remote, which: Which | None) -> None:
    """Make <work>/in, and the folders below <work>/evidence that the parts write to.

    With `which` it holds that head and that target, else every branch. Unavailable, Refused.
    """
    from tiphys.argo import OBJECTIONS, parts
    from tiphys.argo.names import REVERIFY
    from tiphys.verify.plan import FULL

    shutil.rmtree(work / IN, ignore_errors=True)  # of an attempt that was cut short
    _fetch(work / IN, remote, which)
    for name in (*(part.name for part in parts(FULL)), OBJECTIONS.name, REVERIFY):
        (work / EVIDENCE / name).mkdir(parents=True, exist_ok=True)


def check(
    name: str, minor: str, which: Which, *, source: Path, to: Path, progress: Progress
) -> int:
    """Run one part, leave its evidence in the folder `to`, and return its exit code.

    A part that fans out takes the `minor` that it is for ("1.33"). NotFound, Refused.
    """
    from tiphys.argo import OBJECTIONS, Shard, cut, exit_code, part_of, write_evidence
    from tiphys.verify.plan import FULL, verify

    with _copy(source) as home:
        ports = open_ports(home, progress=progress)
        part = part_of(ports.plan, name)
        if part == OBJECTIONS and not ports.settings.critic_model:
            progress("no model is there to object")
            return 0
        subject = _subject(which, ports)
        if part.per_minor != bool(minor):
            raise Refused(f"{name} is {'for one' if part.per_minor else 'not for a'} --minor")
        asked = ports.plan if part == OBJECTIONS else FULL  # one pod alone talks to a model
        verdict = verify(
            subject,
            policy=ports.settings.policy,
            sandbox=sandboxes_of_minor(minor) if minor else ports.sandbox,
            plan=cut(asked, name),
            progress=progress,
        )
        shard = Shard(part, minor)
        found = [e for e in verdict.evidence if _of_part(e.check, part)]
        _put(to / f"{shard.name}.json", write_evidence(shard, ports.plan, which.head, found))
        return exit_code(found)


def report(which: Which, remote: Remote, *, evidence: Path, progress: Progress) -> Verdict:
    """The verdict of what all parts left below `evidence`: signed, kept, posted and pushed.

    A verdict that was reached before stays. Unavailable, Refused.
    """
    from tiphys.acceptance import circumstances_of, keep, publish, recall_on
    from tiphys.argo import collect, read_folder, shards
    from tiphys.argo.render import other_minors

    with tempfile.TemporaryDirectory(prefix="tiphys-report-") as scratch:
        home = Path(scratch) / "repository"
        _fetch(home, remote, which)
        ports = open_ports(home, progress=progress)
        subject = _subject(which, ports)
        circumstances, minors = circumstances_of(subject, ports), other_minors()
        asked = bool(ports.settings.critic_model)
        verdict = recall_on(which.head, circumstances, ports)
        if verdict is None:
            files = read_folder(evidence, shards(ports.plan, minors, objections=asked))
            verdict = collect(
                files,
                ports.plan,
                minors,
                head_sha=which.head,
                digest=subject.digest,
                objections=asked,
            )
            keep(verdict, circumstances, ports)
        publish(which.pull, subject, verdict, ports)
        sync_forge(remote.address, home, token=remote.token)
    return verdict


def send(source: Path, remote: Remote) -> list[str]:
    """Carry what a proposing pod left in its repository to the remote; the branches' names.

    Branches of programs alone, and never with force; no verdicts, which are not its to give.
    Unavailable.
    """
    from tiphys.adapters.git_handover import push_branches
    from tiphys.verify.subject import AGENT_BRANCHES

    with _copy(source, prefix=AGENT_BRANCHES, verdicts=False) as home:
        names = push_branches(home, remote.address, AGENT_BRANCHES, token=remote.token)
        sync_forge(remote.address, home, token=remote.token)
        return names


def judge_in_pods(number: int, *, remote: str, progress: Progress) -> Verdict:
    """The verdict on a pull request, reached by Argo Workflows on the current cluster.

    Its pods fetch from the remote, which has to hold the proposal; what they say is fetched from
    there. A workflow that ends without a signed verdict is `inconclusive`. Unavailable, Refused.
    """
    from tiphys.acceptance import circumstances_of, open_subject, recall_on
    from tiphys.adapters.engine_argo import ArgoEngine
    from tiphys.adapters.kube_api import KubeApi
    from tiphys.argo.names import VERIFY
    from tiphys.argo.parts import CLUSTER
    from tiphys.argo.submission import of_proposal
    from tiphys.domain.evidence import Evidence, decide

    sync_forge(remote)
    ports = open_ports(progress=progress)
    subject = open_subject(number, ports)
    circumstances = circumstances_of(subject, ports)
    if known := recall_on(subject.head_sha, circumstances, ports):
        return known
    name, parameters = of_proposal(
        number, head=subject.head_sha, base=subject.base, key=circumstances.key
    )
    with closing(KubeApi(kubeconfig())) as api:
        engine = ArgoEngine(api, progress)
        said = engine.run(VERIFY, name, parameters)
    sync_forge(remote)
    if verdict := recall_on(subject.head_sha, circumstances, ports):
        return verdict
    words = said or "the pods reached no verdict that a trusted key signed; see the pull request"
    broken = Evidence(CLUSTER, subject.digest, "api", "error", words[:500], 0.0)
    return decide(subject.head_sha, [broken])


def kubeconfig() -> Path:
    """Where kubectl would look: the first of KUBECONFIG, or the one in the home folder."""
    named = os.environ.get("KUBECONFIG", "").split(os.pathsep)[0]
    return Path(named) if named else Path.home() / ".kube" / "config"


def _fetch(folder: Path, remote: Remote, which: Which | None) -> None:
    from tiphys.adapters.git_handover import fetch_branch, fetch_branches
    from tiphys.adapters.git_repository import GitRepository

    target = _target()
    GitRepository.init(folder, bare=True, branch=target)
    if which is None:
        fetch_branches(folder, remote.address, token=remote.token)
    else:
        fetch_branch(folder, remote.address, target, sha=which.base, token=remote.token)
    sync_forge(remote.address, folder, token=remote.token)
    if which is not None:
        source = open_ports(folder).forge.pull(which.pull).source
        fetch_branch(folder, remote.address, source, sha=which.head, token=remote.token)


def _target() -> str:
    return os.environ.get("TIPHYS_TARGET", "main")


@contextmanager
def _copy(source: Path, *, prefix: str = "", verdicts: bool = True) -> Iterator[Path]:
    from tiphys.adapters.git_handover import borrow

    with tempfile.TemporaryDirectory(prefix="tiphys-pod-") as scratch:
        home = Path(scratch) / "repository"
        borrow(source, home, target=_target(), prefix=prefix, verdicts=verdicts)
        yield home


def _subject(which: Which, ports: Ports) -> Subject:
    from tiphys.acceptance import pull_subject

    subject = pull_subject(ports.forge.pull(which.pull), ports)
    if (subject.head_sha, subject.base) != (which.head, which.base):
        raise Refused(f"pull request {which.pull} is not about {which.head[:12]} here")
    return subject


def _of_part(check: str, part: Part) -> bool:
    from tiphys.argo.parts import CLUSTER

    return check in part.checks or (check == CLUSTER and part.needs_cluster)


def _put(path: Path, data: bytes) -> None:
    """Whole or not at all: a pod may be killed while it writes."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as file:
        file.write(data)
    Path(file.name).replace(path)
