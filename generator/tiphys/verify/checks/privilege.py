"""What service accounts of the change may do is set against what they did in the test."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tiphys.domain.policy import Policy
from tiphys.domain.wording import counted
from tiphys.ports import ClusterApi, Object
from tiphys.verify.check import ClusterCheck, Finding, Sandbox
from tiphys.verify.rights import (
    Account,
    Balance,
    Grant,
    Use,
    accounts_of,
    allows,
    balance,
    granted,
    username,
    uses,
)
from tiphys.verify.subject import Subject
from tiphys.verify.trials import trials

_RBAC = "rbac.authorization.k8s.io/v1"
_BOOTSTRAP = "kubernetes.io/bootstrapping"
_SHOWN = 40  # lines of surplus


def check_privilege(subject: Subject, _policy: Policy, sandbox: Sandbox) -> Finding:
    """`fail` when a right is lacking; rights that were not used are told, and fail nothing."""
    objects = [each for trial in trials(subject) for each in trial.objects]
    accounts = accounts_of(objects)
    if not accounts:
        return Finding("skipped", "no service account is made, bound or used")
    log = sandbox.lease.audit
    done = uses(_events(log, accounts), accounts) if log else ()
    found = balance(granted(_with_live(sandbox.api, objects), accounts), done)
    if found.missing:
        problems = tuple(_denied(each) for each in found.missing)
        return Finding("fail", f"{problems[0]}: it lacks a right that it needs", problems)
    rights = len(found.used) + len(found.unused)
    if not rights:
        return Finding("skipped", "no service account of the change is granted anything")
    if log is None:
        return Finding("skipped", f"{counted(rights, 'right')} granted; no audit log is kept here")
    summary = f"{len(found.used)} of {counted(rights, 'right')} used"
    if sandbox.lease.tier != "real":
        summary += "; no container ran on simulated nodes, so an unused right proves nothing"
    lines = list(surplus(found, done))
    more = [f"{len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
    return Finding("pass", summary, (*lines[:_SHOWN], *more))


def surplus(found: Balance, done: tuple[Use, ...]) -> Iterator[str]:
    """Wildcards first, then roles of which nothing was used, then single rights."""
    grants = sorted({*found.used, *found.unused})
    idle = frozenset(found.idle_roles)
    for grant in (g for g in grants if g.right.wide):
        yield f"{grant.account}: may {grant.right}, {_used_for(grant, done)}"
    for account, role in found.idle_roles:
        rights = [g.right for g in found.unused if (g.account, g.role) == (account, role)]
        yield f"{account}: {role} gives {counted(len(rights), 'right')}, never used"
    for grant in found.unused:
        if not grant.right.wide and (grant.account, grant.role) not in idle:
            yield f"{grant.account}: may {grant.right}, never did"


def _used_for(grant: Grant, done: tuple[Use, ...]) -> str:
    own = (u.right for u in done if u.account == grant.account and not u.denied)
    rights = [str(right) for right in own if allows(grant.right, right)]
    more = f" and {len(rights) - 3} more" if len(rights) > 3 else ""
    return f"only did: {', '.join(rights[:3])}{more}" if rights else "never did"


def _denied(use: Use) -> str:
    return f"{use.account} was denied to {use.right}"


def _with_live(api: ClusterApi, objects: list[Object]) -> list[Object]:
    """The change's RBAC objects, and those on the cluster that it does not replace.

    Bindings that every cluster brings are left out: they are not the change's doing.
    """
    own = [each for each in objects if each["apiVersion"] == _RBAC]
    taken = {_identity(each) for each in own}
    live: list[Object] = []
    for kind in ("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"):
        for each in api.list(_RBAC, kind):
            built_in = _BOOTSTRAP in (each["metadata"].get("labels") or {})
            if _identity(each) not in taken and not (built_in and kind.endswith("Binding")):
                live.append(each)
    return [*own, *live]


def _identity(obj: Object) -> tuple[str, str | None, str]:
    return obj["kind"], obj["metadata"].get("namespace"), obj["metadata"]["name"]


def _events(log: Path, accounts: Iterable[Account]) -> Iterator[Mapping[str, Any]]:
    """Events of an audit log and of its rotated parts that may be the accounts' doing.

    A line that is half written is passed by. Most are somebody else's: those are not even parsed.
    """
    names = [username(account).encode() for account in accounts]
    for path in [*sorted(log.parent.glob(f"{log.stem}-*{log.suffix}")), log]:
        if not path.is_file():
            continue
        with path.open("rb") as lines:
            for line in lines:
                if not any(name in line for name in names):
                    continue
                try:
                    event = json.loads(line)
                except ValueError:
                    continue
                if isinstance(event, dict):
                    yield event


CHECK = ClusterCheck("privilege", None, 1, check_privilege)
