"""An API server that dies in the middle says nothing about the proposal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.pipeline.world import World
from tiphys.acceptance import judge
from tiphys.adapters.cluster_local import LocalClusters
from tiphys.adapters.kube_api import KubeApi
from tiphys.adapters.runner_embedded import EmbeddedRunner
from tiphys.domain.policy import Policy
from tiphys.domain.testreport import TestReport
from tiphys.ports import Lease
from tiphys.scaffold import skill_files
from tiphys.verify.check import Sandbox
from tiphys.verify.plan import BRIEF, verify
from tiphys.verify.subject import proposed_subject

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("dying-server")]


class Killer:
    """A real runner; its first `times` runs find that the server has just been killed."""

    def __init__(self, times: int) -> None:
        self.left = times

    def on(self, api: KubeApi, lease: Lease) -> Killer:
        self.inner = EmbeddedRunner(lambda _lease: api, deadline=30)
        self.folder = lease.kubeconfig.parent
        return self

    def run(
        self, folder: Path, lease: Lease, *, values: Mapping[str, Any], namespace: str
    ) -> TestReport:
        if self.left:
            self.left -= 1
            kill_server(self.folder)
        return self.inner.run(folder, lease, values=values, namespace=namespace)


def kill_server(home: Path) -> None:
    for process in psutil.process_iter(["name", "cmdline"]):
        words = process.info["cmdline"] or []
        if process.info["name"] == "kube-apiserver" and any(str(home) in word for word in words):
            process.kill()
            process.wait(10)
            return
    raise AssertionError(f"no API server runs in {home}")


def test_it_is_never_blamed_on_the_proposal(binaries: dict[str, Path], tmp_path: Path) -> None:
    clusters, killer, leases = LocalClusters(binaries, root=tmp_path / "c"), Killer(1), []

    @contextmanager
    def sandbox() -> Iterator[Sandbox]:
        with clusters.lease() as lease, closing(KubeApi(lease.kubeconfig)) as api:
            leases.append(lease.id)
            yield Sandbox(lease, api, killer.on(api, lease), lambda _api: killer)

    world = World()
    note = skill_files("note", "Publish a note for visitors, described anew.")
    files = {f"skills/note/{path}": data for path, data in note.items()}
    world.repository.commit("note", world.repository.resolve("main"), files, "Note\n")
    subject = proposed_subject(world.repository, head="note", target="main", agent=False)
    ports = replace(world.ports, sandbox=sandbox)
    once = verify(subject, policy=Policy(), sandbox=sandbox, plan=BRIEF)
    assert once.decision == "inconclusive"
    assert {e.outcome for e in once.evidence if e.check == "behaviour"} == {"error"}
    assert "fail" not in {e.outcome for e in once.evidence}
    killer.left = 0
    assert judge(subject, ports).decision == "accept"
    assert len(set(leases)) == 2
    assert clusters.running() == []
