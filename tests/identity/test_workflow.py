"""The workflow that signs can be started by people only, from main, and signs nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

WORKFLOWS = sorted((Path(__file__).parents[2] / ".github" / "workflows").glob("*.y*ml"))


def read(path: Path) -> dict[Any, Any]:
    found = yaml.safe_load(path.read_text())
    assert isinstance(found, dict)
    return found


def may(found: dict[Any, Any], job: dict[Any, Any]) -> dict[str, str]:
    permissions = job.get("permissions", found.get("permissions", "write-all"))
    assert isinstance(permissions, dict), "everything may be written"
    return permissions


def triggers(found: dict[Any, Any]) -> set[str]:
    return set(found.get("on", found.get(True)))  # YAML 1.1 reads `on` as true


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_only_a_job_that_people_start_on_main_gets_an_identity(path: Path) -> None:
    found = read(path)
    for job in found["jobs"].values():
        permissions = may(found, job)
        if permissions.get("id-token") != "write":
            continue
        assert path.name == "verify.yaml"
        assert triggers(found) == {"workflow_dispatch"}
        assert job["if"] == "github.ref == 'refs/heads/main'"
        assert {k: v for k, v in permissions.items() if v == "write"} == {"id-token": "write"}
        for step in job["steps"]:
            assert step.get("uses", "actions/").startswith("actions/")
            if step.get("uses", "").startswith("actions/checkout"):
                assert step["with"]["persist-credentials"] is False


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_no_text_of_a_stranger_becomes_a_script(path: Path) -> None:
    for job in read(path)["jobs"].values():
        for step in job["steps"]:
            assert "${{" not in step.get("run", "")


def test_there_is_one_that_signs() -> None:
    (verify,) = (read(path) for path in WORKFLOWS if path.name == "verify.yaml")
    assert may(verify, verify["jobs"]["verify"])["id-token"] == "write"
    assert "id-token" not in may(verify, verify["jobs"]["publish"])
