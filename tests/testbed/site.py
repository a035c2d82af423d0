"""A team's repository, and the cluster that Argo CD keeps as its target branch says."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import yaml

from tests.release.test_end_to_end import Team
from tests.testbed.argo_cd import ArgoCd
from tiphys.library import load_skill_at, make_release, release_files, strict_yaml
from tiphys.ports import ClusterApi, Object
from tiphys.toolchain import locate

CD = Path(__file__).parents[2] / "argo" / "cd"
RULES, RELEASES = "tiphys-guardrails", "tiphys-manifests"
Files = Mapping[str, bytes | None]


@dataclass(frozen=True)
class Site:
    """A team's repository, and the cluster that Argo CD keeps as its target branch says."""

    team: Team
    argo: ArgoCd

    @property
    def api(self) -> ClusterApi:
        return self.argo.api

    def push(self, files: Files, message: str = "Push\n") -> str:
        """A commit on the target branch, of which Argo CD is told; its id."""
        repository = self.team.ann.repository
        sha = repository.commit("main", repository.resolve("main"), files, message)
        self.argo.refresh(RELEASES)
        return sha

    def release(self, skill: str, name: str, **values: object) -> dict[str, bytes | None]:
        """The files of a release as that skill renders its first example, named otherwise."""
        made_by = load_skill_at(self.team.ann.repository, "main", skill)
        chosen = {**next(iter(made_by.examples.values())), "name": name, **values}
        return {**release_files(make_release(made_by, chosen, request="Please"), made_by)}

    def live(self, obj: Object) -> Object | None:
        meta = obj["metadata"]
        return self.api.get(obj["apiVersion"], obj["kind"], meta["name"], meta.get("namespace"))

    def until_live(self, files: Files) -> list[Object]:
        """Wait for all that is in these files; the objects as the cluster has them."""
        return [
            self.argo.until(f"{o['kind']} is live", partial(self.live, o))
            for o in objects_in(files)
        ]

    def until_gone(self, files: Files) -> None:
        """Wait until nothing of what is in these files is there."""
        for obj in objects_in(files):
            self.argo.until(f"{obj['kind']} is gone", partial(self._gone, obj))

    def _gone(self, obj: Object) -> bool:
        return self.live(obj) is None

    def until_synced(self, revision: str, name: str = RELEASES) -> Object:
        """Wait until an Application is what that commit says; the Application."""

        def done() -> Object | None:
            found = self.argo.application(name)
            sync = found.get("status", {}).get("sync", {})
            return (
                found
                if (sync.get("status"), sync.get("revision")) == ("Synced", revision)
                else None
            )

        return self.argo.until(f"{name} is synced to {revision}", done)


def objects_in(files: Files) -> list[Object]:
    return [
        obj
        for path, data in files.items()
        if path.endswith(".yaml") and data
        for obj in strict_yaml.load_documents(data, source=path)
    ]


def make_overlay(folder: Path, url: str, server: str) -> Path:
    """A copy of `argo/cd/site` with this site's repository and cluster in it."""
    shutil.copytree(CD, folder)
    path = folder / "site" / "site.yaml"
    settings = yaml.safe_load(path.read_bytes())
    settings["data"] |= {"repository": url, "server": server}
    path.write_text(yaml.safe_dump(settings))
    return path.parent


def site_up(site: Site, overlay: Path) -> None:
    """The guide's three commands."""
    apply = ["apply", "--server-side", "-k", str(overlay)]
    kubectl(site, *apply, "-l", "app.kubernetes.io/component=guardrails")
    application = f"application/{RULES}"
    waiting = ["wait", "--for=jsonpath={.status.sync.status}=Synced", application]
    kubectl(site, "-n", "argocd", *waiting, "--timeout=1m")
    kubectl(site, *apply)


def kubectl(site: Site, *arguments: str) -> None:
    command = [str(locate("kubectl")), "--kubeconfig", str(site.argo.kubeconfig), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, f"{done.stderr}\n{site.argo.tail()}"


def tiphys(site: Site, *arguments: str) -> str:
    """What the command says on stdout, run by ann in the team's repository."""
    done = subprocess.run(
        [sys.executable, "-m", "tiphys", *arguments],
        cwd=site.team.home,
        env={**os.environ, "TIPHYS_ACTOR": "ann"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
