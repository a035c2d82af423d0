"""An "app of apps" delivers the guardrails before any release, with the guide's health check."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import yaml

from tests.release.test_end_to_end import Team
from tests.testbed.argo_cd import API, NAMESPACE, argo_cd
from tests.testbed.bed import Bed
from tests.testbed.served import served
from tests.testbed.site import RELEASES, RULES, Site, make_overlay
from tests.testbed.team import git
from tiphys.adapters.cluster_local import LocalClusters
from tiphys.ports import Object

pytestmark = pytest.mark.testbed

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "way-back.md"
HEALTH = "resource.customizations.health.argoproj.io_Application"
HELLO: Object = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "hello", "namespace": "shop"},
    "data": {"hello": "shop"},
}


def health_check() -> str:
    """The Lua of the guide's page."""
    found = re.search(r"(?ms)^    hs = .*?^    return hs$", GUIDE.read_text("utf-8"))
    assert found
    return textwrap.dedent(found[0])


def root_of(url: str, server: str) -> list[Object]:
    """The application that delivers the others, in a project of its own."""
    place = {"server": server, "namespace": NAMESPACE}
    kinds = [{"group": "argoproj.io", "kind": kind} for kind in ("AppProject", "Application")]
    project = {"sourceRepos": [url], "destinations": [place], "namespaceResourceWhitelist": kinds}
    source = {"repoURL": url, "targetRevision": "main", "path": "apps"}
    application = {
        "project": "root",
        "source": source,
        "destination": place,
        "syncPolicy": {"automated": {}},
    }
    metadata = {"name": "root", "namespace": NAMESPACE}
    return [
        {"apiVersion": API, "kind": "AppProject", "metadata": metadata, "spec": project},
        {"apiVersion": API, "kind": "Application", "metadata": metadata, "spec": application},
    ]


@pytest.fixture
def site(node: Bed, binaries: Mapping[str, Path], tmp_path: Path) -> Iterator[Site]:
    """Argo CD with that health check, and a repository that has a release from the start."""
    team = Team(tmp_path / "skills", LocalClusters(binaries, root=tmp_path / "clusters"))
    repository = team.ann.repository
    files = {"manifests/shop/hello/object.yaml": yaml.safe_dump(HELLO).encode()}
    repository.commit("main", repository.resolve("main"), files, "Say hello\n")
    apps = tmp_path / "apps"
    (apps / "apps").mkdir(parents=True)
    with (
        served(tmp_path / "skills" / ".git") as url,
        served(apps / ".git", "apps") as root_url,
        argo_cd(node.lease.kubeconfig, tmp_path / "running") as argo,
    ):
        overlay = make_overlay(tmp_path / "cd", url, argo.server)
        (apps / "apps" / "all.yaml").write_text(node.kubectl("kustomize", str(overlay)))
        git(apps, "init", "--quiet", "--initial-branch=main")
        git(apps, "add", "apps")
        git(apps, "commit", "--quiet", "--message", "Deliver Tiphys")
        node.kubectl("create", "namespace", "shop")
        settings = {"name": "argocd-cm", "namespace": NAMESPACE}
        data = {HEALTH: health_check()}
        argo.api.patch(
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": settings, "data": data}
        )
        for each in root_of(root_url, argo.server):
            argo.api.apply(each)
        yield Site(team, argo)


def test_no_release_comes_before_the_rules(site: Site) -> None:
    live = site.argo.until("the release is live", lambda: site.live(HELLO))
    rules = site.argo.application(RULES)["status"]
    assert rules["sync"]["status"] == "Synced"
    releases = site.argo.application(RELEASES)["metadata"]["creationTimestamp"]
    assert rules["operationState"]["finishedAt"] <= releases
    assert releases <= live["metadata"]["creationTimestamp"]
