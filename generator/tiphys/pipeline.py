"""The pipeline: a new reader starts here.

A request becomes a pull request (PROPOSE below), the pull request a signed verdict (`judge_pull`),
the merge memory (`merge_pull`; both in `tiphys.acceptance`, batches in `tiphys.merge_queue`). Each
stage is a plain function on a `Work` value, the tuple below is the order, and what a stage needs
from outside comes in `Ports` (`tiphys.context`), wired in one place (`tiphys.bootstrap`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import Literal, TypeVar

from tiphys.context import Ports
from tiphys.domain.budget import Budget
from tiphys.domain.errors import InvalidInput, Refused, TiphysError
from tiphys.domain.forge import Issue, Pull
from tiphys.domain.trace import CHOICE, Entry, Result
from tiphys.library import Release
from tiphys.ports import Forge, Hit, Workbench
from tiphys.propose import ticks
from tiphys.propose.adapt import adapt as edit
from tiphys.propose.adapt import write_adapted, written_by_hand
from tiphys.propose.author.cards import IMAGE
from tiphys.propose.author.loop import write
from tiphys.propose.author.report import (
    manifests_of,
    needs_namespace,
    report,
    to_task,
)
from tiphys.propose.author.types import Attempt, Authored, Unsaid
from tiphys.propose.draft import Draft, write_draft
from tiphys.propose.kinds import about_a_cluster, speaks_in_kinds
from tiphys.propose.learned import learn, remembered
from tiphys.propose.open import open_pull
from tiphys.propose.request import (
    QUESTION_KEY,
    REPLY_KEY,
    Request,
    bots_turn,
    question_body,
    to_request,
)
from tiphys.propose.reuse import (
    Filling,
    Match,
    fill,
    merged_releases,
    place,
    retrieve,
    taken_folders,
)
from tiphys.propose.rewritten import Adapted, rewrite
from tiphys.propose.road import Road
from tiphys.remember.index import follow

T = TypeVar("T")
Ending = Literal["proposed", "asked", "declined"]


@dataclass(frozen=True, slots=True)
class Work:
    """What is known so far about one issue; a stage fills in its part and may set `ending`.

    `question` is what a person would be asked, kept back while a model may read the answer.
    """

    issue: Issue
    base: str = ""
    request: Request | None = None
    releases: tuple[Release, ...] = ()
    hits: tuple[Hit, ...] = ()
    match: Match | None = None
    filling: Filling | None = None
    adapted: Adapted | None = None
    editable: Mapping[str, bytes] = field(default_factory=dict)
    draft: Draft | None = None
    authored: Authored | None = None
    road: Road | None = None
    context: str = ""
    question: str = ""
    pull: Pull | None = None
    ending: Ending | None = None
    reply: str = ""
    model_calls: int = 0


# -- propose: an issue becomes a pull request, a question or an honest no --------------------------


def understand(work: Work, ports: Ports) -> Work:
    """Read the issue and what is merged so far."""
    base = ports.repository.resolve(ports.settings.target)
    request = to_request(work.issue, bot=ports.settings.bot)
    return replace(
        work, base=base, request=request, releases=merged_releases(ports.repository, base)
    )


def adapt(work: Work, ports: Ports) -> Work:
    """Change a manifest that people wrote, where the request names it and all of it is clear."""
    request = _known(work.request)
    files = (
        {"context.yaml": work.context.encode()}
        if work.context
        else written_by_hand(ports.repository, work.base, request.whole)
    )
    try:
        found = edit(request.whole, files)
        if found.questions:
            ask = {"change": " ".join(found.questions)}
            return _asking(replace(work, editable=files), question_body(ask, {}))
        if not found.files or work.context:
            return replace(work, adapted=found, editable=files)
        draft = write_adapted(request, found)
    except InvalidInput as problem:
        ports.progress(f"#{work.issue.number} is no edit: {problem}")
        return work
    road = Road("adapt", 1.0, "the request changes a manifest that people wrote")
    return replace(work, adapted=found, draft=draft, road=road)


def recall(work: Work, ports: Ports) -> Work:
    """Find the merged skill that serves it, in an index that shows the target's tip."""
    if work.draft is not None or (work.adapted and work.adapted.files):
        return work
    follow(ports.repository, ports.index, ports.settings.target)
    heard = ticks.Searched(ports.index)
    match = retrieve(
        _known(work.request),
        index=heard,
        repository=ports.repository,
        rev=work.base,
        threshold=ports.settings.match_threshold,
        releases=work.releases,
    )
    work = replace(work, hits=tuple(heard.hits))
    known = work.context or work.editable or about_a_cluster(_known(work.request).text)
    nearest = max((hit.score for hit in work.hits), default=0.0)
    if nearest < _FAR and (match is None or match.signs) and not known:
        return replace(work, ending="declined", reply=_ELSEWHERE)
    # What is handed over is to be changed; a skill would make it anew.
    if match is None or (work.context and ports.model is not None):
        return work
    work = replace(work, match=match, road=Road("reuse", match.score, match.because))
    if match.rivals:
        question = question_body({"skill": match.question}, {})
        return _author_or_ask(work, question, ports)
    return work


def choose(work: Work, ports: Ports) -> Work:
    """Write down the road that what was found speaks for, before it is taken."""
    edits = work.adapted is not None and bool(work.adapted.files)
    ports.scribe(ticks.intent(work.request, hits=work.hits, match=work.match, edits=edits))
    return work


def reuse(work: Work, ports: Ports) -> Work:
    """Fill in the skill's values; what is missing becomes a question."""
    if work.match is None or work.question:
        return work
    match = work.match
    filling = fill(_known(work.request), match.skill, releases=work.releases)
    work = replace(work, filling=filling)
    if filling.lacking and filling.questions and _can_author(ports):
        return work  # no answer would make the skill serve it
    if filling.questions:
        found = {name: str(value) for name, value in filling.values.items()}
        question = question_body(dict(filling.questions), found)
        return _author_or_ask(work, question, ports)
    if filling.existing is not None and _already_so(filling.existing, filling, match):
        reply = f"`{filling.existing.path}` is already like that; nothing to change."
        return replace(work, ending="declined", reply=reply)
    try:
        folder = (
            filling.existing.name
            if filling.existing
            else place(
                match.skill,
                filling.values,
                work.releases,
                taken_folders(ports.repository, work.base),
            )
        )
        return replace(work, draft=_draft(work, match, filling, folder, ports))
    except (InvalidInput, Refused) as problem:
        return replace(work, ending="declined", reply=f"I can't propose this: {problem}")


def author(work: Work, ports: Ports) -> Work:
    """Where no skill serves wholly, let a model write and a cluster judge; the best goes on."""
    served = work.draft is not None and not work.draft.unserved
    if served or (work.adapted and work.adapted.files):
        return work
    if ports.model is None or ports.workbench is None:
        return work if work.draft else replace(work, ending="declined", reply=_OUT_OF_REACH)
    request, settings = _known(work.request), ports.settings
    context = "---\n".join(data.decode(errors="replace") for data in work.editable.values())
    # For a change of what exists no example is shown, so none is read.
    like = set[str]() if context else {hit.skill for hit in work.hits}
    task = to_task(
        request,
        releases=work.releases,
        context=context,
        merged=remembered(ports.repository, work.base, work.releases, like),
        embedder=ports.embedder,
    )
    with ports.workbench(work.base) as bench:
        made = write(
            task,
            bench=bench,
            model=ports.model,
            budget=Budget(settings.author_tokens, settings.author_rounds, settings.author_seconds),
            clock=time.monotonic,
            scribe=ports.scribe,
        )
        work = replace(work, model_calls=work.model_calls + made.calls)
        if work.draft is not None and not _serves_better(made, work.draft, request, bench):
            return work
    if work.question and not made.good:
        return _asking(replace(work, authored=made), work.question)
    work = replace(work, authored=made, road=made.road, draft=None, match=None, filling=None)
    if not made.good:
        return replace(work, ending="declined", reply=report(made))
    return _rewritten(work, made)


def _serves_better(made: Authored, draft: Draft, request: Request, bench: Workbench) -> bool:
    """Whether less is known to be wrong with it; else what is merged and tested stays."""
    if made.best is None:
        return False
    found = bench.rehearse(request.whole, draft.objects)
    left = tuple(Unsaid(each, each) for each in draft.unserved)
    merged = Attempt(draft.objects, found, unsaid=left)
    return made.best.faults < merged.faults


def _rewritten(work: Work, made: Authored) -> Work:
    """Where the model changed what exists, only the fields that it changed go on."""
    objects = made.best.objects if made.best else ()
    request = _known(work.request)
    try:
        found = rewrite(request.text, work.editable, objects)
        if found is None:
            return work
        if work.context:
            return replace(work, adapted=found)
        draft = write_adapted(request, found, made)
    except InvalidInput as problem:
        return replace(work, ending="declined", reply=report(made, str(problem)))
    return replace(work, adapted=found, draft=draft, authored=None)


def induce(work: Work, ports: Ports) -> Work:
    """Make a skill of what a model wrote and a cluster took, so that it is written once."""
    made = work.authored
    if made is None or made.best is None or work.draft is not None:
        return work
    if needs_namespace(made.best):
        ask = {"namespace": "In which namespace?"}
        return replace(work, ending="asked", reply=question_body(ask, {}))
    try:
        draft = learn(
            _known(work.request),
            made,
            repository=ports.repository,
            index=ports.index,
            rev=work.base,
            releases=work.releases,
        )
    except (InvalidInput, Refused) as problem:
        return replace(work, ending="declined", reply=report(made, str(problem)))
    return replace(work, draft=draft)


def propose(work: Work, ports: Ports) -> Work:
    """Push the branch and open (or update) the pull request."""
    draft = _known(work.draft)
    pull = open_pull(
        ticks.linked(draft, work.issue.number) if ports.traces else draft,
        issue=work.issue.number,
        base=work.base,
        target=ports.settings.target,
        repository=ports.repository,
        writer=ports.repository,
        forge=ports.forge,
    )
    reply = f"Proposed in #{pull.number}: {pull.title}."
    return replace(work, pull=pull, ending="proposed", reply=reply)


Stage = Callable[[Work, Ports], Work]
PROPOSE: tuple[Stage, ...] = (
    understand,
    adapt,
    recall,
    choose,
    reuse,
    author,
    induce,
    propose,
)
GENERATE = PROPOSE[: PROPOSE.index(induce)]


def work_on(issue: Issue, ports: Ports) -> Work:
    """Run the proposing stages on one issue, keep a trace, and tell its author how it ended."""
    with ports.traces.recording(issue.number) if ports.traces else nullcontext(_forget) as scribe:
        try:
            work = _run(PROPOSE, Work(issue), replace(ports, scribe=scribe))
        except TiphysError as problem:
            scribe(Result(CHOICE, str(problem), "failed"))
            raise
        scribe(ticks.result(work.road, _known(work.ending), work.reply))
    key = QUESTION_KEY if work.ending == "asked" else REPLY_KEY
    ports.forge.comment(issue.number, work.reply, key)
    _relabel(issue, _known(work.ending), ports.forge)
    return work


def _run(stages: tuple[Stage, ...], work: Work, ports: Ports) -> Work:
    """Run the stages until one ends it; the choice of the road is written down in any case."""
    chosen = False
    for stage in stages:
        ports.progress(f"#{work.issue.number} {stage.__name__}")
        work = stage(work, ports)
        chosen = chosen or stage is choose
        if work.ending:
            break
    return work if chosen else choose(work, ports)


def waiting(ports: Ports) -> list[Issue]:
    """Open issues on which a person spoke last."""
    found = ports.forge.issues("open")
    return [issue for issue in found if bots_turn(issue, bot=ports.settings.bot)]


@dataclass(frozen=True, slots=True)
class Generated:
    """What a request gives without a forge. `reply` says why there is nothing, or what is wrong.

    `good` is False for a best try with which something is known to be wrong.
    """

    manifests: Mapping[str, bytes]
    reply: str
    good: bool
    skill: str | None = None
    values: Mapping[str, object] = field(default_factory=dict)
    questions: Mapping[str, str] = field(default_factory=dict)
    model_calls: int = 0
    tokens: int = 0  # written by the model


def generate(text: str, ports: Ports, *, context: str = "") -> Generated:
    """Run the stages that find manifests for a text; nothing is kept.

    Nobody is there to answer a question: with a model, a guess comes with it, which is not `good`.
    """
    work = Work(Issue(0, text[:80], text, "", "open", 0.0), context=context)
    work = _run(GENERATE, work, ports)
    filling = work.filling or Filling({}, {}, {})
    if work.ending == "asked" and work.authored is None and _can_author(ports):
        guess = author(replace(work, ending=None), ports)
        work = replace(guess, ending="asked", reply=work.question, filling=filling)
    if work.context and work.adapted is not None and work.adapted.files:
        manifests = dict(work.adapted.files)
    elif work.authored is not None and work.authored.best is not None:
        manifests = manifests_of(work.authored.best)
    else:
        manifests = work.draft.manifests if work.draft else {}
    left = work.draft.unserved if work.draft and work.ending is None else ()
    return Generated(
        manifests,
        f"Not used from the request: {', '.join(left)}." if left else work.reply,
        bool(manifests) and work.ending is None and not left,
        work.match.skill.name if work.match else None,
        filling.values,
        filling.questions,
        work.model_calls,
        work.authored.tokens if work.authored else 0,
    )


# -- helpers ---------------------------------------------------------------------------------------

_OUT_OF_REACH = (
    "No merged skill serves this request, and I do not guess. "
    "`tiphys search` shows what comes nearest; a new skill (`tiphys skill new`) would make it "
    "possible, or write the manifests by hand."
)
_FAR = 0.48  # nothing in the index is nearer: only words of Kubernetes help then
_LIKELY = 0.7  # of a skill to be right; measured on the working half of tests/roads
_ELSEWHERE = (
    "No merged skill serves this request, and I see nothing in it for Kubernetes to run. If it is "
    "meant for the cluster, say in a comment what should run and in which namespace."
)


def _can_author(ports: Ports) -> bool:
    return ports.model is not None and ports.workbench is not None


def _author_or_ask(work: Work, question: str, ports: Ports) -> Work:
    """Ask, unless a model may read what a skill could not.

    Where a request speaks in kinds, or the skill is not likely the right one to ask. An image that
    stands nowhere would be made up.
    """
    text = _known(work.request).whole
    missing = work.filling.questions if work.filling else ()
    made_up = "image" in missing and not IMAGE.search(text)
    unlikely = work.match is not None and work.match.score < _LIKELY and about_a_cluster(text)
    if _can_author(ports) and (speaks_in_kinds(text) or unlikely) and not made_up:
        return replace(work, question=question)
    return _asking(work, question)


def _asking(work: Work, question: str) -> Work:
    return replace(work, question=question, ending="asked", reply=question)


_LABELS = {"asked": "needs-answer", "declined": "declined", "proposed": "proposed"}


def _draft(work: Work, match: Match, filling: Filling, folder: str, ports: Ports) -> Draft:
    request = _known(work.request)
    # Only where a model could serve it: meaning costs more than filling in values does.
    read = to_task(request, worked=False, embedder=ports.embedder) if _can_author(ports) else None
    meant = read.meant if read else ()
    draft = write_draft(request, match, filling, folder=folder, meant=meant)
    present = {e.path for e in ports.repository.entries(work.base, draft.folder)}
    gone = dict.fromkeys(present - set(draft.files))
    return replace(draft, files={**gone, **draft.files})


def _already_so(existing: Release, filling: Filling, match: Match) -> bool:
    same = dict(existing.values) == dict(filling.values)
    return same and existing.skill_digest == match.skill.digest


def _forget(_entry: Entry) -> None:
    """No trace is kept."""


def _relabel(issue: Issue, ending: Ending, forge: Forge) -> None:
    stale = [name for key, name in _LABELS.items() if key != ending and name in issue.labels]
    forge.label(issue.number, add=[_LABELS[ending]], remove=stale)


def _known(value: T | None) -> T:
    assert value is not None, "an earlier stage fills this in"  # noqa: S101  # the tuple's order
    return value
