"""API servers of the other Kubernetes minors accept every object too, and skills claim just that.

Their fields and kinds differ, so each real server is asked; nothing is left to a list of ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from typing import TypeVar

from tiphys.domain.errors import InvalidInput, TiphysError, Unavailable
from tiphys.domain.policy import SYSTEM_NAMESPACES, Policy
from tiphys.library import load_skill_at
from tiphys.ports import ClusterApi, Object
from tiphys.verify.cases import example_cases
from tiphys.verify.check import ClusterCheck, Finding, Sandbox, failed_or_passed
from tiphys.verify.compatibility import claimed, minor, plain, statement
from tiphys.verify.subject import Subject

Servers = Mapping[str, Callable[[], AbstractContextManager[ClusterApi]]]
Documents = Sequence[tuple[str, Object]]  # where each comes from, and the object
_T = TypeVar("_T")


def check_matrix(subject: Subject, _policy: Policy, sandbox: Sandbox) -> Finding:
    """`fail` names version and object and carries the server's words.

    Unavailable if a server does not start, or if a skill claims a minor that is not installed.
    """
    here = sandbox.lease.kubernetes_version
    servers = {name: lend for name, lend in sandbox.servers.items() if name != minor(here)}
    documents = _documents(subject)
    if not documents:
        return Finding("skipped", "no object to show to an API server")
    if not servers:
        return Finding(
            "skipped",
            f"only Kubernetes {minor(here)} is installed; `tiphys tools list` names API servers "
            "of other versions",
        )
    seen = side_by_side(servers, lambda api: refusals(api, documents))
    problems = [
        f"Kubernetes {version}: {words}" for version, refused in seen.items() for words in refused
    ]
    if not problems:
        problems = _wrong_claims(subject, [plain(here), *seen])
    return failed_or_passed(problems, f"accepted by {', '.join(seen)} (and {plain(here)} here)")


def side_by_side(servers: Servers, use: Callable[[ClusterApi], _T]) -> dict[str, _T]:
    """What `use` gives on each server, by the server's version, all at the same time.

    Unavailable if a server does not start; what `use` raises otherwise.
    """

    def run(name: str) -> tuple[str, _T]:
        with ExitStack() as stack:
            try:
                api = stack.enter_context(servers[name]())
                version = plain(api.version())
            except TiphysError as trouble:
                raise Unavailable(f"no API server of Kubernetes {name}: {trouble}") from trouble
            return version, use(api)

    with ThreadPoolExecutor(max(1, len(servers)), "matrix") as pool:
        return dict(pool.map(run, servers))


def refusals(api: ClusterApi, documents: Documents) -> list[str]:
    """The server's words for each object that its strict dry run refuses, in order.

    Namespaces are made for real, as a dry run leaves nothing for what lives inside them. Each one
    in use is set anew, so that a server's earlier use can't be seen.
    """
    own = {found["metadata"]["name"] for _, found in documents if found["kind"] == "Namespace"}
    used = {found["metadata"].get("namespace") or "": path for path, found in reversed(documents)}
    needed = [(path, _namespace(name)) for name, path in used.items() if name and name not in own]
    problems = []
    for path, found in [*needed, *sorted(documents, key=_namespaces_first)]:
        try:
            api.apply(found, dry_run=found["kind"] != "Namespace")
        except InvalidInput as refusal:
            problems.append(f"{path}: {found['kind']}/{found['metadata']['name']}: {refusal}")
    return problems


def _documents(subject: Subject) -> Documents:
    examples = (
        (case.name, found)
        for name in subject.skills
        for case in example_cases(load_skill_at(subject.reader, subject.rev, name))
        for found in case.objects
    )
    return (*subject.objects, *examples)


def _wrong_claims(subject: Subject, versions: Iterable[str]) -> list[str]:
    """One line for each skill whose card claims anything but that these versions accept it."""
    right = statement(versions)
    problems = []
    for name in subject.skills:
        skill = load_skill_at(subject.reader, subject.rev, name)
        claim = skill.compatibility
        if claim in ("", right):
            continue
        tried = {minor(version) for version in claimed(right) or ()}
        if untried := [v for v in claimed(claim) or () if minor(v) not in tried]:
            raise Unavailable(
                f"{skill.path} claims Kubernetes {', '.join(untried)}, which is not installed; "
                "`tiphys tools list` names API servers of other versions"
            )
        problems.append(
            f"{skill.path}/SKILL.md: must say `compatibility: {right}`; "
            f"`tiphys skill compat {name} --write` does it"
        )
    return problems


def _namespaces_first(document: tuple[str, Object]) -> bool:
    return bool(document[1]["kind"] != "Namespace")


def _namespace(name: str) -> Object:
    """As on the leased cluster: restricted, but for those that a cluster is born with."""
    metadata: Object = {"name": name}
    if name not in SYSTEM_NAMESPACES:
        metadata["labels"] = {"pod-security.kubernetes.io/enforce": "restricted"}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


CHECK = ClusterCheck("matrix", "api", 1, check_matrix)
