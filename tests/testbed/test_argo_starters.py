"""Both engines reach the same verdict on a release of every starter skill; and what each costs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest

from tests.testbed.team import Team, git
from tiphys.acceptance import circumstances_of, pull_subject, recall_on
from tiphys.adapters.engine_argo import ArgoEngine
from tiphys.adapters.kube_api import KubeApi
from tiphys.argo.names import VERIFY
from tiphys.argo.submission import of_proposal
from tiphys.bootstrap import open_ports, sync_forge
from tiphys.bootstrap.pods import kubeconfig
from tiphys.domain.evidence import Verdict
from tiphys.library import load_skill_at, make_release, release_files, skill_names
from tiphys.verify.plan import verify

pytestmark = pytest.mark.testbed
_AT_ONCE = 20


def proposals(team: Team) -> list[int]:
    """Pull requests, one for an example of each skill, and more examples up to twenty."""
    repository = team.bot.repository
    skills = [load_skill_at(repository, "main", n) for n in skill_names(repository, "main")]
    first = [(skill, name) for skill in skills for name in sorted(skill.examples)[:1]]
    more = [(skill, name) for skill in skills for name in sorted(skill.examples)[1:]]
    numbers = []
    for skill, name in (*first, *more)[: max(_AT_ONCE, len(first))]:
        asked = f"An example of {skill.name}: {name}"
        release = make_release(skill, skill.examples[name], request=asked)
        branch = f"tiphys/{skill.name}-{name}"
        numbers.append(team.propose_files(branch, release_files(release, skill), asked))
    return numbers


def outcomes(verdict: Verdict) -> Mapping[str, Any]:
    """By check, what it found and on which tier."""
    return {each.check: (each.outcome, each.tier) for each in verdict.evidence}


def test_every_starter_skill_gets_the_same_verdict_from_both_engines(team: Team) -> None:
    numbers = proposals(team)
    ports = team.bot
    subjects = [pull_subject(ports.forge.pull(number), ports) for number in numbers]
    started = time.monotonic()
    local = [
        verify(s, policy=ports.settings.policy, sandbox=ports.sandbox, plan=ports.plan)
        for s in subjects
    ]
    alone = time.monotonic() - started

    def run(index: int) -> str:
        number, subject = numbers[index], subjects[index]
        key = circumstances_of(subject, ports).key
        name, asked = of_proposal(number, head=subject.head_sha, base=subject.base, key=key)
        with closing(KubeApi(kubeconfig())) as api:
            # In a full queue most of them wait for minutes until they are begun.
            engine = ArgoEngine(api, lambda _line: None, patience=900.0)
            return engine.run(VERIFY, name, asked)

    started = time.monotonic()
    with ThreadPoolExecutor(len(numbers)) as pool:
        ends = list(pool.map(run, range(len(numbers))))
    in_pods = time.monotonic() - started
    assert set(ends) == {""}, ends

    sync_forge("origin", team.home)
    fresh = open_ports(team.home)
    for subject, mine in zip(subjects, local, strict=True):
        theirs = recall_on(subject.head_sha, circumstances_of(subject, fresh), fresh)
        assert theirs is not None, subject.head_sha
        assert (theirs.decision, outcomes(theirs)) == (mine.decision, outcomes(mine))
    count = len(numbers)
    print(  # the figures of docs/benchmarks.md
        f"\n{count} proposals: {alone:.0f} s in one process one after the other,"
        f" {in_pods:.0f} s in pods at once: {count / alone * 60:.1f} and"
        f" {count / in_pods * 60:.1f} a minute; {git(team.home, 'rev-parse', '--short', 'main')}"
    )
