"""API servers of the other Kubernetes minors accept every object too, and skills claim just that.

Their kinds, fields and values differ, so each real server is asked; nothing is left to a list of
ours. A server may also take an object and silently drop a field that is not switched on in its
version: seen by comparing what the servers make of the same object.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from typing import Any, TypeVar

from tiphys.domain.errors import InvalidInput, TiphysError, Unavailable
from tiphys.domain.policy import Policy
from tiphys.ports import ClusterApi, Object
from tiphys.verify.check import (
    ClusterCheck,
    Finding,
    Sandbox,
    Servers,
    failed_or_passed,
    restricted_namespace,
)
from tiphys.verify.compatibility import claimed, minor, plain, statement
from tiphys.verify.subject import Subject

Documents = Sequence[tuple[str, Object]]  # where each comes from, and the object
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Answer:
    """What one server says to one object: `what` names it, `dropped` are fields that it ignores."""

    what: str
    refusal: str = ""
    dropped: tuple[str, ...] = ()


def check_matrix(subject: Subject, _policy: Policy, sandbox: Sandbox) -> Finding:
    """`fail` names version and object and carries the server's words.

    Unavailable if a server does not start, or if a skill claims a minor that is not installed.
    """
    here = sandbox.lease.kubernetes_version
    servers = {name: lend for name, lend in sandbox.servers.items() if name != minor(here)}
    documents = subject.documents
    if not documents:
        return Finding("skipped", "no object to show to an API server")
    if not servers:
        return Finding(
            "skipped",
            f"only Kubernetes {minor(here)} is installed; `tiphys tools list` names API servers "
            "of other versions",
        )
    if sandbox.supported:  # not all are here: what others keep is seen on this one
        servers[minor(here)] = lambda: nullcontext(sandbox.api)
    seen = objections(side_by_side(servers, lambda api: shown(api, documents)))
    problems = [
        f"Kubernetes {version}: {words}" for version, against in seen.items() for words in against
    ]
    if not problems:
        problems = _wrong_claims(subject, sandbox.supported or [plain(here), *seen])
    others = ", ".join(version for version in seen if version != plain(here))
    return failed_or_passed(problems, f"accepted by {others} (and {plain(here)} here)")


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


def shown(api: ClusterApi, documents: Documents) -> list[Answer]:
    """What the server says to a strict dry run of each object, in the same order everywhere.

    Namespaces are made for real, as a dry run leaves nothing for what lives inside them. Each one
    in use is set anew, so that a server's earlier use can't be seen.
    """
    own = {found["metadata"]["name"] for _, found in documents if found["kind"] == "Namespace"}
    used = {found["metadata"].get("namespace") or "": path for path, found in reversed(documents)}
    needed = [
        (path, restricted_namespace(name))
        for name, path in used.items()
        if name and name not in own
    ]
    return [_answer(api, *each) for each in (*needed, *sorted(documents, key=_not_a_namespace))]


def objections(seen: Mapping[str, Sequence[Answer]]) -> dict[str, list[str]]:
    """By version, a line for each object that it refuses, or of which it ignores what others keep.

    What every version drops is how Kubernetes tidies up, such as an empty map.
    """
    problems: dict[str, list[str]] = {version: [] for version in seen}
    for answers in zip(*seen.values(), strict=True):
        accepted = {v: a for v, a in zip(seen, answers, strict=True) if not a.refusal}
        for version, answer in zip(seen, answers, strict=True):
            if answer.refusal:
                problems[version].append(f"{answer.what}: {answer.refusal}")
            for field in answer.dropped:
                keeping = [v for v, other in accepted.items() if field not in other.dropped]
                if keeping:
                    words = f"ignores {field}, unlike {', '.join(keeping)}"
                    problems[version].append(f"{answer.what}: {words}")
    return problems


def _answer(api: ClusterApi, path: str, sent: Object) -> Answer:
    what = f"{path}: {sent['kind']}/{sent['metadata']['name']}"
    try:
        made = api.apply(sent, dry_run=sent["kind"] != "Namespace")
    except InvalidInput as refusal:
        return Answer(what, refusal=str(refusal))
    return Answer(what, dropped=tuple(_dropped(sent, made)))


def _dropped(sent: Any, made: Any, path: str = "") -> Iterator[str]:
    """Paths of fields that are not there any more, outermost first; values are not compared."""
    if isinstance(sent, dict) and isinstance(made, dict):
        for key, value in sent.items():
            where = f"{path}.{key}" if path else key
            if key in made:
                yield from _dropped(value, made[key], where)
            else:
                yield where
    elif isinstance(sent, list) and isinstance(made, list) and len(sent) == len(made):
        for number, (one, other) in enumerate(zip(sent, made, strict=True)):
            yield from _dropped(one, other, f"{path}[{number}]")


def _wrong_claims(subject: Subject, versions: Iterable[str]) -> list[str]:
    """One line for each skill whose card claims anything but that these versions accept it."""
    right = statement(versions)
    problems = []
    for name in subject.skills:
        skill = subject.skill(name)
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


def _not_a_namespace(document: tuple[str, Object]) -> bool:
    return bool(document[1]["kind"] != "Namespace")


CHECK = ClusterCheck("matrix", "api", 1, check_matrix)
