"""Every merged release in a line: what made it, whether that still stands, which verdict it had."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tiphys.acceptance import trusted
from tiphys.context import Ports
from tiphys.domain.errors import Unavailable
from tiphys.domain.evidence import Verdict
from tiphys.domain.history import Commit
from tiphys.releases.history import History, split

SkillState = Literal["current", "changed", "gone", ""]


@dataclass(frozen=True, slots=True)
class Row:
    """One release. Without a skill it was written by hand (skill, digest and state are "").

    `state` says what became of the skill's tree since: current, changed or gone. `commit`, `author`
    and `merged` (seconds since the epoch) are of its last change, `pull` that change's pull request
    (None where it was pushed), `verdict` what a trusted signature says of it: a decision, "none",
    or "unknown" while nobody answers who could check the signature.
    """

    namespace: str
    release: str
    folder: str
    skill: str
    digest: str
    state: SkillState
    pull: int | None
    commit: str
    author: str
    merged: float
    verdict: str


@dataclass(frozen=True, slots=True)
class Judged:
    """A trusted verdict on what a commit merged, and the envelope that it was signed in."""

    verdict: Verdict
    envelope: bytes
    same_tree: bool  # it is about the very tree that the merge gave


def list_releases(history: History, ports: Ports, skill: str | None = None) -> list[Row]:
    """Every release, or those of one skill, by namespace and name."""
    rows = []
    for folder in history.now():
        release = history.release(folder)
        if skill is None or (release is not None and release.skill == skill):
            rows.append(_row(history, folder, ports))
    return rows


def _row(history: History, folder: str, ports: Ports) -> Row:
    namespace, name = split(folder)
    release = history.release(folder)
    last = history.steps[folder][0]
    return Row(
        namespace=namespace,
        release=name,
        folder=folder,
        skill=release.skill if release else "",
        digest=release.skill_digest if release else "",
        state=skill_state(history, folder),
        pull=last.pull,
        commit=last.sha,
        author=last.author,
        merged=last.seconds,
        verdict=_decision(last, ports),
    )


def skill_state(history: History, folder: str) -> SkillState:
    """What became of the skill that made a release."""
    release = history.release(folder)
    if release is None:
        return ""
    tree = history.tree(f"skills/{release.skill}")
    return "gone" if not tree else "current" if tree == release.skill_digest else "changed"


def _decision(commit: Commit, ports: Ports) -> str:
    try:
        found = judged(commit, ports)
    except Unavailable:
        return "unknown"
    return found.verdict.decision if found else "none"


def judged(commit: Commit, ports: Ports) -> Judged | None:
    """The trusted verdict on what a commit merged: on the very tree if there is one, else newest.

    A queue merges what it has tested as a batch, so that a tree between may have none of its own.
    """
    if not commit.merged:
        return None
    tree = ports.repository.tree_id(commit.sha)
    best: Judged | None = None
    for envelope in ports.verdicts.of_commit(commit.merged):
        for attested in trusted([envelope], ports):
            if attested.verdict.head_sha != commit.merged:
                continue
            same = attested.circumstances.tree == tree
            if best is None or (same and not best.same_tree):
                best = Judged(attested.verdict, envelope, same)
    return best
