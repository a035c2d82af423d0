"""One pull request, by a person, that takes back what was planned."""

from __future__ import annotations

import hashlib
import re
import time
from dataclasses import dataclass

from tiphys.domain.errors import Conflict, LimitExceeded, NotFound, Refused
from tiphys.domain.forge import Pull
from tiphys.domain.history import Commit
from tiphys.domain.markdown import cell
from tiphys.domain.policy import Settings
from tiphys.domain.wording import counted
from tiphys.ports import Forge, Repository
from tiphys.releases.history import History, short_name
from tiphys.releases.taking_back import Reset, TakeBack

BRANCHES = "take-back/"  # a person's: not among those of programs
_ODD = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Opened:
    """The pull request; `new` unless an earlier call had opened it. `others` take back something
    else of the same."""

    pull: Pull
    new: bool
    others: tuple[int, ...] = ()


def open_take_back(
    plan: TakeBack,
    history: History,
    *,
    repository: Repository,
    forge: Forge,
    settings: Settings,
    actor: str,
    why: str = "",
) -> Opened:
    """Open it, or find it. Refused for the bot; Conflict where the branch holds something else."""
    if actor == settings.bot:
        raise Refused("what is taken back is taken back by a person: set TIPHYS_ACTOR to your name")
    files = plan.files
    if len(files) > settings.policy.max_files:
        raise LimitExceeded(
            f"{counted(len(files), 'file')} would change, at most {settings.policy.max_files} are "
            "judged at once: raise max_files in tiphys.toml, or take back one release after another"
        )
    start = f"{BRANCHES}{_slug(plan)}-"
    branch = f"{start}{_digest(plan, history)}"
    target = settings.target
    open_pulls = [p for p in forge.pulls("open") if p.target == target]
    mine = next((p for p in open_pulls if p.source == branch), None)
    others = tuple(
        p.number for p in open_pulls if p.source.startswith(start) and p.source != branch
    )
    if not _stands(plan, branch, history, repository):
        repository.commit(branch, history.rev, files, _message(plan))
    if mine is not None:
        return Opened(mine, False, others)
    return Opened(forge.open_pull(title(plan), body(plan, why), branch, target), True, others)


def _stands(plan: TakeBack, branch: str, history: History, repository: Repository) -> bool:
    """Whether the branch is there. Conflict unless merging it does just what is planned."""
    try:
        tip = repository.resolve(branch)
    except NotFound:
        return False
    merged = repository.preview(tip, history.rev, "What the target would become").sha
    changed = repository.changes(history.rev, merged) if merged else ()
    there = {c.path: repository.read(str(merged), c.path) if c.new else None for c in changed}
    if there != plan.files:
        raise Conflict(
            f"branch {branch} is there and holds something else; close its pull request, delete "
            f"it (git branch -D {branch}) and try again"
        )
    return True


def _slug(plan: TakeBack) -> str:
    return _ODD.sub("-", plan.what.partition("@")[0].lower()).strip("-")[:60]


def _digest(plan: TakeBack, history: History) -> str:
    """What is taken back, from what to what: the same plan has the same branch."""
    told = hashlib.sha256()
    for each in plan.resets:
        told.update(f"{each.folder} {history.tree(each.folder)}\n".encode())
    for path, data in sorted(plan.files.items()):
        content = "-" if data is None else hashlib.sha256(data).hexdigest()
        told.update(f"{path} {content}\n".encode())
    return told.hexdigest()[:10]


def title(plan: TakeBack) -> str:
    """The pull request's title."""
    if len(plan.resets) == 1 and plan.resets[0].folder.startswith("manifests/"):
        (only,) = plan.resets
        verb = "Remove" if not only.to else "Take back" if only.was_there else "Bring back"
        return f"{verb} {plan.what}"
    releases = sum(each.folder.startswith("manifests/") for each in plan.resets)
    return f"Take back {plan.what}, and {counted(releases, 'release')} made by it"


def body(plan: TakeBack, why: str = "") -> str:
    """The pull request's text, in Markdown."""
    lines = [f"Takes back {plan.what}. The files are, to the byte, what they were before.", ""]
    if why.strip():
        lines += ["Why:", "", *(f"> {line}" for line in why.strip().splitlines()), ""]
    lines += ["| what | becomes | takes back |", "|---|---|---|"]
    lines += [_row(each) for each in plan.resets]
    if plan.left:
        lines += ["", "Left alone:", "", *(f"- {cell(line)}" for line in plan.left)]
    if plan.notes:
        lines += ["", "Mind:", "", *(f"- {cell(line)}" for line in plan.notes)]
    return "\n".join(lines) + "\n"


def _row(reset: Reset) -> str:
    back = f"as in `{reset.to[:12]}`" if reset.to else "gone"
    taken = ", ".join(_source(commit) for commit in reset.undone)
    return f"| {cell(short_name(reset.folder))} | {back} | {taken} |"


def _source(commit: Commit) -> str:
    day = time.strftime("%Y-%m-%d", time.gmtime(commit.seconds))
    if commit.pull is not None:
        asked = f" for #{commit.issue}" if commit.issue else ""
        return f"#{commit.pull}{asked} ({day}, `{commit.sha[:12]}`)"
    return f"`{commit.sha[:12]}` ({day}, {cell(commit.subject, 60)})"


def _message(plan: TakeBack) -> str:
    undone = {commit.sha: commit for each in plan.resets for commit in each.undone}
    told = [f"This takes back what {sha} made of it." for sha in undone]
    return f"{title(plan)}\n\n" + "\n".join(told) + "\n"
