"""The adapt road: a manifest that people wrote is changed where it stands, line by line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from tiphys.domain.errors import InvalidInput
from tiphys.domain.markdown import cell
from tiphys.library import RELEASE_FILE, strict_yaml
from tiphys.library.patching import FieldPatch, apply_patches
from tiphys.ports import Object, RepositoryReader
from tiphys.propose.draft import BRANCH_PREFIX, Draft
from tiphys.propose.editing import Edit, read_edit
from tiphys.propose.request import Request

_MOST = 40  # folders that a request may be about


@dataclass(frozen=True, slots=True)
class Adapted:
    """`files` that change, with what they hold then; or `questions`; or neither: not an edit."""

    files: Mapping[str, bytes]
    patches: tuple[FieldPatch, ...] = ()
    questions: tuple[str, ...] = ()


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
    held: dict[str, list[Object]] = {}
    for path, data in files.items():
        with suppress(InvalidInput):  # what can't be read can't be edited
            found = strict_yaml.load_documents(data, source=path)
            held[path] = [each for each in found if isinstance(each, dict)]
    edit = read_edit(request, [each for found in held.values() for each in found])
    if not edit.understood:
        return Adapted({}, questions=edit.questions)
    return Adapted(_applied(edit, files, held), edit.patches)


def _applied(
    edit: Edit, files: Mapping[str, bytes], held: Mapping[str, list[Object]]
) -> dict[str, bytes]:
    changed: dict[str, bytes] = {}
    for patch in edit.patches:
        path = next(path for path, found in held.items() if any(_is(o, patch) for o in found))
        changed[path] = apply_patches(changed.get(path, files[path]), [patch])
    return changed


def _is(obj: Object, patch: FieldPatch) -> bool:
    metadata = obj.get("metadata") or {}
    same = (obj.get("kind"), metadata.get("name")) == (patch.kind, patch.name)
    return same and patch.namespace in (None, metadata.get("namespace"))


def write_adapted(request: Request, adapted: Adapted) -> Draft:
    """The change as a pull request. InvalidInput where it reaches into more than one folder."""
    folders = sorted({"/".join(path.split("/")[:3]) for path in adapted.files})
    if len(folders) != 1:
        raise InvalidInput(f"it changes {' and '.join(folders)}; ask for one at a time")
    [folder] = folders
    _, namespace, name = folder.split("/")
    lines = [
        f"Serves #{request.number}: what was asked for could be read whole, so no model was called.",
        "",
        "Road: adapt (1.00): the request changes a manifest that people wrote.",
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
        trailers={"Tiphys-Request": str(request.number)},
    )


def _becomes(patch: FieldPatch) -> str:
    return "gone" if patch.op == "remove" else f"`{cell(patch.value)}`"
