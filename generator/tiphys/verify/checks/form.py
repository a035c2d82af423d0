"""Nothing that only servers and controllers write, and no file that other tools would read.

A manifest states what people want. Identity, ownership, deletion and status are the cluster's to
write; a file that a GitOps tool would read and these checks would not is not a manifest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tiphys.domain.errors import InvalidInput
from tiphys.domain.policy import Policy
from tiphys.domain.wording import counted
from tiphys.library import RELEASE_FILE, strict_yaml
from tiphys.library.skill_files import TEST_PATH
from tiphys.verify.check import Finding, StaticCheck, failed_or_passed
from tiphys.verify.guardrails import GUARDRAILS
from tiphys.verify.pods import too_many_pods
from tiphys.verify.subject import Subject

_NOT_WRITTEN = (
    "creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "finalizers",
    "generateName", "generation", "managedFields", "ownerReferences", "resourceVersion",
    "selfLink", "uid",
)  # fmt: skip
# They decide what the API server lets in, also into the cluster that judges this proposal.
_JUDGES = frozenset(
    f"{how}{what}"
    for how in ("Mutating", "Validating")
    for what in ("AdmissionPolicy", "AdmissionPolicyBinding", "WebhookConfiguration")
) | {"APIService"}
# What steers delivery would take an object out of review's reach.
_STEERING = re.compile(
    r"(?:[a-z0-9-]+\.)*"
    r"(?:argoproj\.io|helm\.sh|fluxcd\.io|kubectl\.kubernetes\.io|config\.(?:kubernetes|k8s)\.io)/"
)
_UNSEEN = b"+argocd:skip-file-rendering"  # counts in comments too
_WRITES = ("apply", "create", "update", "patch", "delete")
# Not for a test to write by itself: the skill's own manifests may hold some of them.
_BEYOND = frozenset({"ClusterRole", "ClusterRoleBinding", "Namespace", "PriorityClass"})
_TRACKED = "app.kubernetes.io/instance"  # by which Argo CD may know what belongs to whom
_OWN = "tiphys.guardrails/"
_RELEASE_FILES = re.compile(r"(?!kustomization\.|Chart\.|values\.)[a-z0-9][a-z0-9._-]*\.ya?ml\Z")
_SKILL_FILES = re.compile(
    r"(SKILL\.md|values\.schema\.json|templates/[a-z0-9][a-z0-9_.-]*\.yaml\.j2"
    r"|examples/[a-z0-9][a-z0-9-]*/values\.yaml|tests/(chainsaw-test|waivers)\.yaml)\Z"
)
_BUILT_IN = frozenset(
    "Binding ClusterRole ClusterRoleBinding ConfigMap ControllerRevision CronJob "
    "CustomResourceDefinition DaemonSet Deployment EndpointSlice Endpoints Event "
    "HorizontalPodAutoscaler IPAddress Ingress IngressClass Job Lease LimitRange Namespace "
    "NetworkPolicy Node PersistentVolume PersistentVolumeClaim Pod PodDisruptionBudget PodTemplate "
    "PriorityClass ReplicaSet ReplicationController ResourceQuota Role RoleBinding RuntimeClass "
    "Secret Service ServiceAccount StatefulSet StorageClass VolumeAttachment".split()
)


def check_form(subject: Subject, policy: Policy) -> Finding:
    """`fail` names the field or file that a manifest or skill must not have."""
    kept = [] if subject.loose else [change.path for change in subject.changes if change.new]
    problems = [problem for path in kept for problem in _file(path)]
    problems += [
        f"{ascii(path)[1:-1]}: {_UNSEEN.decode()} hides the file from delivery; take it out"
        for path in kept
        if path.startswith("manifests/") and _UNSEEN in subject.reader.read(subject.rev, path)
    ]
    for path, found in subject.documents:
        what = f"{path}: {found['kind']}/{found['metadata']['name']}"
        problems += [f"{what}: {problem}" for problem in _object(path, found)]
        if subject.agent and _TRACKED in _keys(found["metadata"].get("labels")):
            problems.append(f"{what}: label {_TRACKED} steers delivery; a person may propose it")
        if subject.agent and found.get("globalDefault"):
            problems.append(f"{what}: globalDefault reaches every pod; a person may propose it")
    for several in (subject.objects, subject.example_objects):
        if crowd := too_many_pods((obj for _, obj in several), policy.max_pods):
            obj, problem = crowd
            problems.append(f"{obj['kind']}/{obj['metadata']['name']}: {problem} (max_pods)")
    for name in subject.skills:
        test = subject.skill(name).test
        banned = _JUDGES | set(policy.off_limits_kinds) | _BEYOND
        where = f"skills/{name}/{TEST_PATH}"
        problems += [f"{where}: {problem}" for problem in _reach(_read(test, where), banned)]
    return failed_or_passed(problems, f"{counted(len(subject.objects), 'object')} as people write")


def _file(path: str) -> Iterator[str]:
    shown = ascii(path)[1:-1]
    parts = path.split("/")
    if path.startswith(f"{GUARDRAILS}/"):
        if not re.fullmatch(r"README\.md|[a-z0-9][a-z0-9-]*\.yaml", "/".join(parts[2:])):
            yield f"{shown}: guardrails are *.yaml files beside a README.md"
    elif path.startswith("manifests/") and len(parts) > 3:
        name = "/".join(parts[3:])
        if name not in (RELEASE_FILE, "README.md") and not _RELEASE_FILES.match(name):
            yield f"{shown}: a release holds plain *.yaml files and {RELEASE_FILE}, nothing else"
    elif parts[0] == "skills" and not _SKILL_FILES.match("/".join(parts[2:])):
        yield f"{shown}: a skill has no such file; `tiphys skill new` shows which it has"


def _object(path: str, found: dict[str, Any]) -> Iterator[str]:
    kind, metadata = found["kind"], found["metadata"]
    yield from _metadata(metadata)
    if "status" in found:
        yield "status is written by controllers; take it out"
    if kind in _JUDGES and not path.startswith(f"{GUARDRAILS}/"):
        yield f"a {kind} decides what is let in; such rules live in {GUARDRAILS}/"
    for text in (found["apiVersion"], kind, metadata["name"], str(metadata.get("namespace") or "")):
        if not text.isascii() or not text.isprintable():
            yield f"{text!a} looks like something else; use plain letters"
    if kind == "Secret" and found.get("type") == "kubernetes.io/service-account-token":
        yield "a token that never ends; let pods have theirs mounted"
    if kind == "CustomResourceDefinition":
        yield from _shadows(found.get("spec"))


def _metadata(metadata: dict[str, Any]) -> Iterator[str]:
    for field in _NOT_WRITTEN:
        if field in metadata:
            yield f"metadata.{field} is not for manifests; take it out"
    for what in ("annotations", "labels"):
        for name in _keys(metadata.get(what)):
            if _STEERING.match(name):
                yield f"{what[:-1]} {name} steers how it is delivered; take it out"
    for name in _keys(metadata.get("labels")):
        if name.startswith(_OWN):
            yield f"label {name} would loosen the guardrails; take it out"


def _read(test: str, where: str) -> list[Any]:
    try:
        return strict_yaml.load_documents(test, source=where)
    except InvalidInput:
        return []  # the runner refuses it in its own words


def _reach(test: Any, banned: frozenset[str] | set[str]) -> Iterator[str]:
    """What a test writes to the cluster that judges it, beyond the manifests it is given."""
    if isinstance(test, list):
        for each in test:
            yield from _reach(each, banned)
    elif isinstance(test, dict):
        for key, value in test.items():
            target = value.get("resource", value.get("ref")) if isinstance(value, dict) else None
            if key in _WRITES and isinstance(target, dict):
                kind = target.get("kind")
                if not isinstance(kind, str) or not kind.isalnum():
                    yield f"{key}: write the kind out"
                elif kind in banned:
                    yield f"{key}: a test must not touch a {kind}"
                elif _elsewhere(target):
                    yield f"{key}: a test stays in its own namespace"
            yield from _reach(value, banned)


def _elsewhere(target: dict[str, Any]) -> bool:
    metadata = target.get("metadata")
    place = metadata.get("namespace") if isinstance(metadata, dict) else target.get("namespace")
    return place not in (None, "($namespace)", "($values.namespace)")


def _shadows(spec: Any) -> Iterator[str]:
    spec = spec if isinstance(spec, dict) else {}
    names = spec.get("names") if isinstance(spec.get("names"), dict) else {}
    group = str(spec.get("group"))
    if group.endswith((".k8s.io", ".kubernetes.io")) or names.get("kind") in _BUILT_IN:
        yield f"defines {names.get('kind')} in {group}, which would pass for Kubernetes' own"


def _keys(value: Any) -> tuple[str, ...]:
    return tuple(str(key) for key in value) if isinstance(value, dict) else ()


CHECK = StaticCheck("form", "static", 4, check_form)
