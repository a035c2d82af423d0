"""A sandbox over any cluster, and a small skill whose test can be swapped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.library.skills import files
from tiphys.adapters.runner_embedded import EmbeddedRunner
from tiphys.domain.policy import Policy
from tiphys.library import parse_skill
from tiphys.ports import ClusterApi, Lease
from tiphys.testing.memory_cluster import MemoryCluster
from tiphys.testing.memory_repository import MemoryRepository
from tiphys.verify.cases import Case
from tiphys.verify.check import Finding, Sandbox
from tiphys.verify.checks import behaviour, control
from tiphys.verify.control.rounds import Budget, control_case
from tiphys.verify.control.tally import Tally
from tiphys.verify.control.trial import run_recorded
from tiphys.verify.subject import Subject

LEASE = Lease("memory", Path("nowhere"), "https://127.0.0.1:1", "v0.0.0", "simulated")
VALUES = {"name": "a", "namespace": "b", "data": {"K": "v", "L": "w"}}
APPLY = "- try: [{apply: {file: manifests/*.yaml}}]\n"
HEAD = "apiVersion: chainsaw.kyverno.io/v1alpha1\nkind: Test\nmetadata: {name: settings}\nspec:\n"
GOOD = """\
- try:
  - assert:
      resource:
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: ($values.name), namespace: ($values.namespace)}
        data: ($values.data)
        (length(data)): (length($values.data))
"""


def whole_test(steps: str, spec: str = "") -> str:
    """A whole Chainsaw test; `steps` is a list in YAML, `spec` what stands beside it."""
    inner = "".join(f"    {line}\n" for line in steps.splitlines())
    return f"{HEAD}  steps:\n{inner}{spec}"


def case_of(test: str, **changes: Any) -> Case:
    """The skill `settings` with another test."""
    skill = parse_skill("settings", files(**{"tests/chainsaw-test.yaml": test}, **changes))
    return Case("skills/settings/examples/one", skill, VALUES)


def sandbox_over(api: ClusterApi, lease: Lease = LEASE, deadline: float = 120.0) -> Sandbox:
    """A sandbox whose runner works in this process."""

    def rehearse(other: ClusterApi) -> EmbeddedRunner:
        return EmbeddedRunner(lambda _lease: other, deadline=deadline)

    return Sandbox(lease, api, rehearse(api), rehearse)


def judge(case: Case, sandbox: Sandbox | None = None, budget: Budget | None = None) -> Tally:
    """What the negative control makes of a case, after its test has passed."""
    sandbox = sandbox or sandbox_over(MemoryCluster())
    report = run_recorded(case, sandbox)
    assert report.outcome == "pass", report.message
    return control_case(case, sandbox, budget or Budget())


def subject_of(skills: dict[str, dict[str, bytes]]) -> Subject:
    """A proposal that adds skills, by name and files."""
    repository = MemoryRepository()
    everything = {
        f"skills/{name}/{path}": data
        for name, held in skills.items()
        for path, data in held.items()
    }
    sha = repository.commit("main", None, everything, "Add skills")
    changes = tuple(repository.changes("", sha))
    return Subject(repository, sha, sha, repository.tree_id(sha), changes)


def check(test: str, *, policy: Policy | None = None, **changes: Any) -> tuple[Finding, Finding]:
    """What behaviour and control say of a proposal with this test, on a cluster in memory."""
    held = files(
        **{
            "tests/chainsaw-test.yaml": test,
            "examples/one/values.yaml": "name: a\nnamespace: b\ndata: {K: v, L: w}\n",
            "examples/two/values.yaml": "name: c\nnamespace: d\ndata: {M: x}\n",
        },
        **changes,
    )
    subject, sandbox = subject_of({"settings": held}), sandbox_over(MemoryCluster())
    rules = policy or Policy()
    first = behaviour.CHECK.run(subject, rules, sandbox)
    return first, control.CHECK.run(subject, rules, sandbox)
