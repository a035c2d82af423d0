"""Which pods are kept out, whatever makes them, asked of a real API server."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.cluster_fixtures import eventually
from tests.guardrails.conftest import Whoever, denial
from tests.guardrails.objects import CONTAINER, EXEMPT, KINDS, NAMESPACE, Object, good_pod, put
from tiphys.adapters.kube_api import KubeApi
from tiphys.domain.errors import ApiRefusal

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("guardrails")]


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
    (f"{SC}.seccompProfile", None, "seccompProfile.type to RuntimeDefault for: main"),
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
    (f"{SC}.seLinuxOptions", {"role": "r"}, "seLinuxOptions in: main"),
    ("securityContext.runAsNonRoot", False, "runAsNonRoot"),
    ("securityContext.appArmorProfile", {"type": "Unconfined"}, "AppArmor"),
    ("containers.0.readinessProbe", {"tcpSocket": {"port": 80, "host": "10.0.0.1"}}, "probes"),
    ("containers.0.lifecycle.preStop", {"httpGet": {"port": 80, "host": "a.b"}}, "hooks of: main"),
    ("containers.0.resources.requests.cpu", None, "resources.requests.cpu above 0 for: main"),
    ("containers.0.resources", {"requests": {"cpu": "1m"}}, "resources.requests.memory"),
    ("containers.0.resources.limits", None, "resources.limits.memory above 0 for: main"),
    ("containers.0.resources", {"requests": {"cpu": "0", "memory": "1"}, "limits": {"memory": "1"}},
     "requests.cpu above 0"),
    ("containers.0.resources", {"requests": {"cpu": "1", "memory": "0"}, "limits": {"memory": 0}},
     "memory above 0"),
    ("containers.0.image", "registry.example/web", "tag other than latest"),
    ("containers.0.image", "evil.example/web:1", "use a registry on the list"),
]  # fmt: skip


BAD_IMAGES = [
    ("registry.example/web:latest", "tag other than latest"),
    ("registry.example/web:latest@sha256:" + "a" * 64, "than latest"),
    ("registry.example.evil.example/web:1", "use a registry on the list"),
    ("registry.example:5000/web:1", "use a registry on the list"),
    ("localhost/web:1", "use a registry on the list"),
    ("registry.ex\u0430mple/web:1", "plain image reference for: main"),
    ("registry.example/Web:1", "plain image reference for: main"),
    ("user@registry.example/web:1", "plain image reference for: main"),
    ("registry.example@evil/web:1", "plain image reference for: main"),
    ("registry.example/web:1@evil.example/x", "plain image reference"),
    ("https://registry.example/web:1", "plain image reference"),
    ("registry.example//web:1", "plain image reference"),
    ("registry.example/a..b:1", "plain image reference"),
    ("registry.example/web:1\nevil.example/web:1", "plain image reference"),
    ("REGISTRY.EXAMPLE/web:1", "plain image reference"),
    ("registry.example/web@sha256:abc", "plain image reference"),
    ("[::1]:5000/web:1", "plain image reference"),
    ("registry.example.evil/web:1", "use a registry on the list"),
    ("evil.example/registry.example/web:1", "use a registry on the list"),
    ("localhost:5000/web:1", "use a registry on the list"),
    ("10.0.0.1/web:1", "use a registry on the list"),
    ("host:5000/web:1", "use a registry on the list"),
    ("web", "web)"),
]


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


def test_user_namespaces_are_no_way_around(guarded: KubeApi) -> None:
    """They loosen the server's own standard, so they are worth a try."""
    for path, value in ((f"{SC}.procMount", "Unmasked"), (f"{SC}.runAsNonRoot", None)):
        spec = broken(path, value) | {"hostUsers": False}
        for kind, make in KINDS.items():
            assert path.rpartition(".")[2] in denial(guarded, make(spec)), kind


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


def test_a_debug_container_counts_too_but_can_not_be_sized(
    guarded: KubeApi, administrator: Whoever
) -> None:
    live = guarded.apply(KINDS["Pod"](good_pod()))
    path = f"/api/v1/namespaces/{NAMESPACE}/pods/web/ephemeralcontainers"
    del live["metadata"]["resourceVersion"]  # the scheduler may have been there meanwhile
    debug = {k: v for k, v in CONTAINER.items() if k != "resources"} | {"name": "debug"}
    live["spec"]["ephemeralContainers"] = [debug]
    administrator.put(path, live)
    for field, value in (("image", "evil.example/x:1"), ("securityContext", {"privileged": True})):
        live["spec"]["ephemeralContainers"] = [debug | {field: value}]
        with pytest.raises(ApiRefusal, match=r"ValidatingAdmissionPolicy .* debug"):
            administrator.put(path, live)
    guarded.delete("v1", "Pod", "web", NAMESPACE)
    eventually(lambda: guarded.get("v1", "Pod", "web", NAMESPACE) is None, 10)


def test_an_old_annotation_is_no_way_around(guarded: KubeApi) -> None:
    key = "container.apparmor.security.beta.kubernetes.io/main"
    for kind, make in KINDS.items():
        made = make(good_pod(), annotations={key: "unconfined"})
        assert denial(guarded, made), kind


def test_windows_is_no_way_around(guarded: KubeApi) -> None:
    bare, inner, whole = good_pod(), good_pod(), good_pod()
    bare |= {"os": {"name": "windows"}}  # may not say what the standard asks for
    bare["containers"][0]["securityContext"] = {}
    put(inner, f"{SC}.windowsOptions", {"hostProcess": True})
    put(whole, "securityContext.windowsOptions", {"hostProcess": True})
    for kind, make in KINDS.items():
        assert "allowPrivilegeEscalation" in denial(guarded, make(bare)), kind
        host = {"hostNetwork": True}
        assert "hostProcess in: main" in denial(guarded, make(inner | host)), kind
        assert "pod's securityContext.windowsOptions" in denial(guarded, make(whole | host)), kind


@pytest.mark.parametrize(("image", "words"), BAD_IMAGES)
def test_no_image_comes_from_elsewhere_or_may_change(
    guarded: KubeApi, image: str, words: str
) -> None:
    assert words in denial(guarded, KINDS["CronJob"](broken("containers.0.image", image)))


@pytest.mark.parametrize(
    "image",
    [
        "web:1", "library/web:1.27-alpine", "registry.example/a/b/c:v1",
        "registry.example/a@sha256:" + "0" * 64, "registry.example/a:1@sha256:" + "0" * 64,
    ],
)  # fmt: skip
def test_images_by_tag_or_digest_are_let_in(guarded: KubeApi, image: str) -> None:
    assert denial(guarded, KINDS["Pod"](broken("containers.0.image", image))) == ""


def test_a_large_pod_costs_no_more_than_the_server_allows(guarded: KubeApi) -> None:
    variables = [{"name": f"V{number}", "value": "x" * 50} for number in range(50)]
    spec = good_pod()
    name = "registry.example/" + "a" * 200 + ":1"
    spec["containers"] = [
        copy.deepcopy(CONTAINER) | {"name": f"c{number}", "env": variables, "image": name}
        for number in range(100)
    ]
    spec["volumes"] = [{"name": f"v{number}", "emptyDir": {}} for number in range(100)]
    assert denial(guarded, KINDS["CronJob"](spec)) == ""


def test_what_was_there_before_a_rule_can_be_scaled_and_labelled(guarded: KubeApi) -> None:
    """Else controllers could not even replace it by something better."""
    old = KINDS["ReplicaSet"](broken("containers.0.image", "evil.example/x:1"))
    old["metadata"]["namespace"] = EXEMPT
    old["spec"]["replicas"] = 0
    space = guarded.get("v1", "Namespace", EXEMPT)
    assert space
    label = "tiphys.guardrails/exempt"
    other = {**copy.deepcopy(old), "metadata": {"name": "new", "namespace": EXEMPT}}
    guarded.apply(old)

    def labelled(value: str | None) -> None:
        metadata = {"name": EXEMPT, "labels": {label: value}}
        guarded.patch({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
        eventually(lambda: bool(denial(guarded, other)) == (value is None), 10)

    labelled(None)
    try:
        scaled, changed = copy.deepcopy(old), copy.deepcopy(old)
        scaled["spec"]["replicas"] = 2
        scaled["metadata"]["labels"] = {"a": "b"}
        put(changed, "spec.template.spec.containers.0.image", "evil.example/x:2")
        assert denial(guarded, scaled) == ""
        assert "registry" in denial(guarded, changed)
    finally:
        labelled("true")
        guarded.delete("apps/v1", "ReplicaSet", "web", EXEMPT)
