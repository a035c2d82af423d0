"""What breaks while pods work ends in another try or in `inconclusive`, never in a wrong one."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from tests.cluster_fixtures import eventually
from tests.pipeline.world import STOREFRONT
from tests.testbed import argo
from tests.testbed.team import Team
from tiphys.acceptance import circumstances_of, pull_subject
from tiphys.adapters.engine_argo import ArgoEngine
from tiphys.adapters.kube_api import KubeApi
from tiphys.argo.names import NAMESPACE, VERIFY
from tiphys.argo.submission import of_proposal
from tiphys.bootstrap.pods import kubeconfig
from tiphys.domain.evidence import Verdict
from tiphys.ports import Object

pytestmark = pytest.mark.testbed
_PART = "workflows.argoproj.io/node-name"


def storefront(name: str) -> str:
    """A request of its own: the same one is judged once."""
    return STOREFRONT.replace("the storefront", f"the {name}").replace("/storefront:", f"/{name}:")


def pods_of(team: Team, number: int, part: str) -> list[Object]:
    found = team.bed.api.list("v1", "Pod", NAMESPACE)
    return [
        each
        for each in found
        if each["metadata"]["name"].startswith(f"verify-{number}-")
        and f".{part}(" in each["metadata"].get("annotations", {}).get(_PART, "")
    ]


def running(team: Team, number: int, part: str) -> Callable[[], Any]:
    def look() -> Any:
        found = pods_of(team, number, part)
        return next((p for p in found if p.get("status", {}).get("phase") == "Running"), None)

    return look


class Judging:
    """A verdict that is asked for while the test breaks things; at most four minutes."""

    def __init__(self, team: Team, number: int) -> None:
        self.told: list[str] = []
        self.ended: list[Verdict | BaseException] = []
        self._thread = threading.Thread(target=self._ask, args=(team, number), daemon=True)
        self._thread.start()

    def _ask(self, team: Team, number: int) -> None:
        try:
            self.ended.append(team.judged(number, self.told))
        except BaseException as problem:  # noqa: BLE001  # told by `verdict`
            self.ended.append(problem)

    def verdict(self) -> Verdict:
        self._thread.join(240)
        assert self.ended, self.told
        [ended] = self.ended
        if isinstance(ended, BaseException):
            raise ended
        return ended


def test_a_lost_pod_and_a_killed_controller_change_no_verdict(team: Team) -> None:
    number = team.propose(storefront("lost"))
    judging = Judging(team, number)
    pod = eventually(running(team, number, "cluster"), seconds=120)
    team.bed.kubectl(
        "delete", "pod", pod["metadata"]["name"], f"-n={NAMESPACE}", "--grace-period=0", "--force"
    )
    eventually(running(team, number, "cluster"), seconds=120)
    team.bed.kubectl(
        "delete", "pod", "-l=app=workflow-controller", f"-n={argo.NAMESPACE}", "--grace-period=0"
    )
    verdict = judging.verdict()
    assert verdict.decision == "accept", (verdict.explanation, judging.told)


def test_a_part_that_is_lost_each_time_leaves_the_verdict_open(team: Team) -> None:
    number = team.propose(storefront("evicted"))
    judging = Judging(team, number)
    evicted: set[str] = set()

    def over() -> bool:
        pod = running(team, number, "static")()
        if pod and pod["metadata"]["uid"] not in evicted:
            evict(team, pod["metadata"]["name"])
            evicted.add(pod["metadata"]["uid"])
        return bool(judging.ended)

    eventually(over, seconds=240)
    verdict = judging.verdict()
    assert len(evicted) >= 3
    assert verdict.decision == "inconclusive", (verdict.explanation, judging.told)
    assert "reject" not in json.dumps(team.posted(number))


def evict(team: Team, name: str) -> None:
    """As a drain of the node would."""
    body = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "deleteOptions": {"gracePeriodSeconds": 0},
    }
    path = f"/api/v1/namespaces/{NAMESPACE}/pods/{name}/eviction"
    team.bed.kubectl("create", f"--raw={path}", "-f=-", given=json.dumps(body))


@contextmanager
def submitted(team: Team, name: str) -> Iterator[tuple[ArgoEngine, str, dict[str, str | int]]]:
    """An engine, and what it would submit for a proposal of that name."""
    number = team.propose(storefront(name))
    subject = pull_subject(team.bot.forge.pull(number), team.bot)
    key = circumstances_of(subject, team.bot).key
    workflow, asked = of_proposal(number, head=subject.head_sha, base=subject.base, key=key)
    with closing(KubeApi(kubeconfig())) as api:
        yield ArgoEngine(api, lambda _line: None), workflow, asked


class Died(BaseException):
    """The engine's process is gone."""


def test_an_engine_that_died_comes_back_to_the_same_workflow(team: Team) -> None:
    with submitted(team, "resumed") as (engine, name, asked):

        def die(_seconds: float) -> None:
            raise Died

        dying = ArgoEngine(engine.api, lambda _line: None, sleep=die)
        with pytest.raises(Died):
            dying.run(VERIFY, name, asked)
        first = engine.workflow(name)
        told = list[str]()
        ended = ArgoEngine(engine.api, told.append).run(VERIFY, name, asked)
        last = engine.workflow(name)
    assert ended == ""
    assert first is not None
    assert last is not None
    assert first["metadata"]["uid"] == last["metadata"]["uid"]
    assert told[0] == f"{name} runs already: following it"
    assert team.judged(int(asked["pull"])).decision == "accept"


def test_an_interrupt_stops_the_pods(team: Team) -> None:
    with submitted(team, "interrupted") as (engine, name, asked):

        def interrupt(_seconds: float) -> None:
            if running(team, int(asked["pull"]), "fetch")():
                raise KeyboardInterrupt

        eager = ArgoEngine(engine.api, lambda _line: None, sleep=interrupt)
        with pytest.raises(KeyboardInterrupt):
            eager.run(VERIFY, name, asked)

        def ended() -> bool:
            found = engine.workflow(name) or {}
            return found.get("status", {}).get("phase") in ("Failed", "Error")

        eventually(ended, seconds=90)
    assert not team.bot.verdicts.of_commit(str(asked["head"]))
