"""What each guardrail stops and what it lets in, asked of a real API server."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.guardrails.objects import CONTAINER, KINDS, NAMESPACE, Object, good_pod, named, put
from tiphys.adapters.kube_api import KubeApi
from tiphys.bootstrap import starter_rules, starter_skills
from tiphys.domain.errors import ApiRefusal, InvalidInput
from tiphys.library import load_skill
from tiphys.verify.cases import example_cases
from tiphys.verify.guardrails import Guardrails, complaints, denied_by_policy, install

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("guardrails")]
RBAC = "rbac.authorization.k8s.io/v1"


def denial(api: KubeApi, obj: Object) -> str:
    """The policy's words for an object; "" if it is let in."""
    try:
        api.apply(obj, dry_run=True)
    except ApiRefusal as refusal:
        return denied_by_policy(refusal, obj) or f"no policy, but: {refusal}"
    return ""


@pytest.mark.parametrize("kind", KINDS)
def test_a_good_pod_is_let_in_whoever_makes_it(guarded: KubeApi, kind: str) -> None:
    assert denial(guarded, KINDS[kind](good_pod())) == ""


SC = "containers.0.securityContext"
BAD_PODS: list[tuple[str, Any, str]] = [
    (SC, {"privileged": True}, "privileged to false in: main"),
    (f"{SC}.allowPrivilegeEscalation", None, "allowPrivilegeEscalation to false in: main"),
    (f"{SC}.capabilities", None, "drop ALL"),
    (f"{SC}.capabilities.add", ["NET_ADMIN"], "NET_BIND_SERVICE"),
    (f"{SC}.runAsNonRoot", None, "runAsNonRoot to true for: main"),
    (f"{SC}.runAsUser", 0, "another user than 0"),
    ("securityContext.runAsUser", 0, "another user than 0"),
    (f"{SC}.seccompProfile", None, "seccompProfile"),
    (f"{SC}.seccompProfile.type", "Unconfined", "seccompProfile"),
    ("securityContext.seccompProfile", {"type": "Unconfined"}, "seccompProfile"),
    (f"{SC}.seLinuxOptions", {"user": "root"}, "seLinuxOptions"),
    ("securityContext.seLinuxOptions", {"type": "spc_t"}, "seLinuxOptions"),
    (f"{SC}.appArmorProfile", {"type": "Unconfined"}, "appArmorProfile"),
    ("securityContext.sysctls", [{"name": "kernel.msgmax", "value": "1"}], "sysctls"),
    ("hostNetwork", True, "hostNetwork"),
    ("hostPID", True, "hostPID"),
    ("hostIPC", True, "hostIPC"),
    ("containers.0.ports", [{"containerPort": 80, "hostPort": 80}], "hostPort"),
    ("volumes", [{"name": "root", "hostPath": {"path": "/"}}], "unlike root"),
    ("volumes", [{"name": "nfs", "nfs": {"server": "a", "path": "/"}}], "unlike nfs"),
    ("containers.0.livenessProbe", {"httpGet": {"port": 80, "host": "10.0.0.1"}}, "probes"),
    ("containers.0.resources.requests.cpu", None, "resources.requests.cpu for: main"),
    ("containers.0.resources", {"requests": {"cpu": "1m"}}, "resources.requests.memory"),
    ("containers.0.resources.limits", None, "resources.limits.memory"),
    ("containers.0.image", "registry.example/web", "tag other than latest"),
    ("containers.0.image", "registry.example/web:latest", "tag other than latest"),
    ("containers.0.image", "registry.example/web:latest@sha256:" + "a" * 64, "other than latest"),
    ("containers.0.image", "evil.example/web:1", "not on the list"),
    ("containers.0.image", "registry.example.evil.example/web:1", "not on the list"),
    ("containers.0.image", "registry.example:5000/web:1", "not on the list"),
    ("containers.0.image", "localhost/web:1", "not on the list"),
    ("containers.0.image", "registry.ex\u0430mple/web:1", "not an image reference"),
    ("containers.0.image", "registry.example/Web:1", "not an image reference"),
    ("containers.0.image", "user@registry.example/web:1", "not an image reference"),
]  # fmt: skip


def broken(path: str, value: Any) -> Object:
    spec = good_pod()
    put(spec, path, value)
    return spec


@pytest.mark.parametrize(("path", "value", "words"), BAD_PODS)
def test_a_bad_pod_is_kept_out_whoever_makes_it(
    guarded: KubeApi, path: str, value: Any, words: str
) -> None:
    said = {kind: denial(guarded, make(broken(path, value))) for kind, make in KINDS.items()}
    assert {kind: words in text for kind, text in said.items()} == dict.fromkeys(KINDS, True), said


@pytest.mark.parametrize("where", ["initContainers", "second container", "pod, not container"])
def test_every_container_counts(guarded: KubeApi, where: str) -> None:
    bad = {**copy.deepcopy(CONTAINER), "name": "side", "image": "evil.example/x:1"}
    spec = good_pod()
    if where == "initContainers":
        spec["initContainers"] = [bad]
    elif where == "second container":
        spec["containers"].append(bad)
    else:  # what the pod says does not excuse a container that says otherwise
        spec["securityContext"] = {"runAsNonRoot": True}
        spec["containers"][0]["securityContext"]["runAsNonRoot"] = False
    for kind, make in KINDS.items():
        assert denial(guarded, make(spec)), kind


def test_a_debug_container_counts_too(guarded: KubeApi) -> None:
    spec = good_pod()
    spec["ephemeralContainers"] = [{**CONTAINER, "name": "debug", "image": "evil.example/x:1"}]
    for make in KINDS.values():  # where a schema knows no debug containers, it refuses them
        with pytest.raises(ApiRefusal):
            guarded.apply(make(spec), dry_run=True)


def test_a_windows_pod_is_no_way_around(guarded: KubeApi) -> None:
    spec = good_pod() | {"os": {"name": "windows"}, "hostNetwork": True}
    spec["securityContext"] = {"windowsOptions": {"hostProcess": True, "runAsUserName": "x"}}
    spec["containers"][0]["securityContext"] = {}
    assert denial(guarded, KINDS["PodTemplate"](spec))


@pytest.mark.parametrize(
    "image",
    [
        "web:1", "library/web:1.27-alpine", "registry.example/a/b/c:v1",
        "registry.example/a@sha256:" + "0" * 64, "registry.example/a:1@sha256:" + "0" * 64,
    ],
)  # fmt: skip
def test_images_by_tag_or_digest_are_let_in(guarded: KubeApi, image: str) -> None:
    assert denial(guarded, KINDS["Pod"](broken("containers.0.image", image))) == ""


def role(kind: str = "Role", **rule: Any) -> Object:
    rule = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]} | rule
    made = named(RBAC, kind, rules=[{k: v for k, v in rule.items() if v is not None}])
    if kind == "ClusterRole":
        del made["metadata"]["namespace"]
    return made


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"verbs": ["*"]}, "verbs instead of *"),
        ({"resources": ["*"]}, "resources instead of *"),
        ({"resources": ["*/scale"]}, "resources instead of *"),
        ({"apiGroups": ["*"]}, "apiGroups instead of *"),
        ({"verbs": ["escalate"], "apiGroups": [RBAC[:-3]], "resources": ["roles"]}, "escalate"),
        ({"verbs": ["bind"], "apiGroups": [RBAC[:-3]], "resources": ["roles"]}, "bind"),
        ({"verbs": ["impersonate"], "resources": ["users"]}, "impersonate"),
        ({"resources": ["pods/exec"], "verbs": ["create"]}, "exec"),
        ({"resources": ["serviceaccounts/token"], "verbs": ["create"]}, "token"),
        ({"resources": ["secrets"], "verbs": ["list"]}, "secrets by resourceNames"),
        (
            {"apiGroups": ["admissionregistration.k8s.io"],
             "resources": ["validatingadmissionpolicies"], "verbs": ["delete"]},
            "writing to admission",
        ),
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["Role", "ClusterRole"])
def test_roles_that_hand_out_too_much_are_kept_out(
    guarded: KubeApi, kind: str, rule: dict[str, Any], words: str
) -> None:
    assert words in denial(guarded, role(kind, **rule))


def test_roles_that_say_what_they_need_are_let_in(guarded: KubeApi) -> None:
    assert denial(guarded, role()) == ""
    assert denial(guarded, role(resources=["secrets"], resourceNames=["one"])) == ""
    assert denial(guarded, role("ClusterRole", resources=["nodes"], verbs=["get", "list"])) == ""


def test_a_cluster_role_stands_by_itself(guarded: KubeApi) -> None:
    assert "secrets" in denial(guarded, role("ClusterRole", resources=["secrets"]))
    urls = {"apiGroups": None, "resources": None, "nonResourceURLs": ["/metrics*"]}
    assert "nonResourceURLs" in denial(guarded, role("ClusterRole", **urls))
    selectors = [{"matchLabels": {"a": "b"}}]
    aggregate = role("ClusterRole") | {"aggregationRule": {"clusterRoleSelectors": selectors}}
    assert "aggregationRule" in denial(guarded, aggregate)
    labelled = role("ClusterRole")
    labelled["metadata"]["labels"] = {"rbac.authorization.k8s.io/aggregate-to-view": "true"}
    assert "another role" in denial(guarded, labelled)


def binding(ref: str = "reader", kind: str = "ServiceAccount", name: str = "web") -> Object:
    subject = {"kind": kind, "name": name}
    subject |= {"namespace": NAMESPACE} if kind == "ServiceAccount" else {
        "apiGroup": "rbac.authorization.k8s.io"
    }  # fmt: skip
    role_ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": ref}
    return named(RBAC, "RoleBinding", roleRef=role_ref, subjects=[subject])


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (binding("cluster-admin"), "cluster-admin"),
        (binding("edit"), "a role of your own"),
        (binding("system:node"), "a role of your own"),
        (binding(kind="Group", name="system:authenticated"), "system: groups"),
        (binding(kind="Group", name="system:serviceaccounts"), "system: groups"),
        (binding(kind="User", name="system:anonymous"), "system: users"),
    ],
)
@pytest.mark.parametrize("everywhere", [False, True])
def test_bindings_of_the_clusters_own_are_kept_out(
    guarded: KubeApi, made: Object, words: str, everywhere: bool
) -> None:
    assert denial(guarded, binding()) == ""
    made = copy.deepcopy(made)
    if everywhere:
        made["kind"] = "ClusterRoleBinding"
        del made["metadata"]["namespace"]
    assert words in denial(guarded, made)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"type": "LoadBalancer"}, "ClusterIP"),
        ({"type": "NodePort"}, "ClusterIP"),
        ({"type": "ExternalName", "externalName": "evil.example"}, "ExternalName"),
        ({"externalIPs": ["10.1.2.3"]}, "externalIPs"),
        ({}, ""),
        ({"clusterIP": "None"}, ""),
    ],
)
def test_services_open_no_way_in(guarded: KubeApi, spec: dict[str, Any], words: str) -> None:
    service = named("v1", "Service", spec={"ports": [{"port": 80}], **spec})
    said = denial(guarded, service)
    assert (words in said) if words else said == ""


@pytest.mark.parametrize("namespace", ["default", "kube-public", "kube-node-lease"])
def test_nothing_is_put_where_everybody_looks(guarded: KubeApi, namespace: str) -> None:
    for found in (named("v1", "ConfigMap"), KINDS["Deployment"](good_pod())):
        found["metadata"]["namespace"] = namespace
        assert f"instead of {namespace}" in denial(guarded, found)


def space(**labels: str) -> Object:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "new", "labels": labels}}


def test_namespaces_do_not_lower_the_standard(guarded: KubeApi) -> None:
    enforce = "pod-security.kubernetes.io/enforce"
    assert denial(guarded, space()) == denial(guarded, space(**{enforce: "restricted"})) == ""
    assert denial(guarded, space(**{enforce: "privileged"}))
    assert denial(guarded, space(**{f"{enforce}-version": "v1.20"}))


def test_exempt_namespaces_are_left_alone(guarded: KubeApi) -> None:
    spec = broken(SC, {"privileged": True})
    for name in ("exempted", "kube-system"):
        made = KINDS["DaemonSet"](spec)
        made["metadata"]["namespace"] = name
        assert denial(guarded, made) == ""


def test_every_starter_skill_keeps_them(guarded: KubeApi) -> None:
    seen = 0
    for folder in sorted(starter_skills().iterdir()):
        if not (folder / "SKILL.md").exists():
            continue
        for case in example_cases(load_skill(folder)):
            for found in case.objects:
                name = found["metadata"].get("namespace")
                if name and guarded.get("v1", "Namespace", name) is None:
                    own = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
                    guarded.apply(own)
                assert denial(guarded, found) == "", case.name
                seen += 1
    assert seen > 40


def test_they_compile_without_a_complaint(guarded: KubeApi) -> None:
    assert complaints(starter_rules(), guarded) == []


def extra(name: str, expression: str) -> Guardrails:
    """One more rule, about ConfigMaps of that name."""
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"],
            "resources": ["configmaps"], "resourceNames": [name]}  # fmt: skip
    api, metadata = "admissionregistration.k8s.io/v1", {"name": name}
    policy = {"matchConstraints": {"resourceRules": [rule]},
              "validations": [{"expression": expression, "message": f"no {name}"}]}  # fmt: skip
    bound = {"policyName": name, "validationActions": ["Deny"]}
    kind = "ValidatingAdmissionPolicy"
    return Guardrails(
        (
            ("a.yaml", {"apiVersion": api, "kind": kind, "metadata": metadata, "spec": policy}),
            ("a.yaml",
             {"apiVersion": api, "kind": f"{kind}Binding", "metadata": metadata, "spec": bound}),
        ),
        "d",
    )  # fmt: skip


def test_what_is_installed_is_in_force_at_once(guarded: KubeApi) -> None:
    for number in range(8):
        name = f"unwanted-{number}"
        install(extra(name, "false"), guarded)
        found = named("v1", "ConfigMap")
        found["metadata"]["name"] = name
        assert f"no {name}" in denial(guarded, found)


@pytest.mark.parametrize("expression", ["object.", "nothing.at.all", "1 + 'a' == 2"])
def test_what_does_not_compile_names_its_file(guarded: KubeApi, expression: str) -> None:
    with pytest.raises(InvalidInput, match=r"a\.yaml: ValidatingAdmissionPolicy/broken: .*compil"):
        install(extra("broken", expression), guarded)
