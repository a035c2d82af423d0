"""Traces as lines that training tools read: chat, and preference pairs.

Chosen is what people merged, with what reviewers changed; rejected are the answers on the way to it
that say something else. What was not merged teaches nothing. The traces lie where whoever can push
can write, so what is chosen is read from the target branch, never from a trace.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Literal

from tiphys.domain import trailers
from tiphys.domain.errors import InvalidInput, NotFound
from tiphys.domain.forge import Pull
from tiphys.domain.trace import Entry, Intent, Result, is_cut
from tiphys.learn.masking import mask_objects, mask_text, secret_values, speaks_of_secrets
from tiphys.library import strict_yaml
from tiphys.ports import ForgeReader, Object, RepositoryReader, TraceStore

Format = Literal["chat", "preference"]
Message = tuple[str, str]  # role, text

_FENCED = re.compile(r"^[ \t]*```[^\n]*\n(.*?)^[ \t]*```", re.MULTILINE | re.DOTALL)
_START = re.compile(r"^(?:apiVersion|kind):", re.MULTILINE)
_GUARDRAILS = "manifests/guardrails/"
_COMPARED = 2000  # characters of an issue that tell it from another


@dataclass(frozen=True, slots=True)
class Lesson:
    """One merged issue: what a model was asked, what was merged, what it had answered instead.

    `masked` counts the values of Secrets that are masked in it, `withheld` the answers that are
    left out because they show a Secret that can't be told from the rest.
    """

    issue: int
    prompt: tuple[Message, ...]
    merged: str
    rejected: tuple[str, ...] = ()
    masked: int = 0
    withheld: int = 0


@dataclass(frozen=True, slots=True)
class Lessons:
    """All of them by issue, and the issues that have a trace and teach nothing, with the reason."""

    found: tuple[Lesson, ...]
    skipped: Mapping[int, str]

    def told(self, count: int) -> str:
        """How many lines there are, of what, and what is missing, in one line for people."""
        masked = sum(each.masked for each in self.found)
        withheld = sum(each.withheld for each in self.found)
        parts = [f"{count} lines from {len(self.found)} merged issues"]
        parts += [f"{masked} values of Secrets masked"]
        parts += [f"{withheld} unreadable answers with Secrets withheld"] if withheld else []
        for reason in dict.fromkeys(self.skipped.values()):
            issues = ", ".join(f"#{i}" for i, why in self.skipped.items() if why == reason)
            parts.append(f"left out, as {reason}: {issues}")
        return "; ".join(parts)


def lessons(
    traces: TraceStore, forge: ForgeReader, repository: RepositoryReader, target: str
) -> Lessons:
    """What the traces teach. `repository` resolves `<sha>~1` too."""
    found, skipped = [], {}
    pulls = forge.pulls("merged")
    for issue in traces.issues():
        merged = _merged(issue, pulls, repository, target)
        runs = [run for _, run in traces.of_issue(issue) if _asked(run)]
        if merged is None:
            skipped[issue] = "nothing of it was merged"
        elif not runs:
            skipped[issue] = "no model was asked"
        elif not (mine := _about(runs, _said(forge, issue))):
            skipped[issue] = "models were asked something else than it says"
        else:
            found.append(lesson(issue, _asked(mine[-1]), merged, _answers(mine)))
    return Lessons(tuple(found), skipped)


def lines(found: Iterable[Lesson], form: Format) -> list[dict[str, Any]]:
    """One value a line, in order of issues and answers.

    chat: {"messages": [{"role", "content"}]}, the last message what was merged. preference:
    {"prompt": [...], "chosen": [message], "rejected": [message]}, one for each rejected answer.
    """
    made: list[dict[str, Any]] = []
    for each in found:
        prompt = [_message(role, text) for role, text in each.prompt]
        chosen = _message("assistant", each.merged)
        if form == "chat":
            made.append({"messages": [*prompt, chosen]})
        else:
            made += [
                {"prompt": prompt, "chosen": [chosen], "rejected": [_message("assistant", other)]}
                for other in each.rejected
            ]
    return made


def _message(role: str, text: str) -> dict[str, str]:
    return {"role": role, "content": text}


def _merged(
    issue: int, pulls: Sequence[Pull], repository: RepositoryReader, target: str
) -> list[Object] | None:
    """The objects of the newest merge that served the issue, as the target branch has them.

    The forge only says where to look: the commit has to lie on the target and to name the issue.
    """
    for pull in sorted(pulls, key=lambda each: -each.number):
        if pull.issue != issue or pull.state != "merged" or not pull.merged_sha:
            continue
        with suppress(NotFound, InvalidInput):
            sha = repository.resolve(pull.merged_sha)
            named = trailers.parse(repository.message(sha)).get(trailers.REQUEST)
            if named == str(issue) and repository.merge_base(sha, target) == sha:
                return _manifests(repository, sha) or None
    return None


def _manifests(repository: RepositoryReader, sha: str) -> list[Object]:
    before = _or_none(lambda: repository.resolve(f"{sha}~1")) or ""
    found: list[Object] = []
    for change in repository.changes(before, sha, "manifests"):
        yaml = change.path.endswith((".yaml", ".yml"))
        if yaml and change.new and not change.path.startswith(_GUARDRAILS):
            data = repository.read(sha, change.path)
            documents = strict_yaml.load_documents(data, source=change.path)
            found += [each for each in documents if isinstance(each, dict)]
    return found


def _or_none(read: Callable[[], str]) -> str | None:
    try:
        return read()
    except NotFound:
        return None


def _asked(run: Iterable[Entry]) -> tuple[Message, ...]:
    """What a model was asked first in an attempt; empty where it was not, or where that is cut."""
    for each in run:
        if isinstance(each, Intent) and each.messages and each.messages[-1][0] == "user":
            cut = any(is_cut(text) for _, text in each.messages)
            return () if cut else each.messages
    return ()


def _said(forge: ForgeReader, issue: int) -> str | None:
    try:
        return forge.issue(issue).body.strip()[:_COMPARED]
    except NotFound:
        return None


def _about(runs: Iterable[Sequence[Entry]], said: str | None) -> list[Sequence[Entry]]:
    """The attempts at what the issue says; in another clone its number may have been another's."""
    return [run for run in runs if said is not None and said in _asked(run)[-1][1]]


def _answers(runs: Iterable[Sequence[Entry]]) -> list[str]:
    """What models answered, in order, each once; what was cut is no answer any more."""
    found: dict[str, None] = {}
    for run in runs:
        asked = {each.tick for each in run if isinstance(each, Intent) and each.messages}
        for each in run:
            if isinstance(each, Result) and each.tick in asked and not is_cut(each.answer):
                found[each.answer] = None
    return [answer for answer in found if answer.strip()]


def lesson(
    issue: int, prompt: tuple[Message, ...], merged: Sequence[Object], answers: Iterable[str]
) -> Lesson:
    """What one merged issue teaches, without the data of Secrets."""
    read = {answer: read_objects(answer) for answer in answers}
    other = {text: objs for text, objs in read.items() if objs is None or not same(objs, merged)}
    objects = [merged, *(objs for objs in read.values() if objs is not None)]
    shown = [found for _, text in prompt if (found := read_objects(text))]
    values = secret_values([*objects, *shown])
    chosen = mask_text(strict_yaml.dump_all(mask_objects(merged)), values)
    made = Lesson(issue, tuple((r, mask_text(t, values)) for r, t in prompt), chosen)
    rejected: dict[str, None] = {}
    withheld = 0
    for text, objs in other.items():
        if not speaks_of_secrets(text):
            rejected[mask_text(text, values)] = None
        elif objs is None:
            withheld += 1
        elif not same(mask_objects(objs), mask_objects(merged)):
            rejected[mask_text(strict_yaml.dump_all(mask_objects(objs)), values)] = None
    kept = tuple(text for text in rejected if text != chosen)
    return replace(made, rejected=kept, masked=len(values), withheld=withheld)


def read_objects(text: str) -> list[Object] | None:
    """The objects in an answer, prose and fences left out; None where it can't be read strictly."""
    fenced = [each for each in _FENCED.findall(text) if "kind" in each]
    start = _START.search(text)
    if fenced:
        text = "\n---\n".join(fenced)
    elif start is not None:
        text = text[start.start() :]
    try:
        documents = strict_yaml.load_documents(text, source="an answer")
    except InvalidInput:
        return None
    found: list[Object] = []
    for each in documents:
        if not isinstance(each, dict) or "kind" not in each:
            return None
        items = each.get("items")
        found += items if each["kind"] == "List" and isinstance(items, list) else [each]
    return found or None


def same(one: Sequence[Object], other: Sequence[Object]) -> bool:
    """Whether two answers hold the same objects, in whatever order."""
    left = list(one)
    for each in other:
        if each not in left:
            return False
        left.remove(each)
    return not left
