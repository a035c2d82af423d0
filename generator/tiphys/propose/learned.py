"""What a model wrote becomes memory: a new skill, or one more thing that a merged skill can do.

And what was merged is shown to it, the next time that something of the sort is asked for.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress

from tiphys.domain.errors import InvalidInput, NotFound
from tiphys.domain.markdown import cell
from tiphys.domain.skill import Skill
from tiphys.library import Release, load_skill_at, parse_skill, skill_names
from tiphys.ports import IndexReader, Repository
from tiphys.propose.author.report import field_schemas, manifests_of
from tiphys.propose.author.types import Authored
from tiphys.propose.author.worked import Worked
from tiphys.propose.draft import BRANCH_PREFIX, Draft, how_made, pins, write_learned
from tiphys.propose.induce import Induced, extend, induce, near_duplicate
from tiphys.propose.reading.spelled import in_figures
from tiphys.propose.request import Request
from tiphys.propose.reuse import place, taken_folders

_CONSIDERED = 5  # merged skills that the new one is compared with
_REMEMBERED = 12  # releases that are looked at
_STATED = 0.8  # of a release's values; what states less changed one that was there already


def learn(
    request: Request,
    made: Authored,
    *,
    repository: Repository,
    index: IndexReader,
    rev: str,
    releases: Sequence[Release],
) -> Draft:
    """The proposal that carries it. InvalidInput, Refused say why there can be none.

    What is nearly a merged skill extends it, and the request is served by the skill once that is
    merged. Where extending takes more than a program can do, people are told and choose.
    """
    assert made.best is not None  # noqa: S101  # only what is good is learned from
    found = induce(
        request.text,
        manifests_of(made.best),
        field_schema=field_schemas(made.schemas),
        taken=skill_names(repository, rev),
    )
    hint = ""
    near = _near(found, request, repository, index, rev)
    if near is not None:
        try:
            return _extended(request, made, near, extend(near, found))
        except InvalidInput as problem:
            hint = f"Nearly `{near.name}`, which a program could not extend: {cell(str(problem))}."
    skill = parse_skill(found.name, found.files, digest=repository.tree_of(found.files))
    folder = place(skill, found.values, releases, taken_folders(repository, rev))
    return write_learned(request, made, found, skill, folder=folder, hint=hint)


def remembered(
    repository: Repository, rev: str, releases: Sequence[Release], skills: Collection[str]
) -> tuple[Worked, ...]:
    """The requests that led to merged releases of these skills, with what was merged.

    A release that holds a Secret stays here: the model may be anybody's.
    """
    like = [each for each in releases if each.skill in skills and _is_whole(each)]
    found = []
    for each in like[-_REMEMBERED:]:
        entries = repository.entries(rev, each.path)
        paths = [entry.path for entry in entries if entry.path.endswith(".yaml")]
        texts = [repository.read(rev, path).decode(errors="replace") for path in paths]
        found.append(Worked(each.request, "---\n".join(texts)))
    return tuple(each for each in found if "Secret" not in each.kinds)


def _is_whole(release: Release) -> bool:
    """Whether its request says all of it, and not what was to change."""
    text = in_figures(release.request).lower()
    said = [str(each).lower() in text for each in release.values.values()]
    return sum(said) >= _STATED * len(said)


def _near(
    found: Induced, request: Request, repository: Repository, index: IndexReader, rev: str
) -> Skill | None:
    candidates: dict[str, Skill] = {}
    for hit in index.search(request.text, limit=_CONSIDERED):
        with suppress(NotFound, InvalidInput):  # retired or broken since it was indexed
            candidates[hit.skill] = load_skill_at(repository, rev, hit.skill)
    return candidates.get(near_duplicate(found.files, tuple(candidates.values())) or "")


def _extended(request: Request, made: Authored, skill: Skill, files: dict[str, bytes]) -> Draft:
    lines = [
        f"#{request.number} asks for something that the merged skill `{skill.name}` nearly does.",
        f"A model wrote it ({how_made(made)}) and a cluster tried it out, so the skill learns it:",
        "its old examples give the same bytes, its test has more steps, nothing was taken out.",
        "",
        f"Road: {made.road.line}.",
        "",
        *(f"- `{skill.path}/{path}`" for path in sorted(files)),
        "",
        "Once this is merged, say so on the issue: the skill then serves it without a model.",
    ]
    return Draft(
        branch=f"{BRANCH_PREFIX}{request.number}-{skill.name}",
        title=f"Extend {skill.name}",
        body="\n".join(lines),
        folder=skill.path,
        files={f"{skill.path}/{path}": data for path, data in files.items()},
        trailers={
            "Tiphys-Request": str(request.number),
            **pins(made),
        },
    )
