"""From a pull request to a signed verdict, and from an accepting one to a merge.

A verdict is reached once: the same circumstances (`tiphys.domain.attestation`) give it back from
the store. What a merge asks for is a signature that counts, never a status or a comment, which
whoever can push to the forge can write.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, replace

from tiphys.context import Ports
from tiphys.domain.attestation import (
    PAYLOAD_TYPE,
    Attested,
    Circumstances,
    digest_of,
    read_statement,
    write_statement,
)
from tiphys.domain.errors import Conflict, InvalidInput, NotFound, Refused, Unavailable
from tiphys.domain.evidence import Verdict
from tiphys.domain.forge import Pull, Status
from tiphys.domain.trailers import add
from tiphys.propose.request import to_request
from tiphys.remember.index import follow
from tiphys.verify.guardrails import GUARDRAILS
from tiphys.verify.plan import verify
from tiphys.verify.report import VERDICT_KEY, comment_body, status_of
from tiphys.verify.subject import (
    AGENT_BRANCHES,
    Subject,
    changes_guardrails,
    proposed_subject,
)

_ATTEMPTS = 2  # a cluster that dies says nothing about the proposal: try another


# -- a verdict -------------------------------------------------------------------------------------


def judge(subject: Subject, ports: Ports) -> Verdict:
    """Run the checks, once more if the infrastructure failed; nothing is written."""
    for attempt in range(_ATTEMPTS):
        verdict = verify(
            subject,
            policy=ports.settings.policy,
            sandbox=ports.sandbox,
            plan=ports.plan,
            progress=ports.progress,
        )
        if not any(e.outcome == "error" for e in verdict.evidence) or attempt == _ATTEMPTS - 1:
            break
        ports.progress("something broke; trying again on another cluster")
    return verdict


def judge_once(subject: Subject, ports: Ports, *, again: bool = False) -> Verdict:
    """The verdict on a subject: the remembered one, or a new one that is signed and kept.

    `again` runs the checks whatever is remembered. An inconclusive verdict is not kept.
    """
    circumstances = circumstances_of(subject, ports)
    known = None if again else recall(circumstances, ports)
    if known is not None and known.head_sha == subject.head_sha:
        return known
    verdict = replace(known, head_sha=subject.head_sha) if known else judge(subject, ports)
    keep(verdict, circumstances, ports)
    return verdict


def keep(verdict: Verdict, circumstances: Circumstances, ports: Ports) -> None:
    """Sign a verdict and keep it, unless it is inconclusive."""
    if verdict.decision != "inconclusive":
        statement = write_statement(Attested(verdict, circumstances))
        envelope = ports.notary.sign(statement, PAYLOAD_TYPE)
        ports.verdicts.put(circumstances.key, verdict.head_sha, envelope)


def judge_pull(number: int, ports: Ports, *, again: bool = False) -> Verdict:
    """Judge a pull request's head; leave one comment and the statuses that people look at."""
    subject = open_subject(number, ports)
    verdict = judge_once(subject, ports, again=again)
    publish(number, subject, verdict, ports)
    return verdict


def open_subject(number: int, ports: Ports) -> Subject:
    """What an open pull request would make of the target. NotFound; Refused for any other."""
    pull = ports.forge.pull(number)
    if pull.state != "open":
        raise Refused(f"pull request {number} is {pull.state}; only open ones are verified")
    return pull_subject(pull, ports)


def publish(number: int, subject: Subject, verdict: Verdict, ports: Ports) -> None:
    """The verdict as one comment, and as statuses on the head and on the merged tree.

    Whoever can't speak in the bot's name has the verdict all the same: it is signed and kept.
    """
    try:
        _publish(number, subject, verdict, ports)
    except Refused as refusal:
        ports.progress(f"not published: {refusal}")


def _publish(number: int, subject: Subject, verdict: Verdict, ports: Ports) -> None:
    body = comment_body(verdict)
    pull = ports.forge.pull(number)
    if not any(c.key == VERDICT_KEY and c.body == body for c in pull.comments):
        ports.forge.comment(number, body, VERDICT_KEY)
    state, summary = status_of(verdict)
    for sha in (subject.head_sha, subject.digest):
        shown = _shown_on(sha, ports)
        if shown is None or (shown.state, shown.summary) != (state, summary):
            ports.forge.set_status(sha, VERDICT_KEY, state, summary)


def _shown_on(sha: str, ports: Ports) -> Status | None:
    found = ports.forge.statuses(sha)
    return next((status for status in found if status.context == VERDICT_KEY), None)


def pull_subject(pull: Pull, ports: Ports) -> Subject:
    """What a pull request would make of the target. Refused unless it is from branch to target.

    By another name for the same commit a program's branch would pass for a person's.
    """
    target = ports.settings.target
    ports.repository.resolve(pull.source)
    if pull.source not in ports.repository.branches(pull.source) or pull.source == target:
        raise Refused(f"{pull.source!a} is not a branch to merge from; open it from a branch")
    if pull.target != target:
        raise Refused(f"pull request {pull.number} goes into {pull.target!a}, not into {target}")
    agent = pull.source.startswith(AGENT_BRANCHES) or pull.author == ports.settings.bot
    if agent and pull.issue is None:
        raise Refused(f"pull request {pull.number} serves no issue; a program proposes for one")
    return proposed_subject(
        ports.repository,
        head=pull.source,
        target=pull.target,
        agent=agent,
        request=_request_text(pull, ports),
    )


def _request_text(pull: Pull, ports: Ports) -> str:
    if pull.issue is None:
        return ""
    return to_request(ports.forge.issue(pull.issue), bot=ports.settings.bot).whole


# -- what a verdict is remembered by ---------------------------------------------------------------


def circumstances_of(subject: Subject, ports: Ports) -> Circumstances:
    """Everything that decides the verdict on a subject."""
    repository, settings = ports.repository, ports.settings
    try:
        guardrails = repository.tree_id(subject.base, GUARDRAILS)
    except NotFound:
        guardrails = ""
    return Circumstances(
        base_tree=repository.tree_id(subject.base),
        tree=subject.digest,
        guardrails=guardrails,
        rules=digest_of({"policy": asdict(settings.policy), "seconds": settings.test_seconds}),
        request=digest_of(subject.request),
        agent=subject.agent,
        checks=ports.plan.versions,
        environment=dict(ports.environment),
    )


def recall(circumstances: Circumstances, ports: Ports) -> Verdict | None:
    """The newest verdict reached in just these circumstances, if a trusted key signed it."""
    found = trusted(ports.verdicts.get(circumstances.key), ports)
    return next((a.verdict for a in found if a.circumstances == circumstances), None)


def recall_on(sha: str, circumstances: Circumstances, ports: Ports) -> Verdict | None:
    """The same, if it is about that very head commit."""
    known = recall(circumstances, ports)
    return known if known is not None and known.head_sha == sha else None


def verdicts_on(sha: str, ports: Ports) -> list[Attested]:
    """Every trusted verdict on a head commit, newest first."""
    found = trusted(ports.verdicts.of_commit(sha), ports)
    return [attested for attested in found if attested.verdict.head_sha == sha]


def newest_verdict(sha: str, ports: Ports) -> Verdict:
    """The newest trusted verdict on a head commit. NotFound, saying whether there are others."""
    found = verdicts_on(sha, ports)
    if found:
        return found[0].verdict
    kept = len(ports.verdicts.of_commit(sha))
    besides = f" ({kept} kept, none signed by a trusted key)" if kept else ""
    raise NotFound(f"no signed verdict on {sha[:12]}{besides}; `tiphys verify` makes one")


def trusted(envelopes: Sequence[bytes], ports: Ports) -> Iterator[Attested]:
    """What trusted keys signed. The rest is passed by: anybody may write into the store."""
    for envelope in envelopes:
        with suppress(InvalidInput, Refused):
            yield read_statement(ports.notary.open(envelope, PAYLOAD_TYPE))


# -- a merge ---------------------------------------------------------------------------------------


def merge_pull(number: int, ports: Ports) -> str:
    """Merge an accepted pull request and return the new commit.

    Refused unless a signed verdict on this very head, merged into today's target, is accept.
    """
    pull = ports.forge.pull(number)
    if pull.state != "open":
        raise Refused(f"pull request {number} is {pull.state}")
    subject = pull_subject(pull, ports)
    check_merges(subject, pull)
    head, base = subject.head_sha, subject.base
    inside = ports.repository.merge_base(head, base) == head
    if inside and any(a.verdict.decision == "accept" for a in verdicts_on(head, ports)):
        close_merged(pull, head, base, ports)  # an earlier run died half-way
        return base
    check_accepted(subject, pull, ports)
    check_reviewed(subject, pull, ports)
    sha = land(pull, subject, ports)
    with suppress(Unavailable):  # it is merged; whoever searches next brings the index along
        remember(ports)
    return sha


def land(pull: Pull, subject: Subject, ports: Ports) -> str:
    """Move the target to the merge of what was judged; returns that commit. Conflict.

    The tree is compared once more: what is merged is what was judged, whoever reads it how.
    """
    message = merge_message(pull, subject.digest)
    made = ports.repository.preview(subject.head_sha, subject.base, message, commit=True)
    if made.sha is None or ports.repository.tree_id(made.sha) != subject.digest:
        raise Refused(f"merging {pull.source} gives another tree than the one that was judged")
    ports.repository.fast_forward(made.sha, pull.target, subject.base)
    close_merged(pull, subject.head_sha, made.sha, ports)
    return made.sha


def check_merges(subject: Subject, pull: Pull) -> None:
    """Conflict if it does not merge with the target."""
    if subject.conflicts:
        raise Conflict(f"{subject.conflicts[0]} conflicts with {pull.target}; update {pull.source}")


def check_accepted(subject: Subject, pull: Pull, ports: Ports) -> None:
    """Refused unless a trusted signature says accept for this head in today's circumstances."""
    verify_it = f"run `tiphys verify {pull.number}`"
    circumstances = circumstances_of(subject, ports)
    found = verdicts_on(subject.head_sha, ports)
    if not found:
        shown = _shown_on(subject.head_sha, ports)
        hint = f" (it is {shown.summary})" if shown else ""
        raise Refused(f"no accepting verdict for {subject.head_sha[:12]}; {verify_it} first{hint}")
    now = [a.verdict for a in found if a.circumstances == circumstances]
    if not now:
        moved = f"{pull.target} moved" if found[0].circumstances.same_rules(circumstances) else (
            "the rules, the request or the checks changed"
        )  # fmt: skip
        raise Refused(f"{moved} since the verdict; {verify_it} again")
    if now[0].decision != "accept":
        said = f"it is {now[0].decision}: {now[0].explanation}"
        raise Refused(f"no accepting verdict for {subject.head_sha[:12]} ({said})")


def check_reviewed(subject: Subject, pull: Pull, ports: Ports) -> None:
    """Refused unless somebody else approved this head, where it changes the rules themselves."""
    if not changes_guardrails(subject):
        return
    if ports.settings.people and not pull.proven:
        raise Refused(
            f"guardrails are changed by people whom tiphys.toml lists, and {pull.author} is not: "
            "else nobody is known to be a second person"
        )
    nobody = {pull.author, ports.settings.bot}
    latest = {r.author: r for r in pull.reviews if r.author not in nobody}
    if any(r.decision == "request-changes" for r in latest.values()):
        raise Refused(f"a reviewer wants changes; `tiphys pr show {pull.number}` says which")
    if not any(r.decision == "approve" and r.sha == subject.head_sha for r in latest.values()):
        raise Refused(
            "guardrails need the review of a second person: "
            f"`tiphys pr review {pull.number} --approve`, on this head"
        )


def merge_message(pull: Pull, digest: str) -> str:
    """The merge commit's message; `digest` is the tree that the verdict is about."""
    request = {"Tiphys-Request": str(pull.issue)} if pull.issue is not None else {}
    verdict = {"Tiphys-Verdict": f"accept {digest}"}
    return add(f"Merge #{pull.number}: {pull.title}\n", request | verdict)


def close_merged(pull: Pull, head_sha: str, sha: str, ports: Ports) -> None:
    """Tell the forge of a merge as commit `sha`, and tidy up behind it."""
    ports.forge.mark_merged(pull.number, sha)
    if pull.issue is not None:
        ports.forge.set_state(pull.issue, "closed")
    with suppress(Conflict, NotFound):  # somebody pushed to it or deleted it: theirs to keep
        ports.repository.delete_branch(pull.source, head_sha)


def remember(ports: Ports, *, rebuild: bool = False) -> str:
    """Bring the index to the target's tip; returns that commit."""
    return follow(ports.repository, ports.index, ports.settings.target, rebuild=rebuild).commit
