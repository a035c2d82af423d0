"""The policies of the base let every object in; new ones compile and fit what is approved."""

from __future__ import annotations

from collections.abc import Iterable

from tiphys.domain.errors import ApiRefusal
from tiphys.domain.policy import Policy
from tiphys.domain.wording import counted
from tiphys.ports import Object
from tiphys.verify.check import ClusterCheck, Finding, Sandbox, failed_or_passed
from tiphys.verify.guardrails import (
    GUARDRAILS,
    Guardrails,
    complaints,
    denied_by_policy,
    install,
    load,
    loose_ends,
)
from tiphys.verify.reading import documents_below
from tiphys.verify.subject import Subject, changes_guardrails, release_folder


def check_guardrails(subject: Subject, _policy: Policy, sandbox: Sandbox) -> Finding:
    """`fail` carries each policy's own words. The base's guardrails are in force already."""
    if changes_guardrails(subject):
        return _new_rules(subject, sandbox)
    if not subject.guardrails:
        return Finding("skipped", f"the target has no {GUARDRAILS}/")
    documents = subject.documents
    if not documents:
        return Finding("skipped", "no object to show to the policies")
    problems = _denials(documents, subject.guardrails, sandbox)
    return failed_or_passed(problems, f"{counted(len(documents), 'object')} denied by no policy")


def _new_rules(subject: Subject, sandbox: Sandbox) -> Finding:
    """They replace the base's on this cluster, which nothing else needs: they are changed alone."""
    rules = load(subject.reader, subject.rev)
    problems = loose_ends(rules)
    kept = {(new["kind"], new["metadata"]["name"]) for _, new in rules.objects}
    for _, old in subject.guardrails.objects:
        if (old["kind"], old["metadata"]["name"]) not in kept:
            sandbox.api.delete(old["apiVersion"], old["kind"], old["metadata"]["name"])
    install(rules, sandbox.api)
    with sandbox.type_checks():
        problems += complaints(rules, sandbox.api)
    everything = documents_below(subject.reader, subject.rev, "manifests")
    approved = [(path, found) for path, found in everything if release_folder(path)]
    problems += _denials(approved, rules, sandbox)
    if problems:
        return failed_or_passed(problems, "")
    gone = sorted(subject.guardrails.policies - rules.policies)
    return Finding(
        "pass",
        f"{counted(len(rules.policies), 'guardrail')} in force, "
        f"{counted(len(approved), 'approved object')} still let in",
        tuple(f"takes away the policy {name}" for name in gone),
    )


def _denials(
    documents: Iterable[tuple[str, Object]], rules: Guardrails, sandbox: Sandbox
) -> list[str]:
    problems = []
    for path, found in documents:
        namespace = found["metadata"].get("namespace")
        if namespace:
            sandbox.ensure_namespace(namespace)
        try:
            sandbox.api.apply(found, dry_run=True)
        except ApiRefusal as refusal:
            words = denied_by_policy(refusal, found, rules)
            if words:
                problems.append(f"{path}: {found['kind']}/{found['metadata']['name']}: {words}")
    return problems


CHECK = ClusterCheck("guardrails", "api", 2, check_guardrails)
