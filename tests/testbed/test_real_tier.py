"""Starter skills where pods really run: images, commands, ports, volumes and services count."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.cluster_fixtures import eventually
from tests.testbed.bed import BOX, Bed, Lent
from tiphys.bootstrap import init_repository, open_ports, open_repository
from tiphys.domain.evidence import Verdict
from tiphys.library import load_skill_at, make_release, release_files
from tiphys.verify.plan import FULL, verify
from tiphys.verify.subject import proposed_subject

pytestmark = pytest.mark.testbed

VALUES: dict[str, dict[str, Any]] = {
    "web-service": {"image": BOX, "port": 8080, "replicas": 2, "healthPath": "/healthz"},
    "job": {"image": BOX, "command": ["sh", "-c", "echo done > /tmp/result"]},
    "stateful-store": {"image": BOX, "port": 6379, "storageSize": "1Gi"},
    "worker": {"image": BOX, "livenessCommand": ["true"]},
    "cron-job": {"image": BOX, "schedule": "0 3 * * *", "command": ["true"]},
    "daemon-agent": {"image": BOX, "port": 3000},
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home") / "skills"
    init_repository(folder)
    return folder


def files_of(home: Path, skill: str, **values: Any) -> dict[str, bytes]:
    """A release of the skill, called like it."""
    known = load_skill_at(open_repository(home), "main", skill)
    given = {"name": skill, "namespace": "shop", **VALUES[skill], **values}
    return release_files(
        make_release(known, given, request=f"Run {skill} in namespace shop"), known
    )


def judged(home: Path, node: Bed, skill: str, **values: Any) -> Verdict:
    repository = open_repository(home)
    branch = f"tiphys/{skill}"
    files = files_of(home, skill, **values)
    head = repository.commit(branch, repository.resolve("main"), files, f"Run {skill}\n")
    ports = open_ports(home, provider=lambda: Lent(node.lease))
    subject = proposed_subject(repository, head=head, target="main", agent=True)
    try:
        return verify(subject, policy=ports.settings.policy, sandbox=ports.sandbox, plan=FULL)
    finally:
        repository.delete_branch(branch, head)


@pytest.mark.parametrize("skill", VALUES)
def test_a_release_of_it_is_accepted_with_evidence_of_tier_real(
    home: Path, node: Bed, skill: str
) -> None:
    verdict = judged(home, node, skill)
    assert verdict.decision == "accept", verdict.explanation
    found = {each.check: each for each in verdict.evidence}
    assert (found["behaviour"].tier, found["behaviour"].outcome) == ("real", "pass")


@pytest.mark.parametrize(
    ("skill", "values", "check"),
    [
        ("job", {"command": ["sh", "-c", "exit 3"]}, "behaviour"),
        ("job", {"image": "registry.example/nobody-has-it:1"}, "behaviour"),
        ("web-service", {"healthPath": "/there-is-no-such-page"}, "behaviour"),
    ],
    ids=["command", "image", "probe"],
)
def test_what_simulated_pods_never_show_is_noticed(
    home: Path, node: Bed, skill: str, values: Mapping[str, Any], check: str
) -> None:
    verdict = judged(home, node, skill, **values)
    assert verdict.decision == "revise", verdict.explanation
    failed = [each.check for each in verdict.evidence if each.outcome == "fail"]
    assert failed == [check]


@contextmanager
def running(node: Bed, files: Mapping[str, bytes], folder: Path) -> Iterator[None]:
    """The release on the cluster, as a sync would leave it."""
    for path, data in files.items():
        if path.endswith(".yaml"):
            (folder / Path(path).name).write_bytes(data)
    if not node.api.get("v1", "Namespace", "shop"):
        node.kubectl("create", "namespace", "shop")
    node.kubectl("apply", f"--filename={folder}")
    try:
        yield
    finally:
        node.kubectl("delete", f"--filename={folder}", "--wait=true", "--timeout=60s")


def test_a_web_service_answers_over_its_service(home: Path, node: Bed, tmp_path: Path) -> None:
    with running(node, files_of(home, "web-service"), tmp_path):
        node.kubectl("rollout", "status", "deployment/web-service", "-n=shop", "--timeout=60s")
        address = node.kubectl(
            "get", "service/web-service", "-n=shop", "-o=jsonpath={.spec.clusterIP}"
        )
        port = node.kubectl(
            "get", "service/web-service", "-n=shop", "-o=jsonpath={.spec.ports[0].port}"
        )
        page = f"http://{address}:{port}/healthz"
        asked = ("exec", "-n=shop", "deployment/web-service", "--", "wget", "-qO-", page)
        assert node.kubectl(*asked) == "ok\n"


def test_a_store_keeps_its_data_across_a_pods_death(home: Path, node: Bed, tmp_path: Path) -> None:
    def inside(*command: str) -> str:
        return node.kubectl("exec", "-n=shop", "stateful-store-0", "--", *command)

    def ready() -> bool:
        pod = node.api.get("v1", "Pod", "stateful-store-0", "shop")
        return (
            pod is not None
            and any(
                each["type"] == "Ready" and each["status"] == "True"
                for each in pod["status"].get("conditions", ())
            )
            and "deletionTimestamp" not in pod["metadata"]
        )

    with running(node, files_of(home, "stateful-store"), tmp_path):
        eventually(ready, seconds=60)
        [path] = [
            mount["mountPath"]
            for mount in node.api.get("v1", "Pod", "stateful-store-0", "shop")["spec"][
                "containers"
            ][0]["volumeMounts"]
            if mount["name"] == "data"
        ]
        inside("sh", "-c", f"echo kept > {path}/proof")
        before = node.api.get("v1", "Pod", "stateful-store-0", "shop")["metadata"]["uid"]
        node.kubectl("delete", "pod/stateful-store-0", "-n=shop", "--wait=true", "--timeout=60s")
        eventually(ready, seconds=60)
        assert node.api.get("v1", "Pod", "stateful-store-0", "shop")["metadata"]["uid"] != before
        assert inside("cat", f"{path}/proof") == "kept\n"
    node.kubectl("delete", "pvc/data-stateful-store-0", "-n=shop")
