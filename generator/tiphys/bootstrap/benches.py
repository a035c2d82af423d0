"""Wiring of what measures: scratch repositories and clusters that are gone afterwards."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tiphys.bootstrap import (
    COMPONENTS,
    clusters,
    init_repository,
    open_index,
    open_model,
    open_ports,
    open_repository,
    sandboxes,
)
from tiphys.config import configure
from tiphys.domain.errors import Refused
from tiphys.ports import Workbench

if TYPE_CHECKING:
    from tiphys.context import Ports, Progress
    from tiphys.learn.author_bench import Answer, End, Outcome, Pipeline, Setup, Skills
    from tiphys.learn.speed import Figure
    from tiphys.learn.tasks import Task


def measure_author(
    tasks: Sequence[Task],
    setups: Sequence[Setup],
    *,
    seeds: int,
    rounds: int,
    keep: Path | None = None,
    earlier: Sequence[Task] = (),
) -> Iterator[Outcome]:
    """The outcomes of `tiphys bench author`, written on one cluster and judged on another.

    Neither has guardrails. With `keep`, what the model says is kept in that folder, and asked for
    only once. Skills are learned from the `earlier` tasks, whose answers may be shown. Unavailable.
    """
    from tiphys.adapters.embed_use import SentenceEncoder
    from tiphys.adapters.git_repository import GitRepository
    from tiphys.adapters.kube_api import KubeApi
    from tiphys.domain.budget import Budget
    from tiphys.learn.author_bench import run
    from tiphys.learn.first_half import learn_skills
    from tiphys.pipeline import generate
    from tiphys.remember.index import follow
    from tiphys.verify.guardrails import Guardrails
    from tiphys.verify.workbench import ClusterWorkbench

    settings = configure(None, os.environ).settings
    model = open_model(settings.model, seconds=settings.model_seconds, keep=keep)
    lease = clusters().lease()
    scratch = tempfile.TemporaryDirectory(prefix="tiphys-bench-")
    with (
        scratch as folder,
        sandboxes(clusters)() as sandbox,
        lease as own,
        closing(KubeApi(own.kubeconfig)) as api,
    ):

        @contextmanager
        def bench(task: Task) -> Iterator[Workbench]:
            yield ClusterWorkbench(api, api, Guardrails(), presumed=task.presumes)

        @cache
        def pipeline(skills: Skills) -> Pipeline:
            home = Path(folder) / skills
            if skills == "starter":
                init_repository(home)
            else:  # nothing but what was learned, under no guardrails: as the tasks are judged
                GitRepository.init(home).commit("main", None, {"tiphys.toml": b""}, "Begin\n")
            ports = replace(open_ports(home), model=model)
            if skills == "learned":
                learn_skills(earlier, ports.repository, target=ports.settings.target,
                             bench=bench, sandbox=ports.sandbox)  # fmt: skip
            follow(ports.repository, ports.index, ports.settings.target)

            def answer(task: Task) -> Answer:
                own = replace(ports, workbench=lambda _rev: bench(task))
                made = generate(task.request, own, context=task.context)
                end: End = "no answer" if not made.manifests else "known bad"
                text = "---\n".join(data.decode() for data in made.manifests.values())
                return text, "good" if made.good else end, made.tokens, made.model_calls

            return answer

        yield from run(
            tasks,
            setups,
            seeds=seeds,
            model=model,
            embedder=SentenceEncoder(),
            bench=bench,
            sandbox=sandbox,
            budget=Budget(settings.author_tokens, rounds, settings.author_seconds),
            clock=time.monotonic,
            pipelines=pipeline,
            earlier=earlier,
        )


def measure_speed(
    *, runs: int, skills: int, only: str | None, progress: Progress
) -> Iterator[Figure]:
    """The figures of `tiphys bench speed`, on scratch repositories that are gone afterwards."""
    from tiphys.learn.speed import help_figure

    if only in (None, "start"):
        yield help_figure(_answer_help, runs=20)
    with tempfile.TemporaryDirectory(prefix="tiphys-bench-") as scratch:
        if only in (None, "clusters"):
            yield from _measure_clusters(Path(scratch), runs, progress)
        if only in (None, "memory"):
            yield from _measure_memory(Path(scratch), skills, progress)


def _answer_help() -> None:
    command = [sys.executable, "-m", "tiphys", "--help"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _measure_clusters(scratch: Path, runs: int, progress: Progress) -> Iterator[Figure]:
    from tiphys.acceptance import judge, judge_pull, pull_subject
    from tiphys.adapters.cluster_local import WarmPool
    from tiphys.adapters.kwokctl import Yardstick
    from tiphys.demo import STOREFRONT
    from tiphys.learn.speed import Trial, cluster_figures, verdict_figures
    from tiphys.pipeline import work_on
    from tiphys.toolchain import locate
    from tiphys.verify.plan import BRIEF, FULL, Plan

    home = scratch / "skills"
    init_repository(home)
    cold = open_ports(home)
    pull = work_on(cold.forge.open_issue("storefront", STOREFRONT), cold).pull
    if pull is None:
        raise Refused("the request of the demo was not served; run `tiphys demo`")
    pools: list[WarmPool] = []

    def warm_up() -> None:
        pools.append(WarmPool(clusters(), refill=False))
        pools[-1].warm()
        pools[-1].wait()

    def cool_down() -> None:
        pools.pop().close()

    warm = open_ports(home, provider=lambda: pools[-1])

    def trial(ports: Ports, plan: Plan) -> Trial:
        def accepted() -> None:
            subject = pull_subject(pull, ports)
            if judge(subject, replace(ports, plan=plan)).decision != "accept":
                raise Refused("the storefront was not accepted; run `tiphys demo`")

        return Trial(accepted, warm_up, cool_down) if ports is warm else Trial(accepted)

    yardstick = Yardstick(
        locate("kwokctl"), {name: locate(name) for name in COMPONENTS}, scratch / "kwokctl"
    )
    yield from cluster_figures(
        plain=Trial(yardstick.create, clean=yardstick.delete),
        fresh=trial(cold, BRIEF),
        warm=trial(warm, BRIEF),
        runs=runs,
        progress=progress,
    )
    for where, ports in (("cluster's start included", cold), ("on a cluster that runs", warm)):
        yield from verdict_figures(
            brief=trial(ports, BRIEF),
            full=trial(ports, FULL),
            cached=Trial(lambda: judge_pull(pull.number, cold)),
            runs=runs,
            progress=progress,
            where=where,
        )


def _measure_memory(scratch: Path, skills: int, progress: Progress) -> Iterator[Figure]:
    from tiphys.adapters.git_bulk import import_files
    from tiphys.adapters.git_repository import GitRepository
    from tiphys.learn.speed import memory_figures, synthetic_repository_files

    progress(f"a repository of {skills} skills")
    home = scratch / "many.git"
    GitRepository.init(home, bare=True)
    import_files(home, "main", synthetic_repository_files(skills))
    yield from memory_figures(
        repository=open_repository(home),
        index=open_index(home, cache=scratch / "index"),
        skills=skills,
        progress=progress,
    )
