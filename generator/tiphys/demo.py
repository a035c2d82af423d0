"""The whole story in a scratch repository, each step checked as it is told."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from tiphys.acceptance import judge_pull, merge_pull
from tiphys.context import Ports
from tiphys.domain.errors import Refused, TiphysError
from tiphys.domain.forge import Pull
from tiphys.pipeline import Work, work_on
from tiphys.ports import Forge
from tiphys.scaffold import skill_files
from tiphys.verify.report import VERDICT_KEY

STOREFRONT = (
    "Run the storefront in namespace shop: image registry.example/storefront:1.4, 3 replicas, "
    "port 8080, needs a disruption budget"
)
CHECKOUT = "Deploy the checkout web service in namespace shop, port 9000"
ANSWER = "registry.example/checkout:2.0.1"
TOO_FAR = "Translate the quarterly report into Portuguese and mail it to the board"
TOO_TIGHT = (
    "Run the reports web service in namespace shop: image registry.example/reports:1.0, port 8080, "
    "memory request 2Gi, memory limit 256Mi"
)
SCALE = "Scale the storefront in shop to 5 replicas"
BANNER = "Publish a maintenance banner called spring-sale in namespace shop, note: back-soon"
UNSERVED = (
    "Set a LimitRange called box-limits in namespace studio: containers get a default limit of "
    "200Mi memory and default requests of 50m cpu and 100Mi memory"
)
LIKE_IT = (
    "Set a LimitRange called night-limits in namespace archive: containers get a default limit of "
    "400Mi memory and default requests of 80m cpu and 150Mi memory"
)


class DemoFailed(TiphysError):
    """A step of the story did not go as it must."""


class Teller(Protocol):
    """How the story reaches the reader."""

    def step(self, title: str) -> None:
        """A new step begins."""

    def say(self, text: str) -> None:
        """One line of what happened."""

    def quote(self, text: str) -> None:
        """Markdown or YAML, word for word."""


@dataclass(frozen=True, slots=True)
class Told:
    """One step: its title, wall seconds, model calls, and what came of it."""

    title: str
    seconds: float
    model_calls: int
    result: str


@dataclass
class Story:
    """Runs the steps. `ports` act as the bot, `people` and `people_ports` as a person.

    `writer` are the bot's with a model, where one is to write what no skill serves.
    """

    ports: Ports
    people: Forge
    people_ports: Ports
    root: Path
    teller: Teller
    writer: Ports | None = None
    told: list[Told] = field(default_factory=list)
    _calls: int = 0

    def run(self) -> list[Told]:
        """Tell every step; DemoFailed at the first that goes wrong."""
        steps: tuple[tuple[str, Callable[[], str]], ...] = (
            ("a request becomes a pull request", self._propose),
            ("verified on a fresh control plane", self._verify),
            ("merged by a person, memory follows", self._merge),
            ("a missing value becomes a question", self._ask),
            ("a request out of reach is declined", self._decline),
            ("a failing check says why", self._revise),
            ("a like request changes the merged work", self._again),
            ("a new skill goes the same road", self._new_skill),
            ("and serves the next request", self._use_new_skill),
        )
        if self.writer is not None:
            steps += (
                ("what no skill serves a model writes", self._author),
                ("and the next like request needs none", self._use_learned),
            )
        for title, step in steps:
            self.teller.step(title)
            started, self._calls = time.monotonic(), 0
            result = step()
            self.told.append(Told(title, time.monotonic() - started, self._calls, result))
        return self.told

    # -- the steps -------------------------------------------------------------------------------

    def _propose(self) -> str:
        work = self._request(STOREFRONT)
        pull = _pull_of(work)
        self.teller.quote(pull.body)
        release = self.ports.repository.read(pull.source, "manifests/shop/storefront/release.toml")
        self.teller.quote(release.decode())
        return f"pull request #{pull.number}"

    def _verify(self) -> str:
        number = self._open_pull()
        _must(self._refused(number), "a merge without a verdict must be refused")
        self._accept(number)
        first = self._verdict_comments(number)
        self.teller.quote(first[0])
        return "accept"

    def _merge(self) -> str:
        number = self._open_pull()
        sha = merge_pull(number, self.people_ports)
        _must(self.ports.index.commit() == sha, "the index must follow the merge")
        self.teller.say(f"merged as {sha[:12]}; the index shows that commit")
        return f"main at {sha[:12]}"

    def _ask(self) -> str:
        work = self._request(CHECKOUT)
        _must(work.ending == "asked", "a request without an image must be asked about")
        self.teller.quote(work.reply)
        self.teller.say(f"a person answers: {ANSWER}")
        self.people.comment(work.issue.number, ANSWER)
        answered = self._work(work.issue.number)
        number = _pull_of(answered).number
        self._accept(number)
        merge_pull(number, self.people_ports)
        return f"pull request #{number} merged"

    def _decline(self) -> str:
        work = self._request(TOO_FAR)
        _must(work.ending == "declined", "a request that no skill serves must be declined")
        self.teller.say(work.reply)
        return "declined"

    def _revise(self) -> str:
        number = _pull_of(self._request(TOO_TIGHT)).number
        verdict = judge_pull(number, self.ports)
        _must(verdict.decision == "revise", f"expected revise, got {verdict.decision}")
        words = [line for e in verdict.evidence if e.outcome == "fail" for line in e.details]
        self.teller.quote("\n".join(f"    {line}" for line in words))
        _must(self._refused(number), "a merge against the verdict must be refused")
        self.people.set_state(number, "closed")
        return "revise, in the API server's words"

    def _again(self) -> str:
        work = self._request(SCALE)
        pull = _pull_of(work)
        _must(work.filling is not None and work.filling.existing is not None, "must be a change")
        paths = [c.path for c in self.ports.repository.changes("main", pull.source)]
        self.teller.say(f"only {', '.join(paths)} differ")
        self._accept(pull.number)
        merge_pull(pull.number, self.people_ports)
        return f"{len(paths)} files changed"

    def _new_skill(self) -> str:
        name = "maintenance-banner"
        about = "Publish a maintenance banner: a note in a ConfigMap that visitors are shown."
        files = {f"skills/{name}/{path}": data for path, data in skill_files(name, about).items()}
        repository = self.people_ports.repository
        base = repository.resolve("main")
        repository.commit(f"add-{name}", base, {**files}, f"Add the skill {name}\n")
        pull = self.people.open_pull(f"Add the skill {name}", about, f"add-{name}", "main")
        self._accept(pull.number)
        merge_pull(pull.number, self.people_ports)
        hit = self.ports.index.search("show visitors a maintenance banner")[0]
        _must(hit.skill == name, f"the new skill must be found, found {hit.skill}")
        self.teller.say(f"search finds it with score {hit.score:.2f}")
        return "merged and found"

    def _use_new_skill(self) -> str:
        pull = _pull_of(self._request(BANNER))
        self._accept(pull.number)
        merge_pull(pull.number, self.people_ports)
        data = self.ports.repository.read("main", "manifests/shop/spring-sale/object.yaml")
        self.teller.quote(data.decode())
        return "merged"

    def _author(self) -> str:
        work = self._request(UNSERVED, self.writer)
        pull = _pull_of(work)
        self.teller.quote(pull.body)
        self._accept(pull.number)
        merge_pull(pull.number, self.people_ports)
        return f"pull request #{pull.number}, with a skill"

    def _use_learned(self) -> str:
        work = self._request(LIKE_IT, self.writer)
        pull = _pull_of(work)
        _must(work.model_calls == 0, "what was learned must need no model")
        self._accept(pull.number)
        merge_pull(pull.number, self.people_ports)
        return f"pull request #{pull.number}, by the learned skill"

    # -- helpers ---------------------------------------------------------------------------------

    def _request(self, text: str, ports: Ports | None = None) -> Work:
        self.teller.say(f"request: {text}")
        issue = self.people.open_issue(text[:80], text)
        return self._work(issue.number, ports)

    def _work(self, number: int, ports: Ports | None = None) -> Work:
        work = work_on(self.ports.forge.issue(number), ports or self.ports)
        self._calls += work.model_calls
        self.teller.say(f"#{number} {work.ending}: {work.reply.splitlines()[0]}")
        return work

    def _open_pull(self) -> int:
        return self.ports.forge.pulls("open")[-1].number

    def _accept(self, number: int) -> None:
        started = time.monotonic()
        verdict = judge_pull(number, self.ports)
        said = "; ".join(e.summary for e in verdict.evidence if e.outcome in ("fail", "error"))
        _must(verdict.decision == "accept", f"pull request {number}: {verdict.decision}: {said}")
        seconds = time.monotonic() - started
        self.teller.say(f"#{number} {verdict.decision}: {verdict.explanation}, {seconds:.1f} s")

    def _verdict_comments(self, number: int) -> list[str]:
        return [c.body for c in self.ports.forge.pull(number).comments if c.key == VERDICT_KEY]

    def _refused(self, number: int) -> bool:
        try:
            merge_pull(number, self.people_ports)
        except Refused as refusal:
            self.teller.say(f"merging is refused: {refusal}")
            return True
        return False


def _pull_of(work: Work) -> Pull:
    if work.pull is None:
        raise DemoFailed(f"#{work.issue.number} ended {work.ending}: {work.reply}")
    return work.pull


def _must(held: bool, otherwise: str) -> None:
    if not held:
        raise DemoFailed(otherwise)
