"""A filled skill as a draft pull request: files, branch, title, body."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tiphys.domain.markdown import cell
from tiphys.domain.skill import Skill
from tiphys.library import Release, make_release, release_files
from tiphys.propose.request import Request
from tiphys.propose.reuse import Filling, Match

BRANCH_PREFIX = "tiphys/"


@dataclass(frozen=True, slots=True)
class Draft:
    """Everything that opening the pull request needs; no commit has been made yet.

    `files` maps paths to bytes, None deletes. `trailers` go below the commit's message.
    """

    branch: str
    title: str
    body: str
    release: Release
    files: Mapping[str, bytes | None]
    trailers: Mapping[str, str]


def write_draft(request: Request, match: Match, filling: Filling, *, folder: str) -> Draft:
    """Render the release into the folder name `folder` and describe it. InvalidInput."""
    skill = match.skill
    release = make_release(skill, filling.values, request=request.text, name=folder)
    files: dict[str, bytes | None] = {**release_files(release, skill)}
    verb = "Change" if filling.existing else "Add"
    where = f" in {release.namespace}" if release.namespace else ""
    return Draft(
        branch=f"{BRANCH_PREFIX}{request.number}-{skill.name}",
        title=f"{verb} {release.name}{where} ({skill.name})",
        body=_body(request, match, filling, release, skill),
        release=release,
        files=files,
        trailers={
            "Tiphys-Request": str(request.number),
            "Tiphys-Skill": f"{skill.name}@{skill.digest}",
        },
    )


def _body(request: Request, match: Match, filling: Filling, release: Release, skill: Skill) -> str:
    lines = [
        (
            f"Serves #{request.number} with the merged skill `{skill.name}` "
            f"(`{skill.digest[:12]}`): {match.because}. No model was called."
        ),
        "",
        "| value | is | from |",
        "|---|---|---|",
    ]
    for name, definition in skill.schema["properties"].items():
        if name in filling.values:
            source = cell(filling.sources.get(name, ""))
            lines.append(f"| {name} | `{cell(filling.values[name])}` | {source} |")
        elif definition.get("default") is not None:
            lines.append(f"| {name} | `{cell(definition['default'])}` | the skill's default |")
    if filling.unused:
        lines += [
            "",
            "**Not used** from the request: "
            + ", ".join(f"`{cell(word)}`" for word in filling.unused)
            + ". If one of these matters, say on the issue which value it is.",
        ]
    lines += ["", f"The rendered manifests are in `{release.path}/`."]
    return "\n".join(lines)
