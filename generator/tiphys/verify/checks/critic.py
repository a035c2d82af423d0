"""What was asked for stands in the live objects, as far as words and fields tell."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from tiphys.domain.errors import ApiRefusal, InvalidInput, LimitExceeded
from tiphys.domain.policy import Policy
from tiphys.domain.wording import counted
from tiphys.library import strict_yaml
from tiphys.ports import Model, Object
from tiphys.verify.check import ClusterCheck, Finding, Sandbox
from tiphys.verify.reading import YAML, documents_below
from tiphys.verify.subject import Subject, release_folder

if TYPE_CHECKING:
    from tiphys.verify.critic import Remark

_ORDER = {"contradicted": 0, "undecided": 1, "covered": 2}


def check_critic(
    subject: Subject, _policy: Policy, sandbox: Sandbox, *, model: Model | None = None
) -> Finding:
    """`fail` names what was asked for and what was found instead.

    A model, where there is one, may add objections. It can't take one away: it is not even asked
    where the fields have already decided.
    """
    if not subject.request.strip():
        return Finding("skipped", "nobody's request is known")
    objects = _objects(subject)
    if not objects:
        return Finding("skipped", "no manifest changed")
    from tiphys.verify.critic import remarks  # its many patterns take a while to compile

    live = [_live(sandbox, each) for each in objects]
    found = remarks(subject.request, live, _before(subject))
    finding = _finding(found)
    if model is None or finding.outcome != "pass":
        return finding
    from tiphys.verify.critic.opinion import opinion

    heard = opinion(model, subject.request, live, found)
    if heard.lower:
        lines = tuple(f"the model objects: {each}" for each in heard.remarks)
        return Finding("fail", lines[0], (*lines, *finding.details))
    return Finding("pass", finding.summary, (*finding.details, *heard.remarks))


def critic_check(model: Model | None = None) -> ClusterCheck:
    """The check, with a model that may object or (None) without."""
    return ClusterCheck("critic", "api", 6, partial(check_critic, model=model))


def _finding(found: Sequence[Remark]) -> Finding:
    details = tuple(_line(each) for each in sorted(found, key=lambda r: _ORDER[r.ruling]))
    bad = [each for each in found if each.ruling == "contradicted"]
    if bad:
        more = f" (and {len(bad) - 1} more)" if len(bad) > 1 else ""
        return Finding("fail", bad[0].line + more, tuple(each.line for each in bad))
    if not found:
        return Finding("pass", "no requirement could be read from the request")
    count = len(found)
    covered = sum(each.ruling == "covered" for each in found)
    asked = f"{counted(count, 'requirement')}: {covered} covered"
    return Finding("pass", f"{asked}, {count - covered} undecided", details)


def _line(remark: Remark) -> str:
    return remark.line if remark.ruling == "contradicted" else f"{remark.ruling}: {remark.line}"


def _objects(subject: Subject) -> list[Object]:
    """What changed, and of a touched release all of it."""
    folders = subject.release_folders
    rest = [found for path, found in subject.objects if release_folder(path) not in folders]
    for folder in folders:
        rest += [found for _, found in documents_below(subject.reader, subject.rev, folder)]
    return rest


def _before(subject: Subject) -> list[Object]:
    """What stood in the changed manifests; what can't be read told nobody anything."""
    found: list[Object] = []
    for change in subject.changes if subject.base else ():
        if change.old and change.path.startswith("manifests/") and change.path.endswith(YAML):
            with suppress(InvalidInput, LimitExceeded):
                data = subject.reader.read(subject.base, change.path)
                found += strict_yaml.load_documents(data, source=change.path)
    return found


def _live(sandbox: Sandbox, obj: Object) -> Object:
    """The object as the server would hold it, defaults filled in; as written where it refuses."""
    try:
        namespace = obj["metadata"].get("namespace")
        if namespace and obj["kind"] != "Namespace":
            sandbox.ensure_namespace(namespace)
        return sandbox.api.apply(obj, dry_run=True)
    except ApiRefusal:
        return obj  # the schema check says so


CHECK = critic_check()
