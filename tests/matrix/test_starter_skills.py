"""What the starter skills claim is what real servers of every installed minor say."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.matrix.conftest import Servers
from tiphys.bootstrap import starter_skills
from tiphys.domain.policy import Policy
from tiphys.ports import Lease
from tiphys.testing.memory_repository import MemoryRepository
from tiphys.testing.scripted_runner import ScriptedRunner
from tiphys.verify.check import Sandbox
from tiphys.verify.checks.matrix import check_matrix
from tiphys.verify.subject import proposed_subject


@pytest.mark.cluster
@pytest.mark.xdist_group("matrix")
def test_every_starter_skill_claims_what_is_found(real_servers: Servers) -> None:
    home = starter_skills()
    files = {
        f"skills/{path.relative_to(home)}": path.read_bytes()
        for path in sorted(home.rglob("*"))
        if path.is_file()
    }
    repository = MemoryRepository()
    repository.commit("main", None, {"README.md": b"hi\n"}, "Start\n")
    repository.commit("proposal", repository.resolve("main"), files, "Propose\n")
    subject = proposed_subject(repository, head="proposal", target="main", agent=False)
    assert len(subject.skills) > 10
    runner, lease = ScriptedRunner(), Lease("one", Path("none"), "", "v1.34.4", "simulated")
    with real_servers["1.34"]() as api:
        sandbox = Sandbox(lease, api, runner, lambda _api: runner, real_servers)
        found = check_matrix(subject, Policy(), sandbox)
    assert (found.outcome, found.details) == ("pass", ())
    assert found.summary == "accepted by 1.33.4, 1.35.4 (and 1.34.4 here)"
