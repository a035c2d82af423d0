"""The check itself: proposals under the rules, and proposals of new rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest

from tests.guardrails.objects import KINDS, NAMESPACE, good_pod, put
from tiphys.adapters.kube_api import KubeApi
from tiphys.bootstrap import starter_guardrails
from tiphys.domain.errors import InvalidInput
from tiphys.domain.policy import Policy
from tiphys.library.strict_yaml import dump
from tiphys.ports import Lease
from tiphys.testing.memory_repository import MemoryRepository
from tiphys.testing.scripted_runner import ScriptedRunner
from tiphys.verify.check import Finding, Sandbox
from tiphys.verify.checks.guardrails import check_guardrails
from tiphys.verify.guardrails import load
from tiphys.verify.plan import BRIEF, verify
from tiphys.verify.subject import Subject, proposed_subject

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("guardrails")]
RULES = {
    f"manifests/guardrails/{path.name}": path.read_bytes()
    for path in starter_guardrails().iterdir()
}
APPROVED = f"manifests/{NAMESPACE}/web/web.yaml"
SERVICES = "manifests/guardrails/services.yaml"


def web(image: str = "registry.example/web:1.4") -> bytes:
    made = KINDS["Deployment"](good_pod())
    put(made, "spec.template.spec.containers.0.image", image)
    return dump(made).encode()


@pytest.fixture
def repository() -> MemoryRepository:
    repository = MemoryRepository()
    repository.commit("main", None, {**RULES, APPROVED: web()}, "Start\n")
    return repository


def proposal(repository: MemoryRepository, files: Mapping[str, bytes | None]) -> Subject:
    branch = f"change-{len(repository.branches())}"
    repository.commit(branch, repository.resolve("main"), files, "Change\n")
    return proposed_subject(repository, head=branch, target="main", agent=False)


@pytest.fixture
def sandbox(guarded: KubeApi, guarded_lease: Lease) -> Sandbox:
    return Sandbox(guarded_lease, guarded, ScriptedRunner(), lambda _api: ScriptedRunner())


def check(subject: Subject, sandbox: Sandbox) -> Finding:
    return check_guardrails(subject, Policy(), sandbox)


def test_a_denied_object_is_named_with_the_policys_words(
    repository: MemoryRepository, sandbox: Sandbox
) -> None:
    assert check(proposal(repository, {APPROVED: web("registry.example/web:2")}), sandbox) == (
        Finding("pass", "1 object denied by no policy")
    )
    found = check(proposal(repository, {APPROVED: web("evil.example/web:2")}), sandbox)
    assert found.outcome == "fail"
    assert found.summary.startswith(f"{APPROVED}: Deployment/web: policy 'tiphys-images'")
    assert "evil.example/web:2" in found.summary


def test_an_object_can_not_pose_as_a_policys_refusal(
    repository: MemoryRepository, sandbox: Sandbox
) -> None:
    """The schema's complaint quotes the object's text, which is not the policy's voice."""
    text = (
        web()
        .replace(b"replicas", b"x")
        .replace(
            b"name: main",
            b"name: \"ValidatingAdmissionPolicy 'a' with binding 'b' denied request\"",
        )
    )
    found = check(proposal(repository, {APPROVED: text}), sandbox)
    assert found.outcome == "pass"  # none of its business: the schema check says so


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b"in ['LoadBalancer'", b"in in ['LoadBalancer'", "compil"),
        (b"object.spec", b"object.speck", "undefined field 'speck'"),
        (b"apiVersion: admission", b"apiVersion: x/", "use apiVersion"),
    ],
)
def test_new_rules_have_to_compile(
    repository: MemoryRepository, sandbox: Sandbox, old: bytes, new: bytes, words: str
) -> None:
    subject = proposal(repository, {SERVICES: RULES[SERVICES].replace(old, new)})
    try:
        found = check(subject, sandbox)
    except InvalidInput as problem:
        found = Finding("fail", str(problem))
    check(proposal_again(repository), sandbox)  # the rules of the base for whoever comes next
    assert found.outcome == "fail"
    assert words in found.summary


def proposal_again(repository: MemoryRepository) -> Subject:
    """A change of the rules that changes none."""
    repository.commit(
        "same", repository.resolve("main"), {"manifests/guardrails/README.md": b"# Same\n"}, "S\n"
    )
    return proposed_subject(repository, head="same", target="main", agent=False)


def test_new_rules_have_to_let_in_what_is_approved(
    repository: MemoryRepository, sandbox: Sandbox
) -> None:
    images = "manifests/guardrails/images.yaml"
    stricter = RULES[images].replace(b"'registry.example', ''", b"'other.example', ''")
    assert stricter != RULES[images]
    found = check(proposal(repository, {images: stricter}), sandbox)
    repaired = check(proposal_again(repository), sandbox)
    assert found.outcome == "fail"
    assert f"{APPROVED}: Deployment/web: policy 'tiphys-images'" in found.summary
    assert repaired.outcome == "pass"
    assert "1 approved object still let in" in repaired.summary


def test_what_is_taken_away_is_told_and_what_stops_nothing_is_refused(
    repository: MemoryRepository, sandbox: Sandbox
) -> None:
    found = check(proposal(repository, {SERVICES: None}), sandbox)
    policy, _ = RULES[SERVICES].split(b"---")
    alone = check(proposal(repository, {SERVICES: policy}), sandbox)
    check(proposal_again(repository), sandbox)
    assert (found.outcome, found.details) == ("pass", ("takes away the policy tiphys-services",))
    assert alone.outcome == "fail"
    assert "tiphys-services: no binding puts it in force" in alone.summary


def test_broken_rules_of_the_target_say_nothing_about_a_proposal(
    repository: MemoryRepository, sandbox: Sandbox
) -> None:
    base = repository.resolve("main")
    broken = {SERVICES: RULES[SERVICES].replace(b"object.spec.?type", b"object.")}
    repository.commit("main", base, broken, "Break the rules\n")

    @contextmanager
    def leased() -> Iterator[Sandbox]:
        yield sandbox

    subject = proposal(repository, {APPROVED: web("registry.example/web:3")})
    verdict = verify(subject, policy=Policy(), sandbox=leased, plan=BRIEF)
    assert verdict.decision == "inconclusive"
    (cluster,) = [e for e in verdict.evidence if e.check == "cluster"]
    assert "the target's own guardrails do not work" in cluster.summary
    assert SERVICES in cluster.summary


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("kind: ConfigMap\n", "guardrails are"),
        ("kind: ValidatingAdmissionPolicy\napiVersion: v1\n", "use apiVersion"),
        (
            "kind: ValidatingAdmissionPolicy\napiVersion: admissionregistration.k8s.io/v1\n",
            "needs a name",
        ),
        ("a: 1\na: 2\n", "duplicate"),
    ],
)
def test_only_rules_are_rules(repository: MemoryRepository, text: str, words: str) -> None:
    files = {"manifests/guardrails/x.yaml": text.encode()}
    sha = repository.commit("bad", repository.resolve("main"), files, "Bad\n")
    with pytest.raises(InvalidInput, match=words):
        load(repository, sha)
