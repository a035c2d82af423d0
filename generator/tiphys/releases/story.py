"""The whole story of one release: asked by whom, made by what, judged how, merged when."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tiphys.context import Ports
from tiphys.domain.errors import NotFound, Unavailable
from tiphys.domain.evidence import Verdict
from tiphys.domain.forge import Issue, Pull
from tiphys.domain.history import Commit
from tiphys.releases.find import Place
from tiphys.releases.history import History
from tiphys.releases.listing import SkillState, judged, skill_state

_SOMEBODY = "somebody who is trusted here"
Signers = Callable[[bytes], str]  # whose trusted signature an envelope carries


@dataclass(frozen=True, slots=True)
class Touch:
    """One commit that changed the release, and how: added, changed or removed."""

    commit: str
    how: str
    subject: str
    author: str
    seconds: float
    pull: int | None


@dataclass(frozen=True, slots=True)
class Story:
    """What is known.

    `maker` names the object at that line, where what was asked for is only made by it. `issue` is
    the request's number, `request` its text as the release keeps it, else as the forge
    has it. Names on the forge are proven by a signature or only claimed; `merged_by` is the name in
    git, which nobody proves. `signed_by` says whose signature makes the verdict count, `why` why
    there is none. `verdict_is_of_this_tree` is false for one that was reached before the target
    moved, as a queue's may be. `touches` are newest first.
    """

    folder: str
    file: str
    line: int
    maker: str
    issue: int | None
    asked_by: str
    asker_proven: bool
    request: str
    pull: int | None
    title: str
    proposed_by: str
    proposer_proven: bool
    merged_by: str
    merged: float
    skill: str
    digest: str
    state: SkillState
    values: Mapping[str, Any]
    model: str
    verdict: Verdict | None
    verdict_is_of_this_tree: bool
    signed_by: str
    why: str
    touches: tuple[Touch, ...]


def tell(history: History, place: Place, ports: Ports, signers: Signers) -> Story:
    """The story of the release at a place. Only what git and a signature say is sure."""
    folder = place.folder
    release = history.release(folder)
    steps = history.steps[folder]
    last = steps[0]
    pull = _pull(last, ports)
    asked = _origin(history, folder)
    issue = _issue(asked, _pull(asked, ports), ports)
    number = issue.number if issue else asked.issue
    verdict, same, signed_by, why = _verdict(last, ports, signers)
    return Story(
        folder=folder,
        file=place.path,
        line=place.line,
        maker=place.maker,
        issue=number,
        asked_by=issue.author if issue else "",
        asker_proven=issue.proven if issue else False,
        request=release.request if release else f"{issue.title}\n{issue.body}" if issue else "",
        pull=last.pull,
        title=pull.title if pull else last.subject,
        proposed_by=pull.author if pull else "",
        proposer_proven=pull.proven if pull else False,
        merged_by=last.author,
        merged=last.seconds,
        skill=release.skill if release else "",
        digest=release.skill_digest if release else "",
        state=skill_state(history, folder),
        values=release.values if release else {},
        model=release.model if release else "",
        verdict=verdict,
        verdict_is_of_this_tree=same,
        signed_by=signed_by,
        why=why,
        touches=tuple(_touch(history, folder, at) for at in range(len(steps))),
    )


def _touch(history: History, folder: str, at: int) -> Touch:
    steps = history.steps[folder]
    commit = steps[at]
    after = history.tree(folder, commit)
    before = history.tree(folder, steps[at + 1]) if at + 1 < len(steps) else ""
    how = "removed" if not after else "changed" if before else "added"
    return Touch(commit.sha, how, commit.subject, commit.author, commit.seconds, commit.pull)


def _origin(history: History, folder: str) -> Commit:
    """The commit that answered a request with what the release is now.

    What was brought back, or mended by hand, was asked for by whoever asked for it at first.
    """
    first, *older = history.steps[folder]
    if first.issue is not None:
        return first
    release, tree = history.release(folder), history.tree(folder)
    for commit in older:
        same = history.release(folder, commit) == release if release else (
            history.tree(folder, commit) == tree
        )  # fmt: skip
        if same and commit.issue is not None:
            return commit
    return first


def _pull(commit: Commit, ports: Ports) -> Pull | None:
    try:
        return ports.forge.pull(commit.pull) if commit.pull is not None else None
    except NotFound:
        return None  # this clone has not been synchronised with the forge


def _issue(commit: Commit, pull: Pull | None, ports: Ports) -> Issue | None:
    number = commit.issue or (pull.issue if pull else None)
    try:
        return ports.forge.issue(number) if number is not None else None
    except NotFound:
        return None


def _verdict(
    commit: Commit, ports: Ports, signers: Signers
) -> tuple[Verdict | None, bool, str, str]:
    if not commit.merged:
        return None, False, "", "it was pushed without a pull request, so nothing was judged"
    try:
        found = judged(commit, ports)
    except Unavailable as away:
        return None, False, "", f"its signature can't be checked now: {away}"
    if found is not None:
        return found.verdict, found.same_tree, signers(found.envelope) or _SOMEBODY, ""
    kept = len(ports.verdicts.of_commit(commit.merged))
    if kept:
        return None, False, "", f"{kept} kept, none signed by anybody who is trusted here"
    return None, False, "", "none is kept here; `tiphys sync` brings what others have"
