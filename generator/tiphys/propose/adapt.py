"""The adapt road: a manifest that people wrote is changed where it stands, line by line."""

from __future__ import annotations

import re
from collections.abc import Mapping

from tiphys.domain.errors import InvalidInput
from tiphys.domain.markdown import cell
from tiphys.library import RELEASE_FILE
from tiphys.library.patching import FieldPatch
from tiphys.ports import RepositoryReader
from tiphys.propose.author.types import Authored
from tiphys.propose.draft import BRANCH_PREFIX, Draft, how_made, pins
from tiphys.propose.editing import read_edit
from tiphys.propose.request import Request
from tiphys.propose.rewritten import Adapted, applied, held_in

_MOST = 40  # folders that a request may be about


def written_by_hand(repository: RepositoryReader, rev: str, request: str) -> dict[str, bytes]:
    """The manifests of people in the folders that a request may be about, by path."""
    low = re.sub(r"[^a-z0-9]+", " ", request.lower())
    folders: dict[str, list[str]] = {}
    for entry in repository.entries(rev, "manifests"):
        parts = entry.path.split("/")
        if len(parts) > 3:
            folders.setdefault("/".join(parts[:3]), []).append(entry.path)
    named = [
        paths
        for folder, paths in folders.items()
        if f"{folder}/{RELEASE_FILE}" not in paths and _speaks_of(low, folder)
    ]
    chosen = [path for paths in named[:_MOST] for path in paths if path.endswith((".yaml", ".yml"))]
    return {path: repository.read(rev, path) for path in chosen}


def _speaks_of(low: str, folder: str) -> bool:
    name = folder.rpartition("/")[2].replace("-", " ")
    return f" {name} " in f" {low} " or f" {name.replace(' ', '')} " in f" {low} "


def adapt(request: str, files: Mapping[str, bytes]) -> Adapted:
    """The smallest change of `files` that does what is asked; all of it, or nothing."""
    held = held_in(files)
    edit = read_edit(request, [each for found in held.values() for each in found])
    if not edit.understood:
        return Adapted({}, questions=edit.questions)
    return Adapted(applied(edit.patches, files, held), edit.patches)


def write_adapted(request: Request, adapted: Adapted, made: Authored | None = None) -> Draft:
    """The change as a pull request; `made` where a model was asked.

    InvalidInput where it reaches into more than one folder, or into none.
    """
    folders = sorted({"/".join(path.split("/")[:3]) for path in adapted.files})
    if not folders:
        raise InvalidInput("nothing would change")
    if len(folders) > 1:
        raise InvalidInput(f"it changes {' and '.join(folders)}; ask for one at a time")
    [folder] = folders
    _, namespace, name = folder.split("/")
    how = f"a model was asked ({how_made(made)})" if made else "all of it could be read"
    lines = [
        f"Serves #{request.number}: {how}, and only these fields change.",
        "",
        f"Road: adapt ({made.road.confidence if made else 1.0:.2f}): it changes what people wrote.",
        "",
        "| field | becomes |",
        "|---|---|",
        *(f"| `{cell(each.where)}` | {_becomes(each)} |" for each in adapted.patches),
    ]
    return Draft(
        branch=f"{BRANCH_PREFIX}{request.number}-{name}",
        title=f"Change {name} in {namespace}",
        body="\n".join(lines),
        folder=folder,
        files={**adapted.files},
        trailers={
            "Tiphys-Request": str(request.number),
            **(pins(made) if made else {}),
        },
    )


def _becomes(patch: FieldPatch) -> str:
    return "gone" if patch.op == "remove" else f"`{cell(patch.value)}`"
