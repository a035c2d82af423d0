"""On a real control plane: what is induced passes the list of checks that every proposal faces."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.control.world import sandbox_over
from tests.induce.world import given, induced
from tiphys.domain.policy import Policy
from tiphys.library import make_release, parse_skill, release_files
from tiphys.testing.memory_repository import MemoryRepository
from tiphys.verify import plan
from tiphys.verify.subject import proposed_subject

pytestmark = pytest.mark.cluster
RULES = Path(__file__).parents[2] / "manifests" / "guardrails"
SCORES: dict[str, str] = {}


@pytest.fixture(scope="module")
def sandbox(api, control_plane):
    return sandbox_over(api, control_plane)


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


def judged(made, request, sandbox):
    @contextmanager
    def lease():
        yield sandbox

    return plan.verify(proposal(made, request), policy=Policy(mutation_score=0.9), sandbox=lease)


@pytest.mark.parametrize("name", sorted(given()))
def test_a_skill_made_of_verified_manifests_is_accepted(name, sandbox):
    made = induced(name)
    verdict = judged(made, given()[name].request, sandbox)
    said = [(e.check, e.summary, e.details) for e in verdict.evidence if e.outcome != "pass"]
    control = next(e for e in verdict.evidence if e.check == "control")
    print(f"{name}: {made.name}: {control.summary}", *control.details, sep="\n   ")
    assert verdict.decision == "accept", "\n".join(map(str, said))


def test_a_skill_of_two_releases_is_accepted_with_and_without_what_one_of_them_lacks(sandbox):
    earlier = given()["web"]
    made = induced("web-again", earlier=[(earlier.request, earlier.manifests)])
    verdict = judged(made, given()["web-again"].request, sandbox)
    said = [(e.check, e.summary, e.details) for e in verdict.evidence if e.outcome != "pass"]
    control = next(e for e in verdict.evidence if e.check == "control")
    print(control.summary, *control.details, sep="\n   ")
    assert verdict.decision == "accept", "\n".join(map(str, said))
