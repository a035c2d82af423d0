"""The reuse road: a merged skill fits, so only its values are filled in. No model call."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from tiphys.domain.errors import InvalidInput, NotFound, Refused
from tiphys.domain.ranking import intent, words
from tiphys.domain.skill import Skill
from tiphys.library import RELEASE_FILE, Release, load_skill_at, missing, read_release, release_path
from tiphys.ports import IndexReader, RepositoryReader
from tiphys.propose.kinds import asked_kinds, lacking, serves
from tiphys.propose.request import Request
from tiphys.propose.road import Signs, confidence
from tiphys.propose.understand import Reading, merge_readings, read_answer, read_values

_CHANGING = (
    "scale change update set bump increase raise reduce lower upgrade roll switch resize move "
    "downgrade"
).split()
_CLEAR = 0.03  # ranks nearer than this are as good as equal: measured, see docs/retrieval.md
_CONSIDERED = 5  # hits whose signatures are compared with the request
_IDENTITY = ("name", "namespace")
_CREATING = "run deploy create add new need start launch host serve schedule expose".split()


@dataclass(frozen=True, slots=True)
class Match:
    """The skill that serves a request, why, and how sure (0..1).

    `rivals` are the two skills that fit alike: then a person has to say which. `signs` is what
    `score` was computed from, None where nothing had to be.
    """

    skill: Skill
    score: float
    because: str
    signs: Signs | None = None
    rivals: tuple[Skill, ...] = ()

    @property
    def question(self) -> str:
        """Which of the two."""
        told = (f"`{each.name}` ({_first_sentence(each.description)})" for each in self.rivals)
        return "which skill is it, " + " or ".join(told) + "?"


@dataclass(frozen=True, slots=True)
class Filling:
    """A skill's values for a request, or the questions that are left.

    `sources` says for each value where it comes from; `questions` maps a property to what to ask;
    `unused` holds figures of the request that no value took, and with them what is `lacking`: asked
    for in words of Kubernetes, and nothing that the skill has. `existing` is the release that these
    values change, None for a new one.
    """

    values: Mapping[str, Any]
    sources: Mapping[str, str]
    questions: Mapping[str, str]
    unused: tuple[str, ...] = ()
    existing: Release | None = None
    lacking: tuple[str, ...] = ()


def merged_releases(repository: RepositoryReader, rev: str) -> tuple[Release, ...]:
    """Every release of a revision that was made from a skill.

    One that can't be read is left out, so that it stops nobody else's request; its folder stays
    taken, and `tiphys index` names it.
    """
    paths = [
        entry.path.removesuffix(f"/{RELEASE_FILE}")
        for entry in repository.entries(rev, "manifests")
        if entry.path.endswith(f"/{RELEASE_FILE}")
    ]
    found = []
    for path in paths:
        with suppress(InvalidInput):
            data = repository.read(rev, f"{path}/{RELEASE_FILE}")
            found.append(read_release(data, path=path))
    return tuple(found)


def taken_folders(repository: RepositoryReader, rev: str) -> frozenset[str]:
    """Folders manifests/<namespace>/<name> that hold anything, made from a skill or by hand."""
    parts = (entry.path.split("/") for entry in repository.entries(rev, "manifests"))
    return frozenset("/".join(part[:3]) for part in parts if len(part) > 3)


def retrieve(
    request: Request,
    *,
    index: IndexReader,
    repository: RepositoryReader,
    rev: str,
    threshold: float,
    releases: Sequence[Release],
) -> Match | None:
    """The skill to reuse, or None when nothing merged comes near enough.

    A request that changes a release which it names goes to the skill that made the release.
    """
    named = _named_release(request, releases)
    if named is not None:
        with suppress(NotFound, InvalidInput):  # the skill was retired or broken since
            skill = load_skill_at(repository, rev, named.skill)
            return Match(skill, 1.0, f"it changes `{named.path}`, which this skill made")
    candidates = []
    for hit in index.search(request.text, limit=_CONSIDERED):
        if hit.score < threshold:
            break
        with suppress(NotFound, InvalidInput):  # retired or broken since it was indexed
            skill = load_skill_at(repository, rev, hit.skill)
            because = "its description fits" if hit.id == skill.path else f"it served `{hit.id}`"
            if serves(skill, request.text):
                candidates.append(_weigh(request, skill, hit.score, because))
    candidates.sort(key=lambda each: -each.rank)
    return _chosen(request, candidates)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A skill that may serve; `rank` is the index's score and how the signature fits, added up."""

    skill: Skill
    rank: float
    because: str
    signs: Signs


def _weigh(request: Request, skill: Skill, score: float, because: str) -> _Candidate:
    """How much of the skill's signature the request speaks to: what words alone can't tell.

    A request that names an image and a port is about a web service, however often a database's
    description says replicas. Weights were chosen on the working half of the retrieval set.
    """
    reading = read_values(request.text, skill.schema)
    own = [n for n in skill.schema["required"] if n not in _IDENTITY]
    named = [n for n in reading.values if n not in _IDENTITY]
    share = sum(n in reading.values for n in own) / len(own) if own else 0.5
    fit = 0.2 * share + 0.1 * min(4, len(named)) - 0.1 * len(reading.unused)
    signs = Signs(
        score=score,
        margin=0.0,
        told=share,
        named=min(4, len(named)) / 4,
        unused=min(4, len(reading.unused)) / 4,
        strange=_strange(request.text, skill, reading),
        kind=float(bool(asked_kinds(request.text))),
    )
    return _Candidate(skill, score + fit, because, signs)


def _strange(text: str, skill: Skill, reading: Reading) -> float:
    known = {*words(f"{skill.name} {skill.description} {skill.body}")}
    known |= {w for n, d in skill.schema["properties"].items() for w in words(f"{n} {d}")}
    known |= {w for source in reading.sources.values() for w in words(source)}
    known |= {w for value in reading.values.values() for w in words(str(value))}
    said = set(words(intent(text)))
    return len(said - known) / len(said) if said else 1.0


def _chosen(request: Request, candidates: Sequence[_Candidate]) -> Match | None:
    """The best candidate, with the second as its rival where nothing speaks for either."""
    if not candidates:
        return None
    best, *others = candidates
    margin = min(1.0, best.rank - others[0].rank) if others else 1.0
    signs = replace(best.signs, margin=margin)
    match = Match(best.skill, confidence(signs), best.because, signs)
    if not others or margin >= _CLEAR or signs.kind:
        return match
    rivals = (best, others[0])
    for answer in request.answers:
        said = [each for each in rivals if _names_skill(answer, each.skill.name)]
        if len(said) == 1:
            because = f"`{said[0].skill.name}` was the answer to which of two skills it is"
            return Match(said[0].skill, 1.0, because, signs)
    return replace(match, rivals=(best.skill, others[0].skill))


def _first_sentence(text: str) -> str:
    flat = " ".join(text.split())
    first = re.split(r"(?<=\w)[.:]\s", flat, maxsplit=1)[0].rstrip(".")
    return first if len(first) <= 160 else f"{first[:157]}..."


def _names_skill(answer: str, name: str) -> bool:
    return bool(re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", answer, re.IGNORECASE))


def fill(request: Request, skill: Skill, *, releases: Sequence[Release]) -> Filling:
    """Values for `skill` out of the request and its answers, on top of the release they change."""
    namespaces = {r.namespace for r in releases if r.namespace}
    readings = [read_values(request.text, skill.schema, namespaces=namespaces)]
    for number, answer in enumerate(request.answers):
        asked = _still_open(request, skill, readings) if number >= request.heard else ()
        readings.append(read_answer(answer, skill.schema, asked, namespaces=namespaces))
    reading = merge_readings(readings)
    existing = _same_release(reading, skill, releases)
    values, sources = _on_top_of(existing, reading)
    questions = {
        name: f"the request gives {' and '.join(map(str, options))}; which one?"
        for name, options in reading.contradictions.items()
    }
    properties = skill.schema["properties"]
    for name in missing(skill.schema, values):
        if name not in questions:
            hints = properties[name].get("x-tiphys", {})
            questions[name] = hints.get("question") or properties[name]["description"]
    short = lacking(skill, request.whole)
    return Filling(values, sources, questions, (*reading.unused, *short), existing, short)


def place(
    skill: Skill,
    values: Mapping[str, Any],
    releases: Sequence[Release],
    taken: Collection[str] = (),
) -> str:
    """The folder name of the release: its own name, or with the skill's where that is taken.

    Refused when both are taken: by other skills' releases, or as folders in `taken` that no release
    of this skill explains.
    """
    name, namespace = str(values["name"]), values.get("namespace")
    mine = {r.path for r in releases if r.skill == skill.name}
    foreign = {*taken, *(r.path for r in releases)} - mine
    for candidate in (name, f"{name}-{skill.name}"):
        path = release_path(namespace if skill.scope == "namespaced" else None, candidate)
        if path not in foreign:
            return candidate
    where = f" in {namespace}" if namespace else ""
    raise Refused(f"{name} and {name}-{skill.name} are taken{where}; choose another name")


def _still_open(request: Request, skill: Skill, readings: Sequence[Reading]) -> tuple[str, ...]:
    known = {name for reading in readings for name in reading.values}
    return tuple(n for n in request.asked if n in skill.schema["properties"] and n not in known)


def _named_release(request: Request, releases: Sequence[Release]) -> Release | None:
    words = re.findall(r"[a-z0-9][-a-z0-9]*", request.text.lower())
    verb = next((word for word in words if word in _CHANGING or word in _CREATING), None)
    if verb not in _CHANGING:
        return None
    named = [r for r in releases if str(r.values["name"]) in words]
    nearest = [r for r in named if r.namespace in words] or named
    return nearest[0] if len(nearest) == 1 else None


def _same_release(reading: Reading, skill: Skill, releases: Sequence[Release]) -> Release | None:
    name, namespace = reading.values.get("name"), reading.values.get("namespace")
    same = [r for r in releases if r.skill == skill.name and r.values.get("name") == name]
    if namespace is not None:
        same = [r for r in same if r.namespace == namespace]
    return same[0] if len(same) == 1 else None


def _on_top_of(existing: Release | None, reading: Reading) -> tuple[dict[str, Any], dict[str, str]]:
    if existing is None:
        return dict(reading.values), dict(reading.sources)
    kept = dict.fromkeys(existing.values, f"kept from {existing.path}")
    return {**existing.values, **reading.values}, {**kept, **reading.sources}
