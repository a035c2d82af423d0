"""What RBAC objects let service accounts do, and what an audit log says that they did. Pure.

A right is one verb on one resource; wildcards stay as they are. What all accounts of a cluster may
do without being named (`system:authenticated`) is nobody's surplus and is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, NamedTuple

from tiphys.ports import Object

_USER = "system:serviceaccount:"
_GROUP = "system:serviceaccounts"
_ALL = "*"


class Account(NamedTuple):
    """A ServiceAccount."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True, order=True)
class Right:
    """One verb on one resource, as RBAC writes it: "*" is everything of its kind.

    `name` "" is every object, `namespace` "" everywhere. A right to a URL has it as `resource`.
    """

    verb: str
    group: str
    resource: str
    subresource: str = ""
    name: str = ""
    namespace: str = ""

    @property
    def wide(self) -> bool:
        """Whether it holds a wildcard."""
        return _ALL in (self.verb, self.group, self.resource) or self.resource.endswith(_ALL)

    def __str__(self) -> str:
        group = f".{self.group}" if self.group else ""
        sub = f"/{self.subresource}" if self.subresource else ""
        what = f"{self.resource}{group}{sub}"
        if self.resource == self.subresource == _ALL:
            of = "" if self.group == _ALL else f" of {self.group or 'the core group'}"
            what = f"everything{of}"
        verb = "do anything to" if self.verb == _ALL else self.verb
        which = f" {self.name}" if self.name else ""
        where = f" in {self.namespace}" if self.namespace else ""
        return f"{verb} {what}{which}{where}"


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """A right of an account, and the role that it comes from."""

    account: Account
    role: str
    right: Right


@dataclass(frozen=True, slots=True, order=True)
class Use:
    """A request that an account made, exact in every part; `denied` by the authorizer."""

    account: Account
    right: Right
    denied: bool = False


@dataclass(frozen=True, slots=True)
class Balance:
    """Grants against uses. `missing` was denied and no grant covers it."""

    used: tuple[Grant, ...]
    unused: tuple[Grant, ...]
    missing: tuple[Use, ...]

    @property
    def idle_roles(self) -> tuple[tuple[Account, str], ...]:
        """Roles of which an account used nothing."""
        busy = {(grant.account, grant.role) for grant in self.used}
        return tuple(sorted({(g.account, g.role) for g in self.unused} - busy))


def granted(objects: Iterable[Object], accounts: Iterable[Account]) -> tuple[Grant, ...]:
    """Every right that the roles and bindings among `objects` give to `accounts`, sorted."""
    known = list(objects)
    roles = {_identity(each): each for each in known if each["kind"] in ("Role", "ClusterRole")}
    wanted = sorted(set(accounts))
    found: set[Grant] = set()
    for binding in known:
        if binding["kind"] not in ("RoleBinding", "ClusterRoleBinding"):
            continue
        namespace = binding["metadata"].get("namespace") or ""
        ref = binding["roleRef"]
        place = namespace if ref["kind"] == "Role" else ""
        role = roles.get((ref["kind"], place, ref["name"]))
        bound = [a for a in wanted if any(_binds(s, a) for s in binding.get("subjects") or ())]
        if role is None or not bound:
            continue
        label = "/".join(part for part in (ref["kind"], place, ref["name"]) if part)
        rights = {r for rule in _rules(role, roles.values()) for r in expand(rule, namespace)}
        found |= {Grant(account, label, right) for account in bound for right in rights}
    return tuple(sorted(found))


def expand(rule: Mapping[str, Any], namespace: str) -> Iterator[Right]:
    """The rights of one rule, bound in `namespace` or (with "") everywhere."""
    verbs, names = rule.get("verbs") or (), rule.get("resourceNames") or ("",)
    groups, resources = rule.get("apiGroups") or (), rule.get("resources") or ()
    for verb, group, combined, name in product(verbs, groups, resources, names):
        resource, _, sub = combined.partition("/")
        if combined == _ALL:
            sub = _ALL  # subresources included
        elif sub == _ALL:
            resource, sub = combined, ""  # RBAC knows no such wildcard: it matches nothing
        yield Right(verb, group, resource, sub, name, namespace)
    if not namespace:  # a RoleBinding grants no URLs
        for verb, url in product(verbs, rule.get("nonResourceURLs") or ()):
            yield Right(verb, "", "/*" if url == _ALL else url)


def allows(right: Right, wanted: Right) -> bool:
    """Whether RBAC lets `right` pass the exact request `wanted`."""
    if right.verb not in (_ALL, wanted.verb):
        return False
    if right.resource.startswith("/"):
        start = right.resource.rstrip(_ALL)
        wild = right.resource != start and wanted.resource.startswith(start)
        return wild or wanted.resource == right.resource
    if wanted.resource.startswith("/"):
        return False
    return (
        right.group in (_ALL, wanted.group)
        and right.resource in (_ALL, wanted.resource)
        and right.subresource in (_ALL, wanted.subresource)
        and right.name in ("", wanted.name)
        and right.namespace in ("", wanted.namespace)
    )


def username(account: Account) -> str:
    """What the API server calls it."""
    return f"{_USER}{account.namespace}:{account.name}"


def uses(events: Iterable[Mapping[str, Any]], accounts: Iterable[Account]) -> tuple[Use, ...]:
    """What `accounts` did or tried, from audit events; each only once, sorted."""
    wanted = {username(account): account for account in accounts}
    found: set[Use] = set()
    for event in events:
        account = wanted.get((event.get("user") or {}).get("username", ""))
        if account is None or event.get("impersonatedUser"):
            continue
        found.add(Use(account, _requested(event), _denied(event)))
    return tuple(sorted(found))


def balance(grants: Sequence[Grant], done: Sequence[Use]) -> Balance:
    """Set grants against uses."""
    allowed: dict[Account, list[Right]] = {}
    for use in done:
        if not use.denied:
            allowed.setdefault(use.account, []).append(use.right)
    used = tuple(
        g for g in grants if any(allows(g.right, right) for right in allowed.get(g.account, ()))
    )
    ones = frozenset(used)
    missing = tuple(
        use
        for use in done
        # A binding takes a moment to be seen: what is granted now is not lacking.
        if use.denied
        and not any(g.account == use.account and allows(g.right, use.right) for g in grants)
    )
    return Balance(used, tuple(g for g in grants if g not in ones), missing)


def accounts_of(objects: Iterable[Object]) -> frozenset[Account]:
    """Accounts that the objects make, bind or run pods as."""
    found: set[Account] = set()
    for each in objects:
        namespace = each["metadata"].get("namespace") or ""
        if each["kind"] == "ServiceAccount":
            found.add(Account(namespace, each["metadata"]["name"]))
        elif each["kind"] in ("RoleBinding", "ClusterRoleBinding"):
            named = [s for s in each.get("subjects") or () if s.get("kind") == "ServiceAccount"]
            found |= {Account(s.get("namespace") or namespace, s["name"]) for s in named}
        elif (pod := _pod_spec(each)) is not None:
            found.add(Account(namespace, pod.get("serviceAccountName") or "default"))
    return frozenset(found)


def _pod_spec(obj: Object) -> Mapping[str, Any] | None:
    spec = obj.get("spec")
    if obj["kind"] == "Pod":
        return spec
    for key in ("jobTemplate", "spec", "template", "spec"):
        if isinstance(spec, Mapping) and key in spec:
            spec = spec[key]
    return spec if isinstance(spec, Mapping) and "containers" in spec else None


def _identity(obj: Object) -> tuple[str, str, str]:
    metadata = obj["metadata"]
    return obj["kind"], metadata.get("namespace") or "", metadata["name"]


def _binds(subject: Mapping[str, Any], account: Account) -> bool:
    kind, name = subject.get("kind"), subject.get("name")
    if kind == "ServiceAccount":
        return (subject.get("namespace"), name) == tuple(account)
    if kind == "User":
        return bool(name == username(account))
    return kind == "Group" and name in (_GROUP, f"{_GROUP}:{account.namespace}")


def _rules(role: Object, others: Iterable[Object]) -> Iterator[Mapping[str, Any]]:
    yield from role.get("rules") or ()
    for selector in (role.get("aggregationRule") or {}).get("clusterRoleSelectors") or ():
        for each in others:
            labels = each["metadata"].get("labels") or {}
            if each["kind"] == "ClusterRole" and each is not role and _selects(selector, labels):
                yield from each.get("rules") or ()


def _selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    matched = (selector.get("matchLabels") or {}).items() <= labels.items()
    return matched and all(_meets(e, labels) for e in selector.get("matchExpressions") or ())


def _meets(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    value = labels.get(expression["key"])
    values = expression.get("values") or ()
    return {
        "In": value in values,
        "NotIn": value not in values,
        "Exists": value is not None,
        "DoesNotExist": value is None,
    }.get(expression["operator"], False)


def _requested(event: Mapping[str, Any]) -> Right:
    about = event.get("objectRef") or {}
    verb = str(event.get("verb", ""))
    if not about.get("resource"):
        return Right(verb, "", str(event.get("requestURI", "/")).partition("?")[0])
    keys = ("apiGroup", "resource", "subresource", "name", "namespace")
    return Right(verb, *(str(about.get(key) or "") for key in keys))


def _denied(event: Mapping[str, Any]) -> bool:
    """By the authorizer: admission answers 403 too, and there the right was used."""
    decision = (event.get("annotations") or {}).get("authorization.k8s.io/decision")
    if decision:
        return bool(decision == "forbid")
    return (event.get("responseStatus") or {}).get("code") == 403
