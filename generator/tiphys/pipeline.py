"""The pipeline: a new reader starts here.

A request becomes a pull request (PROPOSE), the pull request a verdict (VERIFY), the merge memory
(REMEMBER). Each stage is a plain function on a `Work` value, the tuples below are the order, and
what a stage needs from outside comes in `Ports`, wired in one place (`tiphys.bootstrap`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field, replace
from typing import Literal, TypeVar

from tiphys.domain.errors import Conflict, InvalidInput, NotFound, Refused, Unavailable
from tiphys.domain.evidence import Verdict
from tiphys.domain.forge import Issue, Pull
from tiphys.domain.policy import Settings
from tiphys.domain.trailers import add
from tiphys.library import Release
from tiphys.ports import Forge, Index, Repository
from tiphys.propose.draft import Draft, write_draft
from tiphys.propose.open import open_pull
from tiphys.propose.request import (
    QUESTION_KEY,
    REPLY_KEY,
    Request,
    bots_turn,
    question_body,
    to_request,
)
from tiphys.propose.reuse import (
    Filling,
    Match,
    fill,
    merged_releases,
    place,
    retrieve,
    taken_folders,
)
from tiphys.remember.index import follow
from tiphys.verify.check import Sandbox
from tiphys.verify.plan import verify
from tiphys.verify.report import VERDICT_KEY, comment_body, status_of
from tiphys.verify.subject import AGENT_BRANCHES, Subject, proposed_subject

Progress = Callable[[str], None]
T = TypeVar("T")
Ending = Literal["proposed", "asked", "declined"]


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything outside that the stages use. `sandbox` leases a fresh cluster."""

    repository: Repository
    forge: Forge
    index: Index
    sandbox: Callable[[], AbstractContextManager[Sandbox]]
    settings: Settings
    progress: Progress = field(default=lambda _message: None)


@dataclass(frozen=True, slots=True)
class Work:
    """What is known so far about one issue; a stage fills in its part and may set `ending`."""

    issue: Issue
    base: str = ""
    request: Request | None = None
    releases: tuple[Release, ...] = ()
    match: Match | None = None
    filling: Filling | None = None
    draft: Draft | None = None
    pull: Pull | None = None
    ending: Ending | None = None
    reply: str = ""
    model_calls: int = 0


# -- propose: an issue becomes a pull request, a question or an honest no --------------------------


def understand(work: Work, ports: Ports) -> Work:
    """Read the issue and what is merged so far."""
    base = ports.repository.resolve(ports.settings.target)
    request = to_request(work.issue, bot=ports.settings.bot)
    return replace(
        work, base=base, request=request, releases=merged_releases(ports.repository, base)
    )


def recall(work: Work, ports: Ports) -> Work:
    """Find the merged skill that serves it, in an index that shows the target's tip."""
    follow(ports.repository, ports.index, ports.settings.target)
    match = retrieve(
        _known(work.request),
        index=ports.index,
        repository=ports.repository,
        rev=work.base,
        threshold=ports.settings.match_threshold,
        releases=work.releases,
    )
    if match is None:
        return replace(work, ending="declined", reply=_OUT_OF_REACH)
    return replace(work, match=match)


def reuse(work: Work, ports: Ports) -> Work:
    """Fill in the skill's values; what is missing becomes a question."""
    match = _known(work.match)
    filling = fill(_known(work.request), match.skill, releases=work.releases)
    if filling.questions:
        found = {name: str(value) for name, value in filling.values.items()}
        body = question_body(dict(filling.questions), found)
        return replace(work, filling=filling, ending="asked", reply=body)
    if filling.existing is not None and _already_so(filling.existing, filling, match):
        reply = f"`{filling.existing.path}` is already like that; nothing to change."
        return replace(work, filling=filling, ending="declined", reply=reply)
    try:
        folder = (
            filling.existing.name
            if filling.existing
            else place(
                match.skill,
                filling.values,
                work.releases,
                taken_folders(ports.repository, work.base),
            )
        )
        draft = _draft(work, match, filling, folder, ports)
    except (InvalidInput, Refused) as problem:
        return replace(
            work, filling=filling, ending="declined", reply=f"I can't propose this: {problem}"
        )
    return replace(work, filling=filling, draft=draft)


def propose(work: Work, ports: Ports) -> Work:
    """Push the branch and open (or update) the pull request."""
    pull = open_pull(
        _known(work.draft),
        issue=work.issue.number,
        base=work.base,
        target=ports.settings.target,
        repository=ports.repository,
        writer=ports.repository,
        forge=ports.forge,
    )
    reply = f"Proposed in #{pull.number}: {pull.title}."
    return replace(work, pull=pull, ending="proposed", reply=reply)


PROPOSE: tuple[Callable[[Work, Ports], Work], ...] = (understand, recall, reuse, propose)


def work_on(issue: Issue, ports: Ports) -> Work:
    """Run the proposing stages on one issue and tell its author how it ended."""
    work = Work(issue)
    for stage in PROPOSE:
        ports.progress(f"#{issue.number} {stage.__name__}")
        work = stage(work, ports)
        if work.ending:
            break
    key = QUESTION_KEY if work.ending == "asked" else REPLY_KEY
    ports.forge.comment(issue.number, work.reply, key)
    _relabel(issue, _known(work.ending), ports.forge)
    return work


def waiting(ports: Ports) -> list[Issue]:
    """Open issues on which a person spoke last."""
    found = ports.forge.issues("open")
    return [issue for issue in found if bots_turn(issue, bot=ports.settings.bot)]


@dataclass(frozen=True, slots=True)
class Generated:
    """What a request gives without a forge; no manifests means that `reply` says why."""

    manifests: Mapping[str, bytes]
    reply: str
    skill: str | None = None
    values: Mapping[str, object] = field(default_factory=dict)
    questions: Mapping[str, str] = field(default_factory=dict)


def generate(text: str, ports: Ports) -> Generated:
    """Run the stages before `propose` on a text; nothing is written."""
    work = Work(Issue(0, text[:80], text, "", "open", 0.0))
    for stage in PROPOSE[:-1]:
        work = stage(work, ports)
        if work.ending:
            break
    skill = work.match.skill.name if work.match else None
    filling = work.filling or Filling({}, {}, {})
    files = work.draft.files if work.draft else {}
    manifests = {p: d for p, d in files.items() if d is not None and p.endswith(".yaml")}
    return Generated(manifests, work.reply, skill, filling.values, filling.questions)


# -- verify: a pull request becomes a verdict ------------------------------------------------------


def judge(subject: Subject, ports: Ports) -> Verdict:
    """Run the checks; nothing is written."""
    return verify(
        subject, policy=ports.settings.policy, sandbox=ports.sandbox, progress=ports.progress
    )


def judge_pull(number: int, ports: Ports) -> Verdict:
    """Judge a pull request's head; leave one comment and the statuses that a merge asks for."""
    pull = ports.forge.pull(number)
    if pull.state != "open":
        raise Refused(f"pull request {number} is {pull.state}; only open ones are verified")
    subject = pull_subject(pull, ports)
    verdict = judge(subject, ports)
    state, summary = status_of(verdict)
    ports.forge.comment(number, comment_body(verdict), VERDICT_KEY)
    for sha in (subject.head_sha, subject.digest):
        ports.forge.set_status(sha, VERDICT_KEY, state, summary)
    return verdict


def pull_subject(pull: Pull, ports: Ports) -> Subject:
    """What a pull request would make of its target."""
    return proposed_subject(
        ports.repository,
        head=pull.source,
        target=pull.target,
        agent=pull.source.startswith(AGENT_BRANCHES),
    )


# -- remember: a person merges, memory follows -----------------------------------------------------


def merge_pull(number: int, ports: Ports) -> str:
    """Merge an accepted pull request and return the new commit.

    Refused unless the verdict on this very head, merged into today's target, is accept.
    """
    pull = ports.forge.pull(number)
    if pull.state != "open":
        raise Refused(f"pull request {number} is {pull.state}")
    expected = ports.repository.resolve(pull.target)
    subject = pull_subject(pull, ports)
    if subject.conflicts:
        raise Conflict(f"{subject.conflicts[0]} conflicts with {pull.target}; update {pull.source}")
    _accepted(subject, number, pull, ports.forge)
    message = add(
        f"Merge #{number}: {pull.title}\n",
        {**_request_trailer(pull), "Tiphys-Verdict": f"accept {subject.digest}"},
    )
    merged = ports.repository.merge(subject.head_sha, pull.target, expected, message)
    if merged.sha is None:
        raise Conflict(f"{pull.target} moved; run `tiphys verify {number}` again")
    ports.forge.mark_merged(number, merged.sha)
    if pull.issue is not None:
        ports.forge.set_state(pull.issue, "closed")
    with suppress(Conflict, NotFound):  # somebody pushed to it or deleted it: theirs to keep
        ports.repository.delete_branch(pull.source, subject.head_sha)
    with suppress(Unavailable):  # it is merged; whoever searches next brings the index along
        remember(ports)
    return merged.sha


def remember(ports: Ports, *, rebuild: bool = False) -> str:
    """Bring the index to the target's tip; returns that commit."""
    return follow(ports.repository, ports.index, ports.settings.target, rebuild=rebuild).commit


# -- helpers ---------------------------------------------------------------------------------------

_OUT_OF_REACH = (
    "No merged skill serves this request, and I do not guess. "
    "`tiphys search` shows what comes nearest; a new skill (`tiphys skill new`) would make it "
    "possible, or write the manifests by hand."
)
_LABELS = {"asked": "needs-answer", "declined": "declined", "proposed": "proposed"}


def _draft(work: Work, match: Match, filling: Filling, folder: str, ports: Ports) -> Draft:
    draft = write_draft(_known(work.request), match, filling, folder=folder)
    present = {e.path for e in ports.repository.entries(work.base, draft.release.path)}
    gone = dict.fromkeys(present - set(draft.files))
    return replace(draft, files={**gone, **draft.files})


def _already_so(existing: Release, filling: Filling, match: Match) -> bool:
    same = dict(existing.values) == dict(filling.values)
    return same and existing.skill_digest == match.skill.digest


def _accepted(subject: Subject, number: int, pull: Pull, forge: Forge) -> None:
    again = f"run `tiphys verify {number}`"
    for sha, otherwise in (
        (subject.head_sha, f"no accepting verdict for {subject.head_sha[:12]}; {again} first"),
        (subject.digest, f"{pull.target} moved since the verdict; {again} again"),
    ):
        states = [s for s in forge.statuses(sha) if s.context == VERDICT_KEY]
        if not states or states[0].state != "success":
            said = f" (it is {states[0].summary})" if states else ""
            raise Refused(f"{otherwise}{said}")


def _request_trailer(pull: Pull) -> dict[str, str]:
    return {"Tiphys-Request": str(pull.issue)} if pull.issue is not None else {}


def _relabel(issue: Issue, ending: Ending, forge: Forge) -> None:
    stale = [name for key, name in _LABELS.items() if key != ending and name in issue.labels]
    forge.label(issue.number, add=[_LABELS[ending]], remove=stale)


def _known(value: T | None) -> T:
    assert value is not None, "an earlier stage fills this in"  # noqa: S101  # the tuple's order
    return value
