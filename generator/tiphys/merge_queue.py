"""The merge queue: accepted pull requests land in batches, each tested as the target would be.

Two proposals can each be fine on the target and break each other. So what is tested is the batch,
merged one after the other. An accepted batch lands as that very commit; a failing one is halved
until those that do not fit are found. They stay open, with the reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from tiphys.acceptance import (
    check_accepted,
    check_merges,
    check_reviewed,
    circumstances_of,
    close_merged,
    judge_once,
    land,
    merge_message,
    publish,
    pull_subject,
    remember,
    verdicts_on,
)
from tiphys.context import Ports
from tiphys.domain.errors import Conflict, Refused, TiphysError, Unavailable
from tiphys.domain.forge import Pull
from tiphys.verify.subject import Subject, changes_guardrails, combined_subject

_BATCH = 8  # costs one run, and three more for each proposal that does not fit


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of one pull request: merged as commit `text`, or left open because of `text`."""

    number: int
    end: Literal["merged", "left"]
    text: str


@dataclass(frozen=True, slots=True)
class _Entry:
    """A pull request with the head that was judged; a later push does not slip in."""

    pull: Pull
    head_sha: str


def merge_queue(numbers: Sequence[int], ports: Ports) -> list[Ended]:
    """Merge what fits of these pull requests (all open ones if none is named), in number order.

    One that no trusted verdict accepts is left, as is one that does not fit to what came before it.
    """
    open_pulls = {pull.number: pull for pull in ports.forge.pulls("open")}
    wanted = sorted(set(numbers) or open_pulls)
    ended: list[Ended] = []
    waiting: list[_Entry] = []
    for number in wanted:
        try:
            if number not in open_pulls:
                raise Refused(f"pull request {number} is {ports.forge.pull(number).state}")
            waiting.append(_admit(open_pulls[number], ports))
        except TiphysError as reason:
            ended.append(Ended(number, "left", str(reason)))
    while waiting:
        batch, waiting = waiting[:_BATCH], waiting[_BATCH:]
        ended += _settle(batch, ports)
    if any(each.end == "merged" for each in ended):
        with suppress(Unavailable):  # it is merged; whoever searches next brings the index along
            remember(ports)
    return sorted(ended, key=lambda each: each.number)


def _admit(pull: Pull, ports: Ports) -> _Entry:
    """Refused unless the head was accepted by today's rules, on whatever the target was then."""
    subject = pull_subject(pull, ports)
    check_merges(subject, pull)
    if changes_guardrails(subject):
        raise Refused(f"guardrails are merged alone: `tiphys pr merge {pull.number}`")
    check_reviewed(subject, pull, ports)
    now = circumstances_of(subject, ports)
    found = [a for a in verdicts_on(subject.head_sha, ports) if a.circumstances.same_rules(now)]
    if not found or found[0].verdict.decision != "accept":
        said = f" (it is {found[0].verdict.decision})" if found else ""
        raise Refused(f"no accepting verdict{said}; run `tiphys verify {pull.number}` first")
    return _Entry(pull, subject.head_sha)


def _settle(batch: Sequence[_Entry], ports: Ports) -> list[Ended]:
    """Land the batch, or halve it; the second half is tried on what the first made of the target.

    A single one that fails is left.
    """
    if not batch:
        return []
    ports.progress(f"queue: {', '.join(f'#{entry.pull.number}' for entry in batch)}")
    trial = _try_one if len(batch) == 1 else _try_batch
    try:
        return trial(batch, ports)
    except (Conflict, Refused) as reason:
        if len(batch) == 1:
            return [Ended(batch[0].pull.number, "left", str(reason))]
    except TiphysError as trouble:  # says nothing about any of them: no reason to look for one
        return [Ended(entry.pull.number, "left", str(trouble)) for entry in batch]
    half = (len(batch) + 1) // 2
    return _settle(batch[:half], ports) + _settle(batch[half:], ports)


def _try_one(batch: Sequence[_Entry], ports: Ports) -> list[Ended]:
    (entry,) = batch
    pull = entry.pull
    subject = _still_at(entry, pull_subject(pull, ports))
    check_merges(subject, pull)
    verdict = judge_once(subject, ports)
    publish(pull.number, subject, verdict, ports)
    check_accepted(subject, pull, ports)
    return [Ended(pull.number, "merged", land(pull, subject, ports))]


def _try_batch(batch: Sequence[_Entry], ports: Ports) -> list[Ended]:
    target = ports.settings.target
    base = ports.repository.resolve(target)
    # Twice: the messages name the tree that is reached at the end, and do not change it.
    digest = ports.repository.tree_id(_chain(batch, base, "", ports)[-1])
    commits = _chain(batch, base, digest, ports)
    subject = combined_subject(ports.repository, rev=commits[-1], base=base)
    verdict = judge_once(subject, ports)
    if verdict.decision == "inconclusive":
        raise Unavailable(f"could not tell: {verdict.explanation}")
    if verdict.decision != "accept":
        raise Refused(f"together: {verdict.explanation}")
    for entry in batch:
        _still_at(entry, pull_subject(entry.pull, ports))
    ports.repository.fast_forward(commits[-1], target, base)
    ended = []
    for entry, commit in zip(batch, commits, strict=True):
        close_merged(entry.pull, entry.head_sha, commit, ports)
        ended.append(Ended(entry.pull.number, "merged", commit))
    return ended


def _chain(batch: Sequence[_Entry], base: str, digest: str, ports: Ports) -> list[str]:
    """A merge commit for each of the batch, one on top of the other. Conflict."""
    commits: list[str] = []
    tip = base
    for entry in batch:
        message = merge_message(entry.pull, digest or "-")
        merged = ports.repository.preview(entry.head_sha, tip, message, commit=True)
        if merged.sha is None:
            raise Conflict(f"{merged.conflicts[0]} conflicts with another one of the batch")
        tip = merged.sha
        commits.append(tip)
    return commits


def _still_at(entry: _Entry, subject: Subject) -> Subject:
    if subject.head_sha != entry.head_sha:
        raise Refused(f"{entry.pull.source} was pushed to; verify it again")
    return subject
