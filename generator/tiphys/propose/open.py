"""Put a draft on the forge: one branch, one commit on top of the target, one pull request."""

from __future__ import annotations

from collections.abc import Mapping

from tiphys.domain.errors import NotFound
from tiphys.domain.forge import Pull
from tiphys.domain.trailers import add
from tiphys.ports import Forge, RepositoryReader, RepositoryWriter
from tiphys.propose.draft import Draft


def open_pull(
    draft: Draft,
    *,
    issue: int,
    base: str,
    target: str,
    repository: RepositoryReader,
    writer: RepositoryWriter,
    forge: Forge,
) -> Pull:
    """The pull request that carries the draft; run again it updates the same one.

    A branch that already holds the draft is left as it is, so that its verdict stays.
    """
    tip = _tip(repository, draft.branch)
    files = {**_moved_from(repository, tip, base, draft), **draft.files} if tip else draft.files
    if tip is None or not _holds(repository, tip, files):
        message = add(f"{draft.title}\n", draft.trailers)
        writer.commit(draft.branch, tip or base, files, message)
    mine = [p for p in forge.pulls("open") if (p.source, p.target) == (draft.branch, target)]
    if not mine:
        return forge.open_pull(draft.title, draft.body, draft.branch, target, issue=issue)
    if (mine[0].title, mine[0].body) != (draft.title, draft.body):
        forge.edit_pull(mine[0].number, draft.title, draft.body)
    return forge.pull(mine[0].number)


def _tip(repository: RepositoryReader, branch: str) -> str | None:
    try:
        return repository.resolve(branch)
    except NotFound:
        return None


def _moved_from(
    repository: RepositoryReader, tip: str, base: str, draft: Draft
) -> dict[str, bytes | None]:
    """What an earlier draft on the branch did to other releases, undone."""
    ancestor = repository.merge_base(base, tip)
    if ancestor is None:
        return {}
    return {
        change.path: repository.read(ancestor, change.path) if change.old else None
        for change in repository.changes(ancestor, tip, "manifests")
        if not change.path.startswith(f"{draft.folder}/")
    }


def _holds(repository: RepositoryReader, rev: str, files: Mapping[str, bytes | None]) -> bool:
    for path, data in files.items():
        try:
            if repository.read(rev, path) != data:
                return False
        except NotFound:
            if data is not None:
                return False
    return True
