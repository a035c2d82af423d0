"""The adapt road: a manifest that people wrote is changed where it stands, line by line."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from tiphys.domain.errors import InvalidInput
from tiphys.domain.markdown import cell
from tiphys.library import RELEASE_FILE, strict_yaml
from tiphys.library.patching import FieldPatch, apply_patches
from tiphys.ports import Object, RepositoryReader
from tiphys.propose.author.types import Authored
from tiphys.propose.draft import BRANCH_PREFIX, Draft, how_made, pins
from tiphys.propose.editing import read_edit
from tiphys.propose.request import Request
from tiphys.propose.rewritten import changes

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
    held = _held(files)
    edit = read_edit(request, [each for found in held.values() for each in found])
    if not edit.understood:
        return Adapted({}, questions=edit.questions)
    return Adapted(_applied(edit.patches, files, held), edit.patches)


def rewrite(request: str, files: Mapping[str, bytes], objects: Sequence[Object]) -> Adapted | None:
    """What a model's new version of objects in `files` changes in them; None if none is there.

    InvalidInput.
    """
    held = _held(files)
    there = [each for found in held.values() for each in found]
    pairs = [(old, new) for new in objects if (old := _like(new, there)) is not None]
    if not pairs:
        return None
    patches = tuple(patch for old, new in pairs for patch in changes(request, old, new))
    return Adapted(_applied(patches, files, held), patches)


def _held(files: Mapping[str, bytes]) -> dict[str, list[Object]]:
    held: dict[str, list[Object]] = {}
    for path, data in files.items():
        with suppress(InvalidInput):  # what can't be read can't be edited
            found = strict_yaml.load_documents(data, source=path)
            held[path] = [each for each in found if isinstance(each, dict)]
    return held


def _like(obj: Object, there: Sequence[Object]) -> Object | None:
    """The first of these with the same kind and name."""
    names = [(o.get("kind"), (o.get("metadata") or {}).get("name")) for o in (obj, *there)]
    return next((o for o, name in zip(there, names[1:], strict=True) if name == names[0]), None)


def _applied(
    patches: Sequence[FieldPatch], files: Mapping[str, bytes], held: Mapping[str, list[Object]]
) -> dict[str, bytes]:
    changed: dict[str, bytes] = {}
    for patch in patches:
        path = next(path for path, found in held.items() if any(_is(o, patch) for o in found))
        changed[path] = apply_patches(changed.get(path, files[path]), [patch])
    return changed


def _is(obj: Object, patch: FieldPatch) -> bool:
    metadata = obj.get("metadata") or {}
    same = (obj.get("kind"), metadata.get("name")) == (patch.kind, patch.name)
    return same and patch.namespace in (None, metadata.get("namespace"))


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
