"""On a real control plane: what is induced passes the list of checks that every proposal faces."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.control.world import sandbox_over, subject_of
from tests.induce.world import given, induced, widened_web
from tiphys.adapters.runner_chainsaw import ChainsawRunner
from tiphys.domain.policy import Policy
from tiphys.library import make_release, parse_skill, release_files
from tiphys.testing.memory_repository import MemoryRepository
from tiphys.toolchain import locate
from tiphys.verify import plan
from tiphys.verify.cases import example_cases
from tiphys.verify.checks import behaviour, control, guardrails, schema
from tiphys.verify.control.trial import run_real
from tiphys.verify.subject import proposed_subject

pytestmark = pytest.mark.cluster
RULES = Path(__file__).parents[2] / "manifests" / "guardrails"


@pytest.fixture(scope="module")
def sandbox(own_cluster):
    lease, api = own_cluster  # the full list puts guardrails in force
    return sandbox_over(api, lease)


def proposal(made, request):
    """A pull request of the agent: the skill and its release on top of the guardrails."""
    repository = MemoryRepository()
    base = {f"manifests/guardrails/{p.name}": p.read_bytes() for p in RULES.glob("*.yaml")}
    base["README.md"] = b"skills\n"
    main = repository.commit("main", None, base, "Begin")
    folder = {f"skills/{made.name}/{path}": data for path, data in made.files.items()}
    branch = f"tiphys/1-{made.name}"
    first = repository.commit(branch, main, folder, "Add the skill")
    digest = repository.tree_id(first, f"skills/{made.name}")
    skill = parse_skill(made.name, made.files, digest=digest)
    release = make_release(skill, made.values, request=request)
    head = repository.commit(branch, first, release_files(release, skill), "Add the release")
    return proposed_subject(repository, head=head, target="main", agent=True, request=request)


# What each case is worth a look at, without what a full list costs for every one of them.
SHORT = plan.Plan(
    plan.FULL.static,
    (schema.CHECK, guardrails.CHECK),
    ((behaviour.CHECK,), (control.CHECK,)),
)
WHOLE = ("rights", "stateful", "web")


def accepted(subject, sandbox, checks=plan.FULL):
    """Judge, and show the score of the negative control."""

    @contextmanager
    def lease():
        yield sandbox

    # A namespace that is left out goes unnoticed: the control makes it, as others live in it.
    verdict = plan.verify(subject, policy=Policy(mutation_score=0.9), sandbox=lease, plan=checks)
    said = [(e.check, e.summary, e.details) for e in verdict.evidence if e.outcome != "pass"]
    scored = next(e for e in verdict.evidence if e.check == "control")
    print(scored.summary, *scored.details, sep="\n   ")
    assert verdict.decision == "accept", "\n".join(map(str, said))


@pytest.mark.parametrize("name", WHOLE)
def test_a_skill_made_of_verified_manifests_passes_every_check_with_its_release(name, sandbox):
    accepted(proposal(induced(name), given()[name].request), sandbox)


def test_every_other_case_becomes_a_skill_that_passes_and_notices_faults(sandbox):
    """All in one proposal of a person, as a program may bring one skill at a time."""
    others = [induced(name) for name in sorted(given()) if name not in (*WHOLE, "web-again")]
    skills = {made.name: dict(made.files) for made in others}
    assert len(skills) == len(others) >= 12
    for files in skills.values():
        del files["examples/asked/values.yaml"]  # the other example shows that values count
    accepted(subject_of(skills), sandbox, SHORT)


def test_a_skill_of_two_releases_is_accepted_with_and_without_what_one_of_them_lacks(sandbox):
    earlier = given()["web"]
    made = induced("web-again", earlier=[(earlier.request, earlier.manifests)])
    accepted(proposal(made, given()["web-again"].request), sandbox)


def test_a_widened_skill_passes_with_its_old_cases_and_its_new_one(sandbox):
    skill, widened = widened_web()
    files = {**skill, **widened}
    accepted(subject_of({"deployment-service": files}), sandbox, SHORT)


@pytest.mark.chainsaw
@pytest.mark.parametrize("name", ["web-again", "configured"])
def test_the_real_chainsaw_reads_the_tests_alike(name, sandbox):
    """Optional parts, odd texts and names made from names are written as Chainsaw takes them."""
    earlier = given()["web"]
    more = {"earlier": [(earlier.request, earlier.manifests)]} if name == "web-again" else {}
    runner = ChainsawRunner(locate("chainsaw"), kubectl=locate("kubectl"))
    skill = parse_skill(induced(name, **more).name, induced(name, **more).files)
    for case in example_cases(skill):
        sandbox.ensure_namespace(case.namespace)
        report = run_real(case, replace(sandbox, runner=runner), case.manifests)
        assert report.outcome == "pass", report.message
