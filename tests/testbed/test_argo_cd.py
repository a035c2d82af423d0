"""Argo CD's own controllers deliver what is merged, as `argo/cd` and the guide tell them to."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from tests.pipeline.world import STOREFRONT
from tests.release.test_end_to_end import Team
from tests.testbed.argo_cd import argo_cd
from tests.testbed.bed import Bed
from tests.testbed.served import served
from tests.testbed.site import RELEASES, RULES, Site, make_overlay, objects_in, site_up, tiphys
from tiphys.acceptance import judge_pull, merge_pull
from tiphys.adapters.cluster_local import LocalClusters
from tiphys.bootstrap import starter_guardrails
from tiphys.domain.errors import ApiRefusal
from tiphys.pipeline import work_on
from tiphys.ports import Object

pytestmark = pytest.mark.testbed


@pytest.fixture(scope="module")
def site(
    node: Bed,
    binaries: Mapping[str, Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Site]:
    """Both applications as the guide sets them up, and the namespace `shop` delivered."""
    folder = tmp_path_factory.mktemp("argo-cd")
    team = Team(folder / "skills", LocalClusters(binaries, root=folder / "clusters"))
    # What the index of the tests gives for a score is no calibrated one.
    team.bot = replace(team.bot, settings=replace(team.bot.settings, match_threshold=0.01))
    with (
        served(folder / "skills" / ".git") as url,
        argo_cd(node.lease.kubeconfig, folder / "running") as argo,
    ):
        site = Site(team, argo)
        overlay = make_overlay(folder / "cd", url, argo.server)
        site_up(site, overlay)
        namespace = site.release("namespace", "shop")
        site.push(namespace)
        site.until_live(namespace)
        yield site


def test_the_guardrails_are_in_force(site: Site) -> None:
    guardrails = starter_guardrails()
    rules = objects_in({path.name: path.read_bytes() for path in guardrails.glob("*.yaml")})
    names = {(found["kind"], found["metadata"]["name"]) for found in rules}
    delivered = site.argo.application(RULES)["status"]["resources"]
    assert {(found["kind"], found["name"]) for found in delivered} == names
    with pytest.raises(ApiRefusal, match="tiphys-services"):
        site.api.apply(OPEN, dry_run=True)


def test_only_manifests_are_delivered(site: Site) -> None:
    files = site.release("config-map", "plain", namespace="shop")
    files["manifests/shop/plain/README.md"] = b"apiVersion: v1\n"
    revision = site.push(files)
    live = site.until_live(files)
    resources = site.until_synced(revision)["status"]["resources"]
    delivered = {(each["kind"], each["name"]) for each in resources}
    assert {(obj["kind"], obj["metadata"]["name"]) for obj in live} < delivered
    reader = site.team.ann.repository
    paths = [e.path for e in reader.entries("main", "manifests") if "guardrails/" not in e.path]
    assert any(path.endswith("release.toml") for path in paths)
    stated = objects_in({p: reader.read("main", p) for p in paths})
    assert delivered == {(obj["kind"], obj["metadata"]["name"]) for obj in stated}


def test_a_request_comes_by_merge_and_goes_by_revert(
    site: Site, record_property: Callable[[str, object], None]
) -> None:
    bot, ann = site.team.bot, site.team.ann
    issue = ann.forge.open_issue("Storefront", STOREFRONT)
    work = work_on(bot.forge.issue(issue.number), bot)
    pull = work.pull
    assert pull is not None, work.reply
    assert judge_pull(pull.number, bot).decision == "accept"
    assert site.api.get("apps/v1", "Deployment", "storefront", "shop") is None
    merge_pull(pull.number, ann)
    merged = time.monotonic()
    site.argo.refresh(RELEASES)
    folder = "manifests/shop/storefront"
    entries = ann.repository.entries("main", folder)
    files = {entry.path: ann.repository.read("main", entry.path) for entry in entries}
    site.until_live(files)
    seconds = time.monotonic() - merged
    record_property("seconds_from_merge_to_live", round(seconds, 2))
    print(f"live {seconds:.2f} s after the merge")
    running = site.argo.until("a pod runs", lambda: pods(site, "storefront"))

    (row,) = json.loads(tiphys(site, "release", "list", "--skill", "web-service", "--json"))
    assert (row["folder"], row["pull"], row["verdict"]) == (folder, pull.number, "accept")
    story = json.loads(tiphys(site, "release", "show", f"Pod/shop/{running[0]}", "--json"))
    assert (story["issue"], story["pull"], story["asked_by"]) == (issue.number, pull.number, "ann")
    assert STOREFRONT in story["request"]
    assert (story["skill"], story["state"]) == ("web-service", "current")
    assert story["verdict"]["decision"] == "accept"

    number = tiphys(site, "release", "revert", "shop/storefront", "-b", "Wrong shop").strip()
    site.team.merge(int(number))
    site.argo.refresh(RELEASES)
    site.until_gone(files)
    site.argo.until("no pod runs", lambda: not pods(site, "storefront"))


def test_a_release_that_never_gets_healthy_holds_up_no_other(site: Site) -> None:
    stuck, taken_back = (
        site.release("web-service", name, namespace="shop") for name in ("stuck", "taken-back")
    )
    deployment = next(obj for obj in objects_in(stuck) if obj["kind"] == "Deployment")
    deployment["spec"]["template"]["spec"]["nodeSelector"] = {"no": "where"}
    path = "manifests/shop/stuck/object.yaml"
    site.push({**taken_back, path: yaml.safe_dump(deployment).encode()})
    site.until_live(taken_back)
    site.argo.until("it is there", lambda: site.live(deployment))
    site.push(dict.fromkeys(taken_back))
    site.until_gone(taken_back)
    site.push({path: None})
    site.argo.until("it is gone", lambda: site.live(deployment) is None)


def pods(site: Site, name: str) -> list[str]:
    """Names of the running pods of a release."""
    found = site.api.list("v1", "Pod", "shop", {"app.kubernetes.io/name": name})
    return [p["metadata"]["name"] for p in found if p["status"].get("phase") == "Running"]


def test_what_was_changed_by_hand_is_healed(site: Site) -> None:
    """What git says, that is: what it says nothing about may be added, as with any apply."""
    files = site.release("web-service", "healed", namespace="shop")
    revision = site.push(files)
    site.until_live(files)
    site.until_synced(revision)
    stated = next(obj for obj in objects_in(files) if obj["kind"] == "Deployment")
    replicas = stated["spec"]["replicas"]
    changed = {**stated, "spec": {"replicas": replicas + 4, "minReadySeconds": 1}}
    assert site.api.patch(changed)["spec"]["replicas"] == replicas + 4
    assert site.api.delete("v1", "Service", "healed", "shop")

    def healed() -> Object | None:
        live = site.live(stated)
        return live if live and live["spec"]["replicas"] == replicas else None

    live = site.argo.until("the replicas are healed", healed)
    assert live["spec"]["minReadySeconds"] == 1
    site.until_live(files)


def test_what_is_gone_from_git_is_pruned(site: Site) -> None:
    files = site.release("web-service", "pruned", namespace="shop")
    site.push(files)
    site.until_live(files)
    site.push(dict.fromkeys(files))
    site.until_gone(files)


def plain(version: str, kind: str, namespace: str = "", **rest: object) -> Object:
    place = {"namespace": namespace} if namespace else {}
    return {"apiVersion": version, "kind": kind, "metadata": {"name": "evil", **place}, **rest}


RBAC = "rbac.authorization.k8s.io"
OPEN = plain("v1", "Service", "shop", spec={"type": "NodePort", "ports": [{"port": 80}]})
OUTSIDE = {
    "resource :Namespace is not": plain("v1", "Namespace"),
    f"{RBAC}:ClusterRoleBinding is not": plain(f"{RBAC}/v1", "ClusterRoleBinding"),
    "argoproj.io:Application is not": plain("argoproj.io/v1alpha1", "Application", "shop"),
    "resource :Endpoints is not": plain("v1", "Endpoints", "shop"),
    "namespace kube-public is not": plain("v1", "ConfigMap", "kube-public"),
    "namespace argocd is not": plain("v1", "Secret", "argocd"),
}
NOWHERE = {"Namespace for evil": plain("v1", "ConfigMap")}
DENIED = {"'tiphys-services'": OPEN}


@pytest.mark.parametrize(
    ("hostile", "others_wait"),
    [(OUTSIDE, True), (NOWHERE, True), (DENIED, False)],
    ids=["outside the project", "without a namespace", "against the guardrails"],
)
def test_what_is_out_of_bounds_is_refused(
    site: Site, hostile: dict[str, Object], others_wait: bool
) -> None:
    """A project's limit stops the sync of everything beside it; a guardrail only what it denies."""
    beside = site.release("config-map", "beside", namespace="shop")
    path = "manifests/shop/evil/object.yaml"
    revision = site.push({**beside, path: yaml.safe_dump_all(hostile.values()).encode()})
    try:
        told = site.argo.until("the sync is refused", lambda: refusal(site, revision))
        assert [words for words in hostile if words not in told] == []
        assert not any(exists(site, obj) for obj in hostile.values())
        assert any(exists(site, obj) for obj in objects_in(beside)) is not others_wait
    finally:
        site.push({path: None})
    site.until_live(beside)
    assert not any(exists(site, obj) for obj in hostile.values())
    site.push(dict.fromkeys(beside))
    site.until_gone(beside)


def exists(site: Site, obj: Object) -> bool:
    """Whether there is one of that kind and name anywhere."""
    found = site.api.list(obj["apiVersion"], obj["kind"])
    return obj["metadata"]["name"] in {each["metadata"]["name"] for each in found}


def refusal(site: Site, revision: str) -> str:
    """What Argo CD says of that commit, once it could not be synced as it is."""
    status = site.argo.application(RELEASES)["status"]
    if status.get("conditions") and status["sync"].get("revision") == revision:
        return json.dumps(status["conditions"])
    operation = status.get("operationState", {})
    result = operation.get("syncResult", {})
    if result.get("revision") != revision or not operation.get("retryCount"):
        return ""
    return "\n".join([operation["message"], *(r["message"] for r in result.get("resources", []))])
