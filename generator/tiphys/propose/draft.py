"""A filled skill as a draft pull request: files, branch, title, body."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tiphys.domain.markdown import cell
from tiphys.domain.skill import Skill
from tiphys.library import Release, make_release, release_files, strict_yaml
from tiphys.ports import Object
from tiphys.propose.author.literals import unused
from tiphys.propose.author.meant import lacking
from tiphys.propose.author.types import Authored, Meant
from tiphys.propose.induce import Induced
from tiphys.propose.request import Request
from tiphys.propose.reuse import Filling, Match
from tiphys.propose.road import Road

BRANCH_PREFIX = "tiphys/"


@dataclass(frozen=True, slots=True)
class Draft:
    """Everything that opening the pull request needs; no commit has been made yet.

    `folder` is the release or skill that it makes or changes. `files` maps paths to bytes, None
    deletes. `trailers` go below the commit's message. `unserved` is what the request says and
    neither a value nor a field takes up.
    """

    branch: str
    title: str
    body: str
    folder: str
    files: Mapping[str, bytes | None]
    trailers: Mapping[str, str]
    unserved: tuple[str, ...] = ()

    @property
    def manifests(self) -> dict[str, bytes]:
        """The files of its release that hold objects."""
        return {p: d for p, d in self.files.items() if d is not None and p.endswith(".yaml")}

    @property
    def objects(self) -> tuple[Object, ...]:
        """What its manifests hold. InvalidInput."""
        loaded = (strict_yaml.load_documents(d, source=p) for p, d in self.manifests.items())
        return tuple(each for documents in loaded for each in documents)


def write_draft(
    request: Request,
    match: Match,
    filling: Filling,
    *,
    folder: str,
    meant: Sequence[Meant] = (),
) -> Draft:
    """Render the release into the folder name `folder` and describe it. InvalidInput.

    `meant` are fields that the request seems to mean, which the skill should have then.
    """
    skill = match.skill
    release = make_release(skill, filling.values, request=request.text, name=folder)
    verb = "Change" if filling.existing else "Add"
    where = f" in {release.namespace}" if release.namespace else ""
    draft = Draft(
        branch=f"{BRANCH_PREFIX}{request.number}-{skill.name}",
        title=f"{verb} {release.name}{where} ({skill.name})",
        body="",
        folder=release.path,
        files=release_files(release, skill),
        trailers={
            "Tiphys-Request": str(request.number),
            "Tiphys-Skill": f"{skill.name}@{skill.digest}",
        },
    )
    # What a change goes away from is in no field, and rightly so.
    objects = draft.objects
    literals = () if filling.existing else unused(request.text, objects)
    fields = (each.said for each in lacking(meant, objects))
    unserved = tuple(dict.fromkeys((*filling.unused, *literals, *fields)))
    body = _body(request, match, filling, release, skill, unserved)
    return replace(draft, body=body, unserved=unserved)


def write_learned(
    request: Request, made: Authored, induced: Induced, skill: Skill, *, folder: str, hint: str = ""
) -> Draft:
    """A new skill together with its first release. InvalidInput.

    `skill` is the induced one with the digest that its folder will have, `hint` what people should
    know before they merge another skill.
    """
    text, model = request.text, made.model
    release = make_release(skill, induced.values, request=text, model=model, name=folder)
    where = f" in {release.namespace}" if release.namespace else ""
    return Draft(
        branch=f"{BRANCH_PREFIX}{request.number}-{skill.name}",
        title=f"Learn {skill.name}, and add {release.name}{where}",
        body=_learned_body(request, made, induced, release, skill, hint),
        folder=release.path,
        files={
            **{f"{skill.path}/{path}": data for path, data in induced.files.items()},
            **release_files(release, skill),
        },
        trailers={
            "Tiphys-Request": str(request.number),
            "Tiphys-Skill": f"{skill.name}@{skill.digest}",
            **pins(made),
        },
    )


def pins(made: Authored) -> dict[str, str]:
    """Trailers that say how a model was asked."""
    return {
        "Tiphys-Model": made.model,
        "Tiphys-Prompt": made.prompt,
        "Tiphys-Sampling": made.sampling,
    }


def how_made(made: Authored) -> str:
    """Model, prompt, sampling and cost, for people."""
    return f"`{cell(made.model)}`, {made.prompt}, {made.sampling}; {made.spent}"


def _learned_body(
    request: Request, made: Authored, induced: Induced, release: Release, skill: Skill, hint: str
) -> str:
    changed = made.best.notes if made.best else ()
    lines = [
        f"Serves #{request.number}. No merged skill does, so a model wrote it ({how_made(made)}).",
        f"A cluster tried it out. As skill `{skill.name}` the next like request needs no model.",
        "",
        f"Road: {made.road.line}.",
        *(["", hint] if hint else []),
        "",
        "| value | is |",
        "|---|---|",
        *(f"| {name} | `{cell(value)}` |" for name, value in induced.values.items()),
        "",
        f"The rendered manifests are in `{release.path}/`.",
    ]
    if changed:
        lines += ["", "What was changed after the model:", "", *(f"- {cell(n)}" for n in changed)]
    if induced.notes:
        lines += ["", "What became a value:", "", *(f"- {cell(n)}" for n in induced.notes)]
    return "\n".join(lines)


def _body(
    request: Request,
    match: Match,
    filling: Filling,
    release: Release,
    skill: Skill,
    unserved: Sequence[str],
) -> str:
    lines = [
        (
            f"Serves #{request.number} with the merged skill `{skill.name}` "
            f"(`{skill.digest[:12]}`): {match.because}. No model was called."
        ),
        "",
        f"Road: {Road('reuse', match.score, match.because).line}.",
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
    if unserved:
        lines += [
            "",
            "**Not used** from the request: "
            + ", ".join(f"`{cell(word)}`" for word in unserved)
            + ". If one of these matters, say on the issue which value it is.",
        ]
    lines += ["", f"The rendered manifests are in `{release.path}/`."]
    return "\n".join(lines)
