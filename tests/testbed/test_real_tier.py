"""Starter skills where pods really run: images, commands, ports, volumes and services count."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.cluster_fixtures import eventually
from tests.testbed.bed import Bed, Lent
from tests.testbed.releases import VALUES, files_of, running
from tiphys.bootstrap import open_ports, open_repository
from tiphys.domain.evidence import Verdict
from tiphys.verify.plan import FULL, verify
from tiphys.verify.subject import proposed_subject

pytestmark = pytest.mark.testbed


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
