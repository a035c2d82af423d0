"""The real Argo runs the plan in pods that start their own control planes, and posts a verdict."""

from __future__ import annotations

import json
from contextlib import closing
from urllib.parse import urlsplit

import pytest

from tests.cluster_fixtures import eventually
from tests.pipeline.world import STOREFRONT
from tests.testbed.callers import Caller, caller
from tests.testbed.guide import FIRST
from tests.testbed.team import FORGE_PORT, Team, git
from tiphys.acceptance import merge_pull
from tiphys.adapters.engine_argo import ArgoEngine
from tiphys.adapters.kube_api import KubeApi
from tiphys.argo.names import NAMESPACE, REINDEX, REQUEST, VERIFY
from tiphys.bootstrap import open_ports, person, sync_forge
from tiphys.bootstrap.pods import kubeconfig

pytestmark = pytest.mark.testbed

# Each would leave a mark if a shell, Argo's templates or Python took it for theirs.
HOSTILE = (
    "$(touch${IFS}/tmp/marked)",
    "`touch /tmp/marked`",
    "{{workflow.uid}}",
    "{{=sprig.env('HOME')}}",
    "{{inputs.parameters.head}}",
    "'; import os; os.abort() #",
    "--help",
)


def test_what_pods_judged_is_remembered_and_counts_for_a_merge(team: Team) -> None:
    told = list[str]()
    assert team.judged(FIRST, told).decision == "accept"
    assert told == []
    assert merge_pull(FIRST, open_ports(team.home, actor=person()))


def test_hostile_names_are_judged_and_never_run_or_filled_in(team: Team) -> None:
    files = {
        f"manifests/shop/{name.replace('/', '_')}.yaml": b"kind: '{{workflow.uid}}'\n"
        for name in HOSTILE
    }
    branch = "tiphys/9-{{workflow.name}}-$(touch${IFS}x)-`id`"
    number = team.propose_files(branch, files, " ".join(HOSTILE))
    told = list[str]()
    verdict = team.judged(number, told)
    assert verdict.decision in ("revise", "reject"), (verdict.explanation, told)
    [comment] = team.posted(number)
    workflows = team.bed.api.list("argoproj.io/v1alpha1", "Workflow", NAMESPACE)
    mine = [each for each in workflows if f"verify-{number}-" in each["metadata"]["name"]]
    text = json.dumps(mine)
    assert mine
    assert not [each for each in ("sprig", "marked", "os.abort", "9-{{") if each in text]
    uids = [each["metadata"]["uid"] for each in workflows]
    assert not [uid for uid in uids if uid in comment]


def test_a_request_is_answered_by_pods_alone(team: Team) -> None:
    title = " ".join(HOSTILE[:4])
    text = STOREFRONT.replace("the storefront", "the webshop").replace("/storefront:", "/webshop:")
    issue = team.bot.forge.open_issue(title, text)
    sync_forge("origin", team.home)
    with closing(KubeApi(kubeconfig())) as api:
        told = list[str]()
        engine = ArgoEngine(api, told.append)
        ended = engine.run(REQUEST, f"request-{issue.number}", {"issue": issue.number})
    assert ended == "", told
    sync_forge("origin", team.home)
    [pull] = [p for p in team.bot.forge.pulls("open") if p.issue == issue.number]
    assert "manifests/shop/" in git(team.origin, "diff", "--stat", f"main...{pull.source}")
    assert "marked" not in pull.source


def test_what_was_proposed_runs_where_no_way_leads_out(team: Team) -> None:
    """A pod with the labels that the template gives each zone, and what it can call."""
    template = team.bed.api.get("argoproj.io/v1alpha1", "WorkflowTemplate", VERIFY, NAMESPACE)
    assert template is not None
    labels = {
        each["metadata"]["labels"]["tiphys.argo/zone"]: each["metadata"]["labels"]
        for each in template["spec"]["templates"]
        if "metadata" in each
    }
    server = urlsplit(team.bed.lease.server)
    forge, api_server = (team.bed.host, FORGE_PORT), (server.hostname or "", server.port or 443)

    def reached(zone: str, beside: Caller) -> dict[str, bool]:
        mine = {**labels[zone], "workflows.argoproj.io/workflow": "a-test"}
        with caller(team.bed, f"of-{zone}", NAMESPACE, mine) as pod:
            eventually(lambda: not pod.reaches(beside.address, 8080))
            return {
                "forge": pod.reaches(*forge),
                "API server": pod.reaches(*api_server),
                "a pod": pod.reaches(beside.address, 8080),
                "from a pod": beside.reaches(pod.address, 8080),
            }

    with caller(team.bed, "beside", "beside") as beside:
        # What runs the pod has to tell the API server how it ended; there it is nobody.
        closed = {"forge": False, "API server": True, "a pod": False, "from a pod": False}
        assert reached("verify", beside) == closed
        assert reached("fetch", beside) == {**closed, "forge": True}
        assert reached("report", beside) == {**closed, "forge": True}


def test_the_index_follows_main(team: Team) -> None:
    with closing(KubeApi(kubeconfig())) as api:
        told = list[str]()
        assert ArgoEngine(api, told.append).run(REINDEX, "reindex-1", {}) == "", told
