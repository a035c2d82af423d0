"""The development benchmark: how often an author is right, and what each of its pieces is worth."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, fields, replace
from typing import Literal

from tiphys.domain.budget import Budget
from tiphys.domain.errors import Unavailable
from tiphys.learn.calibrate import Share
from tiphys.learn.tasks import Judged, Task, judge_answer
from tiphys.library import strict_yaml
from tiphys.ports import Embedder, Message, Model, Workbench
from tiphys.propose.author.loop import write
from tiphys.propose.author.report import answer_of, to_task
from tiphys.propose.author.types import ALL, Pieces
from tiphys.propose.author.worked import Worked
from tiphys.propose.request import Request
from tiphys.verify.check import Sandbox

_FENCED = re.compile(r"```[a-z]*\n(.*?)(?:```|\Z)", re.DOTALL)
_TOKENS = 1500
Skills = Literal["starter", "learned"]


@dataclass(frozen=True, slots=True)
class Setup:
    """What an author may use. `plain` is the model's answer as it stands, nothing tried out.

    `answers` counts the right ones to earlier tasks among the worked examples, as if merged.
    `skills` asks the whole pipeline of a repository with these skills instead of the author alone.
    """

    name: str
    plain: bool = False
    cards: bool = True
    meanings: bool = True
    worked: bool = True
    answers: bool = False
    pieces: Pieces = ALL
    skills: Skills | None = None


_NONE = Pieces(*[False] * len(fields(Pieces)))
SETUPS: tuple[Setup, ...] = (
    Setup("zero-shot", plain=True, cards=False, meanings=False, worked=False, pieces=_NONE),
    Setup(
        "+ feedback",
        cards=False,
        meanings=False,
        worked=False,
        pieces=replace(_NONE, feedback=True, sampling=True),
    ),
    Setup("+ grounding", pieces=replace(ALL, settling=False, steps=False)),
    Setup("all"),
    Setup("all + answers of the first half", answers=True),
    Setup("all + starter skills", skills="starter"),
    Setup("all + skills of the first half", skills="learned"),
    Setup("all - cards", cards=False, pieces=replace(ALL, outlines=False)),
    Setup("all - meanings", meanings=False),
    Setup("all - worked examples", worked=False),
    Setup("all - mending", pieces=replace(ALL, mending=False)),
    Setup("all - settling", pieces=replace(ALL, settling=False)),
    Setup("all - feedback", pieces=replace(ALL, feedback=False)),
    Setup("all - sampling", pieces=replace(ALL, sampling=False)),
    Setup("all - steps", pieces=replace(ALL, steps=False)),
    Setup("all - parts", pieces=replace(ALL, parts=False)),
    Setup("all - literals", pieces=replace(ALL, literals=False)),
    Setup("all - figures", pieces=replace(ALL, figures=False)),
)
End = Literal["good", "known bad", "untried", "no answer"]
Answer = tuple[str, End, int, int]  # text, what is known of it, tokens written, calls
Pipeline = Callable[[Task], Answer]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One task under one setup. `end` is what the author itself knew of its answer, `text`."""

    task: Task
    setup: str
    seed: int
    text: str
    judged: Judged
    end: End
    tokens: int
    calls: int
    seconds: float


def run(
    tasks: Sequence[Task],
    setups: Iterable[Setup],
    *,
    seeds: int,
    model: Model,
    embedder: Embedder,
    bench: Callable[[Task], AbstractContextManager[Workbench]],
    sandbox: Sandbox,
    budget: Budget,
    clock: Callable[[], float],
    pipelines: Callable[[Skills], Pipeline],
    earlier: Sequence[Task] = (),
) -> Iterator[Outcome]:
    """Every task under every setup with every seed, one after the other. Unavailable.

    Answers to `earlier` tasks are what may have been merged before.
    """
    chosen = list(setups)
    new = [each for each in earlier if each.mode == "new"]
    merged = tuple(Worked(t.request, "---\n".join(map(strict_yaml.dump, t.objects))) for t in new)
    for seed in range(seeds):
        for task in tasks:
            for setup in chosen:
                started = clock()
                if setup.skills:
                    text, end, tokens, calls = pipelines(setup.skills)(task)
                else:
                    known = merged if setup.answers else ()
                    made = _Made(task, setup, seed, model, embedder, bench, budget, clock, known)
                    text, end, tokens, calls = made.answer()
                seconds = clock() - started
                judged = judge_answer(task, text, sandbox)
                yield Outcome(task, setup.name, seed, text, judged, end, tokens, calls, seconds)


@dataclass(frozen=True, slots=True)
class _Made:
    task: Task
    setup: Setup
    seed: int
    model: Model
    embedder: Embedder
    bench: Callable[[Task], AbstractContextManager[Workbench]]
    budget: Budget
    clock: Callable[[], float]
    merged: Sequence[Worked]

    def answer(self) -> Answer:
        """Of the author alone."""
        if self.setup.plain:
            return self._plain()
        request = Request(0, self.task.request)
        task = to_task(
            request,
            context=self.task.context,
            merged=self.merged,
            cards=self.setup.cards,
            meanings=self.setup.meanings,
            worked=self.setup.worked,
            embedder=self.embedder,
        )
        with self.bench(self.task) as bench:
            made = write(
                task,
                bench=bench,
                model=self.model,
                budget=self.budget,
                clock=self.clock,
                pieces=self.setup.pieces,
                seed=self.seed,
            )
        if made.best is None:
            return "", "no answer", made.tokens, made.calls
        end: End = "good" if made.good else "known bad"
        return answer_of(made.best), end, made.tokens, made.calls

    def _plain(self) -> Answer:
        context = f"\n\n```yaml\n{self.task.context}\n```" if self.task.context else ""
        messages = (
            Message("system", "You write Kubernetes manifests. Answer with YAML only."),
            Message("user", self.task.request + context),
        )
        warm = 0.0 if self.seed == 0 else 0.7
        said = self.model.complete(messages, max_tokens=_TOKENS, seed=self.seed, temperature=warm)
        fenced = _FENCED.findall(said.text)
        return "\n---\n".join(fenced) or said.text, "untried", said.output_tokens, 1


@dataclass(frozen=True, slots=True)
class Figures:
    """A setup over tasks and seeds: passes, and means for each task."""

    setup: str
    passed: Share
    by_stage: Mapping[str, int]
    wrong_but_good: int
    tokens: float
    calls: float
    seconds: float


def figures(outcomes: Sequence[Outcome]) -> list[Figures]:
    """One for each setup, in order. Unavailable without outcomes."""
    if not outcomes:
        raise Unavailable("no task was run")
    found = []
    for name in dict.fromkeys(each.setup for each in outcomes):
        mine = [each for each in outcomes if each.setup == name]
        failed = [each for each in mine if not each.judged.passed]
        stages = [each.judged.stage for each in failed]
        found.append(
            Figures(
                setup=name,
                passed=Share(len(mine) - len(failed), len(mine)),
                by_stage={stage: stages.count(stage) for stage in dict.fromkeys(stages)},
                wrong_but_good=sum(each.end == "good" for each in failed),
                tokens=sum(each.tokens for each in mine) / len(mine),
                calls=sum(each.calls for each in mine) / len(mine),
                seconds=sum(each.seconds for each in mine) / len(mine),
            )
        )
    return found


def table(found: Sequence[Figures]) -> str:
    """Markdown: a line for each setup; tokens, calls and seconds are means for each task."""
    lines = [
        "| setup | pass@1 (95 %) | refused | fails | wrong, thought good | tokens | calls | s |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for each in found:
        refused = each.by_stage.get("refused", 0) + each.by_stage.get("parse", 0)
        lines.append(
            f"| {each.setup} | {each.passed} | {refused} | {each.by_stage.get('check', 0)} "
            f"| {each.wrong_but_good} | {each.tokens:.0f} | {each.calls:.1f} "
            f"| {each.seconds:.0f} |"
        )
    return "\n".join(lines)
