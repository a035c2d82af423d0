"""Between an issue and the author: what it is given to write, and what is said about the end."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tiphys.domain.markdown import cell
from tiphys.library import Release, strict_yaml
from tiphys.library.openapi import Schemas
from tiphys.ports import Embedder
from tiphys.propose.author.cards import cards_for, kinds_of
from tiphys.propose.author.fields import Path
from tiphys.propose.author.meant import meant
from tiphys.propose.author.places import SCRATCH, without_scratch
from tiphys.propose.author.types import Attempt, Authored, Meant, Task
from tiphys.propose.author.worked import Worked, worked_for
from tiphys.propose.request import Request
from tiphys.propose.understand import TEXT_LIMIT, read_values

_NAMESPACE = {"properties": {"namespace": {"type": "string", "description": "The namespace."}}}
_SHOWN = 10
_HOME = re.compile(
    r"\b(?:it|they|these|everything|all(?: of (?:it|this|that|them))?|both)\s+"
    r"(?:(?:should|must|is to|are to|to)\s+)?(?:all\s+)?"
    r"(?:lives?|belongs?|goes|go|sits?|stays?|runs?)\s+in(?:to)?\s+"
    r"[\"'`]?(?!(?:the|a|an|production|parallel|order|one|place|there|here|it)\b)"
    r"([a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)[\"'`]?\s*(?=[.,;!)\n]|\Z)",
    re.IGNORECASE,
)
_INSIDE = re.compile(
    r"\bin\s+[\"'`]?(?!read-only\b|round-robin\b|real-time\b|[a-z]{2}-[a-z]+-\d)"
    r"([a-z0-9]+(?:-[a-z0-9]+)+)(?![\w-])"
    r"(?!\s+(?:modes?|regions?|zones?|formats?|order|fashion|ways?|states?|style)\b)"
)


def to_task(
    request: Request,
    *,
    releases: Sequence[Release] = (),
    context: str = "",
    merged: Sequence[Worked] = (),
    cards: bool = True,
    meanings: bool = True,
    worked: bool = True,
    embedder: Embedder | None = None,
) -> Task:
    """The request with its answers, bounded, and where its objects belong as far as it says so.

    The model is shown the `cards` of the kinds that the request speaks of. With an `embedder` it is
    also told of fields whose `meanings` come near to what the request says, and shown the `worked`
    example that comes nearest, of those that people `merged` too.
    """
    text = request.whole.strip()[:TEXT_LIMIT]
    known = {each.namespace for each in releases if each.namespace}
    found = read_values(text, _NAMESPACE, namespaces=known).values.get("namespace") or _home(text)
    context = context[:TEXT_LIMIT]
    near: tuple[Meant, ...] = ()
    if meanings and embedder:
        near = meant(text, embedder, context=context, kinds=kinds_of(text))
    # What is there already shows better how it looks.
    shown = cards_for(text, near) if cards and not context else ()
    like = (
        worked_for(text, embedder, merged=merged) if worked and embedder and not context else None
    )
    shown = (*shown, like.shown) if like else shown
    return Task(text, str(found), context, shown, near)


def _home(text: str) -> str:
    """The namespace of "it all lives in porters-lodge.": a name, and the end of the clause.

    Or of "run x in porters-lodge", where that is called nothing else.
    """
    found = {match[1] for match in _HOME.finditer(text)} or {
        name
        for name in _INSIDE.findall(text)
        if len(re.findall(rf"(?<![\w-]){name}(?![\w-])", text)) == 1
    }
    return found.pop() if len(found) == 1 else ""


def manifests_of(attempt: Attempt) -> dict[str, bytes]:
    """One file for each object, in order; a namespace that nobody named is left out."""
    files: dict[str, bytes] = {}
    for number, each in enumerate(map(without_scratch, attempt.objects), 1):
        stem = re.sub(r"[^a-z0-9-]", "-", str(each["kind"]).lower())
        files[f"{number:02}-{stem}.yaml"] = strict_yaml.dump(each).encode()
    return files


def answer_of(attempt: Attempt) -> str:
    """All of it as one YAML text."""
    return "---\n".join(data.decode() for data in manifests_of(attempt).values())


def needs_namespace(attempt: Attempt) -> bool:
    """Whether nobody has said where its objects belong."""
    return any(each["metadata"].get("namespace") == SCRATCH for each in attempt.objects)


def field_schemas(schemas: Schemas) -> Callable[[str, str, Path], Mapping[str, Any] | None]:
    """The OpenAPI fragment of each field, as `induce` asks for it."""

    def look(api_version: str, kind: str, path: Path) -> Mapping[str, Any] | None:
        field = schemas.at(api_version, kind, path)
        return field.schema if field is not None else None

    return look


def report(made: Authored, problem: str = "") -> str:
    """An honest no, with the best try and what is wrong with it."""
    problems = [problem] if problem else made.problems[:_SHOWN]
    lines = [
        "No skill serves this, and what a model wrote is not good enough to propose.",
        "",
        f"It ended as {made.ended}: {made.spent}.",
        "",
        *(f"- {cell(each)}" for each in problems),
    ]
    if made.best is not None:
        lines += ["", "The best try, which nobody should apply as it stands:", ""]
        lines += [f"    {line}" for line in answer_of(made.best).splitlines()]
    lines += ["", "Say more on this issue, or write the manifests by hand."]
    return "\n".join(lines)
