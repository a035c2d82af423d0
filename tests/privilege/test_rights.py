"""Rights read from RBAC objects as the API server reads them, and set against audit events."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tiphys.verify.rights import (
    Account,
    Grant,
    Right,
    Use,
    accounts_of,
    allows,
    balance,
    expand,
    granted,
    uses,
)

READER = Account("shop", "reader")
OTHER = Account("shop", "other")


def role(name="reader", *rules, kind="Role", namespace="shop", **fields):
    metadata = {"name": name, "labels": fields.pop("labels", {})}
    if kind == "Role":
        metadata["namespace"] = namespace
    return {"kind": kind, "metadata": metadata, "rules": list(rules), **fields}


def rule(verbs, resources, groups=("",), names=()):
    found = {"verbs": list(verbs), "apiGroups": list(groups), "resources": list(resources)}
    return found | ({"resourceNames": list(names)} if names else {})


def binding(name="reader", *, kind="Role", subjects=None, namespace="shop"):
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    return {
        "kind": "RoleBinding" if namespace else "ClusterRoleBinding",
        "metadata": metadata,
        "roleRef": {"kind": kind, "name": name},
        "subjects": subjects
        if subjects is not None
        else [{"kind": "ServiceAccount", "name": "reader", "namespace": "shop"}],
    }


def event(verb, resource="", *, code=200, account=READER, decision=None, **about):
    found = {
        "verb": verb,
        "user": {"username": f"system:serviceaccount:{account.namespace}:{account.name}"},
        "responseStatus": {"code": code},
    }
    if resource:
        found["objectRef"] = {"resource": resource, "apiVersion": "v1", **about}
    else:
        found["requestURI"] = about["uri"]
    if decision:
        found["annotations"] = {"authorization.k8s.io/decision": decision}
    return found


def test_a_rule_becomes_one_right_for_each_verb_group_resource_and_name():
    rights = granted(
        [role("reader", rule(["get", "list"], ["pods", "pods/log"])), binding()], [READER, OTHER]
    )
    assert [str(each.right) for each in rights] == [
        "get pods in shop",
        "get pods/log in shop",
        "list pods in shop",
        "list pods/log in shop",
    ]
    assert {(each.account, each.role) for each in rights} == {(READER, "Role/shop/reader")}
    [named] = expand(rule(["get"], ["configmaps"], names=["settings"]), "shop")
    assert str(named) == "get configmaps settings in shop"


def test_a_cluster_role_reaches_as_far_as_its_binding():
    everywhere = role("reader", rule(["get"], ["pods"]), kind="ClusterRole")
    [near] = granted([everywhere, binding(kind="ClusterRole")], [READER])
    [far] = granted([everywhere, binding(kind="ClusterRole", namespace="")], [READER])
    assert (near.right.namespace, far.right.namespace) == ("shop", "")
    assert near.role == far.role == "ClusterRole/reader"


def test_accounts_are_bound_by_name_by_user_and_by_group():
    read = role("reader", rule(["get"], ["pods"]))
    for subject in (
        {"kind": "ServiceAccount", "name": "reader", "namespace": "shop"},
        {"kind": "User", "name": "system:serviceaccount:shop:reader"},
        {"kind": "Group", "name": "system:serviceaccounts:shop"},
        {"kind": "Group", "name": "system:serviceaccounts"},
    ):
        assert len(granted([read, binding(subjects=[subject])], [READER])) == 1, subject
    for subject in (
        {"kind": "ServiceAccount", "name": "reader", "namespace": "bank"},
        {"kind": "User", "name": "reader"},
        {"kind": "Group", "name": "system:serviceaccounts:bank"},
        {"kind": "Group", "name": "system:authenticated"},
    ):
        assert granted([read, binding(subjects=[subject])], [READER]) == (), subject


def test_an_aggregated_role_has_the_rules_of_those_it_selects():
    selectors = [
        {"matchLabels": {"to": "view"}},
        {"matchExpressions": [{"key": "also", "operator": "In", "values": ["view"]}]},
    ]
    view = role("view", kind="ClusterRole", aggregationRule={"clusterRoleSelectors": selectors})
    parts = [
        role("a", rule(["get"], ["a"]), kind="ClusterRole", labels={"to": "view"}),
        role("b", rule(["get"], ["b"]), kind="ClusterRole", labels={"also": "view"}),
        role("c", rule(["get"], ["c"]), kind="ClusterRole"),
    ]
    found = granted([view, *parts, binding("view", kind="ClusterRole")], [READER])
    assert [each.right.resource for each in found] == ["a", "b"]


def test_a_binding_to_nothing_and_an_unbound_role_give_nothing():
    assert granted([binding("missing"), role("reader", rule(["get"], ["pods"]))], [READER]) == ()


def test_accounts_are_those_made_bound_or_run_as():
    pod = {"containers": [], "serviceAccountName": "runner"}
    template = {"template": {"spec": pod}}
    job = {"spec": template}
    objects = [
        {"kind": "ServiceAccount", "metadata": {"name": "made", "namespace": "a"}},
        binding(),
        {"kind": "Pod", "metadata": {"namespace": "b"}, "spec": {"containers": []}},
        {"kind": "Deployment", "metadata": {"namespace": "c"}, "spec": template},
        {"kind": "CronJob", "metadata": {"namespace": "d"}, "spec": {"jobTemplate": job}},
        {"kind": "ConfigMap", "metadata": {"namespace": "e"}},
        {"kind": "Ingress", "metadata": {"namespace": "e"}, "spec": {"rules": []}},
    ]
    assert sorted(map(str, accounts_of(objects))) == [
        "a/made",
        "b/default",
        "c/runner",
        "d/runner",
        "shop/reader",
    ]


def test_events_are_read_by_account_and_by_the_authorizers_word():
    done = uses(
        [
            event("get", "pods", namespace="shop", name="web-0", subresource="log"),
            event("list", "deployments", namespace="shop", apiGroup="apps"),
            event("get", uri="/healthz?verbose"),
            event("create", "pods", namespace="shop", code=403, decision="allow"),  # admission
            event("delete", "pods", namespace="shop", code=403, decision="forbid"),
            event("watch", "pods", namespace="shop", code=403),
            event("get", "secrets", namespace="shop", account=Account("bank", "reader")),
            event("get", "secrets", namespace="shop") | {"impersonatedUser": {"username": "x"}},
            {},
        ],
        [READER],
    )
    assert {(str(each.right), each.denied) for each in done} == {
        ("get pods/log web-0 in shop", False),
        ("list deployments.apps in shop", False),
        ("get /healthz", False),
        ("create pods in shop", False),
        ("delete pods in shop", True),
        ("watch pods in shop", True),
    }


def test_what_was_denied_before_its_binding_was_seen_is_not_missing():
    grants = granted([role("reader", rule(["get"], ["pods"])), binding()], [READER])
    done = uses(
        [
            event("get", "pods", namespace="shop", code=403),
            event("get", "pods", namespace="bank", code=403),
        ],
        [READER],
    )
    found = balance(grants, done)
    assert [str(each.right) for each in found.missing] == ["get pods in bank"]
    assert found.used == ()  # to be denied is no use
    assert found.idle_roles == ((READER, "Role/shop/reader"),)


VERBS, GROUPS = ("get", "list"), ("", "apps")
RESOURCES, SUBS, NAMES = ("pods", "nodes"), ("", "log", "status"), ("", "one", "two")
URLS = ("/a", "/a/b", "/c")


def some(*values):
    return st.lists(st.sampled_from(values), min_size=1, max_size=2, unique=True)


RULES = st.fixed_dictionaries(
    {
        "verbs": some(*VERBS, "*"),
        "apiGroups": some(*GROUPS, "*"),
        "resources": some("pods", "pods/log", "nodes", "*", "*/status", "pods/*", "*/*"),
    },
    optional={"resourceNames": some("one", "two")},
) | st.fixed_dictionaries(
    {"verbs": some(*VERBS, "*"), "nonResourceURLs": some("/a", "/a/*", "*", "/a*b")}
)
REQUESTS = st.builds(
    Right,
    verb=st.sampled_from(VERBS),
    group=st.sampled_from(GROUPS),
    resource=st.sampled_from(RESOURCES),
    subresource=st.sampled_from(SUBS),
    name=st.sampled_from(NAMES),
    namespace=st.sampled_from(("shop", "bank", "")),
) | st.builds(Right, verb=st.sampled_from(VERBS), group=st.just(""), resource=st.sampled_from(URLS))


def rule_allows(found, request):
    """The API server's own reading of a rule, written a second time."""
    if not {"*", request.verb} & set(found["verbs"]):
        return False
    if request.resource.startswith("/"):
        return any(
            url in ("*", request.resource)
            or (url.endswith("*") and request.resource.startswith(url.rstrip("*")))
            for url in found.get("nonResourceURLs", ())
        )
    sub = request.subresource
    combined = f"{request.resource}/{sub}" if sub else request.resource
    return (
        bool({"*", request.group} & set(found.get("apiGroups", ())))
        and any(
            each in ("*", combined) or (sub and each == f"*/{sub}")
            for each in found.get("resources", ())
        )
        and request.name in found.get("resourceNames", [request.name])
    )


@given(RULES, REQUESTS, st.sampled_from(["shop", ""]))
def test_expanded_rights_allow_what_the_rule_allows(found, request, namespace):
    reaches = not namespace or request.namespace == namespace
    wanted = reaches and rule_allows(found, request)
    assert any(allows(right, request) for right in expand(found, namespace)) == wanted


GRANTS = st.lists(RULES, max_size=3).map(
    lambda rules: granted(
        [role("reader", *rules, kind="ClusterRole"), binding(kind="ClusterRole", namespace="")],
        [READER],
    )
)
USES = st.lists(st.builds(Use, st.just(READER), REQUESTS, st.booleans()), max_size=6)


@given(GRANTS, USES)
def test_a_balance_divides_the_grants_and_explains_the_denials(grants, done):
    found = balance(grants, done)
    assert sorted((*found.used, *found.unused)) == list(grants)
    real = [each.right for each in done if not each.denied]
    assert all(any(allows(grant.right, right) for right in real) for grant in found.used)
    assert not any(allows(grant.right, right) for grant in found.unused for right in real)
    for each in found.missing:
        assert each.denied
        assert not any(allows(grant.right, each.right) for grant in grants)


@given(GRANTS, USES, USES)
def test_more_use_never_means_more_surplus(grants, done, more):
    assert set(balance(grants, [*done, *more]).unused) <= set(balance(grants, done).unused)


@given(GRANTS)
def test_what_one_account_does_is_nothing_to_another(grants):
    theirs = tuple(Grant(OTHER, each.role, each.right) for each in grants)
    done = [Use(READER, Right("get", "", "pods", namespace="shop"))]
    assert balance(theirs, done).used == ()
