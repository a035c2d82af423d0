"""The API server itself accepts every object: server-side dry run, strict field validation."""

from __future__ import annotations

from tiphys.domain.errors import ApiRefusal, InvalidInput
from tiphys.domain.policy import Policy
from tiphys.domain.wording import counted
from tiphys.library import CLUSTER_FOLDER
from tiphys.ports import Object
from tiphys.verify.check import ClusterCheck, Finding, Sandbox, failed_or_passed
from tiphys.verify.guardrails import GUARDRAILS, denied_by_policy
from tiphys.verify.subject import Subject


def check_schema(subject: Subject, _policy: Policy, sandbox: Sandbox) -> Finding:
    """`fail` carries the server's words for each object that it refuses."""
    documents = subject.documents
    if not documents:
        return Finding("skipped", "no object to show to the API server")
    own = {d["metadata"]["name"] for _, d in documents if d["kind"] == "Namespace"}
    for _, found in documents:
        namespace = found["metadata"].get("namespace")
        if namespace and namespace not in own:
            sandbox.ensure_namespace(namespace)
    problems: list[str] = []
    # Namespaces first and for real: a dry run leaves nothing for what lives inside them.
    for path, found in sorted(documents, key=lambda pair: pair[1]["kind"] != "Namespace"):
        try:
            problems += _placed(sandbox, path, found)
            sandbox.api.apply(found, dry_run=found["kind"] != "Namespace")
        except InvalidInput as refusal:
            if _by_policy(refusal, found, subject):
                if found["kind"] == "Namespace":  # what lives inside still has to be looked at
                    sandbox.ensure_namespace(found["metadata"]["name"])
                continue  # it fits its schema; the next check is about policies
            problems.append(f"{path}: {found['kind']}/{found['metadata']['name']}: {refusal}")
    server = sandbox.lease.kubernetes_version
    return failed_or_passed(
        problems, f"{counted(len(documents), 'object')} accepted by Kubernetes {server}"
    )


def _by_policy(refusal: InvalidInput, found: Object, subject: Subject) -> bool:
    return isinstance(refusal, ApiRefusal) and bool(
        denied_by_policy(refusal, found, subject.guardrails)
    )


def _placed(sandbox: Sandbox, path: str, found: Object) -> list[str]:
    namespaced = sandbox.api.namespaced(found["apiVersion"], found["kind"])
    what = f"{path}: {found['kind']}/{found['metadata']['name']}"
    if namespaced and not found["metadata"].get("namespace"):
        return [f"{what}: needs metadata.namespace"]
    folder = path.split("/")[1]
    rule = path.startswith(f"{GUARDRAILS}/")
    if not namespaced and path.startswith("manifests/") and not rule and folder != CLUSTER_FOLDER:
        return [f"{what}: is not namespaced; it belongs in manifests/{CLUSTER_FOLDER}/"]
    return []


CHECK = ClusterCheck("schema", "api", 3, check_schema)
