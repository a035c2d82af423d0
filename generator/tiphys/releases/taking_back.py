"""What goes back to what: plans over histories, before anything is written.

A folder goes back to the bytes that it had, or away if it was not there. What people or another
skill made of a release since is theirs, and stays unless it is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tiphys.domain.errors import InvalidInput, NotFound, Refused
from tiphys.domain.history import Commit
from tiphys.domain.markdown import visible
from tiphys.domain.wording import counted
from tiphys.library import RELEASE_FILE
from tiphys.releases.history import (
    History,
    files_at,
    folders_at,
    release_at,
    said_name,
    short_name,
    split,
    tree_at,
)

_SHORT = 12


@dataclass(frozen=True, slots=True)
class Reset:
    """One folder that goes back: `changes` are bytes by path, None for what goes away.

    `undone` are the commits whose change to the folder is taken back, newest first. It will be as
    it is in commit `to`, "" where it was not there and will be gone. `was_there` says whether it is
    there now.
    """

    folder: str
    changes: Mapping[str, bytes | None]
    undone: tuple[Commit, ...]
    to: str
    was_there: bool


@dataclass(frozen=True, slots=True)
class TakeBack:
    """All that one pull request takes back. `left` says what is left alone and why, `notes` what
    a person should know before merging."""

    what: str
    resets: tuple[Reset, ...]
    left: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def files(self) -> dict[str, bytes | None]:
        """Bytes by path, None for what goes away."""
        return {path: data for each in self.resets for path, data in each.changes.items()}


def take_back_release(history: History, name: str, to: str | None = None) -> TakeBack:
    """The release NAMESPACE/RELEASE as it was before its last change, or at commit `to`.

    NotFound where there never was one, Refused where there is nothing to take back.
    """
    name = said_name(name)
    folder = f"manifests/{name}"
    steps = history.steps.get(folder, ())
    if name.count("/") != 1 or not steps:
        raise NotFound(f"there is no release {name!a} and never was; see `tiphys release list`")
    reset = _reset(history, folder, 1) if to is None else _as_at(history, folder, to)
    if not reset.changes:
        raise Refused(f"{name} is as it was then: there is nothing to take back")
    return TakeBack(name, (reset,), notes=_notes(history, (reset,)))


def _as_at(history: History, folder: str, rev: str) -> Reset:
    """A folder as it is in a commit. Refused for one that the target has not behind it."""
    reader = history.reader
    sha = reader.resolve(rev)
    if reader.merge_base(sha, history.rev) != sha:
        raise Refused(f"{rev!a} is not in the past of what is merged; name a commit that is")
    steps = history.steps[folder]
    behind = (reader.merge_base(step.sha, sha) == step.sha for step in steps)
    undone = next((at for at, is_behind in enumerate(behind) if is_behind), len(steps))
    return _back(history, folder, steps[:undone], sha)


def take_back_skill(
    history: History, name: str, digest: str | None = None, *, force: bool = False
) -> TakeBack:
    """A skill's version `digest` (default: the present one) and every release that it rendered.

    The skill goes back to the version before, or away. So does each release, to what it was before
    that version rendered it. What has changed since is left, unless `force`.
    """
    bad = _digest(history, name, digest)
    what = visible(f"skill {name}@{bad[:_SHORT]}")
    resets, left = [], []
    folder = f"skills/{name}"
    if history.tree(folder) == bad:
        trees = [history.tree(folder, step) for step in history.steps[folder]]
        resets.append(_reset(history, folder, _end(trees, bad)))
    else:
        left.append(_skill_left(history, name, bad))
    for release in history.now():
        made = [_made(history, release, step) for step in history.steps[release]]
        if (name, bad) not in made:
            continue
        why = _changed_since(history, release, made, (name, bad))
        if why and not force:
            left.append(f"{short_name(release)}: {why}; --force takes it back as well")
        else:
            resets.append(_reset(history, release, _end(made, (name, bad))))
    resets = [each for each in resets if each.changes]
    if not resets:
        raise Refused(f"nothing of {what} is left to take back: {'; '.join(left)}")
    return TakeBack(what, tuple(resets), tuple(left), _notes(history, tuple(resets)))


def _end(states: Sequence[object], bad: object) -> int:
    """Where, going back, the newest run of `bad` ends: the number of changes to take back."""
    start = states.index(bad)
    return next((at for at in range(start, len(states)) if states[at] != bad), len(states))


def _made(history: History, folder: str, commit: Commit) -> tuple[str, str] | None:
    release = history.release(folder, commit)
    return (release.skill, release.skill_digest) if release else None


def _changed_since(
    history: History,
    folder: str,
    made: list[tuple[str, str] | None],
    bad: tuple[str, str],
) -> str:
    """How a release has changed since the skill rendered it, "" where it has not."""
    if made[0] is None:
        return "is no longer as a skill made it"
    if made[0] != bad:
        skill, digest = made[0]
        return visible(f"was rendered by {skill}@{digest[:_SHORT]} since")
    steps = history.steps[folder]
    for newer, older in zip(range(len(steps)), range(1, len(steps)), strict=False):
        if made[older] != bad:
            break
        if _record(history, folder, steps[newer]) == _record(history, folder, steps[older]):
            return f"was changed by hand in {steps[newer].sha[:_SHORT]}"
    return ""


def _record(history: History, folder: str, commit: Commit) -> bytes:
    return history.reader.read(commit.sha, f"{folder}/{RELEASE_FILE}")


def _skill_left(history: History, name: str, bad: str) -> str:
    now = history.tree(f"skills/{name}")
    since = f"is {now[:_SHORT]} by now, not {bad[:_SHORT]}" if now else "is gone already"
    return visible(f"skill {name}: {since}")


def _digest(history: History, name: str, digest: str | None) -> str:
    """The full digest of a version that a skill had or a release was rendered by. NotFound."""
    folder, said = f"skills/{name}", visible(f"skill {name}")
    now = history.tree(folder)
    if digest is None and now:
        return now
    known = {history.tree(folder, step) for step in history.steps.get(folder, ())} - {""}
    for release, steps in history.steps.items():
        if release.startswith("manifests/"):
            made = (_made(history, release, step) for step in steps)
            known |= {each[1] for each in made if each and each[0] == name}
    if not known:
        raise NotFound(f"there is no skill {name!a} and never was; see `tiphys skill list`")
    shown = visible(", ".join(sorted(each[:_SHORT] for each in known)))
    if digest is None:
        raise NotFound(f"{said} is gone; say which version you mean by --digest: {shown}")
    fits = [each for each in known if each.startswith(digest.lower())]
    if len(fits) != 1 or len(digest) < 4:
        which = "no" if not fits else "more than one"
        raise InvalidInput(f"{digest[:40]!a} is {which} version of {said}: {shown}")
    return fits[0]


def _reset(history: History, folder: str, undone: int) -> Reset:
    """Take back the newest `undone` changes of a folder."""
    steps = history.steps[folder]
    to = steps[undone].sha if undone < len(steps) else ""
    return _back(history, folder, steps[:undone], to)


def _back(history: History, folder: str, undone: tuple[Commit, ...], to: str) -> Reset:
    now = files_at(history.reader, history.rev, folder)
    then = files_at(history.reader, to, folder) if to else {}
    differing = sorted(path for path in {*now, *then} if now.get(path) != then.get(path))
    return Reset(
        folder=folder,
        changes={path: then.get(path) for path in differing},
        undone=undone,
        to=to if then else "",
        was_there=bool(now),
    )


def _notes(history: History, resets: tuple[Reset, ...]) -> tuple[str, ...]:
    notes = []
    for each in resets:
        if each.folder.startswith("manifests/"):
            notes += _stale(history, each, resets)
            notes += _bereft(history, each, resets)
    return tuple(notes)


def _stale(history: History, reset: Reset, resets: tuple[Reset, ...]) -> list[str]:
    """A release is only accepted as what its skill, as it is by then, renders."""
    made = release_at(history.reader, reset.to, reset.folder) if reset.to else None
    if made is None:
        return []
    skill = f"skills/{made.skill}"
    own = next((each for each in resets if each.folder == skill), None)
    rev = history.rev if own is None else own.to
    then = tree_at(history.reader, rev, skill) if rev else ""
    if then == made.skill_digest:
        return []
    became = f"will be {then[:_SHORT]}" if then else "will be gone"
    by = visible(f"{made.skill}@{made.skill_digest[:_SHORT]}")
    name = short_name(reset.folder)
    why = "it is not accepted unless the skill goes back too (--skill)"
    return [f"{name} goes back to what {by} rendered, and that skill {became}: {why}"]


def _bereft(history: History, reset: Reset, resets: tuple[Reset, ...]) -> list[str]:
    """With a Namespace goes everything inside it."""
    namespace, name = split(reset.folder)
    if reset.to or namespace:
        return []
    going = {each.folder for each in resets if not each.to}
    inside = [
        folder
        for folder in folders_at(history.reader, history.rev)
        if folder.startswith(f"manifests/{name}/") and folder not in going
    ]
    if not inside:
        return []
    return [f"namespace {name} would go, and with it {counted(len(inside), 'release')} inside it"]
