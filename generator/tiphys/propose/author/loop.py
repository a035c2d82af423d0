"""Rounds of writing and trying out; the best try by evidence is what comes out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field

from tiphys.domain.budget import Budget, Meter
from tiphys.domain.errors import InvalidInput
from tiphys.domain.rehearsal import Rehearsal
from tiphys.domain.trace import Intent, Outcome, Result, Scribe
from tiphys.library.openapi import Schemas
from tiphys.library.prompts import Prompt, load_prompt
from tiphys.ports import Completion, Kind, Message, Model, Object, Workbench
from tiphys.propose.author.answer import read_answer
from tiphys.propose.author.called import called
from tiphys.propose.author.cards import cards_of
from tiphys.propose.author.harden import harden
from tiphys.propose.author.mend import Mender
from tiphys.propose.author.missing import missing
from tiphys.propose.author.outline import custom_kinds, outlines
from tiphys.propose.author.places import without_scratch
from tiphys.propose.author.settle import settle
from tiphys.propose.author.strangers import before, existing
from tiphys.propose.author.telling import described, dump, told
from tiphys.propose.author.tidy import tidy
from tiphys.propose.author.types import ALL, Attempt, Authored, Example, Pieces, Task, Unsaid
from tiphys.propose.author.unsaid import left_out, parts
from tiphys.propose.reading.spelled import in_figures
from tiphys.propose.rewritten import completed

_MOST_TOKENS = 1000  # of one answer; what is longer has begun to repeat itself
_SHOWN = 6  # problems told to the model
_WARM = 0.7  # temperature of a second opinion


def write(
    task: Task,
    *,
    bench: Workbench,
    model: Model,
    budget: Budget,
    clock: Callable[[], float],
    scribe: Scribe = lambda _entry: None,
    pieces: Pieces = ALL,
    seed: int = 0,
    version: str = "1.34",
) -> Authored:
    """Write until nothing is known to be wrong, or the budget is spent. Unavailable."""
    return _Author(task, bench, model, Meter(budget, clock), scribe, pieces, seed, version).run()


@dataclass(slots=True)
class _Author:
    task: Task
    bench: Workbench
    model: Model
    meter: Meter
    scribe: Scribe
    pieces: Pieces
    seed: int
    version: str
    best: Attempt | None = None
    heard: str = ""  # the model's id, as its server says
    seen: list[tuple[str, ...]] = field(default_factory=list)
    ended: str = ""
    unread: tuple[str, ...] = ()
    step: str = ""  # the kind of the one object that was asked for, if it was only one
    small: bool = False  # whether not everything was asked for
    steps: list[str] = field(default_factory=list)
    hinted: set[str] = field(default_factory=set)
    asked: str = ""  # how the newest answer was sampled
    sampling: str = ""  # and how the best one was
    _schemas: Schemas | None = None
    _kinds: Sequence[Kind] = ()

    def run(self) -> Authored:
        while not self.ended and self.meter.begin_round():
            self._round()
        best = self.best
        problems = told(best.rehearsal.problems) if best else self.unread
        return Authored(
            best=best,
            ended=self.ended or "the budget is spent",
            model=self.heard,
            prompt=load_prompt("author").id,
            spent=self.meter.spent,
            sampling=self.sampling,
            calls=self.meter.calls,
            tokens=self.meter.written,
            schemas=self._described(),
            problems=problems,
        )

    def _round(self) -> None:
        number = self.meter.rounds
        messages, temperature, orientation = self._plan()
        seed = self.seed + number - 1 if temperature else 0  # a seed means nothing without warmth
        intent = Intent(
            tick=number,
            observation=self._observation(),
            orientation=orientation,
            action="ask the model, mend its answer, try it on a cluster",
            expectation="the server takes every object and each requirement stands in a field",
            messages=tuple((each.role, each.text) for each in messages),
            model=self.heard,
            sampling={"temperature": temperature, "seed": seed},
        )
        self.scribe(intent)
        answer = self._ask(messages, temperature, seed)
        if answer is None:
            self.ended = "the budget is spent"
            self.scribe(Result(number, "no token was left for an answer", "failed"))
            return
        heard = (answer.model, answer.input_tokens, answer.output_tokens)
        try:
            attempt = self._try(answer)
        except InvalidInput as problem:
            self.unread = (str(problem),)
            if not self.small:
                self.seen.append(self.unread)
            self.scribe(
                Result(number, str(problem), "failed", answer.text, self.unread, (), *heard)
            )
        else:
            self._compare(number, attempt, heard)
        if self.best and self.best.rehearsal.good and not (self._next_step() or self._unsaid()):
            self.ended = "nothing is known to be wrong"

    def _unsaid(self) -> list[Unsaid]:
        """What the request says and no field holds, unless the model was told so."""
        if self.best is None:
            return []
        return [each for each in self.best.unsaid if each.words not in self.hinted]

    def _next_step(self) -> str:
        """A kind of which an object is missing, and was not asked for yet."""
        if self.best is None or not self.pieces.steps:
            return ""
        custom = custom_kinds(self._served())
        lacking = missing(self.task, self.best.objects, self.best.rehearsal.problems, custom)
        return next((each for each in lacking if each not in self.steps), "")

    def _plan(self) -> tuple[list[Message], float, str]:
        """What to ask next: the first time plainly, then with what is wrong, then afresh."""
        prompt = load_prompt("author")
        system = Message("system", prompt.render("system", version=self.version))
        if smaller := self._smaller(prompt):
            ask, why = smaller
            return [system, Message("user", ask)], 0.0, f"a smaller step: {why}"
        asked = [system, self._whole(prompt)]
        if not self.seen:
            return asked, 0.0, "write the whole answer"
        repeated = len(self.seen) > 1 and self.seen[-1] == self.seen[-2]
        if self.best is None or repeated or not self.pieces.feedback:
            if self.pieces.sampling:
                return asked, _WARM, "the same again brings nothing new: take another sample"
            return asked, 0.0, "write the whole answer"
        wrong = [*told(self.best.rehearsal.problems), *(each.words for each in self._unsaid())]
        self.hinted.update(wrong)
        fields = described(self.best, self._described())
        again = prompt.render("again", problems=wrong[:_SHOWN], notes=fields)
        previous = Message("assistant", dump(self.best.objects))
        return [*asked, previous, Message("user", again)], 0.0, "tell it what is wrong"

    def _whole(self, prompt: Prompt) -> Message:
        text = prompt.render(
            "whole",
            request=self._request(),
            context=self.task.context,
            examples=(*self.task.examples, *self._outlines()),
            meant=self.task.meant,
        )
        return Message("user", text)

    def _smaller(self, prompt: Prompt) -> tuple[str, str] | None:
        """What to ask where only one thing is missing, an object or a part of the request."""
        self.step, self.small = self._next_step(), True
        shown = [without_scratch(each) for each in self.best.objects] if self.best else []
        known = {"request": self._request(), "others": dump(shown)}
        if kind := self.step:
            self.steps.append(kind)
            cards = cards_of(kind, self.task.request, self.task.meant) or self._outlines(kind)
            return prompt.render("one", kind=kind, examples=cards, **known), f"the missing {kind}"
        for part, wrong in self._parts():
            self.hinted.update(wrong)
            return prompt.render("rest", part=part, wrong=wrong, **known), part
        self.small = False
        return None

    def _parts(self) -> Iterator[tuple[str, Sequence[str]]]:
        """Parts of the request that the best answer goes against or says nothing of."""
        if self.best is None or not self.pieces.parts:
            return
        found = self.best.rehearsal
        if not found.of("refused", "denied"):
            against = [Unsaid(each.wanted, each.words) for each in found.of("contradicted")]
            new = [each for each in against if each.words not in self.hinted]
            yield from parts(in_figures(self.task.request), [*new, *self._unsaid()])

    def _request(self) -> str:
        return in_figures(self.task.request) if self.pieces.figures else self.task.request

    def _outlines(self, kind: str = "") -> Sequence[Example]:
        """Of the kinds that the request names, or of that one."""
        if not self.pieces.outlines or (self.task.context and not kind):
            return ()
        kinds = [each for each in self._served() if kind in ("", each.kind)]
        return outlines(kind or self.task.request, kinds, self._described())

    def _observation(self) -> str:
        if self.best is None:
            return self.unread[0] if self.unread else "a request that no skill serves"
        return "; ".join(told(self.best.rehearsal.problems)[:_SHOWN])

    def _ask(self, messages: Sequence[Message], temperature: float, seed: int) -> Completion | None:
        self.asked = f"temperature={temperature} seed={seed}"
        allowed = self.meter.allowance(_MOST_TOKENS)
        if not allowed:
            return None
        answer = self.model.complete(
            messages, max_tokens=allowed, seed=seed, temperature=temperature
        )
        self.heard = answer.model
        written = answer.output_tokens or (len(answer.text) + 2) // 3
        self.meter.charge(read=answer.input_tokens, written=min(written, allowed))
        return answer

    def _try(self, answer: Completion) -> Attempt:
        notes: list[str] = []
        objects: list[Object] = []
        mender = Mender(self._described(), self._served())
        if self.step and self.best:
            objects, notes = [*map(deepcopy, self.best.objects)], [*self.best.notes]
        for each in read_answer(answer.text):
            made, said = mender.mend(each)
            if self.step in ("", made["kind"]):
                objects.append(made)
                notes += said
        if self.best and self.small and not self.step:
            objects = completed(self._request(), self.best.objects, objects)
        objects, tidied = tidy(self.task, objects, self._served(), self.pieces)
        notes += tidied
        found = self._rehearse(objects)
        if self.pieces.mending and found.of("denied"):
            objects = [harden(each) for each in objects]
            found = self._rehearse(objects)
            notes.append("pods keep to the guardrails: security contexts and resources filled in")
        if self.pieces.settling and not found.good:
            objects, found, said = settle(
                self.task.request,
                objects,
                found,
                schemas=self._described(),
                rehearse=self._rehearse,
                existing=[*existing(self.task.context)],
            )
            notes += said
        unsaid = tuple(self._left_out(objects)) if self.pieces.literals else ()
        return Attempt(tuple(objects), found, tuple(notes), answer.text, unsaid)

    def _left_out(self, objects: Sequence[Object]) -> Iterator[Unsaid]:
        yield from left_out(self.task, objects)
        if not self.task.context:
            yield from called(self.task.request, objects, self._described())

    def _served(self) -> Sequence[Kind]:
        if not self._kinds:
            self._kinds = self.bench.kinds()
        return self._kinds

    def _described(self) -> Schemas:
        if self._schemas is None:
            self._schemas = Schemas(self.bench.openapi)
        return self._schemas

    def _rehearse(self, objects: Sequence[Object]) -> Rehearsal:
        return self.bench.rehearse(self.task.request, objects, before(self.task.context))

    def _compare(self, number: int, attempt: Attempt, heard: tuple[str, int, int]) -> None:
        said = told(attempt.rehearsal.problems)
        better = self._is_better(attempt)
        if not self.small:
            self.seen.append(said)
        if better:
            self.best, self.sampling = attempt, self.asked
        outcome: Outcome = "good" if attempt.rehearsal.good else "better" if better else "no better"
        evaluation = "; ".join(said[:_SHOWN]) or "every requirement that can be read is met"
        rank = attempt.rehearsal.rank
        self.scribe(Result(number, evaluation, outcome, attempt.answer, said, rank, *heard))

    def _is_better(self, attempt: Attempt) -> bool:
        """By evidence; an object that was missing need only do no harm."""
        if self.best is None:
            return True
        new, old = attempt.rehearsal, self.best.rehearsal
        if self.step:
            return new.troubles <= old.troubles
        return (new.troubles[:3], len(attempt.unsaid), new.rank) < (
            old.troubles[:3], len(self.best.unsaid), old.rank
        )  # fmt: skip
